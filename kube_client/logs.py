"""The log of one container: as the server sends it, or followed so that no line is lost.

The pure part (which lines are new after a cut) is `log_lines`; here is the waiting, the asking
again, and what is said when something can not be read.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import timedelta
from time import monotonic

import msgspec

from kube_client.backoff import Backoff
from kube_client.client import Client
from kube_client.errors import (
    ApiError,
    BadRequestError,
    CredentialsError,
    KubeError,
    NotFoundError,
    ServerError,
    TooManyRequestsError,
    UnreachableError,
)
from kube_client.log_lines import LogResume, Mark, Replay, is_stamp_beginning
from kube_client.resource import PODS
from kube_client.transport import Response

QUIET_SECONDS = 0.5
PATIENCE_SECONDS = 2.0
_HELD_LIMIT_BYTES = 64 << 20
_HEALTHY_SECONDS = 5.0
_TRIES_OF_THE_DEAD = 5
SILENCE_SECONDS = 120.0
_LONGEST_SILENCE_SECONDS = 960.0
_RECONNECT = Backoff(first=0.2, factor=2.0, limit=15.0)


class LogQuery(msgspec.Struct, frozen=True):
    """Which container's log, and which part of it.

    `since_time` is RFC 3339 and excludes `since_seconds`. `previous` asks for the run before the
    present one. With `timestamps` each line begins with its stamp and a space.
    """

    namespace: str
    pod: str
    container: str | None = None
    follow: bool = False
    since_seconds: int | None = None
    since_time: str | None = None
    tail_lines: int | None = None
    previous: bool = False
    timestamps: bool = True
    limit_bytes: int | None = None

    @property
    def path(self) -> str:
        """The URL path of the log."""
        return PODS.path(self.namespace, self.pod, "log")

    @property
    def name(self) -> str:
        """The log in words, for messages."""
        container = f" ({self.container})" if self.container else ""
        return f"{self.namespace}/{self.pod}{container}"

    def parameters(self) -> list[tuple[str, str]]:
        """The query of the request, in alphabetical order."""
        values: list[tuple[str, str | int | bool | None]] = [
            ("container", self.container),
            ("follow", self.follow),
            ("limitBytes", self.limit_bytes),
            ("previous", self.previous),
            ("sinceSeconds", self.since_seconds),
            ("sinceTime", self.since_time),
            ("tailLines", self.tail_lines),
            ("timestamps", self.timestamps),
        ]
        return [
            (name, "true" if value is True else str(value))
            for name, value in values
            if value is not None and value is not False
        ]


async def open_log(client: Client, query: LogQuery) -> AsyncGenerator[bytes, None]:
    """The chunks of one answer, as they come; they may end inside a line or a character.

    Raises:
        ApiError: The server refused, at the first chunk.
        UnreachableError: The answer was cut.
    """
    response = await client.stream(query.path, query=query.parameters())
    try:
        async for chunk in response.chunks():
            yield chunk
    finally:
        await response.aclose()


async def follow_log(
    client: Client,
    query: LogQuery,
    *,
    is_alive: Callable[[], Awaitable[bool]],
    on_trouble: Callable[[str], None],
    backoff: Backoff = _RECONNECT,
    is_replaced: Callable[[], bool] = lambda: False,
    silence_seconds: float = SILENCE_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """Whole lines with their stamps, from the beginning the query names to the container's end.

    Ends when the container was over before the last request was made, that answer ended cleanly,
    and it is over still; and when the pod's name belongs to another pod (`is_replaced`). Every
    other end, clean or not, is followed by a new request that goes on behind the last line given:
    nothing is lost, nothing comes twice. The last line may lack its newline.
    A stream of a living container that says nothing for `silence_seconds` is opened anew, because
    some kubelets lose their place when a log is rotated; each time in vain it is let be for longer.
    `on_trouble` hears one sentence for each kind of trouble, once until lines come again.

    Raises:
        KubeError: The first request was refused for good; later refusals are retried.
    """
    follower = _Follower(client, query, on_trouble, backoff, silence_seconds)
    async with aclosing(follower.blocks(is_alive, is_replaced)) as blocks:
        async for block in blocks:
            yield block


class _Follower:
    """One log over any number of connections."""

    def __init__(
        self,
        client: Client,
        query: LogQuery,
        on_trouble: Callable[[str], None],
        backoff: Backoff,
        silence_seconds: float,
    ) -> None:
        self._client = client
        self._usual_silence = self._silence = silence_seconds
        self._query = query
        self._on_trouble = on_trouble
        self._backoff = backoff
        self._resume = LogResume()
        self._unfinished = b""
        self._first_date = ""
        self._has_answered = False
        self._has_progressed = False
        self._given_bytes = 0
        self._told = ""

    async def blocks(
        self, is_alive: Callable[[], Awaitable[bool]], is_replaced: Callable[[], bool]
    ) -> AsyncGenerator[bytes, None]:
        """Everything, connection after connection."""
        delays, failures = self._backoff.delays(), 0
        while True:
            was_alive = await is_alive()
            if self._has_answered and is_replaced():
                if self._unfinished:
                    yield self._within_limit(self._unfinished)
                return
            self._has_progressed, opened = False, monotonic()
            error: KubeError | None = None
            try:
                async with aclosing(self._one_connection(is_watched=was_alive)) as blocks:
                    async for block in blocks:
                        yield self._within_limit(block)
                        if self._is_out_of_bytes():
                            return
            except (UnreachableError, ApiError, CredentialsError) as refusal:
                error = refusal
            if error is None and not was_alive and not await is_alive():
                async for block in self._rest():
                    yield self._within_limit(block)
                return
            if self._has_progressed or monotonic() - opened > _HEALTHY_SECONDS:
                delays, failures = self._backoff.delays(), 0
            failures += 1
            if error is not None and self._is_final(error, failures, was_alive=was_alive):
                if self._unfinished:
                    yield self._within_limit(self._unfinished)
                return
            self._note_cut(error)
            await asyncio.sleep(self._delay(error, delays))

    # -- one connection ------------------------------------------------------------------------

    async def _one_connection(self, *, is_watched: bool) -> AsyncGenerator[bytes, None]:
        """The new lines of one answer; one that is watched may not be silent for too long."""
        response = await self._client.stream(self._query.path, query=self._parameters())
        watch = _SilenceWatch(response, self._silence if is_watched else None)
        try:
            self._has_answered = True
            self._first_date = self._first_date or response.headers.get("date", "")
            chunks = response.chunks()
            async for block in self._replayed(chunks):
                self._note_progress()
                watch.is_busy = True
                yield block
                watch.is_busy, watch.has_heard = False, True
            async for chunk in chunks:
                watch.has_heard = True
                block = self._resume.feed(chunk)
                if block:
                    self._note_progress()
                    watch.is_busy = True
                    yield block
                    watch.is_busy, watch.has_heard = False, True
        except UnreachableError:
            if not watch.has_closed:
                raise
            self._silence = min(self._silence * 2, _LONGEST_SILENCE_SECONDS)
        finally:
            watch.stop()
            await response.aclose()

    async def _replayed(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """New lines while the place where the last connection ended is being looked for."""
        reading = _TimedReading(chunks)
        try:
            while (replay := self._resume.replay) is not None:
                waits = replay.held_bytes > 0
                chunk = await reading.next(QUIET_SECONDS if waits else None)
                block = self._resume.feed(chunk) if chunk else b""
                if block:
                    yield block
                if chunk == b"":
                    return
                if self._resume.replay is replay and reading.is_hopeless(replay):
                    async for block in self._lost_place():
                        yield block
        finally:
            await reading.aclose()

    async def _lost_place(self) -> AsyncGenerator[bytes, None]:
        """The rest of the run that we followed, then what the replay held."""
        mark = self._resume.mark
        if mark is not None and not self._query.previous:
            async for block in self._end_of_previous_run(mark):
                yield block
        held = self._resume.release()
        if held:
            yield held

    async def _end_of_previous_run(self, mark: Mark) -> AsyncGenerator[bytes, None]:
        """What a container that has been restarted since said after the mark."""
        query = LogQuery(
            self._query.namespace,
            self._query.pod,
            self._query.container,
            since_time=mark.since_time,
            previous=True,
        )
        resume = LogResume.at(mark)
        try:
            async with aclosing(open_log(self._client, query)) as chunks:
                async for chunk in chunks:
                    block = resume.feed(chunk)
                    if block:
                        yield block
        except KubeError:
            pass  # no run before this one, or its log is gone: said below
        if resume.replay is not None:
            unseen = resume.release()  # a run that came and went between two connections
            if unseen:
                yield unseen
            self._tell(
                f"Lines of {self._query.name} after {mark.since_time} may be missing: "
                "the log was rotated, or the container replaced, while it was not connected."
            )
            return
        rest = resume.finish()
        if rest:
            yield rest + b"\n"

    async def _rest(self) -> AsyncGenerator[bytes, None]:
        """What is left when the log is over."""
        replay = self._resume.replay
        if replay is not None and replay.held_bytes:
            async for block in self._lost_place():
                yield block
        rest = self._resume.finish()
        if rest:
            yield rest

    # -- from one connection to the next -------------------------------------------------------

    def _parameters(self) -> list[tuple[str, str]]:
        """What to ask for: the query at first, from then on everything behind the last line."""
        query, mark = self._query, self._resume.mark
        if not self._has_answered or (mark is None and not self._first_date):
            since_time, since_seconds, tail = (
                query.since_time,
                query.since_seconds,
                query.tail_lines,
            )
        else:
            since_seconds = tail = None
            since_time = mark.since_time if mark else self._beginning()
        return LogQuery(
            query.namespace,
            query.pod,
            query.container,
            follow=True,
            since_seconds=since_seconds,
            since_time=since_time,
            tail_lines=tail,
            previous=query.previous,
            limit_bytes=None if self._has_answered else query.limit_bytes,
        ).parameters()

    def _beginning(self) -> str | None:
        """Where the log begins that gave no line yet, as a time that does not move."""
        from email.utils import parsedate_to_datetime

        query = self._query
        if query.tail_lines is None and query.since_seconds is None:
            return query.since_time
        try:
            opened = parsedate_to_datetime(self._first_date)
        except ValueError:
            return query.since_time
        before = timedelta(seconds=query.since_seconds or 0) if query.tail_lines is None else None
        return (opened - (before or timedelta())).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _note_progress(self) -> None:
        self._has_progressed = True
        self._silence = self._usual_silence
        self._unfinished = b""
        self._told = ""

    def _note_cut(self, error: KubeError | None) -> None:
        is_sure = self._resume.replay is None
        piece = self._resume.cut()
        if piece and not is_stamp_beginning(piece):
            text = piece.decode("utf-8", "replace").strip()
            self._tell(f"The server says of the log of {self._query.name}: {text}")
        elif piece and is_sure:
            self._unfinished = piece
        if error is not None and not _is_waiting(error):
            self._tell(f"The log of {self._query.name} was cut and is asked for again: {error}")

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self._on_trouble(sentence)

    def _is_final(self, error: KubeError, failures: int, *, was_alive: bool) -> bool:
        """Whether to give up; raises when the very first answer was a refusal for good."""
        may_pass = isinstance(error, UnreachableError | TooManyRequestsError | ServerError)
        if not self._has_answered and not may_pass and not _is_waiting(error):
            raise error
        if was_alive:
            return False
        if isinstance(error, NotFoundError):
            return True
        if failures < _TRIES_OF_THE_DEAD:
            return False
        self._tell(f"The end of the log of {self._query.name} could not be read: {error}")
        return True

    def _delay(self, error: KubeError | None, delays: Iterator[float]) -> float:
        """Seconds until the next request: none after a connection that brought lines."""
        if isinstance(error, ApiError) and error.retry_after:
            return error.retry_after
        return 0.0 if self._has_progressed else next(delays)

    def _within_limit(self, block: bytes) -> bytes:
        limit = self._query.limit_bytes
        if limit is not None:
            block = block[: max(limit - self._given_bytes, 0)]
        self._given_bytes += len(block)
        return block

    def _is_out_of_bytes(self) -> bool:
        limit = self._query.limit_bytes
        return limit is not None and self._given_bytes >= limit


class _SilenceWatch:
    """Closes an answer that has been waited for too long; None is for ever.

    The time for which its reader is busy with what came does not count.
    """

    def __init__(self, response: Response, seconds: float | None) -> None:
        self._response = response
        self._seconds = seconds
        self.is_busy = False
        self.has_heard = False
        self.has_closed = False
        self._closing: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._begin()

    def stop(self) -> None:
        """The answer is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self) -> None:
        if self._seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self._look)

    def _look(self) -> None:
        if self.is_busy or self.has_heard:
            self.has_heard = False
            self._begin()
            return
        self.has_closed = True
        self._closing = asyncio.ensure_future(self._response.aclose())


