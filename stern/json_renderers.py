"""Messages of one target to JSON: the json, extjson and ppextjson forms. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from stern import go_json
from stern.palette import ColorPair
from stern.renderers import Stamps, shown_name
from stern.target import Target


class JsonRenderer:
    """One JSON object a line, with the pod's labels and annotations."""

    is_line_based = True

    def __init__(self, target: Target) -> None:
        fields = {
            "nodeName": target.node,
            "namespace": target.namespace,
            "podName": target.pod,
            "containerName": target.container,
            "labels": target.labels,
            "annotations": target.annotations,
        }
        if target.context:
            fields["context"] = target.context
        rest = ",".join(f'"{key}":{go_json.encode(value)}' for key, value in fields.items())
        self._tail = f"{rest}}}\n".encode()
        self._between = b'",' + self._tail + b'{"message":"'

    def block(self, stamps: Stamps, messages: Sequence[bytes]) -> bytes:
        """All records in one piece."""
        if not messages:
            return b""
        if stamps is not None:
            return b"".join(self.records(stamps, messages))
        quoted = go_json.quote_all(messages, self._between)
        return b"".join((b'{"message":', quoted, b",", self._tail))

    def records(self, stamps: Stamps, messages: Sequence[bytes]) -> list[bytes]:
        """One piece each."""
        escaped = go_json.escape_each(messages)
        return [
            b'{"message":"%b",%b%b'
            % (message, b'"timestamp":"%b",' % stamp if stamp else b"", self._tail)
            for stamp, message in zip(stamps or [b""] * len(messages), escaped, strict=True)
        ]


class WrappedJsonRenderer:
    """A JSON message inside an object that says who wrote it; times are never shown."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after
        self.is_line_based = b"\n" not in before

    def block(self, stamps: Stamps, messages: Sequence[bytes]) -> bytes:
        """All records in one piece."""
        return b"".join(self.records(stamps, messages))

    def records(self, stamps: Stamps, messages: Sequence[bytes]) -> list[bytes]:
        """One piece each."""
        _ = stamps
        return [self._before + json_or_text(message) + self._after for message in messages]


def json_or_text(message: bytes) -> bytes:
    """The message as it is when it is JSON of any type, else as a JSON string."""
    if message[:1] not in b"{[" and not go_json.is_valid(message):
        return go_json.quote(message)
    return message if message and go_json.is_valid(message) else go_json.quote(message)


def extended_json_renderer(
    target: Target, colors: ColorPair, *, show_namespace: bool, pretty: bool
) -> WrappedJsonRenderer:
    """The extjson and ppextjson forms: coloured names, and the message as it is."""
    fields = []
    if target.context:
        fields.append(("context", colors.pod.wrap(shown_name(target.context))))
    if show_namespace:
        fields.append(("namespace", colors.pod.wrap(shown_name(target.namespace))))
    fields.append(("pod", colors.pod.wrap(shown_name(target.pod))))
    fields.append(("container", colors.container.wrap(shown_name(target.container))))
    opening, between, closing = (b"{\n  ", b",\n  ", b"\n}\n") if pretty else (b"{", b", ", b"}\n")
    members = [b'"%b": "%b"' % (key.encode(), value) for key, value in fields]
    return WrappedJsonRenderer(opening + between.join([*members, b'"message": ']), closing)
