"""Limits and reservations as a container's resources."""

import struct
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any

from kompose.compose.keys.deploy import Resources
from kompose.compose.service import Service
from kompose.manifests.fields import fields
from kube_client.quantity import (
    QuantityError,
    QuantityStyle,
    canonical_quantity,
    format_quantity,
)

_EPHEMERAL = "kompose.ephemeral-storage."


def container_resources(service: Service) -> dict[str, Any]:
    """What a container may use at most, and what is kept for it."""
    deploy = service.deploy
    if deploy is None:
        return fields(limits=_amounts(Resources(memory_bytes=service.memory_limit), ""))
    limits = deploy.limits
    if not deploy.has_limits:
        limits = Resources(memory_bytes=service.memory_limit)
    return fields(
        limits=_amounts(limits, deploy.labels.get(_EPHEMERAL + "limit", "")),
        requests=_amounts(deploy.reservations, deploy.labels.get(_EPHEMERAL + "request", "")),
    )


def _amounts(amounts: Resources, ephemeral: str) -> dict[str, str]:
    """Quantities by name, in the order of the names."""
    found: dict[str, str] = {}
    if (amounts.cpus or 0) > 0 and (millicores := _millicores(amounts.cpus or 0)):
        found["cpu"] = str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"
    if ephemeral:
        with suppress(QuantityError):  # the original says nothing about a bad one either
            found["ephemeral-storage"] = canonical_quantity(ephemeral)
    if amounts.memory_bytes:
        found["memory"] = _bytes(amounts.memory_bytes)
    return found


@lru_cache(maxsize=1024)
def _bytes(count: int) -> str:
    return format_quantity(Decimal(count), QuantityStyle.EXPONENT)


def _millicores(cpus: float) -> int:
    """Thousandths of a core, cut, in single precision as the original computes them."""
    return int(_single(_single(cpus) * 1000))


def _single(value: float) -> float:
    number: float = struct.unpack("f", struct.pack("f", value))[0]
    return number
