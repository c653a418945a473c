"""`up`: make what the compose file says in the order of its needs, and wait until it runs."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from kompose.cluster.apply import Applied, Applier, Outcome
from kompose.cluster.change import restart
from kompose.cluster.health import Crash, Health, Phase, crashes
from kompose.cluster.inventory import orphans
from kompose.cluster.kinds import resource_of, title
from kompose.cluster.namespace import ensure_namespace
from kompose.cluster.needed import refuse_missing
from kompose.cluster.ownership import Object, project_selector, stamped
from kompose.cluster.plan import (
    Need,
    Plan,
    make_plan,
    selected_objects,
    without_scaled_replicas,
)
from kompose.cluster.view import ProjectView
from kompose.cluster.watching import ProjectWatch
from kube_client.client import Client
from kube_client.errors import KubeError, NotFoundError
from kube_client.logs import LogQuery, open_log
from kube_client.resource import PERSISTENT_VOLUME_CLAIMS

_LAST_LINES = 6
_LINE_LENGTH = 300
_LOG_SECONDS = 5.0
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class UpOptions:
    """How to bring a project up.

    `timeout` is in seconds, None waits for ever. Without `waits` nothing is waited for but
    dependencies. What is new must stay ready for `steady` seconds: containers without a probe are
    ready before they crash. `services` limits the run to these and what they depend on, or to
    these `alone`. With `recreates`, pods are replaced even if nothing changed.
    """

    namespace: str
    timeout: float | None = 300.0
    waits: bool = True
    steady: float = 1.0
    prune: bool = False
    dry_run: bool = False
    force: bool = False
    services: tuple[str, ...] = ()
    alone: bool = False
    recreates: bool = False


class Progress(NamedTuple):
    """One piece of news: an object applied, or how a service is now.

    `lines` are the last words of a container that crashed; `notice` tells what is waited
    for.
    """

    service: str = ""
    health: Health | None = None
    applied: Applied | None = None
    lines: tuple[str, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class UpResult:
    """What became of a project."""

    applied: tuple[Applied, ...]
    health: Mapping[str, Health] = field(default_factory=dict)
    orphans: tuple[str, ...] = ()
    pruned: tuple[str, ...] = ()
    made_namespace: bool = False

    @property
    def is_unchanged(self) -> bool:
        """Whether the cluster had everything already."""
        return (
            all(one.outcome is Outcome.UNCHANGED for one in self.applied)
            and not self.pruned
            and not self.made_namespace
        )

    @property
    def unready(self) -> dict[str, Health]:
        """The services that are not as they were asked for."""
        return {name: health for name, health in self.health.items() if not health.is_good}


async def up(
    client: Client,
    objects: Sequence[Object],
    project: ProjectView,
    options: UpOptions,
    progress: Callable[[Progress], None],
) -> UpResult:
    """Make the project's objects, or bring those that are there to what they should be.

    Converges from any state: a run that was stopped in the middle is finished by the next.

    Raises:
        ClusterError: The file cannot be run as it stands, or objects belong to somebody else.
        KubeError: The server refused, or went away.
    """
    now = asyncio.get_running_loop().time()
    deadline = None if options.timeout is None else now + options.timeout
    view = project.selected(options.services, alone=options.alone)
    chosen = selected_objects(objects, view) if options.services else objects
    plan = make_plan(without_scaled_replicas(chosen), view)
    await refuse_missing(client, chosen, options.namespace)
    made = await ensure_namespace(
        client,
        options.namespace,
        project.name,
        dry_run=options.dry_run,
        timeout=0.0 if options.dry_run else options.timeout,
        on_wait=lambda words: progress(Progress(notice=words)),
    )
    if made is not None:
        progress(Progress(applied=made))
    applier = Applier(
        client,
        options.namespace,
        project.name,
        dry_run=options.dry_run,
        force=options.force,
        on_applied=lambda applied: progress(Progress(applied=applied)),
    )
    if options.dry_run:
        groups = [plan.base, *plan.workloads.values()]
        for group in groups if made is None else ():
            await applier.apply_all(_stamped(group, project))
        for obj in (obj for group in groups for obj in group) if made is not None else ():
            progress(Progress(applied=Applied(title(obj), Outcome.CREATED, obj)))
        left = await _left(client, objects, project, options) if made is None else ()
        return _result(applier, {}, left, options, made_namespace=made is not None)
    await applier.apply_all(_stamped(plan.base, project))
    run = _Run(client, plan, project, options, applier, progress)
    health = await run.start(deadline) if plan.workloads else {}
    left = await _left(client, objects, project, options)
    if options.prune:
        await _prune(client, left, options)
    return _result(applier, health, left, options, made_namespace=made is not None)


def _result(
    applier: Applier,
    health: Mapping[str, Health],
    left: Sequence[Object],
    options: UpOptions,
    *,
    made_namespace: bool,
) -> UpResult:
    """What became of a project; volumes of services that are no more are never pruned."""
    pruned = [obj for obj in left if options.prune and not _is_volume(obj)]
    return UpResult(
        tuple(applier.results),
        health,
        tuple(title(obj) for obj in left if obj not in pruned),
        tuple(title(obj) for obj in pruned),
        made_namespace,
    )


class _Run:
    """The workloads of one project on their way up."""

    def __init__(
        self,
        client: Client,
        plan: Plan,
        project: ProjectView,
        options: UpOptions,
        applier: Applier,
        progress: Callable[[Progress], None],
    ) -> None:
        self._client = client
        self._plan = plan
        self._project = project
        self._options = options
        self._applier = applier
        self._progress = progress
        self._told: dict[str, Health] = {}
        self._heard: set[tuple[str, str, int]] = set()

    async def start(self, deadline: float | None) -> dict[str, Health]:
        """Apply each unit when its needs are met; return when all are settled, or time is up."""
        loop = asyncio.get_running_loop()
        waiting = list(self._plan.workloads)
        labels = project_selector(self._project.name)
        namespace = self._options.namespace
        steady_since: float | None = None
        async with ProjectWatch(self._client, namespace, self._plan.workloads, labels) as watch:
            while True:
                waiting = await self._apply_ready(waiting, watch)
                health = self._health(waiting, watch)
                await self._tell(health, watch)
                now = loop.time()
                pause = None if deadline is None else deadline - now
                if self._is_done(waiting, health):
                    steady_since = now if steady_since is None else steady_since
                    rest = steady_since + self._must_stay(health) - now
                    if rest <= 0:
                        return self._by_service(health)
                    pause = rest if pause is None else min(pause, rest)
                else:
                    steady_since = None
                if pause is not None and pause <= 0:
                    return self._by_service(health)
                await watch.changed(_LOOK_SECONDS if pause is None else min(pause, _LOOK_SECONDS))

    async def _apply_ready(self, waiting: list[str], watch: ProjectWatch) -> list[str]:
        """Apply what needs wait for no longer; returns what still waits."""
        rest = []
        for unit in waiting:
            needs = self._plan.needs[unit]
            if any(need.unit in waiting or not _is_met(need, watch) for need in needs):
                rest.append(unit)
                continue
            before = len(self._applier.results)
            for obj in _stamped(self._plan.workloads[unit], self._project):
                watch.expect(await self._made(obj))
            written = self._applier.results[before:]
            if all(one.outcome is Outcome.UNCHANGED for one in written):
                watch.keep(unit)
        if len(rest) < len(waiting):
            return await self._apply_ready(rest, watch)
        return rest

    async def _made(self, obj: Object) -> Object:
        """The workload as it is after it was applied, and restarted where that is wanted."""
        applied = await self._applier.apply(obj)
        is_new = applied.outcome in (Outcome.CREATED, Outcome.REPLACED)
        if is_new or not self._options.recreates:
            return applied.object
        restarted = await restart(self._client, applied.object, self._options.namespace)
        return applied.object if restarted is None else restarted

    def _health(self, waiting: list[str], watch: ProjectWatch) -> dict[str, Health]:
        found = {}
        for unit in self._plan.workloads:
            if unit not in waiting:
                found[unit] = watch.health(unit)
                continue
            awaited = [
                self._plan.names[need.unit][0]
                for need in self._plan.needs[unit]
                if need.unit in waiting or not _is_met(need, watch)
            ]
            found[unit] = Health(Phase.WAITING, why=f"for {', '.join(dict.fromkeys(awaited))}")
        return found

    def _is_done(self, waiting: list[str], health: Mapping[str, Health]) -> bool:
        if not self._options.waits:
            return not waiting
        running = [found for unit, found in health.items() if unit not in waiting]
        if not all(found.is_settled for found in running):
            return False
        return not waiting or any(found.phase is Phase.FAILED for found in running)

    def _must_stay(self, health: Mapping[str, Health]) -> float:
        """For how many seconds all must be well before it counts."""
        is_new = any(one.outcome is not Outcome.UNCHANGED for one in self._applier.results)
        is_ready = any(found.phase is Phase.READY for found in health.values())
        return self._options.steady if is_new and is_ready and self._options.waits else 0.0

    async def _tell(self, health: Mapping[str, Health], watch: ProjectWatch) -> None:
        for unit, found in health.items():
            lines: tuple[str, ...] = ()
            for crash in crashes(watch.pods_of(unit)):
                place = (crash.pod, crash.container, crash.run)
                if place not in self._heard and found.phase is not Phase.WAITING:
                    self._heard.add(place)
                    lines = await self._last_words(crash)
            if found != self._told.get(unit) or lines:
                self._told[unit] = found
                name = " + ".join(self._plan.names[unit])
                self._progress(Progress(service=name, health=found, lines=lines))

    async def _last_words(self, crash: Crash) -> tuple[str, ...]:
        """The end of the log of the run that crashed."""
        query = LogQuery(
            self._options.namespace,
            crash.pod,
            crash.container,
            tail_lines=_LAST_LINES,
            timestamps=False,
            previous=crash.is_previous,
        )
        try:
            async with (
                asyncio.timeout(_LOG_SECONDS),
                aclosing(open_log(self._client, query)) as chunks,
            ):
                text = b"".join([chunk async for chunk in chunks])
        except (KubeError, TimeoutError):
            return ()
        lines = text.decode("utf-8", "replace").splitlines()
        return tuple(line[:_LINE_LENGTH] for line in lines[-_LAST_LINES:])

    def _by_service(self, health: Mapping[str, Health]) -> dict[str, Health]:
        return {name: found for unit, found in health.items() for name in self._plan.names[unit]}


def _is_met(need: Need, watch: ProjectWatch) -> bool:
    """Whether another unit is as far as `depends_on` wants it."""
    health = watch.health(need.unit)
    if need.condition == "service_completed_successfully":
        return health.phase is Phase.COMPLETED
    if need.condition == "service_healthy":
        return health.is_good
    return health.has_started or health.is_good


def _stamped(objects: Sequence[Object], project: ProjectView) -> list[Object]:
    return [stamped(obj, project.name) for obj in objects]


async def _left(
    client: Client, objects: Sequence[Object], project: ProjectView, options: UpOptions
) -> tuple[Object, ...]:
    """What the file no longer has; a run of some services does not ask."""
    if options.services:
        return ()
    return await orphans(client, objects, project.name, options.namespace)


async def _prune(client: Client, left: Sequence[Object], options: UpOptions) -> None:
    """Remove orphans, volumes excepted: their data may be wanted."""
    for obj in left:
        if _is_volume(obj):
            continue
        with suppress(NotFoundError):  # somebody was quicker
            await client.delete(
                resource_of(obj),
                obj["metadata"]["name"],
                options.namespace,
                uid=obj["metadata"]["uid"],
                propagation="Background",
            )


def _is_volume(obj: Object) -> bool:
    return resource_of(obj) is PERSISTENT_VOLUME_CLAIMS
