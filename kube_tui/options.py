"""What a person said on the command line, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from kube_client.kubeconfig import ConnectOptions


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How the program starts."""

    connect: ConnectOptions = field(default_factory=ConnectOptions)
    namespace: str | None = None
    """None: the context's own, when it names one; "": all."""
    command: str = ""
    read_only: bool = False
    theme: str = "night"
    notice: str = ""
    """What is said under the first table; empty: nothing."""
