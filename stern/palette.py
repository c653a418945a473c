"""The same pod always gets the same pair of colours; SGR sequences and their resets. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import msgspec

from stern.errors import SternError

_RESETS = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 6: 25, 7: 27, 8: 28, 9: 29}
_INT64 = range(-(2**63), 2**63)


class Color(msgspec.Struct, frozen=True):
    """SGR codes; `plain` colours leave text as it is."""

    codes: tuple[int, ...]
    is_plain: bool = False

    @property
    def before(self) -> bytes:
        """What starts the colour; nothing when plain."""
        return b"" if self.is_plain else _sgr(self.codes)

    @property
    def after(self) -> bytes:
        """What ends it, each code by its own reset."""
        return b"" if self.is_plain else _sgr(tuple(_RESETS.get(code, 0) for code in self.codes))

    def wrap(self, text: bytes) -> bytes:
        """The text in this colour."""
        return text if self.is_plain else self.before + text + self.after

    def wrap_text(self, text: str) -> str:
        """The text in this colour."""
        return text if self.is_plain else f"{self.before.decode()}{text}{self.after.decode()}"


@functools.cache
def _sgr(codes: tuple[int, ...]) -> bytes:
    return b"\x1b[" + b";".join(b"%d" % code for code in codes) + b"m"


class ColorPair(msgspec.Struct, frozen=True):
    """A pod's colour, and that of its containers."""

    pod: Color
    container: Color


DEFAULT_PAIRS = tuple(
    ((pod,), (container,))
    for pod, container in ((96, 36), (92, 32), (95, 35), (93, 33), (94, 34), (91, 31))
)
NOBODY = ((0,), (0,))
EVENT_START = (92, 1)
EVENT_END = (91, 1)
HIGHLIGHT = (31, 1)

# After the six, colours that are told apart on dark and light grounds and by most eyes; no red.
_MORE_PAIRS = tuple(
    ((38, 5, color), (38, 5, color)) for color in (208, 39, 141, 78, 179, 205, 109, 149, 137, 69)
)


def fnv1(name: str) -> int:
    """The 32-bit FNV-1 hash of a name."""
    value = 2166136261
    for byte in name.encode("utf-8", "surrogateescape"):
        value = (value * 16777619 & 0xFFFFFFFF) ^ byte
    return value


Codes = tuple[int, ...]


def parse_colors(
    pod_colors: Sequence[str], container_colors: Sequence[str]
) -> tuple[tuple[Codes, Codes], ...]:
    """The pairs that --pod-colors and --container-colors mean.

    Raises:
        SternError: A list is missing, too short or no list of numbers.
    """
    pods = [_codes(text) for text in pod_colors]
    containers = [_codes(text) for text in container_colors]
    if not pods:
        raise SternError("pod-colors must not be empty")
    if containers and len(containers) != len(pods):
        raise SternError("pod-colors and container-colors must have the same length")
    return tuple(zip(pods, containers or pods, strict=True))


def _codes(text: str) -> Codes:
    return tuple(_code(part.strip()) for part in text.split(";"))


def _code(text: str) -> int:
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()):
        raise SternError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text) not in _INT64:
        raise SternError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


class Palette:
    """Chooses colours by name, the same ones in every run."""

    def __init__(
        self,
        pairs: Sequence[tuple[Codes, Codes]] = DEFAULT_PAIRS,
        *,
        diff_container: bool = False,
        enabled: bool = True,
    ) -> None:
        self._pairs = pairs
        self._diff_container = diff_container
        self.enabled = enabled

    def color(self, codes: Codes) -> Color:
        """These codes, or a plain colour when colours are off."""
        return Color(codes, is_plain=not self.enabled)

    def pair(self, pod: str, container: str) -> ColorPair:
        """The colours of one container's lines."""
        pod_codes, container_codes = self._pairs[self.place(pod)]
        if self._diff_container:
            container_codes = self._pairs[self.place(container)][1]
        return ColorPair(self.color(pod_codes), self.color(container_codes))

    def place(self, name: str) -> int:
        """Which of the pairs a name falls on."""
        return fnv1(name) % len(self._pairs)


class DistinctPalette(Palette):
    """Gives pods that run at the same time different colours, as long as there are any."""

    def __init__(
        self,
        pairs: Sequence[tuple[Codes, Codes]] = DEFAULT_PAIRS,
        *,
        diff_container: bool = False,
        enabled: bool = True,
    ) -> None:
        super().__init__((*pairs, *_MORE_PAIRS), diff_container=diff_container, enabled=enabled)
        self._places: dict[str, int] = {}
        self._uses = [0] * len(self._pairs)

    def place(self, name: str) -> int:
        """The least used pair, of those the one at or after where the name falls."""
        if name not in self._places:
            first = super().place(name)
            order = [(first + step) % len(self._uses) for step in range(len(self._uses))]
            found = min(order, key=lambda place: self._uses[place])
            self._places[name] = found
            self._uses[found] += 1
        return self._places[name]


def colors_enabled(flag: str, *, is_terminal: bool, env: Mapping[str, str]) -> bool:
    """Whether to colour at all: NO_COLOR always wins, a dumb terminal unless told `always`.

    Raises:
        SternError: The flag is none of the three words.
    """
    if flag not in ("always", "never", "auto"):
        raise SternError("color should be one of 'always', 'never', or 'auto'")
    if flag == "never" or env.get("NO_COLOR"):
        return False
    return flag == "always" or (is_terminal and env.get("TERM") != "dumb")
