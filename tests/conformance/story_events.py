"""What the Events of a story tell of the pods they are about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.conformance.story import Happening, Obj

_FIELD = re.compile(r"spec\.(?P<list>\w+)\{(?P<name>[^}]+)\}")
_IMAGE = re.compile(r'[Ii]mage:? "(?P<image>[^"]+)"')
_MISSING = re.compile(r'(?P<kind>configmap|secret) "(?P<name>[^"]+)" not found')
_CLAIM = re.compile(r'persistentvolumeclaim "(?P<name>[^"]+)"')
_LONG = "sleep 100000"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that an Event said for the first time or again."""

    seconds: float
    kind: str
    name: str
    container: str
    part: str
    """The list of the pod's spec that holds the container: `containers`, `initContainers`."""
    reason: str
    message: str


def told_by(happenings: Sequence[Happening]) -> list[Told]:
    """What the Events among them say, in order."""
    return [_told(each) for each in happenings if each.obj["kind"] == "Event"]


def _told(each: Happening) -> Told:
    about = each.obj["involvedObject"]
    found = _FIELD.match(str(about.get("fieldPath") or ""))
    return Told(
        each.t_ms / 1000,
        str(about["kind"]),
        str(about["name"]),
        found["name"] if found else "",
        found["list"] if found else "containers",
        str(each.obj.get("reason", "")),
        str(each.obj.get("message", "")),
    )


def pod_spec(told: Sequence[Told], words: str, ended: float | None = None) -> Obj:
    """The spec of a pod as its own Events, in order, show it.

    `words` are the recorder's; `ended` is the second at which its controller saw it end.
    """
    spec: Obj = {"terminationGracePeriodSeconds": 1}
    names = dict.fromkeys((each.part, each.container) for each in told if each.container)
    for part in ("initContainers", "containers"):
        own = [name for where, name in names if where == part]
        if part == "containers" and not own:
            own = ["main"]
        if own:
            spec[part] = [_container(name, part, told, words, ended) for name in own]
    for each in told:
        _add_reference(spec, each)
    return {**spec, **_placement(told, words)}


def _container(name: str, part: str, told: Sequence[Told], words: str, ended: float | None) -> Obj:
    own = [each for each in told if each.container == name]
    images = [found["image"] for each in own if (found := _IMAGE.search(each.message))]
    made: Obj = {
        "name": name,
        "image": images[0] if images else "busybox",
        "imagePullPolicy": _pull_policy(own),
    }
    made["command"] = ["sh", "-c", _command(name, part, told, words, ended)]
    if part == "initContainers" and any(each.reason == "Killing" for each in own):
        made["restartPolicy"] = "Always"
        made["command"] = ["sh", "-c", _LONG]
    for probe in ("readiness", "liveness", "startup"):
        is_main = part == "containers" and f"{probe} probe" in words
        if shown := _probe([e for e in own if f"{probe.title()} probe" in e.message], own):
            made[f"{probe}Probe"] = shown
        elif is_main:
            made[f"{probe}Probe"] = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    return made


def _pull_policy(own: Sequence[Told]) -> str:
    if any(each.reason == "Pulling" for each in own):
        return "IfNotPresent"
    return "Never"


def _command(name: str, part: str, told: Sequence[Told], words: str, ended: float | None) -> str:
    """For how long the container ran, and what it ended with."""
    starts = [each.seconds for each in told if each.container == name and each.reason == "Started"]
    if not starts:
        return _LONG
    code = 0 if re.search(r"exits 0|complet", words) and "fail" not in words else 1
    later = [
        each.seconds
        for each in told
        if each.seconds > starts[0] and each.reason in ("Pulled", "Pulling", "BackOff")
    ]
    is_restarted = len(starts) > 1 or any(
        each.reason == "BackOff" and each.container == name and "restarting" in each.message
        for each in told
    )
    is_probed = any("failed liveness probe" in each.message for each in told)
    if is_restarted and later and not is_probed:
        return _run(min(later) - starts[0], code)
    if part == "initContainers" and later:
        return _run(min(later) - starts[0], 0)
    if ended is not None and part == "containers":
        return _run(ended - starts[0] - 1, 1 if re.search(r"\bfail", words) else 0)
    return _LONG


