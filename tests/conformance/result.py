"""How one recorded exchange went when it was played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Exchange: TypeAlias = dict[str, Any]
"""One entry of a recording, as its file has it."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one exchange went; `difference` is one line, "" when it is alike."""

    topic: str
    id: str
    difference: str
    remark: str = ""
    """What a reader of the report should know besides, such as a setup that nobody understood."""


Play: TypeAlias = Callable[[str, list[Exchange]], list[Result]]
"""Plays the exchanges of one file: (topic, exchanges) to a result for each, in their order."""


async def tried(difference: Awaitable[str]) -> str:
    """The difference, or why the exchange could not be played: the next ones still are."""
    try:
        return await difference
    except UNPLAYABLE as error:
        return f"could not be played: {error!r}"


UNPLAYABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What an exchange of a shape that nobody expected leads to."""


def not_played(topic: str, exchange: Exchange, why: str) -> Result:
    """The result of an exchange that could not be played at all."""
    return Result(topic, str(exchange.get("id", "?")), f"not played: {why}")
