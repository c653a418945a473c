"""``healthcheck``: how to see that a container is well."""

from __future__ import annotations

from typing import Any, NamedTuple

from kompose.compose.casts import to_int
from kompose.compose.decode import count, health_test
from kompose.compose.form import Form, optional, record
from kompose.compose.key import Key
from kompose.compose.merging import replace
from kompose.compose.shape import one_of_kinds
from kompose.compose.units import whole_seconds
from kompose.compose.values import DURATION, FILES, FLAG


class Healthcheck(NamedTuple):
    """How to see that a container is well. Times in whole seconds, 0 when not said."""

    test: tuple[str, ...] | None = None
    """None for none at all."""
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    retries: int = 0


def _read(tree: dict[str, Any] | None) -> Healthcheck | None:
    if tree is None or tree.get("disable"):
        return None
    return Healthcheck(
        test=tuple(tree["test"]) if "test" in tree else None,
        interval=whole_seconds(tree.get("interval")),
        timeout=whole_seconds(tree.get("timeout")),
        start_period=whole_seconds(tree.get("start_period")),
        retries=int(tree.get("retries") or 0),
    )


HEALTHCHECK = Key(
    "healthcheck",
    optional(
        record(
            {
                "test": Form(FILES.shape, health_test, merge=replace),
                "timeout": DURATION,
                "interval": DURATION,
                "retries": Form(one_of_kinds("number", "string"), count, cast=to_int),
                "start_period": DURATION,
                "start_interval": DURATION,
                "disable": FLAG,
            }
        )
    ),
    read=_read,
)
