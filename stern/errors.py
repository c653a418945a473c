"""What can go wrong before a line is printed; each message is the sentence the user reads."""

from __future__ import annotations


class SternError(Exception):
    """The run cannot start or go on: `Error: <message>` and exit code 1."""


class UsageError(SternError):
    """The command line makes no sense: the usage text follows the message."""


class TemplateError(SternError):
    """The template does not parse."""


class RenderError(SternError):
    """One record cannot be rendered by the template; the next one may."""


def first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error in a group of groups: the one that ended the others."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
