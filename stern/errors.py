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