class _TimedReading:
    """Chunks with a limit of waiting that does not disturb the iterator behind them."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._pending: asyncio.Future[bytes] | None = None
        self._is_quiet = False
        self._deadline: float | None = None

    async def next(self, timeout: float | None) -> bytes | None:
        """The next chunk; empty at the end, None when nothing came in time."""
        if self._pending is None:
            self._pending = asyncio.ensure_future(_next_or_end(self._chunks))
        done, _ = await asyncio.wait({self._pending}, timeout=timeout)
        self._is_quiet = not done
        if not done:
            return None
        pending, self._pending = self._pending, None
        return pending.result()

    def is_hopeless(self, replay: Replay) -> bool:
        """Whether the marked line will not come: silence, or lines held for too long."""
        if not replay.held_bytes:
            return False
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + PATIENCE_SECONDS
        return self._is_quiet or now > self._deadline or replay.held_bytes > _HELD_LIMIT_BYTES

    async def aclose(self) -> None:
        """Stop a reading that is under way."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.gather(self._pending, return_exceptions=True)


async def _next_or_end(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks, b"")


def _is_waiting(error: KubeError) -> bool:
    """Whether the container has not started yet, which is no trouble."""
    return isinstance(error, BadRequestError) and "is waiting to start" in error.server_message
