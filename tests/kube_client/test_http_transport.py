"""The transport against a real TLS server that behaves as badly as networks do."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from kube_client.credentials import Credential, FixedCredential
from kube_client.errors import (
    ConfigError,
    CredentialsError,
    ProtocolError,
    UnreachableError,
    UntrustedServerError,
)
from kube_client.http_connection import Limits
from kube_client.http_transport import HttpTransport, parse_endpoint
from kube_client.transport import Request
from tests.kube_client.wire_server import (
    Handler,
    Visit,
    WireServer,
    answers,
    authority,
    server_context,
    server_pair,
    wire_server,
)

GET = Request("GET", "/version")
POST = Request("POST", "/api/v1/pods", body=b"{}")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
A_WHILE = 10.0


def transport_to(
    url: str, credential: Credential | None = None, **options: object
) -> HttpTransport:
    options.setdefault("trust", authority().pem)
    endpoint = parse_endpoint(url, env={}, **options)  # type: ignore[arg-type]  # named by the test
    return HttpTransport(endpoint, FixedCredential(credential or Credential(token="secret")))


@asynccontextmanager
async def talking_to(handler: Handler) -> AsyncIterator[tuple[WireServer, HttpTransport]]:
    async with wire_server(handler) as server:
        transport = transport_to(server.url)
        try:
            yield server, transport
        finally:
            await transport.aclose()


async def body_of(transport: HttpTransport, request: Request = GET) -> bytes:
    return await (await transport.send(request)).read()


async def test_a_request_says_where_to_what_and_who() -> None:
    seen = []

    async def handler(visit: Visit) -> None:
        seen.append(await visit.request())
        await visit.answer(b"yes")

    async with talking_to(handler) as (server, transport):
        request = Request("PATCH", "/api/v1/pods", (("a b", "c&d"),), (("accept", "x/y"),), b"body")
        assert await body_of(transport, request) == b"yes"

    [received] = seen
    assert received is not None
    assert (received.method, received.target) == ("PATCH", "/api/v1/pods?a%20b=c%26d")
    assert received.headers["host"] == f"127.0.0.1:{server.port}"
    assert received.headers["authorization"] == "Bearer secret"
    assert received.headers["accept"] == "x/y"
    assert received.body == b"body"


async def test_a_servers_path_goes_in_front_of_every_request() -> None:
    seen = []

    async def handler(visit: Visit) -> None:
        seen.append(await visit.request())
        await visit.answer()

    async with wire_server(handler) as server:
        transport = transport_to(server.url + "/k8s/clusters/c-1/")
        await body_of(transport)
        await transport.aclose()

    assert seen[0] is not None
    assert seen[0].target == "/k8s/clusters/c-1/version"


async def test_a_chunked_body_comes_as_it_was_sent() -> None:
    go_on = asyncio.Event()

    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED + b"5\r\nfirst\r\n")
        await go_on.wait()
        await visit.say(b"6\r\nsecond\r\n0\r\n\r\n")

    async with talking_to(handler) as (_, transport):
        response = await transport.send(GET)
        chunks = response.chunks()
        assert await anext(chunks) == b"first", "before the rest is sent"
        go_on.set()
        assert [chunk async for chunk in chunks] == [b"second"]


async def test_small_pieces_that_came_together_are_given_together() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED + b"1\r\na\r\n" * 100 + b"0\r\n\r\n")

    async with talking_to(handler) as (_, transport):
        response = await transport.send(GET)
        assert [chunk async for chunk in response.chunks()] == [b"a" * 100]


async def test_connections_are_kept_and_used_again() -> None:
    async with talking_to(answers(b"one", b"two")) as (server, transport):
        assert [await body_of(transport), await body_of(transport)] == [b"one", b"two"]
        assert server.visits == 1


async def test_requests_at_the_same_time_have_a_connection_each() -> None:
    both = asyncio.Barrier(2)

    async def handler(visit: Visit) -> None:
        while await visit.request() is not None:
            await both.wait()
            await visit.answer()

    async with talking_to(handler) as (server, transport):
        async with asyncio.timeout(A_WHILE):
            await asyncio.gather(body_of(transport), body_of(transport))
        assert server.visits == 2


async def hang_up_on_the_second(visit: Visit) -> None:
    await visit.request()
    await visit.answer(b"%d" % visit.number)
    await visit.request()


async def test_a_stale_connection_is_replaced_for_what_may_be_repeated() -> None:
    async with talking_to(hang_up_on_the_second) as (server, transport):
        assert await body_of(transport) == b"0"
        assert await body_of(transport) == b"1"
        assert server.visits == 2


async def test_a_write_over_a_stale_connection_is_not_repeated_behind_ones_back() -> None:
    async with talking_to(hang_up_on_the_second) as (server, transport):
        await body_of(transport)
        with pytest.raises(UnreachableError, match="not known whether the POST was carried out"):
            await transport.send(POST)
        assert server.visits == 1


async def test_a_server_that_hangs_up_on_a_fresh_connection_is_unreachable() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()

    async with talking_to(handler) as (server, transport):
        with pytest.raises(UnreachableError, match="without an answer"):
            await transport.send(GET)
        assert server.visits == 1


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        CHUNKED + b"a\r\nhalf",
        CHUNKED + b"4\r\nhalf\r\n",
        CHUNKED + b"4\r\nhalf\r\n0\r\n",
    ],
)
async def test_a_body_that_is_cut_is_an_error_and_never_an_end(part: bytes) -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(part)

    async with talking_to(handler) as (_, transport):
        response = await transport.send(GET)
        chunks = response.chunks()
        assert await anext(chunks) == b"half", "what had come is given first"
        with pytest.raises(UnreachableError, match="cut its answer short"):
            await anext(chunks)


async def test_a_head_that_is_cut_is_an_error() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-")

    async with talking_to(handler) as (_, transport):
        with pytest.raises(UnreachableError, match="cut its answer short"):
            await transport.send(GET)


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async with talking_to(handler) as (_, transport):
        assert await body_of(transport) == b"all of it"


@pytest.mark.parametrize("garbage", [b"\x00\x01\x02 what?\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
async def test_what_is_no_http_is_told_apart_from_silence(garbage: bytes) -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(garbage)

    async with talking_to(handler) as (_, transport):
        with pytest.raises(ProtocolError, match=r"does not answer in HTTP.*Check the server"):
            await transport.send(GET)


async def test_an_interim_answer_is_passed_over() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        await visit.answer(b"final")

    async with talking_to(handler) as (_, transport):
        response = await transport.send(GET)
        assert response.status == 200
        assert "link" not in response.headers
        assert await response.read() == b"final"


async def test_a_gzipped_body_is_unpacked() -> None:
    packed = gzip.compress(b"x" * 100_000)

    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.answer(packed, "200 OK", "Content-Encoding: gzip")

    async with talking_to(handler) as (_, transport):
        assert await body_of(transport) == b"x" * 100_000


async def test_what_only_claims_to_be_gzip_is_refused() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.answer(b"plain", "200 OK", "Content-Encoding: gzip")

    async with talking_to(handler) as (_, transport):
        with pytest.raises(ProtocolError, match="not gzip"):
            await body_of(transport)


async def test_a_slow_reader_slows_the_sender() -> None:
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    blocked: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED)
        sent = 0
        while sent < 64 << 20:
            visit.writer.write(piece)
            sent += 65536
            try:
                await asyncio.wait_for(visit.writer.drain(), 0.5)
            except TimeoutError:
                break
        blocked.set_result(sent)
        await visit.say(b"0\r\n\r\n")

    async with talking_to(handler) as (_, transport):
        response = await transport.send(GET)
        sent = await blocked
        assert sent < 32 << 20, "the sender was stopped while nobody read"
        async with asyncio.timeout(A_WHILE):
            assert sum([len(chunk) async for chunk in response.chunks()]) == sent


async def test_an_answer_that_is_let_go_ends_its_connection() -> None:
    gone = asyncio.Event()

    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED + b"4\r\nhalf\r\n")
        await visit.reader.read()
        gone.set()

    async with talking_to(handler) as (_, transport):
        response = await transport.send(GET)
        async with aclosing(response.chunks()) as chunks:
            assert await anext(chunks) == b"half"
        async with asyncio.timeout(A_WHILE):
            await gone.wait()


async def test_a_request_that_is_cancelled_ends_its_connection() -> None:
    came, gone = asyncio.Event(), asyncio.Event()

    async def handler(visit: Visit) -> None:
        await visit.request()
        came.set()
        await visit.reader.read()
        gone.set()

    async with talking_to(handler) as (_, transport):
        task = asyncio.create_task(transport.send(GET))
        await came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(A_WHILE):
            await gone.wait()


async def test_time_runs_out_for_a_head_and_for_a_body() -> None:
    async def handler(visit: Visit) -> None:
        received = await visit.request()
        if received is not None and received.target == "/body":
            await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await visit.reader.read()

    async with talking_to(handler) as (_, transport):
        with pytest.raises(UnreachableError, match="in time"):
            await transport.send(Request("GET", "/head", timeout=0.05))
        response = await transport.send(Request("GET", "/body", timeout=0.2))
        with pytest.raises(UnreachableError, match="in time"):
            await response.read()


async def test_silence_in_the_middle_of_an_answer_is_not_waited_out() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED + b"4\r\nhalf\r\n")
        await visit.reader.read()

    async with talking_to(handler) as (_, transport):
        with pytest.raises(UnreachableError, match="in time"):
            await body_of(transport, Request("GET", "/silent", silence=0.1))


@pytest.mark.parametrize(
    ("limits", "until"),
    [
        (Limits(), None),
        (Limits(deadline=50.0), 50.0),
        (Limits(silence=5.0), 105.0),
        (Limits(deadline=50.0, silence=5.0), 50.0),
        (Limits(deadline=500.0, silence=5.0), 105.0),
    ],
)
def test_the_next_byte_has_to_come_before_either_limit(limits: Limits, until: float | None) -> None:
    assert limits.next_until(now=100.0) == until


async def test_nothing_is_left_open_after_closing() -> None:
    async def handler(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED + b"4\r\nhalf\r\n")
        await visit.reader.read()

    async with wire_server(handler) as server:
        transport = transport_to(server.url)
        response = await transport.send(GET)
        await transport.aclose()
        with pytest.raises(UnreachableError):
            await response.read()


async def test_a_certificate_of_an_unknown_authority_is_not_trusted() -> None:
    async with wire_server(answers(b"")) as server:
        transport = transport_to(server.url, trust=authority("somebody else").pem)
        with pytest.raises(UntrustedServerError, match=r"not to be trusted.*certificate-authority"):
            await transport.send(GET)
        await transport.aclose()


async def test_a_certificate_for_another_name_is_not_trusted_unless_that_name_is_given() -> None:
    async with wire_server(answers(b"ok")) as server:
        strange = transport_to(server.url, server_name="other.test")
        with pytest.raises(UntrustedServerError, match="tls-server-name"):
            await strange.send(GET)
        right = transport_to(server.url, server_name="server.test")
        assert await body_of(right) == b"ok"
        await strange.aclose()
        await right.aclose()


async def test_insecure_means_no_questions() -> None:
    async with wire_server(answers(b"ok")) as server:
        transport = transport_to(server.url, trust=None, insecure=True)
        assert await body_of(transport) == b"ok"
        await transport.aclose()


async def test_a_plain_server_is_told_apart_from_a_broken_one() -> None:
    async def handler(visit: Visit) -> None:
        await visit.reader.read(1)
        await visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with wire_server(handler, tls=False) as server:
        transport = transport_to(server.url)
        with pytest.raises(UnreachableError, match=r"does not speak TLS.*http://"):
            await transport.send(GET)
        await transport.aclose()


async def test_nobody_at_the_address_is_said_in_plain_words() -> None:
    async with wire_server(answers(b"")) as server:
        url = server.url
    transport = transport_to(url)
    with pytest.raises(UnreachableError, match=r"Cannot reach .* nothing listens there"):
        await transport.send(GET)


async def test_a_name_that_nobody_knows_is_said_in_plain_words() -> None:
    transport = transport_to("https://no-such-host.invalid")
    with pytest.raises(UnreachableError, match=r"no-such-host.invalid is not known"):
        await transport.send(GET)


async def test_a_client_certificate_is_shown() -> None:
    context = server_context(server_pair(), clients=authority().pem)
    me = authority().issue("me", client=True)
    names = []

    async def handler(visit: Visit) -> None:
        await visit.request()
        peer = visit.writer.get_extra_info("peercert")
        names.append(dict(part[0] for part in peer["subject"])["commonName"])
        await visit.answer()

    async with wire_server(handler, context=context) as server:
        transport = transport_to(server.url, Credential(certificate=me.certificate, key=me.key))
        await body_of(transport)
        await transport.aclose()

    assert names == ["me"]


async def test_a_certificate_with_anothers_key_is_refused_before_anything_is_sent() -> None:
    me, other = authority().issue("me", client=True), authority().issue("other", client=True)
    async with wire_server(answers(b"")) as server:
        transport = transport_to(server.url, Credential(certificate=me.certificate, key=other.key))
        with pytest.raises(CredentialsError, match="do not work together"):
            await transport.send(GET)
        assert server.visits == 0


class Renewing:
    """A source whose credential can be replaced, as a plugin's."""

    def __init__(self, *credentials: Credential) -> None:
        self._left = list(credentials)
        self.renewals = 0

    async def current(self) -> Credential:
        return self._left[0]

    async def renew(self, refused: Credential) -> Credential | None:
        self.renewals += 1
        if len(self._left) == 1:
            return None
        self._left.pop(0)
        return self._left[0]


