"""Log lines made when somebody reads them: what a container says is a function of seed and time.

Thousands of containers talk without costing anything until their logs are asked for, and the past
can be read as well as the present.
"""

from __future__ import annotations

import heapq
import random
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from demo_cluster.clock import Clock, TimerHandle
from demo_cluster.containers.logbook import EPOCH, Entry, Follower, WrittenLog, chosen, nanoseconds

SECOND = 1_000_000_000
KEPT_ENTRIES = 4000
"""How far back a log reaches, as rotation would leave it."""

FIELD = re.compile(r"\{(\w+)(?::([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class Saying:
    """One entry that a container may write: a line, or a line and its stack trace."""

    lines: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Voice:
    """Sayings at a mean distance in seconds."""

    every: float
    sayings: tuple[Saying, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """All that a kind of container says."""

    opening: tuple[str, ...] = ()
    voices: tuple[Voice, ...] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Chatter:
    """What one run of one container says."""

    def __init__(self, speech: Speech, seed: str, started: int, facts: Mapping[str, str]) -> None:
        self._speech = speech
        self._seed = zlib.crc32(seed.encode())
        self._started = started
        self._facts = facts

    def opening(self) -> Iterator[Entry]:
        """The first lines, some milliseconds apart."""
        rng = random.Random(self._seed)
        stamp = self._started + 3_000_000
        for line in self._speech.opening:
            stamp += rng.randrange(200_000, 40_000_000)
            yield self._entry(line, stamp, rng)

    def between(self, start: int, end: int) -> list[Entry]:
        """Entries with start < stamp <= end."""
        first = [entry for entry in self.opening() if start < entry.stamp <= end]
        talk = heapq.merge(
            *(self._voice(number, start, end) for number in range(len(self._speech.voices)))
        )
        return sorted([*first, *talk])

    def last(self, count: int, end: int) -> list[Entry]:
        """At least `count` entries before `end`, when there are so many."""
        rate = sum(1 / voice.every for voice in self._speech.voices)
        span = int(count / rate * 1.3 * SECOND) + 10 * SECOND if rate else end
        while True:
            start = max(self._started, end - span)
            entries = self.between(start, end)
            if len(entries) >= count or start == self._started:
                return entries
            span *= 2

    def next_after(self, moment: int) -> int | None:
        """When the next entry is due."""
        opening = (entry.stamp for entry in self.opening() if entry.stamp > moment)
        found = list(islice(opening, 1))
        for number, voice in enumerate(self._speech.voices):
            horizon = moment + int(2.5 * voice.every * SECOND)
            found += [entry.stamp for entry in islice(self._voice(number, moment, horizon), 1)]
        return min(found, default=None)

    def _voice(self, number: int, start: int, end: int) -> Iterator[Entry]:
        voice = self._speech.voices[number]
        step = int(voice.every * SECOND)
        begin = self._started + SECOND // 4
        slot = max((start - begin) // step - 1, 0)
        while True:
            rng = random.Random((self._seed << 40) ^ (number << 32) ^ slot)
            stamp = begin + slot * step + int(rng.random() * step)
            if stamp > end:
                return
            if stamp > start:
                weights = [saying.weight for saying in voice.sayings]
                saying = rng.choices(voice.sayings, weights)[0]
                for offset, line in enumerate(saying.lines):
                    yield self._entry(line, stamp + offset * 11_003, rng)
            slot += 1
            if begin + slot * step > end:
                return

    def fill(self, line: str, stamp: int) -> bytes:
        """A line of its own accord, with its fields filled in."""
        return self._entry(line, stamp, random.Random(self._seed ^ stamp)).data

    def _entry(self, line: str, stamp: int, rng: random.Random) -> Entry:
        def fill(match: re.Match[str]) -> str:
            return self._value(match, stamp, rng)

        return Entry(stamp, FIELD.sub(fill, line).encode() + b"\n")

    def _value(self, match: re.Match[str], stamp: int, rng: random.Random) -> str:
        name, option = match[1], match[2] or ""
        if name in self._facts:
            return self._facts[name]
        if name in self._speech.words:
            return FIELD.sub(
                lambda inner: self._value(inner, stamp, rng), rng.choice(self._speech.words[name])
            )
        maker = _MAKERS.get(name)
        return maker(option, stamp, rng) if maker else match[0]


def _moment(stamp: int) -> datetime:
    return EPOCH + timedelta(microseconds=stamp // 1000)


def _integer(option: str, _stamp: int, rng: random.Random) -> str:
    low, _, high = (option or "1-100").partition("-")
    return str(rng.randint(int(low), int(high)))


def _milliseconds(option: str, _stamp: int, rng: random.Random) -> str:
    return f"{rng.expovariate(1 / float(option or '20')):.1f}"


def _hexadecimal(option: str, _stamp: int, rng: random.Random) -> str:
    return f"{rng.getrandbits(4 * int(option or '16')):0{int(option or '16')}x}"


def _address(_option: str, _stamp: int, rng: random.Random) -> str:
    return f"10.244.{rng.randint(0, 3)}.{rng.randint(2, 254)}"


def _one_of(option: str, _stamp: int, rng: random.Random) -> str:
    return rng.choice(option.split("|"))


def _iso(_option: str, stamp: int, _rng: random.Random) -> str:
    return _moment(stamp).strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp // 1_000_000 % 1000:03d}Z"


def _layout(option: str, stamp: int, _rng: random.Random) -> str:
    text = (option or "%Y-%m-%d %H:%M:%S").replace("%L", f"{stamp // 1_000_000 % 1000:03d}")
    return _moment(stamp).strftime(text)


def _common(_option: str, stamp: int, _rng: random.Random) -> str:
    return _moment(stamp).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _epoch(_option: str, stamp: int, _rng: random.Random) -> str:
    return str(stamp // SECOND)


_MAKERS: dict[str, Callable[[str, int, random.Random], str]] = {
    "int": _integer,
    "ms": _milliseconds,
    "hex": _hexadecimal,
    "ip": _address,
    "of": _one_of,
    "iso": _iso,
    "time": _layout,
    "clf": _common,
    "epoch": _epoch,
}


def check_template(line: str, rng: random.Random) -> None:
    """Every field of a line can be filled in; unknown fields stay as they are.

    Raises:
        ValueError: The option of a field is none.
    """
    for match in FIELD.finditer(line):
        maker = _MAKERS.get(match[1])
        if maker is not None:
            try:
                maker(match[2] or "", 0, rng)
            except (ValueError, ZeroDivisionError) as error:
                raise ValueError(
                    f"the field {match[0]} is none; write it as {_EXAMPLES[match[1]]}."
                ) from error


_EXAMPLES = {
    "int": "{int:1-100}",
    "ms": "{ms:20}",
    "hex": "{hex:16}",
    "ip": "{ip}",
    "of": "{of:a|b|c}",
    "iso": "{iso}",
    "time": "{time:%H:%M:%S.%L}",
    "clf": "{clf}",
    "epoch": "{epoch}",
}


class ChatterLog:
    """The log of a container that talks by itself, and what was written into it besides."""

    def __init__(self, chatter: Chatter, clock: Clock, started: int) -> None:
        self._chatter = chatter
        self._clock = clock
        self._started = started
        self._extra = WrittenLog(clock.now)
        self._ended: int | None = None
        self._followers: dict[int, _Following] = {}

    def write(self, data: bytes, stream: str = "stdout") -> None:
        """A line that belongs to no schedule: a farewell, a crash."""
        self._extra.write(data, stream)

    def end(self, at: datetime | None = None) -> None:
        """The container has stopped."""
        if self._ended is not None:
            return
        for following in list(self._followers.values()):
            following.pass_on()
        self._ended = nanoseconds(at or self._clock.now())
        self._extra.end()
        for following in list(self._followers.values()):
            following.end()

    def read(self, tail: int | None, since: int | None) -> list[Entry]:
        """Entries until now, or until the container ended."""
        return self._read(tail, since, self._now())

    def read_on(
        self, tail: int | None, since: int | None, follower: Follower
    ) -> tuple[list[Entry], Callable[[], None]]:
        """What was said until this moment, however long it takes to tell, and what comes after."""
        now = self._now()
        return self._read(tail, since, now), self._follow(follower, now)

    def _now(self) -> int:
        return nanoseconds(self._clock.now()) if self._ended is None else self._ended

    def _read(self, tail: int | None, since: int | None, end: int) -> list[Entry]:
        count = KEPT_ENTRIES if tail is None else min(tail, KEPT_ENTRIES)
        talk = self._chatter.last(count, end) if count else []
        talk = talk[-count:] if count else []
        return chosen(sorted([*talk, *self._extra.read(None, None)]), tail, since)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Hand over what is said from now on."""
        return self._follow(follower, self._now())

    def _follow(self, follower: Follower, after: int) -> Callable[[], None]:
        if self._ended is not None:
            follower([])
            return lambda: None
        following = _Following(self._chatter, self._clock, follower, after)
        number = id(following)
        self._followers[number] = following
        stop_extra = self._extra.follow(lambda entries: follower(entries) if entries else None)
        following.start()

        def stop() -> None:
            stop_extra()
            following.cancel()
            self._followers.pop(number, None)

        return stop


class _Following:
    def __init__(self, chatter: Chatter, clock: Clock, follower: Follower, after: int) -> None:
        self._chatter = chatter
        self._clock = clock
        self._follower = follower
        self._seen = after
        self._timer: TimerHandle | None = None

    def start(self) -> None:
        due = self._chatter.next_after(self._seen)
        if due is not None:
            delay = (due - nanoseconds(self._clock.now())) / SECOND
            self._timer = self._clock.call_later(max(delay, 0.01) + 0.001, self._speak)

    def _speak(self) -> None:
        self.pass_on()
        self.start()

    def pass_on(self) -> None:
        now = nanoseconds(self._clock.now())
        entries = self._chatter.between(self._seen, now)
        self._seen = now
        if entries:
            self._follower(entries)

    def cancel(self) -> None:
        if self._timer:
            self._timer.cancel()

    def end(self) -> None:
        self.cancel()
        self._follower([])