def _run(seconds: float, code: int) -> str:
    whole = max(int(seconds - 0.2), 0)
    return "; ".join([*([f"sleep {whole}"] if whole else []), f"exit {code}"])


def _probe(failures: Sequence[Told], own: Sequence[Told]) -> Obj | None:
    """A probe that fails as it did: what it asks, how often, and how many failures were borne."""
    if not failures:
        return None
    message = failures[0].message
    asked: Obj = {"exec": {"command": ["true"]}}
    if found := re.search(r'Get "https?://[^/]*?:(?P<port>\d+)(?P<path>/[^"]*)"', message):
        asked = {"httpGet": {"path": found["path"], "port": int(found["port"])}}
    elif found := re.search(r"dial tcp [^:]+:(?P<port>\d+)", message):
        asked = {"tcpSocket": {"port": int(found["port"])}}
    elif found := re.search(r"(?P<program>cat|ls): (?:can't open )?'?(?P<file>/[^':]+)", message):
        asked = {"exec": {"command": [found["program"], found["file"]]}}
    elif "probe failed" in message:
        asked = {"exec": {"command": ["false"]}}
    times = [each.seconds for each in failures]
    starts = [each.seconds for each in own if each.reason == "Started"]
    kills = [each.seconds for each in own if each.reason == "Killing"]
    made: Obj = {**asked, "periodSeconds": 1}
    if len(times) > 1:
        made["periodSeconds"] = max(round(times[1] - times[0]), 1)
    if starts and times[0] > starts[0] and "errored" not in message:
        delay = int(times[0] - starts[0] - 0.5 * made["periodSeconds"])
        made["initialDelaySeconds"] = max(delay, 0)
    if kills and len([at for at in times if at <= kills[0]]) > 1:
        made["failureThreshold"] = len([at for at in times if at <= kills[0] + 0.1])
    return made


def _add_reference(spec: Obj, each: Told) -> None:
    """A volume or a variable whose source an Event says to be missing."""
    found = _MISSING.search(each.message)
    if found is None:
        return
    main = spec["containers"][0]
    if volume := re.search(r'for volume "(?P<name>[^"]+)"', each.message):
        key = {"configmap": ("configMap", "name"), "secret": ("secret", "secretName")}
        source, name = key[found["kind"]]
        volumes = spec.setdefault("volumes", [])
        if all(known["name"] != volume["name"] for known in volumes):
            volumes.append({"name": volume["name"], source: {name: found["name"]}})
            mounts = main.setdefault("volumeMounts", [])
            mounts.append({"name": volume["name"], "mountPath": f"/{volume['name']}"})
        return
    source = {"configmap": "configMapKeyRef", "secret": "secretKeyRef"}[found["kind"]]
    reference = {source: {"name": found["name"], "key": "k"}}
    variables = main.setdefault("env", [])
    if all(known["valueFrom"] != reference for known in variables):
        variables.append({"name": f"X{len(variables)}", "valueFrom": reference})


def _placement(told: Sequence[Told], words: str) -> Obj:
    """Why no node took the pod."""
    spec: Obj = {}
    refusals = " ".join(each.message for each in told if each.reason == "FailedScheduling")
    if "node affinity/selector" in refusals or "nodeSelector" in words:
        spec["nodeSelector"] = {"no": "such"}
    if "scheduling gate" in words:
        spec["schedulingGates"] = [{"name": "example.com/gate"}]
    return spec


def requested(told: Sequence[Told], words: str) -> Obj:
    """What the pod asked for more than a node has, as container requests."""
    refusals = " ".join(each.message for each in told if each.reason == "FailedScheduling")
    requests: Obj = {}
    if "Insufficient cpu" in refusals or "CPU" in words:
        found = re.search(r"(\d+) CPUs?", words)
        requests["cpu"] = found[1] if found else "1000"
    if "Insufficient memory" in refusals:
        requests["memory"] = "100Ti"
    return requests


def claims_in(told: Sequence[Told]) -> Iterator[str]:
    """Names of the claims that Events speak of."""
    for each in told:
        if each.kind == "PersistentVolumeClaim":
            yield each.name
        elif found := _CLAIM.search(each.message):
            yield found["name"]
