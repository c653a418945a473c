"""Scenario files: nodes, images, what happened before, what will happen, and the dials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from demo_cluster.access.people import Person
from demo_cluster.containers.images import Image
from demo_cluster.cron import Schedule, ScheduleError
from demo_cluster.custom.kinds import DEFINITIONS
from demo_cluster.durations import seconds_of
from demo_cluster.faults import Fault, parse_fault
from demo_cluster.kinds import Kind, Obj
from demo_cluster.scenarios.images import read_image
from demo_cluster.scenarios.objects import WORKLOAD_KINDS, node_object, workload_objects
from demo_cluster.scenarios.rules import ObjectRules
from demo_cluster.scenarios.shapes import (
    ACTIONS,
    DIALS,
    NAMESPACE,
    NODE,
    PATCH,
    RULE,
    STEP,
    TARGET,
    TOP,
    USER,
    WORKLOAD,
)
from demo_cluster.scenarios.source import (
    Entry,
    Mistakes,
    Place,
    ScenarioError,
    at,
    plain,
    read_scenario,
)

_FIRST_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_FIRST_ROLES = ("view", "edit", "admin", "cluster-admin")
_PERSONS_OWN = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
"""Kinds that nothing but a person or a scenario makes."""


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
    mistakes = Mistakes()
    with mistakes.noted():
        tree.check("a scenario", TOP)
    own: dict[str, Any] = {}
    with mistakes.noted():
        own = _dials(tree)
    given = {key: value for key, value in (dials or {}).items() if value is not None}
    return _Reader(tree, {**own, **given}, mistakes).scenario()


def _dials(tree: Entry) -> dict[str, Any]:
    found = tree.get("dials")
    if not isinstance(found, Entry):
        return {}
    found.check("dials", DIALS)
    made: dict[str, Any] = {}
    for key, value in found.items():
        is_time = key in ("latency", "clock-skew")
        made[key.replace("-", "_")] = _signed_seconds(str(value)) if is_time else value
    return made


def _signed_seconds(text: str) -> float:
    seconds = seconds_of(text.removeprefix("-"))
    return -seconds if text.startswith("-") else seconds


class _Reader:
    """One tree on its way to a Scenario."""

    def __init__(self, tree: Entry, dials: Mapping[str, Any], mistakes: Mistakes) -> None:
        self._tree = tree
        self._dials = dials
        self._mistakes = mistakes
        self._rules = ObjectRules()
        self._steps: list[Step] = []
        self._spaces: dict[str, float] = {}
        self._known_spaces = set(_FIRST_NAMESPACES)
        self._nodes: dict[str, tuple[Obj, float | None]] = {}
        self._node_names: set[str] = set()
        self._images: list[Image] = []
        self._people: list[Person] = []
        self._faults: tuple[Fault, ...] = ()
        self._targets: list[tuple[Place, Obj]] = []

    def scenario(self) -> Scenario:
        """The value of the tree.

        Raises:
            ScenarioError: It has mistakes; says all of them.
        """
        tree = self._tree
        rate = float(self._dials.get("log_rate", 1))
        self._each("images", "an image", lambda entry: self._images.append(read_image(entry, rate)))
        self._read_nodes()
        self._read_objects()
        self._each("workloads", "a workload", self._read_workload, _workload_key)
        self._each("timeline", "a step", self._read_step)
        self._each("users", "a user", self._read_person, lambda entry: entry.get("name"))
        with self._mistakes.noted():
            self._faults = _faults(tree)
        self._read_namespaces()
        self._check_targets()
        self._mistakes.tell()
        self._place_nodes()
        self._steps.sort(key=lambda step: step.seconds)
        past = -min((step.seconds for step in self._steps), default=0.0)
        return Scenario(
            timedelta(seconds=max(past, 0.0)),
            tuple(self._images),
            tuple(self._steps),
            self._dials,
            tuple(self._people),
            self._faults,
            float(self._dials.get("latency", 0.0)),
            timedelta(seconds=self._dials.get("clock_skew", 0.0)),
        )

    def _each(
        self,
        key: str,
        what: str,
        read: Callable[[Entry], object],
        own: Callable[[Entry], object] | None = None,
    ) -> None:
        """Read the entries of a list; what is wrong with one does not hide the next.

        Of those that are the same one by `own`, a file on top of another has the last word.
        """
        with self._mistakes.noted():
            for entry in _latest(list(self._tree.entries(key, what)), what, own or id):
                with self._mistakes.noted():
                    read(entry)

    @staticmethod
    def _ago(entry: Entry, default: Any = 0) -> float:
        with at(entry.place_of("ago")):
            return seconds_of(entry.get("ago", default))

    def _read_nodes(self) -> None:
        self._each("nodes", "a node", self._read_node, lambda entry: entry.get("name"))
        if not self._node_names and not self._dials.get("nodes"):
            for number in (1, 2):
                settings = {"name": f"node-{number}", "cpu": 8, "memory": "32Gi"}
                node = node_object({**settings, "address": f"192.0.2.{9 + number}"})
                self._nodes[node["metadata"]["name"]] = (node, None)
                self._node_names.add(node["metadata"]["name"])

    def _read_node(self, entry: Entry) -> None:
        self._node_names.add(str(entry.get("name")))
        entry.check("a node", NODE, ("name",))
        ago = self._ago(entry) if "ago" in entry else None
        with at(entry.place):
            node = node_object(plain(entry))
        self._nodes[entry["name"]] = (self._rules.accepted(entry, node), ago)

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
        self._each("objects", "an object", self._read_definition)
        self._each("objects", "an object", self._read_object, _object_key)

    def _read_definition(self, entry: Entry) -> None:
        if entry.get("kind") != DEFINITIONS.kind:
            return
        with at(entry.place):
            spec = entry["spec"]
            for version in spec["versions"]:
                api = f"{spec['group']}/{version['name']}"
                self._rules.custom.add((api, spec["names"]["kind"]))

    def _read_object(self, entry: Entry) -> None:
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
        listed = self._tree.get("namespaces")
        place = self._tree.place_of("namespaces")
        for each in listed if isinstance(listed, list) else ():
            with self._mistakes.noted(), at(place):
                self._read_namespace(each, place)
        for name, ago in self._spaces.items():
            if name not in self._known_spaces:
                with self._mistakes.noted():
                    self._add_namespace(name, ago, None)

    def _read_namespace(self, each: Any, place: Place) -> None:
        if isinstance(each, Entry):
            each.check("a namespace", NAMESPACE, ("name",))
        elif not isinstance(each, str):
            raise ScenarioError(f"{place}: a namespace is {each!r}; write a name, as shop.")
        settings: Obj = {"name": each} if isinstance(each, str) else plain(each)
        ago = seconds_of(settings.pop("ago", self._tree.get("age", 0)))
        name = settings["name"]
        ago = max(ago, self._spaces.get(name, 0.0))
        self._add_namespace(name, ago, settings.get("labels"))

    def _add_namespace(self, name: str, ago: float, labels: Obj | None) -> None:
        self._known_spaces.add(name)
        meta = {"name": name, **({"labels": labels} if labels else {})}
        obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
        self._steps.insert(0, Step(-ago, "create", self._rules.accepted(self._tree, obj)))

    def _read_workload(self, entry: Entry) -> None:
        entry.check("a workload", WORKLOAD, ("name", "image"))
        self._steps += self._workload(entry, -self._ago(entry))

    def _later_workload(self, entry: Entry, seconds: float) -> list[Step]:
        entry.check("a workload", WORKLOAD, ("name", "image"))
        return self._workload(entry, seconds)

    def _workload(self, entry: Entry, seconds: float) -> list[Step]:
        kind = entry.get("kind", "Deployment")
        if kind not in WORKLOAD_KINDS:
            kinds = ", ".join(WORKLOAD_KINDS)
            raise ScenarioError(f"{entry.place_of('kind')}: no workload {kind!r}; write {kinds}.")
        if kind == "CronJob":
            _check_schedule(entry)
        settings = plain(entry)
        settings["namespace"] = settings.get("namespace") or "default"
        self._in_namespace(settings["namespace"], max(-seconds, 0.0))
        with at(entry.place):
            objects = list(workload_objects(settings))
        return [Step(seconds, "create", self._rules.accepted(entry, obj)) for obj in objects]

    def _read_step(self, entry: Entry) -> None:
        entry.check("a step", STEP)
        actions = [key for key in entry if key in ACTIONS]
        if ("at" in entry) == ("ago" in entry) or len(actions) != 1:
            raise ScenarioError(
                f"{entry.place}: a step has one time and one action; write `at: 30s` (or `ago:`) "
                f"and one of {', '.join(ACTIONS)}."
            )
        [action] = actions
        time = "at" if "at" in entry else "ago"
        seconds = seconds_of(entry[time]) * (1 if time == "at" else -1)
        self._steps += self._step(entry, action, seconds)

    def _step(self, entry: Entry, action: str, seconds: float) -> list[Step]:
        checks: dict[str, Callable[[Entry, float], list[Step]]] = {
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
            "workload": self._later_workload,
        }
        value = entry[action]
        place = entry.place_of(action)
        if action in checks:
            if not isinstance(value, Entry):
                raise ScenarioError(f"{place}: {action} is no mapping; write `{action}: {{...}}`.")
            return checks[action](value, seconds)
        if action == "faults":
            return [Step(seconds, action, _faults(entry))]
        if value not in self._node_names and not str(value).startswith("bulk-"):
            known = ", ".join(sorted(self._node_names)) or "none"
            raise ScenarioError(f"{place}: no node {value!r}; known are {known}.")
        return [Step(seconds, action, value)]

    def _create(self, value: Entry, seconds: float) -> list[Step]:
        return [Step(seconds, "create", self._rules.written_out(value, plain(value)))]

    def _patch(self, value: Entry, seconds: float) -> list[Step]:
        value.check("a patch", PATCH, ("kind", "name"))
        if not {"image", "replicas", "merge"} & set(value):
            raise ScenarioError(
                f"{value.place}: a patch changes nothing; add image:, replicas: or merge: {{...}}."
            )
        kind = self._rules.kind(value, value)
        if kind is not None:
            merge = plain(value.get("merge") or {})
            self._rules.checked_types(value, kind, {"metadata": {}, **merge})
        return [Step(seconds, "patch", self._target(kind, value))]

    def _delete(self, value: Entry, seconds: float) -> list[Step]:
        value.check("a delete", TARGET, ("kind", "name"))
        return [Step(seconds, "delete", self._target(self._rules.kind(value, value), value))]

    def _target(self, kind: Kind | None, value: Entry) -> Obj:
        """What is changed; who names one of a namespaced kind without a namespace means default."""
        target: Obj = plain(value)
        if kind is None:
            target.setdefault("apiVersion", self._rules.custom_version(target["kind"]))
        else:
            target["apiVersion"] = kind.api_version
            if kind.namespaced:
                target["namespace"] = target.get("namespace") or "default"
        self._targets.append((value.place_of("name"), target))
        return target

    def _check_targets(self) -> None:
        """What only a scenario makes, one of the steps makes."""
        made = {
            (each["kind"], each["metadata"].get("namespace"), each["metadata"].get("name"))
            for each in (step.value for step in self._steps if step.action == "create")
        }
        for place, target in self._targets:
            kind, namespace, name = target["kind"], target.get("namespace"), target["name"]
            if kind not in _PERSONS_OWN or (kind, namespace, name) in made:
                continue
            names = {other[2] for other in made if other[:2] == (kind, namespace)}
            known = ", ".join(sorted(filter(None, names))) or "none"
            with self._mistakes.noted():
                raise ScenarioError(
                    f"{place}: no {kind} {name!r} in the namespace {namespace!r}; "
                    f"known there are {known}."
                )

    def _read_person(self, entry: Entry) -> None:
        entry.check("a user", USER, ("name",))
        for rule in entry.entries("rules", "a rule"):
            rule.check("a rule", RULE, ("verbs",))
        settings = plain(entry)
        role = settings.get("role") or ""
        roles = {*_FIRST_ROLES, *self._own_roles()}
        if role and role not in roles and not role.startswith("system:"):
            known = ", ".join(sorted(roles))
            raise ScenarioError(
                f"{entry.place_of('role')}: no ClusterRole {role!r}; write one of {known}, or add "
                "it to the objects."
            )
        self._people.append(
            Person(
                settings["name"],
                tuple(settings.get("groups") or ()),
                settings.get("namespace") or "",
                role,
                tuple(settings.get("rules") or ()),
            )
        )

    def _own_roles(self) -> set[str]:
        created = (step.value for step in self._steps if step.action == "create")
        return {each["metadata"]["name"] for each in created if each["kind"] == "ClusterRole"}


def _faults(entry: Entry) -> tuple[Fault, ...]:
    with at(entry.place_of("faults")):
        texts = entry.get("faults") or ()
        return tuple(parse_fault(str(text)) for text in _listed(texts))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _check_schedule(entry: Entry) -> None:
    if "schedule" not in entry:
        raise ScenarioError(f'{entry.place}: a CronJob lacks a schedule; add "*/5 * * * *".')
    try:
        Schedule.parse(str(entry["schedule"]))
    except ScheduleError as error:
        raise ScenarioError(
            f'{entry.place_of("schedule")}: schedule is none ({error}); write "*/5 * * * *".'
        ) from error


def _object_key(entry: Entry) -> object:
    meta = entry.get("metadata")
    if not isinstance(meta, Entry) or not isinstance(meta.get("name"), str):
        return id(entry)
    space = meta.get("namespace") or "default"
    return str(entry.get("apiVersion")), str(entry.get("kind")), str(space), meta["name"]


def _workload_key(entry: Entry) -> object:
    space = entry.get("namespace") or "default"
    return str(entry.get("kind", "Deployment")), str(space), str(entry.get("name", id(entry)))


def _latest(entries: list[Entry], what: str, own: Callable[[Entry], object]) -> list[Entry]:
    """One of each: that of a file on top wins.

    Raises:
        ScenarioError: A file has one twice.
    """
    kept: dict[object, Entry] = {}
    for entry in entries:
        before = kept.get(own(entry))
        if before is not None and before.place.file == entry.place.file:
            name = entry.get("name") or entry.get("metadata", {}).get("name")
            raise ScenarioError(
                f"{entry.place}: {what} {name!r} stands on line {before.place.line} already; take "
                "one out."
            )
        kept[own(entry)] = entry
    return list(kept.values())
