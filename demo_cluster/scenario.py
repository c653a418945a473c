"""Scenario files: nodes, images, what happened before, what will happen, and the dials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from demo_cluster.custom_kinds import DEFINITIONS
from demo_cluster.durations import seconds_of
from demo_cluster.faults import Fault, parse_fault
from demo_cluster.images import Image
from demo_cluster.kinds import Kind, Obj
from demo_cluster.people import Person
from demo_cluster.scenario_images import read_image
from demo_cluster.scenario_objects import (
    CONTAINER_KEYS,
    POD_KEYS,
    WORKLOAD_KINDS,
    node_object,
    workload_objects,
)
from demo_cluster.scenario_rules import ObjectRules
from demo_cluster.scenario_source import (
    Entry,
    ScenarioError,
    at,
    plain,
    read_scenario,
)

DIALS = ("nodes", "pods", "namespaces", "churn", "log-rate", "latency", "clock-skew")
"""What `dials:` and the command line may set."""
_FIRST_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_TOP_KEYS = (
    "extends",
    "age",
    "nodes",
    "images",
    "namespaces",
    "users",
    "objects",
    "workloads",
    "timeline",
    "dials",
    "faults",
)
_NODE_KEYS = (
    "name",
    "ago",
    "cpu",
    "memory",
    "pods",
    "roles",
    "labels",
    "version",
    "address",
    "cidr",
    "taints",
)
_WORKLOAD_KEYS = (
    "name",
    "namespace",
    "kind",
    "ago",
    "replicas",
    "labels",
    "annotations",
    "ports",
    "service",
    "container",
    "sidecars",
    "schedule",
    "job",
    "spec",
    *CONTAINER_KEYS,
    *POD_KEYS,
)
_USER_KEYS = ("name", "groups", "namespace", "role", "rules")
_RULE_KEYS = ("namespace", "apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs")
_TARGET_KEYS = ("apiVersion", "kind", "namespace", "name")
_PATCHES: tuple[tuple[str, type, str], ...] = (
    ("name", str, "the object's name"),
    ("namespace", str, "the object's namespace"),
    ("image", str, '"web:2.0"'),
    ("replicas", int, "3"),
    ("merge", dict, "{spec: {...}}"),
)
_ACTIONS = ("create", "patch", "delete", "workload", "lose_node", "restore_node", "faults")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: `seconds` before (negative) or after the start."""

    seconds: float
    action: str
    value: Any


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world as its file describes it."""

    past: timedelta = timedelta()
    images: tuple[Image, ...] = ()
    steps: tuple[Step, ...] = ()
    """In order of time."""
    bulk: Mapping[str, Any] = field(default_factory=dict)
    """Dials of a big cluster: nodes, pods, namespaces, churn."""
    people: tuple[Person, ...] = ()
    faults: tuple[Fault, ...] = ()
    latency_seconds: float = 0.0
    clock_skew: timedelta = timedelta()


def load_scenario(name: str, dials: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario of a shipped name or a path; dials that are given win over its own.

    Raises:
        ScenarioError: There is none, or it is malformed; says where and what to do.
    """
    tree = read_scenario(name)
    tree.check("a scenario", _TOP_KEYS)
    own = _dials(tree)
    given = {key: value for key, value in (dials or {}).items() if value is not None}
    return _Reader(tree, {**own, **given}).scenario()


def _dials(tree: Entry) -> dict[str, Any]:
    found = tree.get("dials") or {}
    if not isinstance(found, Entry):
        return {}
    found.check("dials", DIALS)
    made: dict[str, Any] = {}
    for key, value in found.items():
        with at(found.place_of(key)):
            if key in ("latency", "clock-skew"):
                sign = -1 if str(value).startswith("-") else 1
                made[key.replace("-", "_")] = sign * seconds_of(str(value).removeprefix("-"))
            else:
                made[key.replace("-", "_")] = _amount(value, key)
    return made


