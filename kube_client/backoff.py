"""The delays between retries, as an endless iterator. Nothing here sleeps."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from random import Random


class Backoff(msgspec.Struct, frozen=True):
    """Growing delays with jitter, in seconds.

    Each delay lies between the step and the step plus `jitter` of it, so that many clients which
    lost the same server do not come back in the same moment.
    """

    first: float = 0.5
    factor: float = 2.0
    limit: float = 30.0
    jitter: float = 0.2

    def delays(self, rng: "Random | None" = None) -> Iterator[float]:
        """The delay before the first retry, before the second, and so on for ever."""
        import random as shared  # most runs never wait

        draw = (rng or shared).random
        step = self.first
        while True:
            yield step * (1.0 + self.jitter * draw())
            step = min(step * self.factor, self.limit)
