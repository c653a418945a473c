"""Go's fmt.Sprintf, Sprint and Sprintln over template values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stern.template.go_time import GoTime
from stern.template.values import ColorValue, float_text, quoted, text_of, type_name

_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<at1>\[\d+\])?(?P<width>\*|\d+)?"
    r"(?:(?P<dot>\.)(?P<at2>\[\d+\])?(?P<precision>\*|\d+)?)?(?P<at3>\[\d+\])?(?P<verb>.?)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Spec:
    flags: str
    width: int | None
    precision: int | None
    verb: str

    def has(self, flag: str) -> bool:
        return flag in self.flags

    def padded(self, text: str) -> str:
        """The text at its width; zeros only for numbers, behind their sign."""
        if self.width is None:
            return text
        if self.has("-"):
            return text.ljust(self.width)
        return text.rjust(self.width)

    def padded_number(self, text: str) -> str:
        if self.width is None or not self.has("0") or self.has("-"):
            return self.padded(text)
        sign = text[:1] if text[:1] in ("+", "-", " ") else ""
        return sign + text[len(sign) :].rjust(self.width - len(sign), "0")


class _Arguments:
    """The values after the format, taken one by one or by number."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values
        self._at = 0
        self._reordered = False
        self.is_bad = False

    def go_to(self, number: str | None) -> None:
        if number is None:
            return
        self._reordered = True
        index = int(number[1:-1]) - 1
        if 0 <= index < len(self._values):
            self._at = index
        else:
            self.is_bad = True

    def next(self) -> tuple[object, bool]:
        if self._at >= len(self._values):
            return None, False
        self._at += 1
        return self._values[self._at - 1], True

    def extra(self) -> str:
        if self._reordered or self._at >= len(self._values):
            return ""
        shown = ", ".join(
            "<nil>" if value is None else f"{type_name(value)}={text_of(value)}"
            for value in self._values[self._at :]
        )
        return f"%!(EXTRA {shown})"


def sprintf(layout: str, values: Sequence[object]) -> str:
    """The layout with its directives replaced by the values."""
    arguments = _Arguments(values)
    text = _DIRECTIVE.sub(lambda found: _directive(found, arguments), layout)
    return text + arguments.extra()


def _directive(found: re.Match[str], arguments: _Arguments) -> str:
    arguments.is_bad = False
    arguments.go_to(found["at1"])
    width, bad_width = _number(found["width"], arguments)
    arguments.go_to(found["at2"])
    precision, bad_precision = _number(found["precision"], arguments)
    if found["dot"] and precision is None and not bad_precision:
        precision = 0
    arguments.go_to(found["at3"])
    verb = found["verb"]
    flags = found["flags"]
    if width is not None and width < 0:
        flags, width = flags + "-", -width
    prefix = bad_width + bad_precision.replace("WIDTH", "PREC")
    if not verb:
        return prefix + "%!(NOVERB)"
    if verb == "%":
        return prefix + "%"
    if arguments.is_bad:
        return f"{prefix}%!{verb}(BADINDEX)"
    value, is_there = arguments.next()
    if not is_there:
        return f"{prefix}%!{verb}(MISSING)"
    return prefix + _formatted(_Spec(flags, width, precision, verb), value)


def _number(text: str | None, arguments: _Arguments) -> tuple[int | None, str]:
    """A width or precision, and what to print where it is wrong."""
    if text != "*":
        return (int(text) if text else None), ""
    value, _ = arguments.next()
    if isinstance(value, int) and not isinstance(value, bool):
        return value, ""
    return None, "%!(BADWIDTH)"


def _formatted(spec: _Spec, value: object) -> str:
    if spec.verb == "T":
        return spec.padded(type_name(value))
    if spec.verb == "p":
        return f"%!p({type_name(value)}={text_of(value)})"
    if value is None:
        return spec.padded("<nil>") if spec.verb == "v" else f"%!{spec.verb}(<nil>)"
    text = _by_kind(spec, value)
    if text is None:
        return f"%!{spec.verb}({type_name(value)}={text_of(value)})"
    return text


