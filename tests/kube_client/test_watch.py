import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_client.codec import MalformedJsonError
from kube_client.errors import GoneError, TooManyRequestsError
from kube_client.objects import KubeObject, Pod
from kube_client.watch import WatchDecoder, WatchEvent


def a_line(kind: str, name: str, version: str = "1") -> bytes:
    metadata = {"name": name, "resourceVersion": version}
    return json.dumps({"type": kind, "object": {"metadata": metadata}}).encode() + b"\n"


def an_error(code: int, reason: str) -> bytes:
    status = {"kind": "Status", "status": "Failure", "code": code, "reason": reason}
    return json.dumps({"type": "ERROR", "object": status | {"message": "no"}}).encode() + b"\n"


def test_an_event_split_across_chunks_arrives_once_and_whole() -> None:
    decoder = WatchDecoder(KubeObject)
    line = a_line("ADDED", "wéb")

    assert list(decoder.feed(line[:30])) == []
    [event] = decoder.feed(line[30:])

    assert (event.type, event.object.metadata.name) == ("ADDED", "wéb")


@given(
    st.lists(st.text(min_size=1, max_size=8), max_size=6),
    st.lists(st.integers(min_value=0, max_value=600), max_size=8),
)
def test_however_the_bytes_are_cut_the_events_are_the_same(
    names: list[str], cuts: list[int]
) -> None:
    stream = b"".join(
        json.dumps(
            {"type": "ADDED", "object": {"metadata": {"name": name}}}, ensure_ascii=False
        ).encode()
        + b"\n"
        for name in names
    )
    decoder = WatchDecoder(KubeObject)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]

    events = [event for start, end in pairwise(edges) for event in decoder.feed(stream[start:end])]

    assert [event.object.metadata.name for event in events] == names


def test_an_expired_version_comes_as_the_error_that_it_is_after_what_came_before() -> None:
    decoder = WatchDecoder(Pod, path="/api/v1/pods")
    events: list[WatchEvent[Pod]] = []

    with pytest.raises(GoneError, match="List again"):
        events.extend(decoder.feed(a_line("ADDED", "web") + an_error(410, "Expired")))

    stream = decoder.feed(a_line("ADDED", "web") + an_error(410, "Expired"))
    assert next(stream).object.metadata.name == "web"


def test_an_error_is_known_in_any_order_of_its_keys() -> None:
    line = b'{"object": {"kind":"Status","status":"Failure","code":429}, "type": "ERROR"}\n'

    with pytest.raises(TooManyRequestsError):
        list(WatchDecoder(Pod).feed(line))


def test_a_bookmark_is_an_event_with_a_version() -> None:
    [event] = WatchDecoder(Pod).feed(a_line("BOOKMARK", "", "77"))

    assert (event.type, event.object.metadata.resource_version) == ("BOOKMARK", "77")


def test_an_object_named_error_is_not_an_error() -> None:
    [event] = WatchDecoder(KubeObject).feed(a_line("ADDED", "ERROR"))

    assert event.object.metadata.name == "ERROR"


@pytest.mark.parametrize("line", [b"<html>\n", b'{"type": 5}\n', b'"text"\n', b"\xff\xfe\n"])
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        list(WatchDecoder(KubeObject).feed(line))
