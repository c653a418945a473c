"""The channel protocols, by value, with what a real server sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kube_client.channels import (
    CLOSE_STDIN,
    ExitStatus,
    PortChannels,
    exit_status,
    resize_message,
    stdin_messages,
)
from tests.kube_client.socket_server import frame_bytes


def recorded_status(shared_data: Path, entry: str) -> bytes:
    """The body of channel 3 in a recorded exec."""
    exchanges = json.loads((shared_data / "api-transcripts" / "08-exec-attach.json").read_text())
    [exchange] = [one for one in exchanges if one["id"] == entry]
    [body] = [frame["data"] for frame in exchange["frames"] if frame.get("channel") == 3]
    return str(body).encode()


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("exec.v5-echo", 0),
        ("exec.v5-exit3", 3),
        ("exec.v4-exit3", 3),
        ("exec.signal", 137),
        ("exec.exit-255", 255),
        ("exec.tty-ctrl-c", 130),
        ("exec.cmd-notfound", 127),
        ("exec.cmd-notfound-name", 127),
        ("exec.cmd-notexec", 126),
        ("exec.no-command", 1),
        ("exec.proto-v1", 1),
    ],
)
def test_exit_codes_are_read_as_the_server_sends_them(
    shared_data: Path, entry: str, code: int
) -> None:
    assert exit_status(recorded_status(shared_data, entry)).code == code


def test_success_has_no_words() -> None:
    assert exit_status(b'{"metadata":{},"status":"Success"}') == ExitStatus(0, "", "")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"details":7}', b'{"reason":"NonZeroExitCode"}'])
def test_a_status_that_makes_no_sense_is_a_failure(body: bytes) -> None:
    assert exit_status(body).code == 1


def test_a_resize_is_json_on_channel_four() -> None:
    assert resize_message(80, 24) == b'\x04{"Width":80,"Height":24}'


def test_the_end_of_input_names_its_channel() -> None:
    assert CLOSE_STDIN == b"\xff\x00"


def test_large_input_goes_in_pieces_and_none_makes_no_message() -> None:
    messages = stdin_messages(b"x" * 70_000)

    assert b"".join(message[1:] for message in messages) == b"x" * 70_000
    assert max(map(len, messages)) == 32 * 1024 + 1
    assert stdin_messages(b"") == []


def test_the_port_in_front_of_each_channel_is_no_data(shared_data: Path) -> None:
    path = shared_data / "api-transcripts" / "08b-portforward-proxy.json"
    [refused] = [one for one in json.loads(path.read_text()) if one["id"] == "pf.v4-refused"]
    messages = [frame_bytes(frame) for frame in refused["frames"] if frame["opcode"] == "binary"]
    channels = PortChannels()

    assert [channels.data_of(message) for message in messages[:3]] == [b"", b"", b""]
    errors = [channels.error_of(message) for message in messages[:3]]
    assert errors[:2] == ["", ""]
    assert errors[2].startswith("error forwarding port 9999 to pod")


def test_data_that_comes_in_the_message_of_the_port_is_not_lost() -> None:
    channels = PortChannels()

    assert channels.data_of(b"\x00\x1f") == b""
    assert channels.data_of(b"\x00\x90hello") == b"hello"
    assert channels.data_of(b"\x00 world") == b" world"