async def only_new(visit: Visit) -> None:
    while (received := await visit.request()) is not None:
        good = received.headers.get("authorization") == "Bearer new"
        await visit.answer(received.body, "200 OK" if good else "401 Unauthorized")


async def test_a_refused_credential_is_renewed_and_the_request_repeated_once() -> None:
    source = Renewing(Credential(token="old"), Credential(token="new"))
    async with wire_server(only_new) as server:
        endpoint = parse_endpoint(server.url, trust=authority().pem, env={})
        transport = HttpTransport(endpoint, source)
        response = await transport.send(POST)
        assert (response.status, await response.read()) == (200, b"{}")
        assert source.renewals == 1
        assert server.visits == 1
        await transport.aclose()


async def test_a_credential_that_stays_refused_is_not_tried_for_ever() -> None:
    source = Renewing(Credential(token="old"), Credential(token="older"))
    async with wire_server(only_new) as server:
        endpoint = parse_endpoint(server.url, trust=authority().pem, env={})
        transport = HttpTransport(endpoint, source)
        assert (await transport.send(GET)).status == 401
        assert source.renewals == 1
        await transport.aclose()


async def test_a_new_certificate_is_not_used_over_the_connections_of_the_old() -> None:
    one, two = (authority().issue(name, client=True) for name in ("one", "two"))
    context = server_context(server_pair(), clients=authority().pem)
    names = []

    async def handler(visit: Visit) -> None:
        while await visit.request() is not None:
            peer = visit.writer.get_extra_info("peercert")
            name = dict(part[0] for part in peer["subject"])["commonName"]
            names.append(name)
            await visit.answer(b"", "200 OK" if name == "two" else "401 Unauthorized")

    source = Renewing(
        Credential(certificate=one.certificate, key=one.key),
        Credential(certificate=two.certificate, key=two.key),
    )
    async with wire_server(handler, context=context) as server:
        transport = HttpTransport(parse_endpoint(server.url, trust=authority().pem, env={}), source)
        assert (await transport.send(GET)).status == 200
        await transport.aclose()

    assert names == ["one", "two"]


