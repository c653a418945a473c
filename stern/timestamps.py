"""`--timestamps`: the server's stamp in another layout and time zone. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from stern.errors import SternError

_STAMP = rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)"
_CACHED_SECONDS = 4096


class StampError(ValueError):
    """The text is no time stamp."""


class StampFormat:
    """Stamps in one layout, `default` or `short`, and one zone; None is the machine's own."""

    def __init__(self, layout: str, zone: tzinfo | None) -> None:
        self._short = layout == "short"
        self._zone = zone
        self._known: dict[bytes, tuple[bytes, bytes]] = {}

    def format(self, stamp: bytes) -> bytes:
        """The stamp as it is shown.

        Raises:
            StampError: It is no RFC 3339 time.
        """
        if len(stamp) == 30 and stamp[19:20] == b"." and stamp[29:] == b"Z":
            known = self._known.get(stamp[:19])
            if known is not None and stamp[20:29].isdigit():
                return known[0] if self._short else known[0] + stamp[19:29] + known[1]
        return self._format(stamp)

    def leaves(self, first: bytes, last: bytes) -> bool:
        """Whether stamps of one day from the first to the last are shown as they are.

        Raises:
            StampError: One is no RFC 3339 time.
        """
        return not self._short and self.format(first) == first and self.format(last) == last

    def format_all(self, stamps: list[bytes]) -> list[bytes]:
        """The stamps of a chunk, all of a kubelet's usual width, as they are shown.

        Raises:
            StampError: One is no RFC 3339 time.
        """
        if len(self._known) > _CACHED_SECONDS:
            self._known.clear()
        seconds = [stamp[:19] for stamp in stamps]
        for second in set(seconds) - self._known.keys():
            self._format(second + b".000000000Z")
        known = self._known
        if self._short:
            return [known[second][0] for second in seconds]
        if not all(map(bytes.isdigit, [stamp[20:29] for stamp in stamps])):
            return [self.format(stamp) for stamp in stamps]
        tails = {known[second][1] for second in set(seconds)}
        if len(tails) > 1:
            return [self.format(stamp) for stamp in stamps]
        [tail] = tails
        return [
            known[second][0] + stamp[19:29] + tail
            for second, stamp in zip(seconds, stamps, strict=True)
        ]

    def _format(self, stamp: bytes) -> bytes:
        found = re.fullmatch(_STAMP, stamp)
        if found is None:
            raise StampError("missing timestamp" if not stamp else f"no time stamp: {stamp!r}")
        fraction = (found[7] or b"")[:9].ljust(9, b"0")
        try:
            moment = datetime.fromisoformat(stamp[:19].decode() + _offset(found[8]))
            local = moment.astimezone(self._zone)
        except (ValueError, OverflowError) as error:
            raise StampError(f"no time stamp: {stamp!r}") from error
        head, tail = self._parts(local)
        if found[8] == b"Z":
            self._known[stamp[:19]] = head, tail
        return head if self._short else head + b"." + fraction + tail

    def _parts(self, local: datetime) -> tuple[bytes, bytes]:
        if self._short:
            return local.strftime("%m-%d %H:%M:%S").encode(), b""
        head = (
            f"{local.year:04d}-{local.month:02d}-{local.day:02d}"
            f"T{local.hour:02d}:{local.minute:02d}:{local.second:02d}"
        )
        return head.encode(), zone_text(local).encode()


def zone_text(moment: datetime) -> str:
    """`Z` for no offset, else `+01:00`."""
    offset = moment.utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    if not seconds:
        return "Z"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"


def _offset(text: bytes) -> str:
    return "+00:00" if text in (b"Z", b"z") else text.decode()


def load_zone(name: str) -> tzinfo | None:
    """The zone of a name; None for `Local`, UTC for nothing.

    Raises:
        SternError: There is no such zone.
    """
    if name == "Local":
        return None
    if name in ("", "UTC"):
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SternError(f"unknown time zone {name}") from error


def stamp_format(layout: str, zone_name: str) -> StampFormat | None:
    """The format that the flags ask for; None when times are not shown.

    Raises:
        SternError: The layout or the zone is not known.
    """
    if layout not in ("", "default", "short"):
        raise SternError("timestamps should be one of 'default', or 'short'")
    zone = load_zone(zone_name)
    return StampFormat(layout, zone) if layout else None