def _by_kind(spec: _Spec, value: object) -> str | None:
    if isinstance(value, bool):
        word = "true" if value else "false"
        return spec.padded(word) if spec.verb in "tv" else None
    if isinstance(value, GoTime | ColorValue):
        return _string(spec, str(value))
    if isinstance(value, str):
        return _string(spec, value)
    if isinstance(value, int):
        return _integer(spec, value)
    if isinstance(value, float):
        return _float(spec, value)
    return _composite(spec, value)


def _string(spec: _Spec, text: str) -> str | None:
    match spec.verb:
        case "v" if spec.has("#"):
            return spec.padded(quoted(text))
        case "v" | "s":
            return spec.padded(text if spec.precision is None else text[: spec.precision])
        case "q":
            text = text if spec.precision is None else text[: spec.precision]
            raw = spec.has("#") and "`" not in text and text.isprintable()
            return spec.padded(f"`{text}`" if raw else quoted(text))
        case "x" | "X":
            data = text.encode("utf-8", "surrogateescape")[: spec.precision]
            between = " " if spec.has(" ") else ""
            shown = between.join(f"{byte:02x}" for byte in data)
            return spec.padded(shown.upper() if spec.verb == "X" else shown)
    return None


_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}


def _integer(spec: _Spec, value: int) -> str | None:
    match spec.verb:
        case "c":
            return spec.padded(_char(value))
        case "q":
            return spec.padded(f"'{_char(value)}'")
        case "U":
            return spec.padded(f"U+{value:04X}")
        case verb if verb in _BASES:
            digits = format(abs(value), _BASES[verb])
            if spec.precision is not None:
                digits = digits.rjust(spec.precision, "0") if value or spec.precision else ""
            if verb == "O":
                digits = f"0o{digits}"
            elif spec.has("#"):
                digits = _PREFIXES.get(verb, "") + digits
            text = _signed(spec, digits, negative=value < 0)
            return spec.padded(text) if spec.precision is not None else spec.padded_number(text)
    return None


def _char(value: int) -> str:
    return chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\ufffd"


def _signed(spec: _Spec, digits: str, *, negative: bool) -> str:
    if negative:
        return f"-{digits}"
    return f"+{digits}" if spec.has("+") else f" {digits}" if spec.has(" ") else digits


def _float(spec: _Spec, value: float) -> str | None:
    verb = spec.verb
    if verb in "eEfF":
        text = f"{abs(value):.{6 if spec.precision is None else spec.precision}{verb}}"
    elif verb in "gG" or verb == "v":
        if spec.precision is None:
            text = float_text(abs(value))
        else:
            text = f"{abs(value):.{spec.precision or 1}g}"
        text = text.upper() if verb == "G" else text
    else:
        return None
    is_negative = value < 0 or str(value).startswith("-")
    return spec.padded_number(_signed(spec, text.lstrip("+"), negative=is_negative))


def _composite(spec: _Spec, value: object) -> str:
    one = _Spec(spec.flags, None, None, spec.verb)
    if isinstance(value, Mapping):
        items = (f"{_formatted(one, key)}:{_formatted(one, value[key])}" for key in sorted(value))
        return spec.padded(f"map[{' '.join(items)}]")
    assert isinstance(value, list | tuple)
    each = _Spec(spec.flags, spec.width, spec.precision, spec.verb)
    return f"[{' '.join(_formatted(each, item) for item in value)}]"


def sprint(values: Sequence[object]) -> str:
    """The values in a row, with blanks between two that are no strings."""
    text = ""
    previous: object = ""
    for number, value in enumerate(values):
        if number and not isinstance(previous, str) and not isinstance(value, str):
            text += " "
        text += text_of(value)
        previous = value
    return text


def sprintln(values: Sequence[object]) -> str:
    """The values with blanks between, and a newline."""
    return " ".join(text_of(value) for value in values) + "\n"
