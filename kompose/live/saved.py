"""`up --watch`: the project applied again whenever one of its files is saved."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TypeVar, cast

from kompose.cluster.apply import Outcome
from kompose.cluster.diff import diff
from kompose.cluster.up import Progress, up
from kompose.errors import KomposeError
from kompose.invocation import Invocation
from kompose.live.look import write_diff
from kompose.live.progress import ProgressScreen
from kompose.live.session import Loaded, Session, discreet, say
from kompose.live.start_options import StartOptions, load_sized
from kompose.report import ConvertError
from kube_client.errors import KubeError

T = TypeVar("T")
_LOOK_MS = 500


async def apply_when_saved(
    invocation: Invocation, session: Session, loaded: Loaded, options: StartOptions
) -> None:
    """Print the difference and apply it, for every save, for ever.

    A file that cannot be read or applied as it was saved is told; the next save is tried again.
    """
    from watchfiles import awatch

    known = signatures(loaded)
    folders = {path.parent for path in known}
    is_first = True
    async for _ in awatch(*folders, recursive=False, rust_timeout=_LOOK_MS, yield_on_timeout=True):
        if is_first:
            say(f"Watching {', '.join(sorted(path.name for path in known))}; Ctrl-C stops.")
            is_first = False
        now = signatures(loaded)
        saved = sorted(path.name for path in now.keys() | known if now.get(path) != known.get(path))
        if not saved:
            continue
        known = now
        say(f"{', '.join(saved)} was saved.")
        try:
            loaded = await aside(partial(load_sized, invocation, options))
            known = signatures(loaded) | now
            with discreet(loaded.secrecy):
                await _apply(session, loaded, options)
        except (KomposeError, ConvertError, KubeError) as error:
            say(f"Not applied: {error}")


async def aside(work: Callable[[], T]) -> T:
    """What this work gives, while everything else goes on: images may be built meanwhile.

    Nobody waits for it after a cancellation, and it ends with the program.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            failed = error
        with suppress(RuntimeError):  # the loop has gone
            loop.call_soon_threadsafe(settle, result, failed)

    Thread(target=run, daemon=True).start()
    return await done


def signatures(loaded: Loaded) -> dict[Path, tuple[int, int]]:
    """When each file of a project was last written, and its size; missing files are left out."""
    found = {}
    for path in watched_files(loaded):
        with suppress(OSError):
            status = path.stat()
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def watched_files(loaded: Loaded) -> list[Path]:
    """The compose files of a project, and the env files beside them."""
    files = [path.resolve() for path in loaded.files]
    folders = {path.parent for path in files}
    env_files = [path for folder in folders for path in folder.glob("*.env*")]
    return [*files, *(path.resolve() for path in env_files)]


async def _apply(session: Session, loaded: Loaded, options: StartOptions) -> None:
    wanted = options.for_cluster(session.namespace)
    lines = await diff(
        session.client, loaded.objects, session.project, session.namespace, prunes=wanted.prune
    )
    if not lines:
        say("Nothing changes on the cluster.")
        return
    write_diff(map(loaded.secrecy.hide, lines), colours=options.colours)
    screen = ProgressScreen(sys.stderr, is_live=False, hide=loaded.secrecy.hide)

    def hear(news: Progress) -> None:
        if news.applied is None or news.applied.outcome is not Outcome.UNCHANGED:
            screen(news)

    with session.persistence.within(options.timeout, screen.notice):
        result = await up(session.client, loaded.objects, loaded.view, wanted, hear)
    for title in result.pruned:
        say(f"{title} removed")
    word = "runs" if not result.unready else f"is not ready: {', '.join(result.unready)}"
    say(f"{session.project} {word}.")
