"""The tailer: pods come and go, and what their containers say reaches one sink."""

from __future__ import annotations

from kube_client.client import Client
from stern.options import TailOptions
from stern.sink import Sink

__all__ = ["Sink", "TailOptions", "tail"]


async def tail(client: Client, options: TailOptions, *, sink: Sink) -> None:
    """Follow (or read once) every container that the options select.

    Ends when everything asked for has been read; with `follow` never, unless `exit_on_complete`.
    Cancel it to stop early.

    Raises:
        SternError: The options cannot be met.
        KubeError: The cluster refused, or could not be reached at the start.
    """
    raise NotImplementedError
