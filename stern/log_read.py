"""What to ask for of a target's log, and how to read it once to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from kube_client.client import Client
    from kube_client.log_lines import Mark
    from kube_client.logs import LogQuery
    from stern.options import TailOptions
    from stern.target import Target

_TRIES = 5


def log_query(target: Target, options: TailOptions, *, is_fresh: bool = False) -> LogQuery:
    """What to ask for of a target; a fresh one began while we looked on, so all of it."""
    from kube_client.logs import LogQuery

    since = None
    if options.since is not None and not is_fresh and not options.previous:
        since = max(1, int(options.since.total_seconds()))
    return LogQuery(
        namespace=target.namespace,
        pod=target.pod,
        container=target.container,
        follow=options.follow and not options.previous,
        since_seconds=since,
        tail_lines=None if is_fresh else options.tail_lines,
        previous=options.previous,
    )


async def read_log(
    client: Client, query: LogQuery, on_trouble: Callable[[str], None]
) -> AsyncGenerator[bytes, None]:
    """Whole lines, each once, to the end of the log as it is now; a cut is mended.

    Raises:
        ApiError: The server refused.
        UnreachableError: The log was cut again and again.
    """
    from kube_client.backoff import Backoff
    from kube_client.errors import ServerError, TooManyRequestsError, UnreachableError
    from kube_client.log_lines import LogResume
    from kube_client.logs import open_log

    resume = LogResume()
    delays, tries = Backoff().delays(), 0
    while True:
        try:
            async with aclosing(open_log(client, _behind(query, resume.mark))) as chunks:
                async for chunk in chunks:
                    if block := resume.feed(chunk):
                        delays, tries = Backoff().delays(), 0
                        yield block
        except (UnreachableError, ServerError, TooManyRequestsError) as error:
            tries += 1
            if tries > _TRIES:
                if rest := resume.release():
                    yield rest
                raise
            if tries == 1:
                on_trouble(f"failed to tail: {query.name}: {error}, will retry")
            resume.cut()
            await asyncio.sleep(getattr(error, "retry_after", None) or next(delays))
            continue
        if rest := resume.finish():
            yield rest
        return


def _behind(query: LogQuery, mark: Mark | None) -> LogQuery:
    """The same log from the last line on that was given."""
    if mark is None:
        return query
    return replace(query, since_time=mark.since_time, since_seconds=None, tail_lines=None)
