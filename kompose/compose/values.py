"""Plain values of a compose file, by what may be written and what the model shows."""

from __future__ import annotations

from kompose.compose import decode, shape
from kompose.compose.casts import to_boolean, to_float, to_int, to_int64
from kompose.compose.entry_keys import name_key
from kompose.compose.form import Form
from kompose.compose.merging import add_up

_TEXT = shape.one_of_kinds("string")
_AMOUNT = shape.one_of_kinds("number", "string")
_WHOLE = shape.one_of_kinds("integer", "string")
_TRUTH = shape.one_of_kinds("boolean", "string")
_DISTINCT_TEXTS = shape.list_of(_TEXT, distinct=True)
_PAIRS = shape.either(
    shape.mapping_of(shape.one_of_kinds("boolean", "null", "number", "string"), ".+"),
    _DISTINCT_TEXTS,
)

TEXT = Form(_TEXT, decode.text)
DURATION = Form(_TEXT, decode.duration)
BYTES = Form(_AMOUNT, decode.size)
FLAG = Form(_TRUTH, decode.flag, cast=to_boolean)
"""A truth that counts when it holds."""
CHOICE = Form(_TRUTH, decode.choice, cast=to_boolean)
"""A truth that says something either way."""
NUMBER = Form(_WHOLE, decode.number)
AMOUNT = Form(_AMOUNT, decode.number, cast=to_int64)
FRACTION = Form(_AMOUNT, decode.float_number, cast=to_float)
COUNT = Form(_WHOLE, decode.whole_or_zero, cast=to_int)
"""How many; zero is a value too."""
FILE_MODE = Form(_AMOUNT, decode.file_mode)

TEXTS = Form(_DISTINCT_TEXTS, decode.texts)
TEXT_LIST = Form(shape.list_of(_TEXT), decode.texts)
NAMES = TEXTS._replace(entry_key=name_key)
"""Texts of which those that begin alike, up to an equals sign, replace each other."""
ONE_OR_MORE = Form(shape.either(_TEXT, _DISTINCT_TEXTS), decode.texts)
FILES = Form(shape.either(_TEXT, shape.list_of(_TEXT)), decode.texts)
COMMAND = Form(
    shape.either(shape.one_of_kinds("null"), _TEXT, shape.list_of(_TEXT)), decode.command
)
PAIRS = Form(_PAIRS, decode.plain_mapping)
"""A mapping, or a list of ``name=value``."""
LABELS = PAIRS._replace(merge=add_up, entry_key=name_key)
VARIABLES = Form(_PAIRS, decode.environment)
"""Pairs in which a name may have no value."""
DRIVER_OPTIONS = Form(shape.mapping_of(_AMOUNT, "^.+$"), decode.plain_mapping)
ENTRY_NAMES = r"^[a-zA-Z0-9._-]+$"
"""The pattern of the names that a file gives to services, volumes and the like."""


def words(*allowed: str) -> Form:
    """One of a few texts."""
    return Form(shape.words(*allowed), decode.text)


def matching(pattern: str) -> Form:
    """A text in which a pattern is found."""
    return Form(shape.matching(pattern), decode.text)
