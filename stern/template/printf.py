"""Go's fmt.Sprintf, Sprint and Sprintln over template values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kube_client.go_quote import quoted, quoted_rune
from stern.go_json import NumberText
from stern.template.float_forms import float_form
from stern.template.go_time import GoTime
from stern.template.values import ColorValue, NamedInt, text_of, type_name

_LARGEST = 1_000_000
"""No width or precision is larger."""
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands between the percent sign and the verb."""

    flags: frozenset[str] = frozenset()
    width: int | None = None
    precision: int | None = None
    is_source: bool = False
    """`%#v`: as Go source."""

    def has(self, flag: str) -> bool:
        return flag in self.flags

    def padded(self, text: str, *, zeros: bool = True) -> str:
        """The text at its width; zeros go to the left only."""
        if self.width is None:
            return text
        if self.has("-"):
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if zeros and self.has("0") else " ")

    def cut(self, text: str) -> str:
        return text if self.precision is None else text[: self.precision]

    def for_values(self) -> _Form:
        """The form of `%v`, where `#` and `+` have meanings of their own."""
        flags = self.flags - {"#", "+"}
        return replace(self, flags=flags, is_source=self.is_source or self.has("#"))


class _Printing:
    """One call: the format is read from left to right, and takes values as it needs them."""

    def __init__(self, layout: str, values: Sequence[object]) -> None:
        self._layout = layout
        self._values = values
        self._at = 0
        self._next = 0
        self._is_reordered = False
        self._is_good_number = True
        self._after_number = False
        self._out: list[str] = []

    def text(self) -> str:
        """Everything."""
        while self._at < len(self._layout):
            percent = self._layout.find("%", self._at)
            end = len(self._layout) if percent < 0 else percent
            self._out.append(self._layout[self._at : end])
            self._at = end + 1
            if percent >= 0:
                self._directive()
        if not self._is_reordered and self._next < len(self._values):
            self._extra()
        return "".join(self._out)

    def _peek(self, char: str) -> bool:
        return self._layout.startswith(char, self._at)

    def _directive(self) -> None:
        self._is_good_number = True
        form = _Form(self._flags())
        self._after_number = self._number()
        form = self._width(form)
        if self._peek(".") and self._at + 1 < len(self._layout):
            form = self._precision(form)
        if not self._after_number:
            self._after_number = self._number()
        if self._at >= len(self._layout):
            self._out.append("%!(NOVERB)")
            return
        verb = self._layout[self._at]
        self._at += 1
        self._out.append(self._shown(form, verb))

    def _shown(self, form: _Form, verb: str) -> str:
        if verb == "%":
            return "%"
        if not self._is_good_number:
            return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._values):
            return f"%!{verb}(MISSING)"
        self._next += 1
        if verb in "vw":
            form = form.for_values()
        return _argument(form, verb, self._values[self._next - 1])

    def _flags(self) -> frozenset[str]:
        start = self._at
        while self._layout[self._at : self._at + 1] in tuple("#0+- "):
            self._at += 1
        return frozenset(self._layout[start : self._at])

    def _width(self, form: _Form) -> _Form:
        if self._peek("*"):
            self._at += 1
            width = self._taken()
            self._after_number = False
            if width is None:
                self._out.append("%!(BADWIDTH)")
            elif width < 0:
                return replace(form, flags=(form.flags | {"-"}) - {"0"}, width=-width)
            return replace(form, width=width)
        width = self._digits()
        if self._after_number and width is not None:
            self._is_good_number = False
        return replace(form, width=width)

    def _precision(self, form: _Form) -> _Form:
        self._at += 1
        if self._after_number:
            self._is_good_number = False
        self._after_number = self._number()
        if self._peek("*"):
            self._at += 1
            precision = self._taken()
            self._after_number = False
            if precision is None or precision < 0:
                precision = None
                self._out.append("%!(BADPREC)")
            return replace(form, precision=precision)
        return replace(form, precision=self._digits() or 0)

    def _digits(self) -> int | None:
        start = self._at
        while self._layout[self._at : self._at + 1] in tuple("0123456789"):
            self._at += 1
        text = self._layout[start : self._at]
        if text and int(text) >= _LARGEST * 10:
            self._at = len(self._layout)
            return None
        return int(text) if text else None

    def _taken(self) -> int | None:
        """A width or precision out of the values; None when the next one is no such number."""
        if self._next >= len(self._values):
            return None
        value = self._values[self._next]
        self._next += 1
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return value if is_number and abs(value) <= _LARGEST else None  # type: ignore[return-value,arg-type]  # it is an int

    def _number(self) -> bool:
        """Read `[2]`, if it stands here: the number of the value that comes next."""
        if not self._peek("["):
            return False
        self._is_reordered = True
        end = self._layout.find("]", self._at)
        if end < 0 or len(self._layout) - self._at < 3:
            self._at += 1
            self._is_good_number = False
            return False
        inside = self._layout[self._at + 1 : end]
        self._at = end + 1
        if not (inside.isascii() and inside.isdigit()):
            self._is_good_number = False
            return False
        if 0 < int(inside) <= len(self._values):
            self._next = int(inside) - 1
        else:
            self._is_good_number = False
        return True

    def _extra(self) -> None:
        shown = (
            "<nil>" if value is None else f"{type_name(value)}={_argument(_Form(), 'v', value)}"
            for value in self._values[self._next :]
        )
        self._out.append(f"%!(EXTRA {', '.join(shown)})")


def sprintf(layout: str, values: Sequence[object]) -> str:
    """The values as the layout shows them; what does not fit is said in the text, as in Go."""
    return _Printing(layout, values).text()


