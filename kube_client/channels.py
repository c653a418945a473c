"""The channel protocols that exec, attach and port-forward speak over a WebSocket. Pure.

Each message begins with the number of its channel. Follows apimachinery's remotecommand (versions
4 and 5) and kubelet's port-forward (version 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kube_client.codec import MalformedJsonError, decode_json, encode_json

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"

STDIN = 0
STDOUT = 1
STDERR = 2
ERROR = 3
RESIZE = 4
_CLOSE = 255  # version 5: the channel named by the next byte ends

CLOSE_STDIN = bytes((_CLOSE, STDIN))
MESSAGE_BYTES = 32 * 1024


class ExitStatus(NamedTuple):
    """How a command ended: code 0 is success; `message` is the server's, for the rest."""

    code: int
    reason: str = ""
    message: str = ""


def on_channel(channel: int, data: bytes) -> bytes:
    """A message that carries this data on a channel."""
    return bytes((channel,)) + data


def resize_message(columns: int, rows: int) -> bytes:
    """The message that tells a remote terminal its size."""
    return on_channel(RESIZE, encode_json({"Width": columns, "Height": rows}))


def stdin_messages(data: bytes) -> Sequence[bytes]:
    """The messages that carry this input, none of them large."""
    return [
        on_channel(STDIN, data[start : start + MESSAGE_BYTES])
        for start in range(0, len(data), MESSAGE_BYTES)
    ]


def exit_status(body: bytes) -> ExitStatus:
    """What the Status on the error channel says of the command's end.

    A command that could not be started has code 126 (found but not run) or 127 (not found), as a
    shell would say; what is no Status is quoted, with code 1.
    """
    try:
        status = decode_json(body)
    except MalformedJsonError:
        status = None
    if not isinstance(status, dict):
        return ExitStatus(1, "", body.decode("utf-8", "replace").strip())
    if status.get("status") == "Success":
        return ExitStatus(0)
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    if reason == "NonZeroExitCode":
        return ExitStatus(_exit_code(status), reason, message)
    return ExitStatus(_start_code(message), reason, message)


def _exit_code(status: dict[str, Any]) -> int:
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes or []:
        if isinstance(cause, dict) and cause.get("reason") == "ExitCode":
            code = str(cause.get("message") or "")
            if code.isdecimal():
                return int(code)
    return 1


def _start_code(message: str) -> int:
    if "no such file or directory" in message or "executable file not found" in message:
        return 127
    if "permission denied" in message or "is a directory" in message:
        return 126
    return 1


@dataclass(slots=True)
class PortChannels:
    """Tells the data and the errors of one forwarded port apart.

    The first two bytes on each channel name the port again and are no data.
    """

    _data_header: int = 2
    _error_header: int = 2

    def data_of(self, message: bytes) -> bytes:
        """The bytes of the connection that a message carries; empty when it carries none."""
        if message[:1] != b"\x00":
            return b""
        data = message[1 + self._data_header :]
        self._data_header = max(self._data_header - (len(message) - 1), 0)
        return data

    def error_of(self, message: bytes) -> str:
        """The error that a message reports; empty when it reports none."""
        if message[:1] != b"\x01":
            return ""
        text = message[1 + self._error_header :]
        self._error_header = max(self._error_header - (len(message) - 1), 0)
        return text.decode("utf-8", "replace").strip()
