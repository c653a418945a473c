"""The wire format of a watch: bytes in, events out. No I/O."""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from kube_client import codec
from kube_client.errors import error_from_status

T = TypeVar("T")


class WatchEvent(msgspec.Struct, Generic[T], gc=False):
    """One event; `type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: T


class WatchDecoder(Generic[T]):
    """Bytes of a watch response in, whole events out.

    A chunk may end anywhere, even inside a character; the rest waits for the next. `path` is for
    the words of an error.
    """

    def __init__(self, decode_to: type[T], *, path: str = "") -> None:
        event: Any = WatchEvent  # its parameter is a value here, which mypy cannot follow
        self._event_type: type[WatchEvent[T]] = event[decode_to]
        self._decode: Callable[[bytes], WatchEvent[T]] = codec.quick_decoder(self._event_type)
        self._path = path
        self._unfinished: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[WatchEvent[T]]:
        """The events that this chunk completes.

        Raises:
            ApiError: The server ended the watch with an error, a `GoneError` above all; events
                before it have been given.
            MalformedJsonError: A line is no event.
        """
        end = chunk.rfind(b"\n")
        if end < 0:
            self._unfinished.append(chunk)
            return
        whole = b"".join((*self._unfinished, chunk[:end])) if self._unfinished else chunk[:end]
        self._unfinished = [chunk[end + 1 :]] if end + 1 < len(chunk) else []
        for line in whole.split(b"\n"):
            if line:
                yield self._event(line)

    def _event(self, line: bytes) -> WatchEvent[T]:
        if b'"ERROR"' in line[:32]:
            self._raise_error(line)
        try:
            return self._decode(line)
        except codec.QUICK_ERRORS:
            self._raise_error(line)
            event: WatchEvent[T] = codec.decode_as(line, self._event_type)
            return event

    def _raise_error(self, line: bytes) -> None:
        """Raise what an ERROR event says; return when the line is no such event."""
        event = codec.decode_json(line)
        if not isinstance(event, dict) or event.get("type") != "ERROR":
            return
        status = event.get("object")
        raise error_from_status(
            status if isinstance(status, dict) else {}, verb="watch", path=self._path
        )
