"""A value's form: in one description what it may look like, what it becomes, and how it merges.

A form is made of smaller ones, and its tables with it; each pass reads the table it needs. In a
table ``*`` is any key of a mapping and ``[]`` any item of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kompose.compose import decode, shape
from kompose.compose.decode import Codec
from kompose.compose.entry_keys import EntryKey
from kompose.compose.merging import Merger
from kompose.compose.shape import Shape

Cast = Callable[[str, Callable[[str], None]], Any]
"""Makes of a text what must not stay text; tells of old words."""
Table = Mapping[str, Any]


class Form(NamedTuple):
    """Everything about one kind of value."""

    shape: Shape
    """What it may look like, in every syntax."""
    decode: Codec | None = None
    """Its long syntax as the model shows it; None for what the model never shows."""
    cast: Cast | Table | None = None
    """What its text becomes once variables are replaced, or a table for what is in it."""
    merge: Merger | Table | None = None
    """How it goes over another value where that is not plain, or a table for what is in it."""
    entry_key: EntryKey | Table | None = None
    """What may stand only once in a list, or a table for what is in it."""


class CastOrTable:
    """A cast for a text, and a table for the mapping that may stand in its place."""

    def __init__(self, cast: Cast, table: Table) -> None:
        self._cast = cast
        self.table = table

    def __call__(self, text: str, warn: Callable[[str], None]) -> Any:
        """Casts a text."""
        return self._cast(text, warn)


def record(
    fields: Mapping[str, Form],
    *,
    required: Sequence[str] = (),
    always: Mapping[str, Any] | None = None,
    free: str | None = "x-",
) -> Form:
    """A mapping with known keys; the model shows those of ``always`` even when they are missing.

    Keys that begin with ``free`` are anybody's.
    """
    codecs = {key: form.decode for key, form in fields.items() if form.decode is not None}
    return Form(
        shape.record({key: form.shape for key, form in fields.items()}, required, free=free),
        decode.record(codecs, always, has_extensions=free == "x-"),
        cast={key: form.cast for key, form in fields.items() if form.cast} or None,
        merge={key: form.merge for key, form in fields.items() if form.merge} or None,
        entry_key={key: form.entry_key for key, form in fields.items() if form.entry_key} or None,
    )


def optional(form: Form) -> Form:
    """The form, not shown by the model when its source says nothing."""
    return form if form.decode is None else form._replace(decode=decode.or_nothing(form.decode))


def or_null(form: Form, *, is_choice: bool = False) -> Form:
    """The form, or nothing at all."""
    return form._replace(shape=shape.or_null(form.shape, is_choice=is_choice))


def list_of(form: Form) -> Form:
    """A list of values of one form; lists add up."""
    return Form(
        shape.list_of(form.shape),
        None if form.decode is None else decode.listed(form.decode),
        cast={"[]": form.cast} if form.cast else None,
    )


def mapping_of(form: Form, keys: str | None = None, *, is_open: bool = False) -> Form:
    """A mapping of values of one form, whose keys match a pattern; others if it is open."""
    return Form(
        shape.mapping_of(form.shape, keys, is_open=is_open),
        None if form.decode is None else decode.keyed(form.decode),
        cast={"*": form.cast} if form.cast else None,
        merge={"*": form.merge} if form.merge else None,
        entry_key={"*": form.entry_key} if form.entry_key else None,
    )


def either(short: Shape, long: Form) -> Form:
    """A short syntax, told apart by its kinds, and the long one that the passes make of it."""
    return long._replace(shape=shape.either(short, long.shape))
