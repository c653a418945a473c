"""The states that setup sentences describe, built by requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.manifests import Obj, config_map, deployment, pod
from tests.conformance.stage import Stage

_STUBBORN = ["sh", "-c", "trap 'sleep 1; exit 3' TERM; while true; do sleep .1; done"]


class Setups:
    """Builds what a sentence says, once for each namespace that it is said about."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._built: set[tuple[str, str]] = set()

    def build(self, sentence: str, namespace: str) -> str:
        """Make it so; what to remark about it, "" when the sentence was understood."""
        if (sentence, namespace) in self._built:
            return ""
        self._built.add((sentence, namespace))
        for pattern, builder in _BUILDERS.items():
            if match := re.match(pattern, sentence):
                if builder is not None:
                    self._stage.need_namespace(namespace.rstrip(":"))
                    builder(self._stage, namespace, match)
                    self._stage.changed_at = self._stage.now
                return ""
        return f"setup not understood: {sentence}"


# -- pieces ------------------------------------------------------------------------------------


def _core(namespace: str, plural: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def _make_pod(stage: Stage, namespace: str, body: Obj, phase: str = "Running") -> None:
    path = _core(namespace, "pods", body["metadata"]["name"])
    if stage.get(path) is None:
        stage.post(_core(namespace, "pods"), body)
    wait_for_pod(stage, path, phase)


def wait_for_pod(stage: Stage, path: str, phase: str) -> None:
    """Until the pod is in this phase, and ready where it runs."""

    def is_there() -> bool:
        status = (stage.get(path) or {}).get("status", {})
        ready = [c for c in status.get("conditions") or () if c["type"] == "Ready"]
        is_settled = phase != "Running" or any(c["status"] == "True" for c in ready)
        scheduled = [c for c in status.get("conditions") or () if c["type"] == "PodScheduled"]
        is_seen = phase != "Pending" or bool(scheduled)
        return bool(status.get("phase") == phase and is_settled and is_seen)

    seconds = 4.0 if phase != "Pending" else 0.5
    stage.until(is_there, seconds)


# -- sentences ---------------------------------------------------------------------------------


def _list_config_maps(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    count = int(match["count"])
    for index in range(count):
        labels = {"grp": "a" if index < (count + 1) // 2 else "b", "n": str(index)}
        body = config_map(f"cm-{index}", {"n": str(index)}, labels)
        stage.post(_core(match["namespace"], "configmaps"), body)


def _watch_config_maps(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    for index in range(int(match["last"]) + 1):
        body = config_map(f"cm-{index}", {"n": str(index)}, {"grp": match["group"]})
        stage.post(_core(match["namespace"], "configmaps"), body)


def _described_pods(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    """`p-web-1 (app=web,tier=front), p-done (app=once, Succeeded), ...`."""
    for name, about in re.findall(r"([\w-]+) \(([^)]*)\)", match["pods"]):
        words = [word.strip() for word in about.split(",")]
        labels = dict(word.split("=", 1) for word in words if "=" in word)
        if "Succeeded" in words:
            body = pod(name, labels, command=["sh", "-c", "true"], restartPolicy="Never")
            _make_pod(stage, match["namespace"], body, "Succeeded")
        elif "unschedulable" in words:
            body = pod(name, labels, nodeSelector={"no": "such"})
            _make_pod(stage, match["namespace"], body, "Pending")
        else:
            _make_pod(stage, match["namespace"], pod(name, labels))


def _created_and_deleted(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    name = match["new"]
    stage.post(_core(namespace, "configmaps"), config_map(name, {"n": name.partition("-")[2]}))
    stage.delete(_core(namespace, "configmaps", match["old"]))


def _config_map_with(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    pairs = [word.split("=", 1) for word in match["data"].split() if "=" in word]
    key, value = match["label"].split("=", 1)
    body = config_map(match["name"], dict(pairs), {key: value})
    stage.post(_core(namespace, "configmaps"), body)


def _config_map(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    stage.post(_core(namespace, "configmaps"), config_map(match["name"], {"k": "v"}))


def _changed(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    path = _core(namespace, "configmaps", match["name"])
    stage.post(_core(namespace, "configmaps"), config_map(match["name"], {"k": "v"}))
    stage.merge(path, {"data": {"k": "v3"}})


def _two_containers(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    side = {
        "name": match["second"],
        "image": "busybox",
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", "sleep 100000"],
        "env": [{"name": "A", "value": "1"}],
    }
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    stage.post(base, deployment(match["name"], 1, side))


def _deployment(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    stage.post(base, deployment(match["name"], 1, grace=2))
    path = f"{base}/{match['name']}"
    stage.until(lambda: (stage.get(path) or {}).get("status", {}).get("readyReplicas") == 1)


def _running_pod(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    name = match["name"]
    about = match["about"] or ""
    if seconds := re.search(r"terminationGracePeriodSeconds (\d+)", about):
        grace = int(seconds[1])
        body = pod(name, command=_STUBBORN, terminationGracePeriodSeconds=grace)
    elif name.startswith("g-"):
        body = pod(name, command=_STUBBORN, terminationGracePeriodSeconds=5)
    elif name == "p":
        resources = {
            "requests": {"cpu": "100m", "memory": "32Mi"},
            "limits": {"cpu": "200m", "memory": "64Mi"},
        }
        body = pod(name, {"app": name}, resources=resources)
    else:
        body = pod(name)
    _make_pod(stage, namespace, body)


def _terminating(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    path = _core(namespace, "pods", match["name"])
    found = stage.get(path)
    if found is None:
        body = pod(match["name"], command=_STUBBORN, terminationGracePeriodSeconds=5)
        _make_pod(stage, namespace, body)
    if found is None or "deletionTimestamp" not in found["metadata"]:
        stage.delete(path)


def _budget(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    _make_pod(stage, namespace, pod("ev1", {"app": "ev"}))
    base = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    spec = {"minAvailable": int(match["least"]), "selector": {"matchLabels": {"app": "ev"}}}
    stage.post(base, {"metadata": {"name": "pdb"}, "spec": spec})
    path = f"{base}/pdb"
    stage.until(lambda: (stage.get(path) or {}).get("status", {}).get("currentHealthy") == 1)


def _unscheduled(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    stage.post(_core(namespace, "pods"), pod(match["name"], schedulerName=match["scheduler"]))


def _bound(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    name = match["name"]
    path = _core(namespace, "pods", name)
    found = stage.get(path)
    if found is None:
        stage.post(_core(namespace, "pods"), pod(name, schedulerName="nobody"))
    if found is None or not found["spec"].get("nodeName"):
        target = {"apiVersion": "v1", "kind": "Node", "name": "node-1"}
        stage.post(f"{path}/binding", {"metadata": {"name": name}, "target": target})


def _quota(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    body = {"metadata": {"name": match["name"]}, "spec": {"hard": {"pods": match["pods"]}}}
    stage.post(_core(namespace, "resourcequotas"), body)


def _job(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    spec = pod("x", command=["sh", "-c", "sleep 100"], restartPolicy="Never")["spec"]
    del spec["terminationGracePeriodSeconds"]
    spec["containers"][0]["name"] = "m"
    base = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    name = match["name"]
    stage.post(base, {"metadata": {"name": name}, "spec": {"template": {"spec": spec}}})
    path = f"{base}/{name}"
    stage.until(lambda: (stage.get(path) or {}).get("status", {}).get("ready") == 1)


def _resisting_namespace(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    name = namespace or "rec-del-ns"
    if stage.get(f"/api/v1/namespaces/{name}") is None:
        stage.make_namespace(name)
    seconds = int(match["seconds"])
    _make_pod(stage, name, pod("slow", terminationGracePeriodSeconds=seconds))
    meta = {"name": "held", "finalizers": ["example.com/hold"]}
    stage.post(_core(name, "configmaps"), {"metadata": meta})


def _groups(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    """`x0,x1 grp=a; x2,x3 grp=b`."""
    for names, group in re.findall(r"([\w,]+) grp=(\w+)", match[0]):
        for name in names.split(","):
            body = config_map(name, {"k": "v"}, {"grp": group})
            stage.post(_core(namespace, "configmaps"), body)


def _life(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    body = pod(match["name"], command=["sh", "-c", f"sleep {match['run']}; exit {match['code']}"])
    init = {**body["spec"]["containers"][0], "name": "init"}
    init["command"] = ["sh", "-c", f"sleep {match['init']}"]
    body["spec"]["initContainers"] = [init]
    stage.post(_core(namespace, "pods"), body)


def _reader(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    namespace = (
        namespace if namespace.endswith(f"-{match['where']}") else f"rec-authz-{match['where']}"
    )
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules: list[Mapping[str, Any]] = [
        {
            "apiGroups": [""],
            "resources": ["pods", "pods/log", "events"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["apps"],
            "resources": ["deployments"],
            "resourceNames": ["web"],
            "verbs": ["get"],
        },
    ]
    stage.post(f"{base}/roles", {"metadata": {"name": match["role"]}, "rules": rules})
    subject = {
        "kind": "User",
        "name": match["user"],
        "apiGroup": "rbac.authorization.k8s.io",
    }
    reference = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": match["role"],
    }
    binding = {
        "metadata": {"name": "viewer-reads"},
        "subjects": [subject],
        "roleRef": reference,
    }
    stage.post(f"{base}/rolebindings", binding)


def _held_widget(stage: Stage, namespace: str, match: re.Match[str]) -> None:
    """An object of the definition with these names, which a finalizer holds."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for definition in (stage.get(path) or {}).get("items") or ():
        spec = definition["spec"]
        if spec["names"]["singular"] == match["kind"]:
            root = f"/apis/{spec['group']}/{spec['versions'][0]['name']}"
            meta = {"name": match["name"], "finalizers": ["example.com/hold"]}
            base = f"{root}/namespaces/rec-crd/{spec['names']['plural']}"
            stage.until(lambda base=base: stage.get(base) is not None)  # type: ignore[misc]
            stage.need_namespace("rec-crd")
            stage.post(base, {"metadata": meta, "spec": {"size": "S"}})


Builder = Callable[[Stage, str, re.Match[str]], None]
_BUILDERS: dict[str, Builder | None] = {
    r"namespace (?P<namespace>\S+) with (?P<count>\d+) configmaps": _list_config_maps,
    r"namespace (?P<namespace>\S+) with configmaps cm-0..cm-(?P<last>\d+) \(grp=(?P<group>\w)\)": (
        _watch_config_maps
    ),
    r"pods in (?P<namespace>\S+): (?P<pods>.*)": _described_pods,
    r"(?P<new>\S+) created and (?P<old>\S+) deleted": _created_and_deleted,
    r"configmap (?P<name>\S+), data (?P<data>.+), label (?P<label>\S+)": _config_map_with,
    r"configmap (?P<name>\S+)( exists)?$": _config_map,
    r"(?P<name>\w+) changed meanwhile": _changed,
    r"deployment (?P<name>\S+) with containers (?P<first>\w+) and (?P<second>\w+)": _two_containers,
    r"deployment (?P<name>\S+) with one pod": _deployment,
    r"pod (?P<name>[\w-]+) runs(?P<about>.*)": _running_pod,
    r"(?P<name>g-[\w-]+) (was deleted a moment ago|terminates)": _terminating,
    r"PDB minAvailable (?P<least>\d+) over one pod": _budget,
    r"pod (?P<name>\S+) with schedulerName (?P<scheduler>\w+)": _unscheduled,
    r"pod (?P<name>\S+) already bound": _bound,
    r"ResourceQuota (?P<name>\w+): pods=(?P<pods>\d+)": _quota,
    r"job (?P<name>\S+) with one running pod": _job,
    r"namespace with a pod that needs (?P<seconds>\d+) s and a configmap": _resisting_namespace,
    r"x0,x1 grp=.*": _groups,
    r"pod (?P<name>\S+): init container (?P<init>\d+) s, then (?P<run>\d+) s, exit (?P<code>\d+)": (
        _life
    ),
    r"Role (?P<role>\S+) .* bound to user (?P<user>\w+) in namespace (?P<where>\w+)": _reader,
    # what the recorded answers themselves show, or what happens while a watch runs
    r"user viewer has no RBAC": None,
    r"while it runs: ": None,
    r"after (dryRun create|rollout restart)": None,
    r"etcd compacted": None,
    r"ephemeral container \S+ (runs|ended)": None,
    r"(?P<kind>widget) (?P<name>\w+) has a finalizer": _held_widget,
    r"polled every": None,
}
"""The beginning of a sentence, and what makes it true; None: nothing has to be made."""