async def test_a_connection_of_the_old_certificate_is_not_kept_when_it_becomes_free() -> None:
    one, two = (authority().issue(name, client=True) for name in ("one", "two"))
    context = server_context(server_pair(), clients=authority().pem)
    go_on = asyncio.Event()

    async def handler(visit: Visit) -> None:
        while (received := await visit.request()) is not None:
            if received.target == "/slow":
                await go_on.wait()
            await visit.answer(b"", "401 No" if received.target == "/renew" else "200 OK")

    source = Renewing(
        Credential(certificate=one.certificate, key=one.key),
        Credential(certificate=two.certificate, key=two.key),
    )
    async with wire_server(handler, context=context) as server:
        transport = HttpTransport(parse_endpoint(server.url, trust=authority().pem, env={}), source)
        slow = asyncio.create_task(body_of(transport, Request("GET", "/slow")))
        await body_of(transport, Request("GET", "/renew"))
        before = server.visits
        go_on.set()
        await slow
        await asyncio.gather(body_of(transport), body_of(transport))
        assert server.visits == before + 1, "one kept connection is of the new certificate"
        await transport.aclose()


async def test_only_some_connections_are_kept() -> None:
    together = asyncio.Barrier(40)

    async def handler(visit: Visit) -> None:
        while await visit.request() is not None:
            if visit.number < 40:
                await together.wait()
            await visit.answer()

    async with talking_to(handler) as (server, transport):
        await asyncio.gather(*(body_of(transport) for _ in range(40)))
        together = asyncio.Barrier(16)  # sixteen kept ones meet, the seventeenth is new
        async with asyncio.timeout(A_WHILE):
            await asyncio.gather(*(body_of(transport) for _ in range(17)))
        assert server.visits == 41


async def test_a_line_break_in_a_header_is_refused() -> None:
    async with talking_to(answers(b"")) as (_, transport):
        with pytest.raises(ConfigError, match="line break"):
            await transport.send(Request("GET", "/", headers=(("x", "a\r\nevil: b"),)))


@pytest.mark.parametrize("url", ["", "host:6443", "ftp://host", "https://", "https://host:port"])
def test_what_is_no_server_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no server address"):
        parse_endpoint(url, env={})
