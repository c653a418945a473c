"""How to put each kind of recorded case to our program: input in, what is comparable out.

A runner returns the part of the expectation that the program answers; the test compares it key by
key.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kube_client.errors import NotFoundError
from kube_client.objects import Condition as PodCondition
from kube_client.objects import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    ObjectMeta,
    Pod,
    PodStatus,
)
from kube_client.selector import FieldSelector, LabelSelector
from stern import cli
from stern.completion import candidates, complete_query, resource_names
from stern.config_file import apply_config, config_path, read_config
from stern.entry import Entry
from stern.errors import SternError, UsageError
from stern.events import event_line
from stern.flag_parser import parse_flags
from stern.line_filter import compile_filter, compile_highlighter
from stern.log_read import log_query
from stern.options import TailOptions
from stern.palette import Palette, colors_enabled, fnv1, parse_colors
from stern.pipeline import Pipeline
from stern.pod_state import Condition, effective_container_id, parse_container_state, state_matches
from stern.regex.pattern import compile_any, compile_pattern
from stern.selection import ResourceQuery, namespaces_of, pod_labels, resource_type
from stern.settings import (
    build_output_options,
    build_palette,
    build_tail_options,
    queries,
    validate,
)
from stern.stdin_source import StdinPipeline
from stern.tailer import tail
from stern.target import ContainerKind, Target
from stern.target_filter import ContainerMemory, TargetFilter
from stern.template.functions import to_time
from stern.template.go_time import rfc3339_nano
from stern.timestamps import StampError, StampFormat, load_zone
from stern.version import version_text
from tests.stern import original_resume
from tests.stern.canned_transport import CannedResponse, canned_client, failure, json_response
from tests.stern.original_flags import flags_of

Case = dict[str, Any]
_STAMP = "2024-05-01T10:00:00.000000000Z "


# -- flags -----------------------------------------------------------------------------------------


def parse(case: Case) -> dict[str, Any]:
    flags = parse_flags(case["argv"])
    first = "".join(flags.words[:1])
    return {
        **{name.replace("-", "_"): flags.values[name] for name in flags.values},
        "pod_query": "" if "/" in first else first,
        "resource": first if "/" in first else "",
        "namespaces": list(flags.texts("namespace")),
        "include": list(flags.texts("include")),
    }


def flag_error(case: Case) -> dict[str, Any]:
    stderr = io.StringIO()
    with patch.object(cli, "_note", stderr.write):
        code = cli.run(case["argv"])
    lines = stderr.getvalue().splitlines()
    return {
        "exit": code,
        "stderr_first_line": lines[0],
        "usage_on_stderr": lines[1] == "Usage:",
    }


def early_exit(case: Case) -> dict[str, Any]:
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        code = cli.run(case["argv"])
    text = stdout.getvalue()
    if "build_version" in case:
        assert text == version_text()
        text = version_text(case["build_version"])
    return {"exit": code, "stdout_contains": text}


def validation(case: Case) -> dict[str, Any]:
    try:
        validate(flags_of(case))
    except UsageError as error:
        return {"error": str(error)}
    return {"error": None}


def build_errors(case: Case) -> dict[str, Any]:
    try:
        build(case)
    except SternError as error:
        return {"error": str(error), "error_prefix": str(error)}
    return {"error": None}


def build(case: Case) -> dict[str, Any]:
    # One case has a pod query and a resource, which no command line can say.
    options = {key: value for key, value in case["options"].items() if key != "resource"}
    flags = flags_of(options)
    palette = build_palette(flags, is_terminal=False, env={})
    asked = "".join(queries(flags)[:1])
    tail = build_tail_options(flags)
    output = build_output_options(flags, palette, is_terminal=False, env={})
    layouts = {"default": "2006-01-02T15:04:05.000000000Z07:00", "short": "01-02 15:04:05", "": ""}
    names = [name for name in namespaces_of(tail, "") if name != "default"]
    if tail.all_namespaces:
        names = list(tail.namespaces)
    return {
        "namespaces": names,
        "pod_query": asked,
        "resource": case["options"].get("resource", ""),
        "exclude_pod": list(tail.exclude_pods),
        "timestamps": output.stamps is not None,
        "timestamp_format": layouts[flags.text("timestamps")],
        "timezone": flags.text("timezone"),
        "container_query": tail.container,
        "exclude_container": list(tail.exclude_containers),
        "container_states": list(tail.container_states),
        "exclude": list(flags.texts("exclude")),
        "include": list(flags.texts("include")),
        "highlight": list(flags.texts("highlight")),
        "init_containers": tail.init_containers,
        "ephemeral_containers": tail.ephemeral_containers,
        "since_seconds": tail.since.total_seconds() if tail.since else None,
        "all_namespaces": tail.all_namespaces,
        "label_selector": tail.label_selector,
        "field_selector": tail.field_selector,
        "tail_lines": tail.tail_lines,
        "follow": tail.follow,
        "only_log_lines": flags.is_on("only-log-lines"),
        "max_log_requests": tail.max_log_requests,
    }


def config_where(case: Case) -> dict[str, Any]:
    return {"config_path": config_path(parse_flags(case["argv"]), case["env"])}


def config_load(case: Case) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        if case["file"] is not None:
            path.write_text(case["file"])
        flags = parse_flags([word.replace("<file>", str(path)) for word in case["argv"]])
        try:
            env = {"HOME": folder}
            apply_config(flags, read_config(config_path(flags, env), env), lambda _word: None)
        except SternError as error:
            return {"error": str(error)}
    shown = {name.replace("-", "_"): flags.values[name] for name in flags.values}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in shown.items()}


# -- lines -----------------------------------------------------------------------------------------


def _target(case: Case) -> Target:
    return Target(
        namespace=case.get("namespace", ""),
        pod=case.get("pod", ""),
        container=case.get("container", ""),
        node=case.get("node", ""),
        labels=case.get("labels"),
        annotations=case.get("annotations"),
    )


def _pipeline(case: Case, troubles: list[str], options: dict[str, Any]) -> Pipeline:
    flags = flags_of({key: value for key, value in options.items() if key != "template_file_text"})
    palette = Palette(enabled=bool(case.get("color")))
    if "template_file_text" in options:
        flags.values["template"] = options["template_file_text"]
    env = {"TERM": "xterm"}
    output = build_output_options(flags, palette, is_terminal=False, env=env)
    return Pipeline(_target(case), output, troubles.append)


def one_line(case: Case) -> dict[str, Any]:
    options = dict(case["options"])
    stamp = _STAMP
    if "timestamp_rendered" in case:
        options |= {"timestamps": "short", "timezone": "UTC"}
    troubles: list[str] = []
    try:
        pipeline = _pipeline(case, troubles, options)
    except SternError as error:
        return {"error": str(error)}
    text = pipeline.feed(f"{stamp}{case['message']}\n".encode()).decode()
    if troubles:
        assert not text
        return {"error": troubles[0]}
    return {"text": text}


_STREAM_OPTIONS = ("template", "output", "include", "exclude", "highlight", "timestamps")


def stream(case: Case) -> dict[str, Any]:
    options = {key: case[key] for key in (*_STREAM_OPTIONS, "timezone") if key in case}
    troubles: list[str] = []
    pipeline = _pipeline(case, troubles, options)
    text = pipeline.feed(case["stream"].encode()).decode()
    return {"stdout": text, "stderr": "".join(troubles)}


def stdin(case: Case) -> dict[str, Any]:
    options = {key: case[key] for key in _STREAM_OPTIONS if key in case}
    flags = flags_of({**options, "stdin": True})
    palette = Palette(enabled=bool(case.get("color")))
    output = build_output_options(flags, palette, is_terminal=False, env={})
    pipeline = StdinPipeline(output, lambda message: None)
    return {"stdout": (pipeline.feed(case["input"].encode()) + pipeline.finish()).decode()}


def include_match(case: Case) -> dict[str, Any]:
    return {"kept": compile_filter(case["include"], ()).keeps(case["message"].encode())}


def highlight_text(case: Case) -> dict[str, Any]:
    palette = Palette(enabled=case["color"])
    highlighter = compile_highlighter(case["include"], case["highlight"], palette)
    text = case["text"].encode()
    return {"text": (highlighter.record(text) if highlighter else text).decode()}


def event(case: Case, *, is_start: bool) -> dict[str, Any]:
    options = case["options"]
    if options.get("only_log_lines"):
        return {"stderr": ""}
    line = event_line(
        _target(case),
        Palette(enabled=case["color"]),
        is_start=is_start,
        show_namespace=bool(options.get("namespace")),
    )
    return {"stderr": line}


def stamp_text(case: Case) -> dict[str, Any]:
    shape = StampFormat(case["format"], load_zone(case["timezone"]))
    try:
        return {"text": shape.format(case["timestamp"].encode()).decode()}
    except StampError as error:
        return {"error": str(error)}


def time_parse(case: Case) -> dict[str, Any]:
    moment = to_time(case["value"])
    if moment is None:
        return {"error": "no time"}
    return {"utc": rfc3339_nano(moment.at(load_zone("UTC")))}


# -- colours ---------------------------------------------------------------------------------------


def color_list(case: Case) -> dict[str, Any]:
    try:
        pairs = parse_colors(case["pod_colors"], case["container_colors"])
    except SternError as error:
        return {"error": str(error)}
    return {"pairs": [[list(pod), list(container)] for pod, container in pairs]}


def color_pick(case: Case) -> dict[str, Any]:
    palette = Palette(diff_container=case["diff_container"])
    names = case.get("containers") or [case.get("container")] * 2
    pods = case.get("pods") or [case.get("pod")] * 2
    one, other = (palette.pair(pod, name) for pod, name in zip(pods, names, strict=True))
    return {
        "pod_sgr": list(one.pod.codes),
        "container_sgr": list(one.container.codes),
        "stable": one == other,
        "pod_color_equal": one.pod == other.pod,
        "container_color_equal": one.container == other.container,
    }


def color_hash(case: Case) -> dict[str, Any]:
    palette = Palette()
    place = palette.place(case["name"])
    return {
        "hash": fnv1(case["name"]),
        "index": place,
        "pod_sgr": palette.pair(case["name"], "").pod.codes[0],
    }


def color_wrap(case: Case) -> dict[str, Any]:
    palette = Palette(enabled=case["enabled"])
    return {"text": palette.color(tuple(case["codes"])).wrap_text(case["text"])}


def color_enable(case: Case) -> dict[str, Any]:
    is_terminal = case["stdout_tty"]
    return {"color": colors_enabled(case["flag"], is_terminal=is_terminal, env=case["env"])}


# -- pods ------------------------------------------------------------------------------------------


def condition_parse(case: Case) -> dict[str, Any]:
    try:
        found = Condition.parse(case["text"])
    except SternError as error:
        return {"error": str(error)}
    return {"name": found.name, "value": found.value}


def condition_match(case: Case) -> dict[str, Any]:
    wanted = Condition(case["condition"]["name"], case["condition"]["value"])
    conditions = [
        PodCondition(type=each["type"], status=each["status"]) for each in case["pod_conditions"]
    ]
    return {"match": wanted.holds(Pod(status=PodStatus(conditions=conditions)))}


def state_parse(case: Case) -> dict[str, Any]:
    try:
        return {"state": parse_container_state(case["text"])}
    except SternError as error:
        return {"error": str(error)}


def _state(given: dict[str, Any], last_id: str = "") -> ContainerState:
    return ContainerState(
        running=ContainerStateRunning() if "running" in given else None,
        waiting=ContainerStateWaiting() if "waiting" in given else None,
        terminated=ContainerStateTerminated(
            container_id=(given["terminated"] or {}).get("containerID", "")
        )
        if "terminated" in given
        else None,
    )


def state_match(case: Case) -> dict[str, Any]:
    return {"match": state_matches(_state(case["container_state"]), (case["state"],))}


def _status(name: str, given: dict[str, Any]) -> ContainerStatus:
    last = given.get("lastTerminatedContainerID", "")
    return ContainerStatus(
        name=name,
        container_id=given.get("containerID", ""),
        state=_state(given["state"]),
        last_state=ContainerState(terminated=ContainerStateTerminated(container_id=last))
        if last
        else ContainerState(),
    )


def effective_id(case: Case) -> dict[str, Any]:
    return {"id": effective_container_id(_status("c", case))}


def _plain_filter(states: tuple[str, ...]) -> TargetFilter:
    return TargetFilter(
        pod=compile_pattern(""),
        exclude_pod=None,
        container=compile_pattern(".*"),
        exclude_container=None,
        states=states,
    )


def id_change(case: Case) -> dict[str, Any]:
    memory = ContainerMemory()
    chosen = _plain_filter(tuple(case["states_filter"]))
    selected = []
    for step in case["steps"]:
        if "forget_uid" in step:
            memory.forget(step["forget_uid"])
        given = dict(step["status"])
        state: dict[str, Any] = {
            word: {} for word in ("running", "waiting", "terminated") if given.get(word)
        }
        if given.get("terminatedContainerID"):
            state["terminated"] = {"containerID": given["terminatedContainerID"]}
        status = _status(case.get("container", "c1"), {**given, "state": state})
        pod = Pod(
            metadata=ObjectMeta(name=case.get("pod", "pod1"), uid=case.get("uid", "uid1")),
            status=PodStatus(container_statuses=[status]),
        )
        selected.append(any(True for _ in chosen.visit(pod, memory)))
    return {"selected_per_step": selected}


def _described(name: str, state: str) -> ContainerStatus:
    own_id = f"id-of-{name}"
    given: dict[str, Any] = {"state": {state: {}}}
    if state == "running":
        given["containerID"] = own_id
    elif state == "terminated":
        given["state"] = {"terminated": {"containerID": own_id}}
    else:
        given["lastTerminatedContainerID"] = own_id
    return _status(name, given)


def target_filter(case: Case) -> dict[str, Any]:
    wanted = case["filter"]
    chosen = TargetFilter(
        pod=compile_pattern(wanted["pod"]),
        exclude_pod=compile_any(wanted["exclude_pod"]),
        container=compile_pattern(wanted["container"]),
        exclude_container=compile_any(wanted["exclude_container"]),
        states=tuple(wanted["container_states"]),
        init_containers=wanted["init_containers"],
        ephemeral_containers=wanted["ephemeral_containers"],
    )
    memory = ContainerMemory()
    lists = case["each_pod_container_statuses"]
    found = []
    for name in case["pods"]:
        pod = Pod(
            metadata=ObjectMeta(name=name, namespace=case["namespace"], uid=f"uid-of-{name}"),
            status=PodStatus(
                init_container_statuses=[_described(*each) for each in lists["init"]],
                container_statuses=[_described(*each) for each in lists["regular"]],
                ephemeral_container_statuses=[_described(*each) for each in lists["ephemeral"]],
            ),
        )
        if chosen.matches_pod(name):
            found += [
                [each.target.pod, each.target.container] for each in chosen.visit(pod, memory)
            ]
    return {"targets": found}


def selector(case: Case) -> dict[str, Any]:
    kind = LabelSelector if case["kind"] == "label" else FieldSelector
    return {"text": str(kind.parse(case["text"]))}


def query_syntax(case: Case) -> dict[str, Any]:
    try:
        query = ResourceQuery.parse(case["query"])
    except SternError as error:
        return {"error": str(error)}
    if query.kind == "pod":
        return {"pod_regex": f"^{query.name}$", "label_selector": ""}
    labels = pod_labels(query, {"spec": {"selector": case["labels"]}})
    return {"label_selector": str(LabelSelector.from_labels(labels))}


# -- with a server ---------------------------------------------------------------------------------


async def query_labels(case: Case) -> dict[str, Any]:
    try:
        query = ResourceQuery.parse(f"{case['kind']}/{case['name']}")
    except SternError as error:
        return {"error": str(error)}
    given = case.get("object")
    found: dict[str, Any] = {"metadata": {"name": case["name"]}}
    for path, value in (given or {}).items():
        place = found
        *parents, last = path.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value

    def answer(request: Any) -> Any:
        assert request.path.endswith(
            f"/namespaces/{case['namespace']}/{kind.plural}/{case['name']}"
        )
        if given is None:
            return failure(404, "NotFound", f'{kind.plural} "{case["name"]}" not found')
        return json_response(found)

    kind = resource_type(query.kind)
    client, _ = canned_client(answer)
    try:
        got = await client.get(kind, query.name, case["namespace"])
        return {"labels": pod_labels(query, got)}
    except NotFoundError:
        return {"error": "NotFound"}
    except SternError as error:
        return {"error": str(error)}


async def names_of_kind(case: Case) -> dict[str, Any]:
    try:
        query = ResourceQuery.parse(f"{case['kind']}/")
    except SternError as error:
        return {"error": str(error)}
    names = case["cluster_objects_in_ns1"][query.kind] if case["namespace"] == "ns1" else []
    kind = resource_type(query.kind)

    def answer(request: Any) -> Any:
        assert request.path.endswith(f"/namespaces/{case['namespace']}/{kind.plural}")
        items = [{"metadata": {"name": name}} for name in names]
        return json_response({"metadata": {"resourceVersion": "1"}, "items": items})

    client, _ = canned_client(answer)
    return {"names": await resource_names(client, query.kind, case["namespace"])}


def protocol(case: Case) -> dict[str, Any]:
    arguments = case["argv"][1:]
    if "deployments" in case:
        found = complete_query(parse_flags(arguments[:-1]), arguments[-1], _known(case))
    else:
        found = candidates(arguments)
    return {
        "lines": list(found.lines),
        "directive": int(found.directive),
        "stderr_contains": found.note,
    }


def _known(case: Case) -> Callable[[Any], list[str]]:
    return lambda _question: case["deployments"]


class _Watcher:
    """A sink that counts how many targets are open at once, and in which order they came."""

    def __init__(self) -> None:
        self.order: list[Target] = []
        self.most_at_once = 0
        self._open = 0

    async def entry(self, entry: Entry) -> None:
        assert entry.data

    def started(self, target: Target) -> None:
        self.order.append(target)
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)

    def ended(self, target: Target) -> None:
        self._open -= 1

    def trouble(self, message: str) -> None:
        raise AssertionError(message)


def _running(name: str) -> dict[str, Any]:
    return {"name": name, "containerID": f"id-of-{name}", "state": {"running": {}}}


async def limited(case: Case) -> dict[str, Any]:
    statuses = [_running(f"c{number}") for number in range(case["containers"])]
    first, *middle, last = statuses
    status = {
        "initContainerStatuses": [first],
        "containerStatuses": middle,
        "ephemeralContainerStatuses": [last],
    }
    pod = {"metadata": {"name": "p", "namespace": "ns1", "uid": "u"}, "status": status}

    def answer(request: Any) -> Any:
        if request.path.endswith("/log"):
            return CannedResponse(200, f"{_STAMP}x\n".encode())
        return json_response({"metadata": {"resourceVersion": "1"}, "items": [pod]})

    client, _ = canned_client(answer, "ns1")
    options = TailOptions(follow=case["follow"], max_log_requests=case["max_log_requests"])
    sink = _Watcher()
    await tail(client, options, sink=sink)
    kinds = [target.kind for target in sink.order]
    in_order = kinds == sorted(kinds, key=list(ContainerKind).index)
    names = [target.container for target in sink.order]
    return {
        "exit": 0,
        "max_concurrent": sink.most_at_once,
        "order": "list order; init, regular, ephemeral"
        if in_order and names == sorted(names)
        else names,
    }


def request(case: Case) -> dict[str, Any]:
    options = build_tail_options(flags_of(case["options"]))
    target = Target(case["namespace"], case["pod"], case["container"])
    asked = log_query(target, options)
    return {"method": "GET", "path": asked.path, "query": dict(asked.parameters())}


RUNNERS: dict[str, Callable[[Case], Any]] = {
    "cli/parse": parse,
    "cli/flag-error": flag_error,
    "cli/early-exit": early_exit,
    "cli/completion-script": early_exit,
    "cli/validate": validation,
    "config/build": lambda case: (
        build_errors(case) if case["options"].get("template") else build(case)
    ),
    "config/build-error": build_errors,
    "config-file/path": config_where,
    "config-file/load": config_load,
    "output/format": one_line,
    "template": one_line,
    "template/function": one_line,
    "template/time-parse": time_parse,
    "stdin": stdin,
    "stream/line": stream,
    "stream/timestamps": stream,
    "filter/highlight": stream,
    "filter/include": stream,
    "filter/order": stream,
    "filter/scope": stream,
    "filter/include-match": include_match,
    "filter/highlight-text": highlight_text,
    "events/start": lambda case: event(case, is_start=True),
    "events/stop": lambda case: event(case, is_start=False),
    "timestamps/format": stamp_text,
    "color/list": color_list,
    "color/pick": color_pick,
    "color/hash": color_hash,
    "color/wrap": color_wrap,
    "color/enable": color_enable,
    "condition/parse": condition_parse,
    "condition/match": condition_match,
    "container-state/parse": state_parse,
    "container-state/match": state_match,
    "target/filter": target_filter,
    "target/container-id-change": id_change,
    "target/effective-container-id": effective_id,
    "selector/normalise": selector,
    "resource-query/syntax": query_syntax,
    "resource-query/labels": query_labels,
    "completion/resource-names": names_of_kind,
    "completion/protocol": protocol,
    "stream/resume": lambda case: (
        original_resume.request(case) if "original" in case else original_resume.stream(case)
    ),
    "stream/resume-skip": original_resume.skip,
    "stream/truncate-seconds": original_resume.truncated,
    "run/max-log-requests": limited,
    "run/request": request,
}