def _amount(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{key} is {value!r}; write a number, 0 or more.")
    return value


class _Reader:
    """One tree on its way to a Scenario."""

    def __init__(self, tree: Entry, dials: Mapping[str, Any]) -> None:
        self._tree = tree
        self._dials = dials
        self._rules = ObjectRules()
        self._steps: list[Step] = []
        self._spaces: dict[str, float] = {}
        self._known_spaces = set(_FIRST_NAMESPACES)
        self._nodes: dict[str, tuple[Obj, float | None]] = {}

    def scenario(self) -> Scenario:
        """The value of the tree."""
        tree = self._tree
        rate = float(self._dials.get("log_rate", 1))
        images = tuple(read_image(entry, rate) for entry in tree.entries("images", "an image"))
        self._read_nodes()
        self._read_objects()
        for entry in tree.entries("workloads", "a workload"):
            self._steps += self._workload(entry, -self._ago(entry))
        for entry in tree.entries("timeline", "a step"):
            self._steps += self._step(entry)
        self._read_namespaces()
        self._place_nodes()
        self._steps.sort(key=lambda step: step.seconds)
        past = -min((step.seconds for step in self._steps), default=0.0)
        return Scenario(
            timedelta(seconds=max(past, 0.0)),
            images,
            tuple(self._steps),
            self._dials,
            tuple(_person(entry) for entry in tree.entries("users", "a user")),
            self._faults(tree),
            float(self._dials.get("latency", 0.0)),
            timedelta(seconds=self._dials.get("clock_skew", 0.0)),
        )

    @staticmethod
    def _ago(entry: Entry, default: Any = 0) -> float:
        with at(entry.place_of("ago")):
            return seconds_of(entry.get("ago", default))

    def _read_nodes(self) -> None:
        for entry in self._tree.entries("nodes", "a node"):
            entry.check("a node", _NODE_KEYS, ("name",))
            ago = self._ago(entry) if "ago" in entry else None
            with at(entry.place):
                node = node_object(plain(entry))
            self._nodes[str(entry["name"])] = (self._rules.accepted(entry, node), ago)
        if not self._nodes and not self._dials.get("nodes"):
            for number in (1, 2):
                settings = {"name": f"node-{number}", "cpu": 8, "memory": "32Gi"}
                node = node_object({**settings, "address": f"192.0.2.{9 + number}"})
                self._nodes[node["metadata"]["name"]] = (node, None)

    def _place_nodes(self) -> None:
        """Nodes without a time of their own are there before everything else."""
        with at(self._tree.place_of("age")):
            age = seconds_of(self._tree.get("age", 0))
        age = max([age, *(-step.seconds for step in self._steps)])
        steps = [
            Step(-age if ago is None else -ago, "create", node)
            for node, ago in self._nodes.values()
        ]
        self._steps[:0] = steps

    def _read_objects(self) -> None:
        entries = list(self._tree.entries("objects", "an object"))
        for entry in entries:
            if entry.get("kind") == DEFINITIONS.kind:
                with at(entry.place):
                    spec = entry["spec"]
                    for version in spec["versions"]:
                        api = f"{spec['group']}/{version['name']}"
                        self._rules.custom.add((api, spec["names"]["kind"]))
        for entry in entries:
            ago = self._ago(entry)
            obj = {key: value for key, value in plain(entry).items() if key != "ago"}
            obj = self._rules.written_out(entry, obj)
            self._in_namespace(obj["metadata"].get("namespace"), ago)
            if obj["kind"] == "Namespace":
                self._known_spaces.add(obj["metadata"]["name"])
            self._steps.append(Step(-ago, "create", obj))

    def _in_namespace(self, name: Any, ago: float) -> None:
        if name and isinstance(name, str):
            self._spaces[name] = max(self._spaces.get(name, 0.0), ago)

    def _read_namespaces(self) -> None:
        listed = self._tree.get("namespaces") or ()
        with at(self._tree.place_of("namespaces")):
            for each in listed:
                if isinstance(each, Entry):
                    each.check("a namespace", ("name", "labels", "ago"), ("name",))
                settings: Obj = {"name": each} if isinstance(each, str) else plain(each)
                ago = seconds_of(settings.pop("ago", self._tree.get("age", 0)))
                name = str(settings["name"])
                ago = max(ago, self._spaces.get(name, 0.0))
                self._add_namespace(name, ago, settings.get("labels"))
        for name, ago in self._spaces.items():
            if name not in self._known_spaces:
                self._add_namespace(name, ago, None)

    def _add_namespace(self, name: str, ago: float, labels: Obj | None) -> None:
        self._known_spaces.add(name)
        meta = {"name": name, **({"labels": labels} if labels else {})}
        obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
        self._steps.insert(0, Step(-ago, "create", self._rules.accepted(self._tree, obj)))

    def _workload(self, entry: Entry, seconds: float) -> list[Step]:
        entry.check("a workload", _WORKLOAD_KEYS, ("name", "image"))
        kind = entry.get("kind", "Deployment")
        if kind not in WORKLOAD_KINDS:
            kinds = ", ".join(WORKLOAD_KINDS)
            raise ScenarioError(f"{entry.place_of('kind')}: no workload {kind!r}; write {kinds}.")
        if kind == "CronJob" and "schedule" not in entry:
            raise ScenarioError(f'{entry.place}: a CronJob lacks a schedule; add "*/5 * * * *".')
        settings = plain(entry)
        settings["namespace"] = settings.get("namespace") or "default"
        self._in_namespace(settings["namespace"], max(-seconds, 0.0))
        with at(entry.place):
            objects = list(workload_objects(settings))
        return [Step(seconds, "create", self._rules.accepted(entry, obj)) for obj in objects]

    def _step(self, entry: Entry) -> list[Step]:
        entry.check("a step", ("at", "ago", *_ACTIONS))
        actions = [key for key in entry if key in _ACTIONS]
        if ("at" in entry) == ("ago" in entry) or len(actions) != 1:
            raise ScenarioError(
                f"{entry.place}: a step has one time and one action; write `at: 30s` (or `ago:`) "
                f"and one of {', '.join(_ACTIONS)}."
            )
        [action] = actions
        time = "at" if "at" in entry else "ago"
        with at(entry.place_of(time)):
            seconds = seconds_of(entry[time]) * (1 if time == "at" else -1)
        checks: dict[str, Callable[[Entry, float], list[Step]]] = {
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
            "workload": self._workload,
        }
        value = entry[action]
        place = entry.place_of(action)
        if action in checks:
            if not isinstance(value, Entry):
                raise ScenarioError(f"{place}: {action} is no mapping; write `{action}: {{...}}`.")
            return checks[action](value, seconds)
        if action == "faults":
            return [Step(seconds, action, self._faults(entry))]
        if str(value) not in self._nodes and not str(value).startswith("bulk-"):
            known = ", ".join(sorted(self._nodes)) or "none"
            raise ScenarioError(f"{place}: no node {value!r}; known are {known}.")
        return [Step(seconds, action, value)]

    def _create(self, value: Entry, seconds: float) -> list[Step]:
        return [Step(seconds, "create", self._rules.written_out(value, plain(value)))]

    def _patch(self, value: Entry, seconds: float) -> list[Step]:
        what = "a patch"
        value.check(what, (*_TARGET_KEYS, "image", "replicas", "merge"), ("kind", "name"))
        if not {"image", "replicas", "merge"} & set(value):
            raise ScenarioError(
                f"{value.place}: a patch changes nothing; add image:, replicas: or merge: {{...}}."
            )
        for key, type_, example in _PATCHES:
            if key in value and (not isinstance(value[key], type_) or value[key] is True):
                place = value.place_of(key)
                raise ScenarioError(
                    f"{place}: {key} of a patch is {value[key]!r}; write {example}."
                )
        kind = self._rules.kind(value, value)
        if kind is not None:
            merge = plain(value.get("merge", {}))
            self._rules.checked_types(value, kind, {"metadata": {}, **merge})
        return [Step(seconds, "patch", _in_a_namespace(kind, plain(value)))]

    def _delete(self, value: Entry, seconds: float) -> list[Step]:
        value.check("a delete", _TARGET_KEYS, ("kind", "name"))
        if not isinstance(value.get("namespace", ""), str) or not isinstance(value["name"], str):
            raise ScenarioError(f"{value.place}: namespace and name of a delete are words.")
        kind = self._rules.kind(value, value)
        return [Step(seconds, "delete", _in_a_namespace(kind, plain(value)))]

    @staticmethod
    def _faults(entry: Entry) -> tuple[Fault, ...]:
        with at(entry.place_of("faults")):
            texts = entry.get("faults") or ()
            if isinstance(texts, str):
                texts = [texts]
            return tuple(parse_fault(str(text)) for text in texts)


def _in_a_namespace(kind: Kind | None, target: Obj) -> Obj:
    """Who names an object of a namespaced kind without one means the default."""
    if kind is not None and kind.namespaced:
        target["namespace"] = target.get("namespace") or "default"
    return target


def _person(entry: Entry) -> Person:
    entry.check("a user", _USER_KEYS, ("name",))
    for rule in entry.entries("rules", "a rule"):
        rule.check("a rule", _RULE_KEYS, ("verbs",))
    settings = plain(entry)
    return Person(
        str(settings["name"]),
        tuple(settings.get("groups") or ()),
        settings.get("namespace", ""),
        settings.get("role", ""),
        tuple(settings.get("rules") or ()),
    )