def _argument(form: _Form, verb: str, value: object) -> str:
    """A value of the call itself; what is inside of it is shown by `_value`."""
    if value is None:
        return form.padded("<nil>") if verb in "vT" else _bad(form, verb, value)
    if verb == "T":
        return form.padded(form.cut(type_name(value)))
    if verb == "p":
        return _bad(form, verb, value)
    return _value(form, verb, value)


def _bad(form: _Form, verb: str, value: object) -> str:
    if value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={_value(form, 'v', value)})"


def _value(form: _Form, verb: str, value: object) -> str:
    if value is None:
        return "interface {}(nil)" if form.is_source else "<nil>"
    if isinstance(value, Mapping):
        return _mapping(form, verb, value)
    if isinstance(value, list | tuple):
        return _list(form, verb, value)
    shown = _scalar(form, verb, value)
    return _bad(form, verb, value) if shown is None else shown


def _scalar(form: _Form, verb: str, value: object) -> str | None:
    """A value without parts; None when the verb is not for it."""
    if isinstance(value, bool):
        return form.padded("true" if value else "false") if verb in "tv" else None
    if isinstance(value, NamedInt) and verb in "vsxXq":
        return _string(form, verb, str(value))
    if isinstance(value, GoTime | ColorValue):
        return _string(form, verb, str(value))
    if isinstance(value, str):
        return _string(form, verb, str(value) if isinstance(value, NumberText) else value)
    if isinstance(value, int):
        return _integer(form, verb, value)
    if isinstance(value, float):
        return _float(form, verb, value)
    return form.padded(str(value))


def _mapping(form: _Form, verb: str, value: Mapping[str, object]) -> str:
    items = [f"{_value(form, verb, key)}:{_value(form, verb, value[key])}" for key in sorted(value)]
    if form.is_source:
        return f"{type_name(value)}{{{', '.join(items)}}}"
    return f"map[{' '.join(items)}]"


def _list(form: _Form, verb: str, value: Sequence[object]) -> str:
    items = [_value(form, verb, item) for item in value]
    if form.is_source:
        return f"{type_name(value)}{{{', '.join(items)}}}"
    return f"[{' '.join(items)}]"


def _string(form: _Form, verb: str, text: str) -> str | None:
    match verb:
        case "v" if form.is_source:
            return _quoted(form, text)
        case "v" | "s":
            return form.padded(form.cut(text))
        case "q":
            return _quoted(form, text)
        case "x" | "X":
            return form.padded(_hex(form, verb, text))
    return None


def _quoted(form: _Form, text: str) -> str:
    text = form.cut(text)
    if form.has("#") and _fits_backquotes(text):
        return form.padded(f"`{text}`")
    return form.padded(quoted(text, only_ascii=form.has("+")))


def _fits_backquotes(text: str) -> bool:
    return not any(
        char in "`\x7f\ufeff" or (char < " " and char != "\t") or "\udc80" <= char <= "\udcff"
        for char in text
    )


def _hex(form: _Form, verb: str, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")[: form.precision]
    prefix = "0x" if form.has("#") and data else ""
    between = f" {prefix}" if form.has(" ") else ""
    shown = prefix + between.join(f"{byte:02x}" for byte in data)
    return shown.upper() if verb == "X" else shown


_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "x": "0x", "X": "0X"}


def _integer(form: _Form, verb: str, value: int) -> str | None:
    match verb:
        case "c":
            return form.padded(_char(value))
        case "q":
            return form.padded(quoted_rune(_char(value), only_ascii=form.has("+")))
        case "U":
            return form.padded(_code_point(form, value & _MASK), zeros=False)
        case verb if verb in _BASES:
            return form.padded(_digits(form, verb, value), zeros=False)
    return None


def _digits(form: _Form, verb: str, value: int) -> str:
    sign = "-" if value < 0 else "+" if form.has("+") else " " if form.has(" ") else ""
    least = 0
    if form.precision is not None:
        if not form.precision and not value:
            return ""
        least = form.precision
    elif form.has("0") and not form.has("-") and form.width:
        least = form.width - len(sign)
    digits = format(abs(value), _BASES[verb]).rjust(least, "0")
    if form.has("#"):
        if verb in "oO" and digits[0] != "0":
            digits = f"0{digits}"
        digits = _PREFIXES.get(verb, "") + digits
    return sign + ("0o" if verb == "O" else "") + digits


def _code_point(form: _Form, value: int) -> str:
    shown = f"U+{format(value, 'X').rjust(max(form.precision or 0, 4), '0')}"
    if form.has("#") and value <= 0x10FFFF and chr(value).isprintable():
        shown += f" '{chr(value)}'"
    return shown


def _char(value: int) -> str:
    return chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\ufffd"


def _float(form: _Form, verb: str, value: float) -> str | None:
    if verb not in "vbgGxXfFeE":
        return None
    verb = {"v": "g", "F": "f"}.get(verb, verb)
    precision = form.precision
    if precision is None and verb in "feE":
        precision = 6
    number = float_form(value, verb, precision, keeps_point=form.has("#"))
    sign, digits = ("-", number[1:]) if number[0] == "-" else ("+", number.removeprefix("+"))
    if digits[0] in "IN":  # padded with blanks only
        if sign == "+" and digits[0] == "N" and not (form.has("+") or form.has(" ")):
            sign = ""
        elif sign == "+" and form.has(" ") and not form.has("+"):
            sign = " "
        return form.padded(sign + digits, zeros=False)
    if sign == "+" and not form.has("+"):
        sign = " " if form.has(" ") else ""
    if sign and form.has("0") and not form.has("-") and form.width:
        return sign + digits.rjust(form.width - 1, "0")
    return form.padded(sign + digits)


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
