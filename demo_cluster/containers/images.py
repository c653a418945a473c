"""What container images do when they run: what they say, serve, use, and when they fail."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from demo_cluster.containers.chatter import Saying, Speech, Voice
from demo_cluster.durations import seconds_of

SHELLS = ("sh", "ash", "bash")
RESERVED_HOSTS = (".invalid", ".example", ".test", ".nowhere")


@dataclass(frozen=True, slots=True)
class Crash:
    """How a container dies by itself: after this many seconds, with these last words."""

    after: float
    code: int = 1
    lines: tuple[str, ...] = ()
    jitter: float = 0.0
    reason: str = ""
    """`OOMKilled`, or empty for what the exit code says."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """How it ends when it is asked to (SIGTERM)."""

    seconds: float = 0.3
    code: int = 0
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """How it ends when its work is done (jobs)."""

    after: float
    jitter: float = 0.0
    lines: tuple[str, ...] = ()
    fails_every: int = 0
    """Every so many runs it fails instead (0: never)."""


@dataclass(frozen=True, slots=True)
class Image:
    """The behaviour behind an image name."""

    names: tuple[str, ...] = ("*",)
    command: tuple[str, ...] = ()
    """Entrypoint and arguments; a shell without arguments ends at once, as busybox does."""
    workers: tuple[str, ...] = ()
    """Command lines of further processes."""
    base: str = "debian"
    runs_commands: bool = False
    """Commands of the pod are run by the toy shell; else the image talks whatever they are."""
    speech: Speech = field(default_factory=Speech)
    ports: tuple[int, ...] = ()
    page: str = ""
    answers: Mapping[str, int] = field(default_factory=dict)
    """Status codes by path, where `*` is any part of one; the first that fits is given."""
    ready_after: float = 0.2
    unready: tuple[float, float] | None = None
    """Fails its readiness probe for the second of these many seconds in every first."""
    hangs_after: float | None = None
    """Its liveness probe fails from this second of every run on."""
    crash: Crash | None = None
    finish: Finish | None = None
    farewell: Farewell = field(default_factory=Farewell)
    cpu: float = 0.004
    """Mean cores."""
    memory: int = 24 << 20
    """Mean bytes in use."""
    leaks_per_hour: int = 0
    size: int = 48_000_000
    user: str = "root"
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    """Programs of the real image that ask it how it is, and what they print when all is well."""
    is_missing: bool = False
    """Pulling it fails."""

    @property
    def is_unknown(self) -> bool:
        """Nothing is known of it but its name: any program may be in it."""
        return "*" in self.names


class ImageLibrary:
    """All known images; the last that was added wins."""

    def __init__(self, images: Iterable[Image]) -> None:
        self._images = list(images)
        self._found: dict[str, Image] = {}

    def add(self, images: Iterable[Image]) -> None:
        """Know more images."""
        self._images += images
        self._found.clear()

    def find(self, name: str) -> Image:
        """The behaviour of an image name, with or without registry and tag."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Image:
        candidates = (name, repository(name), repository(name).rpartition("/")[2])
        for image in reversed(self._images):
            for pattern in image.names:
                if any(fnmatchcase(candidate, pattern) for candidate in candidates):
                    return image
        return Image()

    def can_pull(self, name: str) -> bool:
        """Whether some registry has it. Hosts under reserved domains do not exist."""
        host = name.partition("/")[0].partition(":")[0]
        if "/" in name and host.endswith(RESERVED_HOSTS):
            return False
        return not self.find(name).is_missing

    def is_present(self, name: str) -> bool:
        """Whether a node has it without pulling: only what the library knows by name."""
        image = self.find(name)
        return not (image.is_unknown or image.is_missing)


def repository(name: str) -> str:
    """`docker.io/library/nginx:1.27@sha256:..` without tag and digest."""
    bare = name.partition("@")[0]
    head, slash, last = bare.rpartition("/")
    return head + slash + last.partition(":")[0]


def full_name(name: str) -> str:
    """How the runtime calls it: `docker.io/library/busybox:latest`."""
    bare = name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"
    host, slash, _ = bare.partition("/")
    if not slash:
        return f"docker.io/library/{bare}"
    return bare if "." in host or ":" in host or host == "localhost" else f"docker.io/{bare}"


def image_of(settings: Mapping[str, Any]) -> Image:
    """An image from its entry in a scenario file, whose values have been looked at."""
    entry = dict(settings)
    values: dict[str, Any] = {"names": _texts(entry.pop("name"))}
    values["speech"] = _speech(entry)
    for name, make in (("crash", Crash), ("finish", Finish), ("farewell", Farewell)):
        if name in entry:
            part = dict(entry.pop(name))
            if "lines" in part:
                part["lines"] = _texts(part["lines"])
            values[name] = make(**part)
    values |= {name: _READ[name](entry.pop(name)) for name in tuple(entry) if name in _READ}
    return Image(**values, **entry)


def _named_texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(text) for name, text in value.items()}


def _pair(value: Iterable[str | float]) -> tuple[float, float]:
    every, lasting = value
    return seconds_of(every), seconds_of(lasting)


def _speech(entry: dict[str, Any]) -> Speech:
    voices = tuple(
        Voice(float(voice["every"]), tuple(_saying(saying) for saying in _listed(voice["say"])))
        for voice in entry.pop("talk", ())
    )
    words = {name: _texts(choices) for name, choices in entry.pop("words", {}).items()}
    return Speech(_texts(entry.pop("opening", ())), voices, words)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _saying(saying: Any) -> Saying:
    if not isinstance(saying, Mapping):
        return Saying((str(saying).rstrip("\n"),))
    lines = saying["lines"]
    texts = tuple(lines.rstrip("\n").split("\n")) if isinstance(lines, str) else _texts(lines)
    return Saying(texts, float(saying.get("weight", 1)))


def _texts(value: str | Iterable[Any]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(text) for text in value)


def core_count(value: str | float) -> float:
    """`200m` or `0.2` as cores.

    Raises:
        ValueError: It is no number of cores.
    """
    text = str(value)
    cores = float(text[:-1]) / 1000 if text.endswith("m") else float(text)
    if not 0 <= cores < math.inf:
        raise ValueError(f"{value!r} is no number of cores")
    return cores


def byte_count(value: str | int) -> int:
    """`64Mi` as a number.

    Raises:
        ValueError: It is no size.
    """
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 1000, "M": 10**6, "G": 10**9}
    text = str(value)
    for unit, factor in units.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(float(text))


_READ: Mapping[str, Callable[[Any], Any]] = {
    "command": _texts,
    "workers": _texts,
    "files": _named_texts,
    "environment": _named_texts,
    "checks": _named_texts,
    "page": str,
    "user": str,
    "ports": tuple,
    "unready": _pair,
    "cpu": core_count,
    "memory": byte_count,
    "leaks_per_hour": byte_count,
    "size": byte_count,
}
"""How the settings of an image are read that are not kept as they stand there."""
