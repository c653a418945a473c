"""From an accepted handshake to a session on channels, over a WebSocket or over bare SPDY."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from demo_cluster.handlers.channels import (
    REMOTE_COMMAND,
    STREAMED,
    Channels,
    ChannelSocket,
    is_spdy,
    spdy_protocol,
)
from demo_cluster.handlers.spdy_channels import SpdyChannels, wanted_channels
from demo_cluster.wire.reply import Call, SpdyReply, UpgradeReply, WebSocket


def upgrade(call: Call, talk: Callable[[Channels], Awaitable[None]]) -> UpgradeReply | SpdyReply:
    """Let a session talk over whatever the client asked for."""
    protocol = spdy_protocol(call, STREAMED)

    async def over_spdy(socket: WebSocket) -> None:
        channels = SpdyChannels(socket, protocol)
        try:
            if await channels.open(wanted_channels(call, protocol)):
                await talk(channels)
        finally:
            channels.abandon()

    async def over_websocket(socket: WebSocket) -> None:
        channels = ChannelSocket(socket)
        try:
            await talk(channels)
        finally:
            channels.abandon()

    if is_spdy(call):
        return SpdyReply(over_spdy, protocol)
    return UpgradeReply(over_websocket, REMOTE_COMMAND)
