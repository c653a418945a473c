"""What may stand behind each key of a scenario file. Pure: tables, and one test for each shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo_cluster.containers.images import byte_count, core_count
from demo_cluster.durations import seconds_of


@dataclass(frozen=True, slots=True)
class Shape:
    """A test of a value, and an example of one that passes."""

    fits: Callable[[Any], bool]
    example: str


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or _is_number(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(map(_is_text, value)))


def _is_duration(value: Any) -> bool:
    return _converts(seconds_of, value)


def _is_pair(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_duration, value)):
        return False
    return seconds_of(value[0]) > seconds_of(value[1])


def _is_size(value: Any) -> bool:
    return _is_text(value) and _converts(byte_count, value) and byte_count(value) >= 0


def _is_cores(value: Any) -> bool:
    return _is_text(value) and _converts(core_count, value)


def _converts(convert: Callable[[Any], object], value: Any) -> bool:
    try:
        convert(value)
    except (ValueError, OverflowError):
        return False
    return True


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and 0 < value < 65536 and value is not True


def _are_ports(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(p, dict) or _is_port(p) for p in value)


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and 100 <= value < 600


def _are_words(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_texts, value.values()))


def _are_texts_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


ANYTHING = Shape(lambda _: True, "")
"""Somebody else looks at it."""
WORD = Shape(lambda value: isinstance(value, str) and bool(value), "a word, as web")
TEXT = Shape(_is_text, '"some text"')
TEXTS = Shape(_is_texts, "[one, two]")
LINES = Shape(_is_texts, '["a line", "another"]')
COUNT = Shape(
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0, "0, 1, 2"
)
CODE = Shape(lambda value: COUNT.fits(value) and value < 256, "an exit code, 0 to 255")
AMOUNT = Shape(lambda value: _is_number(value) and value >= 0, "a number, 0 or more")
WEIGHT = Shape(lambda value: _is_number(value) and value > 0, "a number above 0, as 0.5 or 20")
DURATION = Shape(_is_duration, "90s, 1.5s or 1h30m")
SHIFT = Shape(lambda value: _is_duration(str(value).removeprefix("-")), "90s or -90s")
PAIR = Shape(_is_pair, "[240, 35]: for 35 s in every 240")
SIZE = Shape(_is_size, "64Mi")
CORES = Shape(_is_cores, "0.2 or 200m")
FLAG = Shape(lambda value: isinstance(value, bool), "true or false")
LIST = Shape(lambda value: isinstance(value, list), "a list: `- ` before each entry")
MAPPING = Shape(lambda value: isinstance(value, dict), "{key: value}")
NAMED_TEXTS = Shape(_are_texts_by_name, "{name: text}")
WORDS = Shape(_are_words, "{path: [/a, /b]}")
PORTS = Shape(_are_ports, "[8080]")
SERVICE = Shape(lambda value: isinstance(value, bool | dict), "true, or {port: 80}")
ENV = Shape(lambda value: _are_texts_by_name(value) or isinstance(value, list), "{NAME: value}")

ANSWERS = Shape(
    lambda value: isinstance(value, dict) and all(map(_is_status, value.values())),
    "{/actuator/*: 200, /broken: 500}",
)

Shapes = Mapping[str, Shape]

DIALS: Shapes = {
    "nodes": COUNT,
    "pods": COUNT,
    "namespaces": COUNT,
    "churn": AMOUNT,
    "log-rate": AMOUNT,
    "latency": DURATION,
    "clock-skew": SHIFT,
}
"""What `dials:` and the command line may set."""
TOP: Shapes = {
    "extends": WORD,
    "age": DURATION,
    "nodes": LIST,
    "images": LIST,
    "namespaces": LIST,
    "users": LIST,
    "objects": LIST,
    "workloads": LIST,
    "timeline": LIST,
    "dials": MAPPING,
    "faults": TEXTS,
}
NODE: Shapes = {
    "name": WORD,
    "ago": DURATION,
    "cpu": CORES,
    "memory": SIZE,
    "pods": COUNT,
    "roles": TEXTS,
    "labels": NAMED_TEXTS,
    "version": TEXT,
    "address": TEXT,
    "cidr": TEXT,
    "taints": LIST,
}
NAMESPACE: Shapes = {"name": WORD, "labels": NAMED_TEXTS, "ago": DURATION}
POD: Shapes = {
    "initContainers": LIST,
    "volumes": LIST,
    "nodeSelector": NAMED_TEXTS,
    "tolerations": LIST,
    "hostNetwork": FLAG,
    "terminationGracePeriodSeconds": COUNT,
    "serviceAccountName": WORD,
    "restartPolicy": WORD,
    "priorityClassName": WORD,
}
"""What a workload says of its pods, as a pod has it."""
CONTAINER: Shapes = {
    "image": WORD,
    "command": LIST,
    "args": LIST,
    "env": ENV,
    "envFrom": LIST,
    "resources": MAPPING,
    "readinessProbe": MAPPING,
    "livenessProbe": MAPPING,
    "startupProbe": MAPPING,
    "volumeMounts": LIST,
    "lifecycle": MAPPING,
    "securityContext": MAPPING,
}
"""What a workload says of its first container, as a container has it."""
WORKLOAD: Shapes = {
    "name": WORD,
    "namespace": WORD,
    "kind": WORD,
    "ago": DURATION,
    "replicas": ANYTHING,
    "labels": NAMED_TEXTS,
    "annotations": NAMED_TEXTS,
    "ports": PORTS,
    "service": SERVICE,
    "container": WORD,
    "sidecars": LIST,
    "schedule": TEXT,
    "job": MAPPING,
    "spec": MAPPING,
    **CONTAINER,
    **POD,
}
USER: Shapes = {"name": WORD, "groups": LIST, "namespace": WORD, "role": WORD, "rules": LIST}
RULE: Shapes = {
    "namespace": WORD,
    "apiGroups": LIST,
    "resources": LIST,
    "resourceNames": LIST,
    "nonResourceURLs": LIST,
    "verbs": LIST,
}
ACTIONS: Shapes = {
    "create": MAPPING,
    "patch": MAPPING,
    "delete": MAPPING,
    "workload": MAPPING,
    "lose_node": WORD,
    "restore_node": WORD,
    "faults": TEXTS,
}
STEP: Shapes = {"at": DURATION, "ago": DURATION, **ACTIONS}
TARGET: Shapes = {"apiVersion": WORD, "kind": WORD, "namespace": WORD, "name": WORD}
PATCH: Shapes = {**TARGET, "image": WORD, "replicas": COUNT, "merge": MAPPING}
IMAGE: Shapes = {
    "name": TEXTS,
    "opening": LINES,
    "talk": LIST,
    "words": WORDS,
    "crash": MAPPING,
    "finish": MAPPING,
    "farewell": MAPPING,
    "ready_after": DURATION,
    "unready": PAIR,
    "hangs_after": DURATION,
    "cpu": CORES,
    "memory": SIZE,
    "leaks_per_hour": SIZE,
    "command": TEXTS,
    "workers": TEXTS,
    "ports": Shape(lambda value: isinstance(value, list) and all(map(_is_port, value)), "[8080]"),
    "page": TEXT,
    "answers": ANSWERS,
    "files": NAMED_TEXTS,
    "environment": NAMED_TEXTS,
    "user": TEXT,
    "size": SIZE,
    "base": WORD,
    "runs_commands": FLAG,
    "checks": NAMED_TEXTS,
    "is_missing": FLAG,
}
CRASH: Shapes = {
    "after": DURATION,
    "jitter": DURATION,
    "code": CODE,
    "reason": WORD,
    "lines": LINES,
}
FINISH: Shapes = {"after": DURATION, "jitter": DURATION, "lines": LINES, "fails_every": COUNT}
FAREWELL: Shapes = {"seconds": DURATION, "code": CODE, "lines": LINES}
VOICE: Shapes = {
    "every": Shape(
        lambda value: _is_duration(value) and seconds_of(value) > 0,
        "how far apart the lines are, as 2s",
    ),
    "say": Shape(lambda value: bool(value) and isinstance(value, str | list), '["a line"]'),
}
SAYING: Shapes = {"lines": LINES, "weight": WEIGHT}
