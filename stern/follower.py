"""Follow pods for as long as it takes: containers start, restart and end, none goes unheard."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stern.entry import Entry
from stern.errors import first_error
from stern.log_read import log_query, read_log
from stern.selection import Selection, nothing_found
from stern.slots import Pace, StreamSlots
from stern.target_filter import ContainerMemory, Found

if TYPE_CHECKING:
    from kube_client.client import Client
    from kube_client.objects import ContainerStatus, Pod
    from kube_client.reflector import Reflector, ReflectorState
    from kube_client.store import Change, Store, Subscription
    from stern.options import TailOptions
    from stern.sink import Sink
    from stern.target import Target

_STATE_SECONDS = 1.0
_Place = tuple[str, str, str, str]


class Follower:
    """Turns changes of pods into streams that begin and end.

    One stream belongs to one container of one pod, over its restarts: a stream that is open when
    the container restarts goes on into the new instance by itself.
    """

    def __init__(self, client: Client, options: TailOptions, sink: Sink) -> None:
        self._client = client
        self._options = options
        self._sink = sink
        self._memory = ContainerMemory()
        self._streams: dict[_Place, asyncio.Task[None]] = {}
        self._lives: dict[_Place, _Life] = {}
        self._watched: list[tuple[Selection, Reflector[Pod]]] = []
        self._stirred = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._slots = StreamSlots(
            options.max_log_requests,
            is_strict=options.exit_at_limit,
            on_wait=sink.trouble,
            pace=Pace(options.qps, options.burst),
        )

    async def run(self, selections: list[Selection]) -> list[str]:
        """Follow until cancelled, or until all is complete where that is asked for.

        Returns the names of the pods that failed.

        Raises:
            SternError: The limit of streams is reached, and strict.
            KubeError: The pods cannot be listed at the start.
        """
        try:
            async with self._group as group:
                helpers = await self._begin(group, selections)
                await self._until_complete()
                for task in (*helpers, *self._streams.values()):
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        return self._failed_pods()

    async def _begin(
        self, group: asyncio.TaskGroup, selections: list[Selection]
    ) -> list[asyncio.Task[None]]:
        """Watch the pods of every selection, and follow those that are there."""
        from kube_client.objects import Pod
        from kube_client.reflector import Reflector
        from kube_client.resource import PODS

        tasks = []
        for selection in selections:
            reflector = Reflector(
                self._client,
                PODS,
                Pod,
                namespace=selection.namespace,
                labels=selection.labels,
                fields=selection.fields,
            )
            self._watched.append((selection, reflector))
            tasks.append(group.create_task(reflector.run()))
        for selection, reflector in self._watched:
            state = await reflector.settled()
            if state.error is not None:
                raise state.error
            changes = reflector.store.subscribe()
            self._take(selection, reflector.store, changes.take(), is_first=True)
            tasks.append(group.create_task(self._follow_changes(selection, reflector, changes)))
            tasks.append(group.create_task(self._tell_state(selection, reflector)))
        if not self._streams:
            self._sink.trouble(f"{nothing_found(selections)} yet; waiting for one")
        return tasks

    async def _follow_changes(
        self, selection: Selection, reflector: Reflector[Pod], changes: Subscription[Pod]
    ) -> None:
        try:
            while True:
                await changes.wait()
                self._take(selection, reflector.store, changes.take(), is_first=False)
                self._stirred.set()
        finally:
            changes.close()

    def _take(
        self,
        selection: Selection,
        store: Store[Pod],
        changes: list[Change[Pod]],
        *,
        is_first: bool,
    ) -> None:
        for change in changes:
            pod = change.after
            if pod is None:
                if change.before is not None:
                    self._memory.forget(change.before.metadata.uid)
                continue
            if not selection.filter.matches_pod(pod.metadata.name):
                continue
            if not selection.filter.meets_condition(pod):
                self._drop(pod)
                continue
            for found in selection.filter.visit(pod, self._memory):
                self._start(found, store, is_first=is_first)

    def _drop(self, pod: Pod) -> None:
        """Stop the streams of a pod that is no longer in the condition asked for."""
        self._memory.forget(pod.metadata.uid)
        for place, task in self._streams.items():
            if place[:2] == (pod.metadata.namespace, pod.metadata.name):
                task.cancel()

    def _start(self, found: Found, store: Store[Pod], *, is_first: bool) -> None:
        target = found.target
        place = (target.namespace, target.pod, target.container, target.uid)
        running = self._streams.get(place)
        if running is not None and not running.cancelling():
            self._lives[place].renew(found)  # it goes on into the new instance by itself
            return
        is_fresh = not is_first and self._options.condition is None
        life = self._lives[place] = _Life(target, store)
        task = self._group.create_task(self._stream(found, life, is_fresh=is_fresh))
        self._streams[place] = task
        task.add_done_callback(lambda done: self._ended(place, done))

    def _ended(self, place: _Place, task: asyncio.Task[None]) -> None:
        if self._streams.get(place) is task:
            del self._streams[place]
            life = self._lives.pop(place)
            if life.renewed is not None and not task.cancelled():
                self._start(life.renewed, life.store, is_first=False)
        self._stirred.set()

    async def _stream(self, found: Found, life: _Life, *, is_fresh: bool) -> None:
        from kube_client.errors import KubeError
        from kube_client.logs import follow_log

        target = found.target
        query = log_query(target, self._options, is_fresh=is_fresh)
        async with self._slots.slot():
            self._sink.started(target)
            try:
                if found.has_unseen and is_fresh:
                    await self._read_unseen(target)
                blocks = follow_log(
                    self._client,
                    query,
                    is_alive=life.is_alive,
                    on_trouble=self._sink.trouble,
                    is_replaced=life.is_replaced,
                )
                async with aclosing(blocks):
                    async for block in blocks:
                        await self._sink.entry(Entry(target, block))
            except KubeError as error:
                self._sink.trouble(f"failed to tail: {error}")
            finally:
                self._sink.ended(target)

    async def _read_unseen(self, target: Target) -> None:
        """What an instance said that came and went between two looks at the pod."""
        from kube_client.errors import KubeError

        query = replace(log_query(target, self._options, is_fresh=True), previous=True)
        try:
            blocks = read_log(self._client, replace(query, follow=False), self._sink.trouble)
            async with aclosing(blocks):
                async for block in blocks:
                    ending = b"" if block.endswith(b"\n") else b"\n"
                    await self._sink.entry(Entry(target, block + ending))
        except KubeError as error:
            self._sink.trouble(f"{query.name}: an instance ended unheard: {error}")

    async def _tell_state(self, selection: Selection, reflector: Reflector[Pod]) -> None:
        """Say once what is wrong with the watch, and once that it is well again."""
        told = ""
        while True:
            await asyncio.sleep(_STATE_SECONDS)
            sentence = _trouble_of(reflector.state, selection)
            if sentence and sentence != told:
                self._sink.trouble(sentence)
            elif told and not sentence:
                self._sink.trouble("the watch of pods goes on")
            told = sentence

    # -- the end -------------------------------------------------------------------------------

    async def _until_complete(self) -> None:
        while not (self._options.exit_on_complete and self._is_complete()):
            self._stirred.clear()
            await self._stirred.wait()

    def _pods(self) -> list[Pod]:
        return [
            pod
            for selection, reflector in self._watched
            for pod in reflector.store.values()
            if selection.filter.matches_pod(pod.metadata.name)
        ]

    def _is_complete(self) -> bool:
        """Whether nothing is open, and no pod will say anything more."""
        pods = self._pods()
        is_over = all(pod.status.phase in ("Succeeded", "Failed") for pod in pods)
        return bool(pods) and is_over and not self._streams

    def _failed_pods(self) -> list[str]:
        return [pod.metadata.name for pod in self._pods() if pod.status.phase == "Failed"]


class _Life:
    """What is known of a stream's container: whether it runs, and whether it did so anew."""

    def __init__(self, target: Target, store: Store[Pod]) -> None:
        from kube_client.resource import ObjectKey

        self.store = store
        self.renewed: Found | None = None
        """An instance that began since the stream last asked whether the container lives."""
        self._target = target
        self._key = ObjectKey(target.namespace, target.pod)

    def renew(self, found: Found) -> None:
        """Another instance has begun."""
        self.renewed = found

    async def is_alive(self) -> bool:
        """Whether the container runs, in this instance or one after it, or did since last asked."""
        is_renewed, self.renewed = self.renewed is not None, None
        pod = self.store.get(self._key)
        if pod is None or pod.metadata.uid != self._target.uid:
            return False
        status = _status_of(pod, self._target.container)
        is_running = status is not None and status.state and status.state.running is not None
        return is_renewed or bool(is_running)

    def is_replaced(self) -> bool:
        """Whether the name belongs to another pod now."""
        pod = self.store.get(self._key)
        return pod is not None and pod.metadata.uid != self._target.uid


def _status_of(pod: Pod, container: str) -> ContainerStatus | None:
    statuses = (
        *pod.status.init_container_statuses,
        *pod.status.container_statuses,
        *pod.status.ephemeral_container_statuses,
    )
    return next((status for status in statuses if status.name == container), None)


def _trouble_of(state: ReflectorState, selection: Selection) -> str:
    """What the user should know about a watch; empty when all is well."""
    where = "all namespaces" if selection.namespace is None else repr(selection.namespace)
    if state.phase == "polling":
        return (
            f"you may list but not watch pods in {where}: listing them every few seconds; "
            "ask for the verb 'watch' to see changes at once"
        )
    if state.phase in ("reconnecting", "refused") and state.error is not None:
        return f"the watch of pods in {where} is down and is tried again: {state.error}"
    return ""
