"""The functions that every Go template has: and, or, index, printf, eq, ... Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote_plus

from stern.errors import RenderError
from stern.template.printf import sprint, sprintf, sprintln
from stern.template.values import StringMap, equal, is_true, less, type_name

_HTML = {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
_JS = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026",
    "=": "\\u003D",
}  # fmt: skip


def index(value: object, *keys: object) -> object:
    """`index x 1 "a"`: x[1]["a"]; nothing for a key that is not there."""
    for key in keys:
        value = _one_index(value, key)
    return value


def _one_index(value: object, key: object) -> object:
    if isinstance(value, Mapping):
        if not isinstance(key, str):
            raise RenderError(f"value has type {type_name(key)}; should be string")
        return value.get(key, "" if isinstance(value, StringMap) else None)
    if isinstance(value, str | list | tuple):
        if not isinstance(key, int) or isinstance(key, bool):
            raise RenderError(f"cannot index slice/array with type {type_name(key)}")
        data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        if not 0 <= key < len(data):
            raise RenderError(f"index out of range: {key}")
        found: object = data[key]
        return found
    if value is None:
        raise RenderError("index of untyped nil")
    raise RenderError(f"can't index item of type {type_name(value)}")


def slice_of(value: object, *bounds: object) -> object:
    """`slice x 1 3`: x[1:3], of bytes where x is a string."""
    if not isinstance(value, str | list | tuple):
        raise RenderError(f"can't slice item of type {type_name(value)}")
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    places = []
    for bound in bounds:
        if not isinstance(bound, int) or isinstance(bound, bool):
            raise RenderError(f"cannot index slice/array with type {type_name(bound)}")
        if not 0 <= bound <= len(data):
            raise RenderError(f"index out of range: {bound}")
        places.append(bound)
    if len(places) > 3:
        raise RenderError(f"too many slice indexes: {len(places)}")
    if len(places) > 2 and isinstance(value, str):
        raise RenderError("cannot 3-index slice a string")
    start = places[0] if places else 0
    end = places[1] if len(places) > 1 else len(data)
    for low, high in ((start, end), (end, places[2] if len(places) > 2 else end)):
        if low > high:
            raise RenderError(f"invalid slice index: {low} > {high}")
    part = data[start:end]
    return part.decode("utf-8", "surrogateescape") if isinstance(part, bytes) else part


def length(value: object) -> int:
    """Bytes of a string, items of a map or list."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogateescape"))
    if isinstance(value, Mapping | list | tuple):
        return len(value)
    raise RenderError(f"len of type {type_name(value)}")


def equals_any(one: object, *others: object) -> bool:
    """Whether the first is the same as one of the others."""
    if not others:
        raise RenderError("missing argument for comparison")
    return any(equal(one, other) for other in others)


def less_or_equal(one: object, other: object) -> bool:
    """Whether one value comes before another or is the same."""
    return less(one, other) or equal(one, other)


def call(function: object, *arguments: object) -> object:
    """`call f x`: no value of ours is a function, so it always fails, as in Go."""
    _ = arguments
    raise RenderError(f"non-function of type {type_name(function)}")


def html(*values: object) -> str:
    """Escaped for HTML."""
    return "".join(_HTML.get(char, char) for char in _shown(values))


def js(*values: object) -> str:
    """Escaped for a JavaScript string."""
    return "".join(_js_char(char) for char in _shown(values))


def _js_char(char: str) -> str:
    if char in _JS:
        return _JS[char]
    is_byte = "\udc80" <= char <= "\udcff"
    return char if char.isprintable() or is_byte else f"\\u{ord(char):04X}"


def _shown(values: tuple[object, ...]) -> str:
    """The values as these functions print them, which is as actions do."""
    return sprint(["<no value>" if value is None else value for value in values])


def urlquery(*values: object) -> str:
    """Escaped for the query of a URL."""
    return quote_plus(_shown(values).encode("utf-8", "surrogateescape"), safe="-_.~")


def printf(layout: object, *values: object) -> str:
    """Go's fmt.Sprintf."""
    if not isinstance(layout, str):
        raise RenderError(f"wrong type for value; expected string; got {type_name(layout)}")
    return sprintf(layout, values)


BUILTINS: dict[str, Callable[..., object]] = {
    "call": call,
    "html": html,
    "index": index,
    "slice": slice_of,
    "js": js,
    "len": length,
    "not": lambda value: not is_true(value),
    "print": lambda *values: sprint(values),
    "printf": printf,
    "println": lambda *values: sprintln(values),
    "urlquery": urlquery,
    "eq": equals_any,
    "ne": lambda one, other: not equal(one, other),
    "lt": less,
    "le": less_or_equal,
    "gt": lambda one, other: not less_or_equal(one, other),
    "ge": lambda one, other: not less(one, other),
}

LAZY = frozenset(("and", "or"))
"""Functions that stop at the first argument that decides; the compiler knows them."""
