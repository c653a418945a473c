"""Requests that are tried again while a server has trouble, and words for a person meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from kube_client.backoff import Backoff
from kube_client.errors import (
    ApiError,
    KubeError,
    NotConnectedError,
    UnreachableError,
    UntrustedServerError,
    error_from_response,
    one_line,
)
from kube_client.transport import Request, Response, SocketAccess, Transport

T = TypeVar("T")
Tell = Callable[[str], None]
"""Hears one sentence for a person."""

_BUSY = frozenset((429, 503))
_FAILED = 500
_TROUBLE = frozenset((429, _FAILED, 502, 503, 504))
"""Statuses by which a server says that it cannot, not that it will not."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try, in seconds.

    `whole` is for one request where no block says otherwise, `quiet` what an answer may take
    before a person is told whom we wait for, `least` what one attempt always gets, and `outage` how
    long trouble lasts whose end is worth a word. What was told is not told again within `whole`.
    """

    whole: float = 30.0
    quiet: float = 2.0
    least: float = 10.0
    outage: float = 3.0
    backoff: Backoff = field(default_factory=lambda: Backoff(first=0.2, limit=5.0))


@dataclass(frozen=True, slots=True)
class WholeResponse:
    """An answer that has come to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    async def read(self) -> bytes:
        """The whole body."""
        return self.body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in one piece, if there is any."""
        if self.body:
            yield self.body

    async def aclose(self) -> None:
        """Nothing is held."""


class _Attempt(NamedTuple):
    """What one try gave: an answer, or the trouble, or an answer that tells of trouble."""

    answer: WholeResponse | None
    trouble: KubeError | None


class PersistentTransport:
    """Carries requests as another transport does, and repeats those that a server failed at.

    All of kompose's requests may be sent twice: applies and patches say what should be, deletions
    name a uid, and the creation of what is there already is refused as such. Refusals that mean no
    are answers. Streams are not repeated: who reads them knows where to go on. A server that was
    never reached is not waited for, and one that fails by itself (500) not for ever: what fails
    may be a rule of the cluster.
    """

    def __init__(
        self,
        inner: Transport,
        server: str,
        tell: Tell = lambda _sentence: None,
        patience: Patience = Patience(),
    ) -> None:
        self._inner = inner
        self._server = server
        self._tell = tell
        self._patience = patience
        self._deadline: float | None = None
        self._is_known = False
        self._troubled_since: float | None = None
        self._is_trouble_told = False
        self._trouble_told_at = float("-inf")
        self._waiting_told_at = float("-inf")

    @contextmanager
    def within(self, seconds: float | None, tell: Tell | None = None) -> Iterator[None]:
        """All requests of the block together are tried for so long; None is for ever.

        `tell` hears in the block what a person should know.
        """
        before = self._deadline, self._tell
        end = float("inf") if seconds is None else asyncio.get_running_loop().time() + seconds
        self._deadline, self._tell = end, tell or self._tell
        try:
            yield
        finally:
            self._deadline, self._tell = before

    async def send(self, request: Request) -> Response:
        """The answer; whole, where the request is no stream."""
        if request.silence is None:
            return await self._streamed(request)
        now = asyncio.get_running_loop().time
        least = now() + self._patience.whole
        until = least if self._deadline is None else self._deadline
        for tries, delay in enumerate(self._patience.backoff.delays()):
            answer, trouble = await self._attempt(request)
            if answer is not None and trouble is None:
                self._recovered()
                return answer
            assert trouble is not None
            pause = delay
            if isinstance(trouble, ApiError):
                pause = max(delay, trouble.retry_after or 0.0)
                until = min(until, least) if trouble.status == _FAILED else until
            self._note_trouble()
            if now() + pause > until or not self._may_pass(trouble):
                if answer is None:
                    raise trouble
                return answer
            if tries or pause >= 1.0:
                self._say_trouble(trouble)
            await asyncio.sleep(pause)
        raise AssertionError("there is always another delay")

    async def entered(
        self, stack: AsyncExitStack, session: Callable[[], AbstractAsyncContextManager[T]]
    ) -> T:
        """What a connection of another kind gives, such as that of a command in a container.

        One that the server is too busy to open, so that nothing has begun, is opened again.

        Raises:
            KubeError: As the connection says.
        """
        now = asyncio.get_running_loop().time
        until = now() + self._patience.whole if self._deadline is None else self._deadline
        for delay in self._patience.backoff.delays():
            try:
                with self._waited_for():
                    opened = await stack.enter_async_context(session())
            except ApiError as error:
                pause = max(delay, error.retry_after or 0.0)
                if error.status not in _BUSY or now() + pause > until:
                    raise
                self._note_trouble()
                self._say_trouble(error)
                await asyncio.sleep(pause)
            else:
                self._recovered()
                return opened
        raise AssertionError("there is always another delay")

    async def socket_access(self, *, renew: bool = False) -> SocketAccess:
        """What a WebSocket library needs to open a connection of its own."""
        return await self._inner.socket_access(renew=renew)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()

    async def _streamed(self, request: Request) -> Response:
        """The beginning of a stream; trouble is told, and left to who reads it."""
        try:
            with self._waited_for():
                response = await self._inner.send(request)
        except UnreachableError as error:
            if self._may_pass(error):
                self._note_trouble()
                self._say_trouble(error)
            raise
        if response.status not in _TROUBLE:
            self._recovered()
        return response

    async def _attempt(self, request: Request) -> _Attempt:
        limit = self._deadline
        if limit is not None:
            limit = max(limit, asyncio.get_running_loop().time() + self._patience.least)
        try:
            async with asyncio.timeout_at(limit):
                with self._waited_for():
                    response = await self._inner.send(request)
                    body = await response.read()
        except UnreachableError as error:
            return _Attempt(None, error)
        except TimeoutError:
            words = f"{self._server} does not answer. Check your network or VPN."
            return _Attempt(None, UnreachableError(words))
        answer = WholeResponse(response.status, response.headers, body)
        return _Attempt(answer, _trouble_of(answer, request))

    def _may_pass(self, trouble: KubeError) -> bool:
        """Whether waiting may help."""
        if isinstance(trouble, UntrustedServerError):
            return False
        return self._is_known or not isinstance(trouble, NotConnectedError)

    @contextmanager
    def _waited_for(self) -> Iterator[None]:
        """Tell whom we wait for when the block takes its time."""
        timer = asyncio.get_running_loop().call_later(self._patience.quiet, self._say_waiting)
        try:
            yield
        finally:
            timer.cancel()

    def _say_waiting(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._waiting_told_at >= self._patience.whole:
            self._waiting_told_at = now
            self._tell(f"Waiting for {self._server} ...")

    def _note_trouble(self) -> None:
        if self._troubled_since is None:
            self._troubled_since = asyncio.get_running_loop().time()

    def _say_trouble(self, trouble: KubeError) -> None:
        """Once for each time of trouble, and for those that follow each other closely."""
        now = asyncio.get_running_loop().time()
        if self._is_trouble_told or now - self._trouble_told_at < self._patience.whole:
            return
        self._is_trouble_told, self._trouble_told_at = True, now
        why = str(trouble).replace(" Try again.", "")
        if isinstance(trouble, ApiError):
            said = f": {one_line(trouble.server_message)}" if trouble.server_message else ""
            why = f"{self._server} has trouble ({trouble.status}{said})."
        self._tell(f"{why} Trying again ...")

    def _recovered(self) -> None:
        self._is_known = True
        since, self._troubled_since = self._troubled_since, None
        was_told, self._is_trouble_told = self._is_trouble_told, False
        if was_told and since is not None:
            lasted = asyncio.get_running_loop().time() - since
            if lasted >= self._patience.outage:
                self._tell(f"{self._server} answers again.")


def _trouble_of(answer: WholeResponse, request: Request) -> ApiError | None:
    """What the server failed at, if that is what it says; None for every other answer."""
    if answer.status not in _TROUBLE:
        return None
    return error_from_response(
        answer.status, answer.headers, answer.body, verb=request.method, path=request.path
    )
