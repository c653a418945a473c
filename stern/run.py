"""One run of the command, from flags to the last line."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from stern.config_file import apply_config, config_path, read_config
from stern.errors import SternError, first_error
from stern.flag_parser import ParsedFlags
from stern.options import TailOptions
from stern.printer import Printer
from stern.settings import (
    build_output_options,
    build_palette,
    build_tail_options,
    event_namespace_shown,
    validate,
)
from stern.sinks import opened_sink
from stern.writer import write_out

if TYPE_CHECKING:
    from kube_client.client import Client
    from kube_client.cluster_access import ClusterAccess
    from stern.output import OutputOptions
    from stern.sink import Sink

Note = Callable[[str], None]

_LARGEST_BLOCK_BYTES = 2 << 20


class Run(msgspec.Struct, frozen=True):
    """Everything a run needs; `start` does it."""

    flags: ParsedFlags
    clusters: Sequence[ClusterAccess]
    tail_options: TailOptions
    output_options: OutputOptions
    duration: timedelta | None
    note: Note

    def start(self) -> int:
        """Run to the end; returns the exit code."""
        gc.freeze()
        gc.enable()
        # glibc keeps freed memory up to twice the largest mapped block that was ever freed. Without
        # this one it gives the memory of every chunk back to the system, and asks for it again.
        bytearray(_LARGEST_BLOCK_BYTES)
        if self.flags.is_on("stdin"):
            from stern.stdin_source import read_stdin

            read_stdin(self.output_options, write=write_out, note=self.note)
            return 0
        import asyncio

        return asyncio.run(self._tail())

    def printer(self) -> Sink:
        """Where the lines go."""
        return Printer(
            self.output_options,
            only_log_lines=self.flags.is_on("only-log-lines"),
            show_event_namespace=event_namespace_shown(self.tail_options),
            write=write_out,
            note=self.note,
        )

    async def _tail(self) -> int:
        import asyncio

        seconds = None if self.duration is None else self.duration.total_seconds()
        failed: list[str] = []
        async with opened_sink(self.flags, self.printer()) as sink:
            try:
                async with asyncio.timeout(seconds) as limit:
                    failed = await self._tail_clusters(sink)
            except TimeoutError:
                if not limit.expired():
                    raise
        for pod in failed:
            self.note(f"stern: pod {pod} failed\n")
        return 1 if failed else 0

    async def _tail_clusters(self, sink: Sink) -> list[str]:
        import asyncio

        if len(self.clusters) == 1:
            return await self._tail_one(self.clusters[0], sink)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._tail_one(access, sink)) for access in self.clusters
                ]
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        return [pod for task in tasks for pod in task.result()]

    async def _tail_one(self, access: ClusterAccess, sink: Sink) -> list[str]:
        from kube_client.connect import connect_to
        from stern.tailer import tail

        options = self.tail_options
        if len(self.clusters) > 1:
            options = replace(options, context=access.context_name)
        if self.flags.is_on("sort") and not options.follow:
            options = replace(options, max_log_requests=-1)  # a merge needs every log at once
        async with connect_to(access) as client:
            if self.flags.is_on("prompt"):
                options = await self._prompted(client, options)
            return await tail(client, options, sink=sink)

    async def _prompted(self, client: Client, options: TailOptions) -> TailOptions:
        """The options with the label that the person chooses, in place of any other."""
        from stern.prompt import LABEL, choose, label_values

        if any("/" in query and not _names_pod(query) for query in options.queries):
            return options
        selector = f"{LABEL}={choose(await label_values(client, options))}"
        shown = self.output_options.palette.color((34,)).wrap_text(selector)
        write_out(f"Selector: {shown}\n".encode())
        return replace(options, label_selector=selector)


def _names_pod(query: str) -> bool:
    return query.partition("/")[0] in ("po", "pod", "pods")


def prepare(flags: ParsedFlags, *, env: Mapping[str, str], note: Note) -> Run:
    """Check everything in the Go program's order, and connect to nothing yet.

    Raises:
        UsageError: The command line or the configuration file makes no sense.
        SternError: Something in it cannot be compiled.
        KubeError: The kubeconfig does not say how to connect.
    """
    import sys

    clusters = _clusters(flags, env)
    config = read_config(config_path(flags, env), env)
    apply_config(flags, config, lambda sentence: note(f"stern: {sentence}\n"))
    validate(flags)
    is_terminal = sys.stdout.isatty()
    palette = build_palette(flags, is_terminal=is_terminal, env=env)
    namespace = clusters[0].namespace if clusters else "default"
    tail_options = build_tail_options(flags, namespace)
    output_options = build_output_options(flags, palette, is_terminal=is_terminal, env=env)
    return Run(flags, clusters, tail_options, output_options, flags.duration("for"), note)


def _clusters(flags: ParsedFlags, env: Mapping[str, str]) -> list[ClusterAccess]:
    """The clusters to read from: one, or all whose context --contexts matches."""
    from kube_client.cluster_access import cluster_access
    from stern.connection import connect_options, matching_contexts

    options = connect_options(flags)
    if flags.is_on("stdin"):
        return []
    names = matching_contexts(flags.texts("contexts"), options, env)
    if not flags.texts("contexts"):
        return [cluster_access(options, env)]
    if not names:
        raise SternError(
            f"no context matches {' or '.join(flags.texts('contexts'))}; "
            "see them with: kubectl config get-contexts"
        )
    return [cluster_access(replace(options, context=name), env) for name in names]
