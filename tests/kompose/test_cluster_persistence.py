"""Requests to a server that has trouble: what is tried again, for how long, and what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace

import pytest

from kompose.cluster.persistence import Patience, PersistentTransport, WholeResponse
from kube_client.backoff import Backoff
from kube_client.errors import (
    KubeError,
    NotConnectedError,
    UnreachableError,
    UntrustedServerError,
    error_from_status,
)
from kube_client.transport import Request, SocketAccess

APPLY = Request("PATCH", "/api/v1/namespaces/shop/services/web", silence=75.0)
WATCH = Request("GET", "/api/v1/pods")
BUSY, WELL, NEVER = 503, 200, UnreachableError("nobody closed the connection. Try again.")
HASTE = Patience(
    whole=5.0, quiet=0.05, least=0.1, outage=0.0, backoff=Backoff(0.001, 1.0, 0.001, 0.0)
)


@dataclass
class Scripted:
    """Answers in turn: a status, or an error; the last one for ever."""

    script: Sequence[int | Exception]
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int = 0

    async def send(self, request: Request) -> WholeResponse:
        assert request.method
        turn = self.script[min(self.sent, len(self.script) - 1)]
        self.sent += 1
        if isinstance(turn, Exception):
            raise turn
        return WholeResponse(turn, self.headers, b"")

    async def socket_access(self, *, renew: bool = False) -> SocketAccess:
        raise AssertionError(f"no socket is wanted here ({renew})")

    async def aclose(self) -> None:
        pass


class Silent(Scripted):
    """Never answers."""

    async def send(self, request: Request) -> WholeResponse:
        await asyncio.get_running_loop().create_future()
        return await super().send(request)


def persistent(
    inner: Scripted, patience: Patience = HASTE
) -> tuple[PersistentTransport, list[str]]:
    told: list[str] = []
    return PersistentTransport(inner, "https://demo", told.append, patience), told


@pytest.mark.parametrize("trouble", [429, 500, 502, 503, 504, NEVER])
async def test_what_a_server_failed_at_is_tried_again(trouble: int | Exception) -> None:
    inner = Scripted([trouble, WELL])
    transport, told = persistent(inner)

    assert (await transport.send(APPLY)).status == WELL

    assert inner.sent == 2
    assert told == []


@pytest.mark.parametrize("refusal", [400, 401, 403, 404, 405, 409, 410, 415, 422])
async def test_a_refusal_is_an_answer(refusal: int) -> None:
    inner = Scripted([refusal, WELL])
    transport, told = persistent(inner)

    assert (await transport.send(APPLY)).status == refusal

    assert (inner.sent, told) == (1, [])


async def test_trouble_that_lasts_is_told_once_and_so_is_its_end() -> None:
    transport, told = persistent(Scripted([WELL, BUSY, NEVER, BUSY, BUSY, WELL]))

    await transport.send(APPLY)
    await transport.send(APPLY)

    assert told == [
        "nobody closed the connection. Trying again ...",
        "https://demo answers again.",
    ]


async def test_trouble_that_comes_and_goes_is_told_once() -> None:
    transport, told = persistent(
        Scripted([WELL, *[BUSY, BUSY, WELL] * 5]), replace(HASTE, outage=5.0)
    )

    for _ in range(6):
        await transport.send(APPLY)

    assert told == ["https://demo has trouble (503). Trying again ..."]


async def test_a_server_that_was_never_reached_is_not_waited_for() -> None:
    inner = Scripted([NotConnectedError("Cannot reach https://demo: nothing listens there.")])
    transport, told = persistent(inner)

    with pytest.raises(NotConnectedError):
        await transport.send(APPLY)

    assert (inner.sent, told) == (1, [])


async def test_a_server_that_went_away_is_waited_for() -> None:
    away = NotConnectedError("Cannot reach https://demo: nothing listens there.")
    transport, _ = persistent(Scripted([WELL, away, away, WELL]))

    await transport.send(APPLY)

    assert (await transport.send(APPLY)).status == WELL


async def test_a_server_that_is_not_to_be_trusted_is_asked_once() -> None:
    inner = Scripted([UntrustedServerError("The certificate of https://demo is odd.")])
    transport, _ = persistent(inner)

    with pytest.raises(UntrustedServerError):
        await transport.send(APPLY)

    assert inner.sent == 1


async def test_the_time_of_a_block_is_not_exceeded_and_its_end_is_the_last_answer() -> None:
    inner = Scripted([BUSY])
    transport, told = persistent(inner)
    loop = asyncio.get_running_loop()
    began = loop.time()

    with transport.within(0.05):
        assert (await transport.send(APPLY)).status == BUSY

    assert loop.time() - began < HASTE.whole
    assert inner.sent > 2
    assert told == ["https://demo has trouble (503). Trying again ..."]


async def test_a_server_that_fails_by_itself_is_not_tried_for_ever() -> None:
    transport, _ = persistent(
        Scripted([500]), Patience(whole=0.05, backoff=Backoff(0.001, 1.0, 0.001, 0.0))
    )

    with transport.within(None):
        assert (await transport.send(APPLY)).status == 500


async def test_a_time_that_the_server_names_is_kept() -> None:
    inner = Scripted([429, WELL], {"retry-after": "0.05"})
    transport, _ = persistent(inner)
    loop = asyncio.get_running_loop()
    began = loop.time()

    await transport.send(APPLY)

    assert loop.time() - began >= 0.05


async def test_whom_we_wait_for_is_told_once_and_to_who_listens_now() -> None:
    transport, told = persistent(Silent([WELL]))
    heard: list[str] = []

    with pytest.raises(UnreachableError), transport.within(0.0, heard.append):
        await transport.send(APPLY)
    with pytest.raises(UnreachableError), transport.within(0.0):
        await transport.send(APPLY)

    assert heard[0] == "Waiting for https://demo ..."
    assert "Waiting for https://demo ..." not in told


async def test_a_stream_is_left_to_who_reads_it_and_its_trouble_is_told() -> None:
    inner = Scripted([WELL, NEVER])
    transport, told = persistent(inner)
    await transport.send(WATCH)

    with pytest.raises(UnreachableError):
        await transport.send(WATCH)

    assert inner.sent == 2
    assert told == ["nobody closed the connection. Trying again ..."]


@pytest.mark.parametrize(("status", "tries"), [(503, 3), (429, 3), (403, 1), (500, 1)])
async def test_a_session_that_the_server_is_too_busy_to_open_is_opened_again(
    status: int, tries: int
) -> None:
    transport, _ = persistent(Scripted([WELL]))
    refusal = error_from_status({"code": status}, verb="connect to", path="/api")
    script: list[str | KubeError] = [refusal, refusal, "open"]
    opened: list[str] = []

    @asynccontextmanager
    async def session() -> AsyncIterator[str]:
        turn = script[len(opened)]
        opened.append(str(turn))
        if isinstance(turn, KubeError):
            raise turn
        yield turn

    async with AsyncExitStack() as stack:
        with nullcontext() if tries == 3 else pytest.raises(KubeError):
            assert await transport.entered(stack, session) == "open"

    assert len(opened) == tries
