"""Logs of containers: checked, chosen and streamed as an API server and a kubelet do it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo_cluster.containers.logbook import Entry, Formatter, Log, LogQuery, nanoseconds
from demo_cluster.handlers.containers import choose_container, container_state, pod_of
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.pod_status import ContainerState
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.status import Failure, bad_request
from demo_cluster.wire.reply import AnyReply, Call, Reply, StreamReply

HEADERS = {"Content-Type": "text/plain"}
CHUNK = 32768
SEPARATE_LINES = 64
WAITING = 20_000
"""Writes that wait for a reader; who reads slower misses the oldest, as after a rotation."""
PULL_TROUBLE = ("ErrImagePull", "ImagePullBackOff")
TEXT_TYPES = (
    "text/plain",
    "text/*",
    "*/*",
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
)


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What the query asks for."""

    container: str
    follow: bool
    previous: bool
    query: LogQuery


async def read_log(call: Call) -> AnyReply:
    """GET of a pod's log.

    Raises:
        Failure: 400, 404, 406 or 422.
    """
    pod = pod_of(call)
    options = _options(call, pod["metadata"]["name"])
    _check_accept(call)
    name = choose_container(pod, options.container)
    if not pod["spec"].get("nodeName"):
        return Reply(204)
    state = container_state(call, pod, name)
    log = _log_of(pod, state, previous=options.previous)
    if isinstance(log, bytes):
        return StreamReply(_once(log), headers=HEADERS)
    chunks = _follow(log, options.query) if options.follow else _read(log, options.query)
    return StreamReply(chunks, headers=HEADERS)


def _check_accept(call: Call) -> None:
    accepted = [
        part.partition(";")[0].strip() for part in call.headers.get("accept", "*/*").split(",")
    ]
    if not any(kind in TEXT_TYPES or not kind for kind in accepted):
        served = (
            "text/plain, application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
        text = f"406: Not Acceptable\n\nAvailable representations: {served}"
        raise Failure(406, "NotAcceptable", text, {})


def _options(call: Call, pod: str) -> LogOptions:
    tail = _number(call, "tailLines")
    limit = _number(call, "limitBytes")
    seconds = _number(call, "sinceSeconds")
    moment = _moment(call.param("sinceTime"))
    problems: list[tuple[str, str, str]] = []
    if tail is not None and tail < 0:
        problems.append(_too_small("tailLines", tail, "greater than or equal to 0"))
    if limit is not None and limit < 1:
        problems.append(_too_small("limitBytes", limit, "greater than 0"))
    if seconds is not None and moment is not None:
        text = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        problems.append(("FieldValueForbidden", f"Forbidden: {text}", "[]"))
    elif seconds is not None and seconds < 1:
        problems.append(_too_small("sinceSeconds", seconds, "greater than 0"))
    if "stream" in call.query:
        problems.append(("FieldValueForbidden", "Forbidden: may not be specified", "stream"))
    if problems:
        raise _invalid(pod, problems)
    if seconds is not None:
        moment = call.backend.clock.now() - timedelta(seconds=seconds)
    since = nanoseconds(moment) if moment is not None else None
    query = LogQuery(tail, since, call.flag("timestamps"), limit)
    return LogOptions(call.param("container"), call.flag("follow"), call.flag("previous"), query)


def _number(call: Call, name: str) -> int | None:
    text = call.param(name)
    if name not in call.query or text == "":
        return None
    if not re.fullmatch(r"[-+]?\d+", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _moment(text: str) -> datetime | None:
    """`sinceTime`; the kubelet gets it in whole seconds."""
    if not text:
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        layout = "2006-01-02T15:04:05Z07:00"
        raise bad_request(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    whole = re.sub(r"\.\d+", "", text).replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(whole)
    except ValueError:
        raise bad_request(f'parsing time "{text}": out of range') from None


def _too_small(field: str, value: int, rule: str) -> tuple[str, str, str]:
    return ("FieldValueInvalid", f"Invalid value: {value}: must be {rule}", field)


def _invalid(pod: str, problems: list[tuple[str, str, str]]) -> Failure:
    texts = [f"{field}: {message}" for _, message, field in problems]
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    causes = [
        {"reason": reason, "message": message, "field": field}
        for reason, message, field in problems
    ]
    details = {"name": pod, "kind": "PodLogOptions", "causes": causes}
    return Failure(422, "Invalid", f'PodLogOptions "{pod}" is invalid: {joined}', details)


def _log_of(pod: Obj, state: ContainerState | None, *, previous: bool) -> Log | bytes:
    """The log, or the text that stands for one that is gone. Follows validateContainerLogStatus."""
    name, container = pod["metadata"]["name"], state.name if state else ""
    if state is None:
        raise bad_request(f'container "{container}" in pod "{name}" is not available')
    if previous:
        if state.last_terminated is None:
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name}" not found'
            )
        wanted = state.last_terminated["containerID"]
    elif state.is_running or state.terminated:
        wanted = state.container_id
    elif state.last_terminated:
        wanted = state.last_terminated["containerID"]
    else:
        reason = state.waiting
        why = "trying and failing to pull image" if reason in PULL_TROUBLE else reason
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    for run in _kept_runs(state):
        if run is not None and run.plan.container_id == wanted:
            return run.log
    return f"unable to retrieve container logs for {wanted}".encode()


def _kept_runs(state: ContainerState) -> tuple[ContainerRun | None, ...]:
    """The runs whose logs are there: the node keeps one dead run of a container beside a live one.

    Follows kubelet's podContainerDeletor: the end of a run removes the one before it.
    """
    return (state.run, state.previous) if state.run and state.run.is_running else (state.run,)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _read(log: Log, query: LogQuery) -> AsyncIterator[bytes]:
    data = Formatter(query).format(log.read(query.tail, query.since))
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


async def _follow(log: Log, query: LogQuery) -> AsyncIterator[bytes]:
    formatter = Formatter(query)
    arrived: asyncio.Queue[list[Entry]] = asyncio.Queue()

    def take(entries: list[Entry]) -> None:
        if arrived.qsize() >= WAITING:
            arrived.get_nowait()
        arrived.put_nowait(entries)

    present, stop = log.read_on(query.tail, query.since, take)
    try:
        for batch in _batches(present):
            yield formatter.format(batch)
            if formatter.is_full:
                return
        while True:
            entries = list(await arrived.get())
            ended = not entries
            while not arrived.empty():
                more = arrived.get_nowait()
                ended = ended or not more
                entries += more
            if query.since is not None:
                entries = [entry for entry in entries if entry.stamp >= query.since]
            if entries:
                yield formatter.format(entries)
            if ended or formatter.is_full:
                return
    finally:
        stop()


def _batches(entries: list[Entry]) -> list[list[Entry]]:
    if len(entries) <= SEPARATE_LINES:
        return [[entry] for entry in entries]
    return [entries[start : start + 200] for start in range(0, len(entries), 200)]
