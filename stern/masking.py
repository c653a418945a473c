"""`--mask`: secrets out of the lines before anything is written. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from stern.entry import Entry
from stern.errors import SternError
from stern.regex.pattern import Pattern, compile_pattern
from stern.regex.syntax import PatternError
from stern.sink import Sink
from stern.target import Target

MASK = b"***"

_KEYS = (
    rb"pass(?:word|wd|phrase)?|pwd|secret|client_secret|token|access_token|refresh_token|id_token"
    rb"|api[_-]?key|apikey|access[_-]?key|private[_-]?key|authorization|credentials?|session(?:id)?"
)
_NAMED = re.compile(
    rb"""(?i)((?:^|[\s"'{,&?;_.-])(?:%b)["']?\s{0,3}[:=]\s{0,3})"""
    rb"""("(?:[^"\\]|\\.){1,4096}"|'[^']{1,4096}'|(?:(?:bearer|basic|token)\s{1,3})?[^\s"',;&}]{1,4096})"""
    % _KEYS
)
_SHAPED = re.compile(
    rb"eyJ[\w-]{8,2048}\.[\w-]{8,4096}(?:\.[\w-]{0,2048})?"
    rb"|(?i:bearer|basic)\s{1,3}[\w.~+/=-]{8,4096}"
    rb"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,255}|\bgithub_pat_\w{20,255}"
    rb"|\bxox[abprs]-[\w-]{10,255}|\bglpat-[\w-]{20,255}|\bsk_(?:live|test)_\w{10,255}"
)
_NAME_HINTS = (b"pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred", b"session")
_SHAPE_HINTS = (
    b"eyj", b"bearer", b"basic", b"akia", b"asia", b"gh", b"xox", b"glpat", b"sk_",
)  # fmt: skip
_CARD = re.compile(rb"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")
_MAIL = re.compile(rb"[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")

Mask = Callable[[bytes], bytes]


def mask_tokens(text: bytes) -> bytes:
    """Without tokens, keys and passwords; their names stay."""
    lowered = text.lower()
    if any(hint in lowered for hint in _NAME_HINTS):
        text = _NAMED.sub(rb"\1" + MASK, text)
    if any(hint in lowered for hint in _SHAPE_HINTS):
        text = _SHAPED.sub(MASK, text)
    return text


def mask_cards(text: bytes) -> bytes:
    """Without card numbers: digits that pass the check that cards pass."""
    return _CARD.sub(lambda found: MASK if _is_card(found[0]) else found[0], text)


def mask_mail(text: bytes) -> bytes:
    """Without mail addresses."""
    return _MAIL.sub(MASK, text) if b"@" in text else text


def _is_card(text: bytes) -> bool:
    """Luhn's check."""
    digits = [byte - 48 for byte in text if 48 <= byte <= 57]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[::-2])) % 10 == 0


PRESETS: dict[str, tuple[Mask, ...]] = {
    "tokens": (mask_tokens,),
    "cards": (mask_cards,),
    "mail": (mask_mail,),
    "all": (mask_tokens, mask_cards, mask_mail),
}


def compile_masks(words: Sequence[str]) -> list[Mask]:
    """The masks that --mask asks for: presets by name, else regular expressions.

    Raises:
        SternError: An expression does not compile.
    """
    masks: list[Mask] = []
    for word in words:
        if word in PRESETS:
            masks.extend(PRESETS[word])
            continue
        try:
            masks.append(_pattern_mask(compile_pattern(word)))
        except PatternError as error:
            raise SternError(f"failed to compile regular expression for mask: {error}") from error
    return masks


def _pattern_mask(pattern: Pattern) -> Mask:
    return lambda text: pattern.replace(text, MASK)


class MaskingSink:
    """Hands lines on without what must not be seen; stamps are left alone."""

    def __init__(self, inner: Sink, masks: Sequence[Mask]) -> None:
        self._inner = inner
        self._masks = masks

    async def entry(self, entry: Entry) -> None:
        """Some more lines, masked."""
        lines = entry.data.split(b"\n")
        await self._inner.entry(Entry(entry.target, b"\n".join(map(self.masked, lines))))

    def masked(self, line: bytes) -> bytes:
        """One line, masked behind its stamp."""
        stamp, blank, message = line.partition(b" ")
        if not stamp[:4].isdigit():
            stamp, blank, message = b"", b"", line
        for mask in self._masks:
            message = mask(message)
        return stamp + blank + message

    def started(self, target: Target) -> None:
        """As it is."""
        self._inner.started(target)

    def ended(self, target: Target) -> None:
        """As it is."""
        self._inner.ended(target)

    def trouble(self, message: str) -> None:
        """As it is."""
        self._inner.trouble(message)
