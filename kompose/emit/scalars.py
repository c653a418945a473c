"""How a string is written in YAML: plain, quoted or as a block.

Follows yaml.v3, which decides twice: a string that would read back as another type
is double-quoted; then the emitter turns a plain one that holds YAML syntax into a
single-quoted one, and what single quotes cannot hold into a double-quoted one.
"""

import re
from functools import cache, lru_cache

_SAFE = re.compile(r"[A-Za-z/_$(][A-Za-z0-9_./()$+-]*(?::[A-Za-z0-9_./()$+-]+)*", re.ASCII)
_WORDS = (
    frozenset(
        f"{form}"
        for word in ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "")
        for form in (word, word.capitalize(), word.upper())
    )
    | frozenset(f"{sign}.{form}" for sign in ("", "+", "-") for form in ("inf", "Inf", "INF"))
    | frozenset((".nan", ".NaN", ".NAN", "<<"))
)
_INTEGER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)|-?0b[01]+|-?0o[0-7]+"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?)?"
)
_FIRST_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = frozenset("\n\r\x85\u2028\u2029")
_AFTER_COLON = re.compile(r":(?=[\s\x00]|$)")
_BREAK_THEN_SPACE = re.compile("[\n\r\x85\u2028\u2029] ")
_SPACE_THEN_BREAK = re.compile(" [\n\r\x85\u2028\u2029]")
_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f",
    "\r": "\\r", "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N",
    "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_PRINTABLE = "\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"


@lru_cache(maxsize=4096)
def inline(text: str) -> str:
    """The string as it stands on one line, as a key or where a block is not possible."""
    if _SAFE.fullmatch(text) and text not in _WORDS:
        return text
    text = _without_surrogates(text)
    if "\n" in text or reads_as_another_type(text) or not _fits_single_quotes(text):
        return double_quoted(text)
    return text if _fits_plain(text) else "'" + text.replace("'", "''") + "'"


def block(text: str, column: int, step: int) -> str | None:
    """The string as a literal block below its key, or None where a block cannot hold it.

    Every line stands at `column`; the text starts with the indicator (`|`, `|-`) and has no
    final newline. `step` is how far that is from its parent, which a leading blank makes explicit.
    """
    text = _without_surrogates(text)
    if text.endswith(" ") or _SPACE_THEN_BREAK.search(text) or _has_unprintable(text):
        return None
    pad = " " * column
    hint = str(step) if text[0] in " \t\n" else ""
    ending = text[-2:]
    chomp = "+" if ending in ("\n", "\n\n") else "" if ending.endswith("\n") else "-"
    lines = text.removesuffix("\n").split("\n")
    body = "\n".join(pad + line if line else "" for line in lines)
    return f"|{hint}{chomp}\n{body}"


def _without_surrogates(text: str) -> str:
    """The text; bytes that are no UTF-8 came in as surrogates, which no file can hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def reads_as_another_type(text: str) -> bool:
    """Whether a YAML 1.1 or 1.2 reader would take the plain text for something but a string."""
    if text in _WORDS:
        return True
    first = text[0]
    if first not in "+-.0123456789":
        return False
    bare = text.replace("_", "")
    if _FLOAT.fullmatch(bare) or _INTEGER.fullmatch(bare) or _BASE_60.fullmatch(text):
        return True
    stamp = _TIMESTAMP.fullmatch(text)
    return bool(stamp and 1 <= int(stamp["month"]) <= 12 and 1 <= int(stamp["day"]) <= 31)


def _fits_plain(text: str) -> bool:
    first, follows_blank = text[0], text[1:2] in ("", " ", "\t", "\n", "\r")
    if first in _FIRST_INDICATORS or (first in "-?:" and follows_blank):
        return False
    if text.startswith(("---", "...", " ")) or text.endswith(" "):
        return False
    if any(character in _BREAKS for character in text):
        return False
    return not _AFTER_COLON.search(text) and " #" not in text


def _fits_single_quotes(text: str) -> bool:
    return not (
        "\t" in text
        or _has_unprintable(text)
        or _SPACE_THEN_BREAK.search(text)
        or _BREAK_THEN_SPACE.search(text)
    )


def _has_unprintable(text: str) -> bool:
    """Whether some character can only be written as an escape; other breaks than LF count."""
    bare = text.replace("\n", "").replace("\t", "")
    return not (bare.isascii() and bare.isprintable()) and bool(_unprintable().search(text))


@cache
def _unprintable() -> "re.Pattern[str]":
    return re.compile(f"[^\t\n{_PRINTABLE}]")


@cache
def _to_escape() -> "re.Pattern[str]":
    return re.compile(f'[^{_PRINTABLE}]|["\\\\]')


def double_quoted(text: str) -> str:
    """The text between double quotes, on one line.

    After a byte order mark every character is escaped, as the original's library does.
    """
    if text.startswith("\ufeff"):
        return '"' + "".join(_escape_character(character) for character in text) + '"'
    return '"' + _to_escape().sub(_escape, text) + '"'


def _escape(match: "re.Match[str]") -> str:
    return _escape_character(match.group())


def _escape_character(character: str) -> str:
    if short := _ESCAPES.get(character):
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
