"""Objects of a story that no watch of it shows, told from what came of them. Pure.

A Deployment is told from its sets, pods or Events, a pod from its Events, and so on; what nothing
tells is as the recorder had it in all its stories.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.conformance.story import Obj, Story
from tests.conformance.story_events import Told, claims_in, pod_spec, requested, told_by
from tests.conformance.story_posted import GIVEN, as_posted, without_hashes
from tests.conformance.story_words import COLLECTIONS, name_in, numbers_in

_CREATED = re.compile(r"(?:Created pod: |create Pod )(?P<name>\S+)")
_ENDS = ("Completed", "BackoffLimitExceeded", "FailureTarget", "DeadlineExceeded")
_GRANDPARENTS = {("ReplicaSet", "deployment"), ("Job", "cronjob")}
"""Kinds whose own names begin with the name of what made them."""
_JOB_SECONDS = 2
"""How long after a container's end its job is seen to go on."""
_NAMESPACE_SECONDS = 7
"""How much longer than its slowest pod a namespace takes to go."""
_CLASS = re.compile(r'storageclass\S* "(?P<name>[^"]+)"')
_SEVERAL = re.compile(r"pods\.? has (?P<count>\d+) resource instances")


def plain_template(labels: dict[str, str]) -> Obj:
    """The pod template that the recorder used where nothing else is said."""
    container = {
        "name": "main",
        "image": "busybox",
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", "sleep 100000"],
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 2}
    return {"metadata": {"labels": labels}, "spec": spec}


class Origins:
    """What was posted in a story, object by object; each name is given once."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._happenings = story.happenings()
        self._told = told_by(self._happenings)
        self._given: set[tuple[str, str]] = set()

    def posted(self, word: str, text: str, before: Sequence[Obj]) -> Obj:
        """The object of the kind with this word that `text` speaks of.

        `before` are the objects that were made before it, the latest last.
        """
        name = name_in(text, word) or self._next_name(word)
        self._given.add((word, name))
        version, kind, _, _ = COLLECTIONS[word]
        build = _BUILDERS.get(word, _nothing)
        words = text if self._has_several(word) else f"{self._story.title} {text}"
        made = build(self, name, words, before)
        meta = {"name": name, **made.pop("metadata", {})}
        return {"apiVersion": version, "kind": kind, "metadata": meta, **made}

    def slow_pods(self) -> list[Obj]:
        """Pods that only a dying namespace speaks of, ending as late as it did."""
        counts, times = [1 if " pod" in self._story.title else 0], []
        for each in self._happenings:
            if each.obj["kind"] == "Namespace":
                times.append(each.t_ms / 1000)
                conditions = (each.obj.get("status") or {}).get("conditions") or ()
                said = " ".join(str(condition.get("message")) for condition in conditions)
                counts += [int(found["count"]) for found in _SEVERAL.finditer(said)]
        seconds = max(int(times[-1] - times[0]) - _NAMESPACE_SECONDS, 0) if times else 0
        template = plain_template({})["spec"]
        command = f"trap 'sleep {seconds}; exit 0' TERM; while true; do sleep .2; done"
        slow = {**template["containers"][0], "command": ["sh", "-c", command]}
        spec = {"containers": [slow], "terminationGracePeriodSeconds": seconds + 5}
        metas = [{"name": f"slow-{number}"} for number in range(max(counts))]
        return [
            {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec} for meta in metas
        ]

    # -- names -----------------------------------------------------------------------------

    def _has_several(self, word: str) -> bool:
        return sum(f" {word}" in each.text for each in self._story.actions) > 1

    def _next_name(self, word: str) -> str:
        names = dict.fromkeys(self._names(word))
        free = [name for name in names if (word, name) not in self._given]
        return free[0] if free else f"unseen-{len(self._given)}"

    def _names(self, word: str) -> Iterator[str]:
        """Names of objects of a kind that anything speaks of, in order."""
        kind = COLLECTIONS[word][1]
        if word == "pvc":
            yield from claims_in(self._told)
        made_by_others = {
            found["name"] for each in self._told if (found := _CREATED.search(each.message))
        }
        for each in self._happenings:
            obj = each.obj
            if obj["kind"] == "Event":
                about = obj["involvedObject"]
                if about["kind"] == kind and about["name"] not in made_by_others:
                    yield about["name"]
                elif (about["kind"], word) in _GRANDPARENTS:
                    yield about["name"].rpartition("-")[0]
                continue
            for owner in obj["metadata"].get("ownerReferences") or ():
                if owner["kind"] == kind:
                    yield owner["name"]
                elif (owner["kind"] == "ReplicaSet" and word == "deployment") or (
                    owner["kind"] == "Job" and word == "cronjob"
                ):
                    yield owner["name"].rpartition("-")[0]
            if word == "pvc" and obj["kind"] == "Pod":
                for volume in obj["spec"].get("volumes") or ():
                    if claim := volume.get("persistentVolumeClaim"):
                        yield claim["claimName"]

    # -- pods ------------------------------------------------------------------------------

    def template(self, word: str, name: str, words: str) -> Obj:
        """The template of the pods of a workload."""
        shown = self._shown_template(name)
        if shown is not None:
            return shown
        pods = self._pods_told_of(name)
        labels = {} if word in ("job", "cronjob") else {"app": name}
        made = plain_template(labels)
        if pods:
            own = [each for each in self._told if each.kind == "Pod" and each.name == pods[0]]
            ended = self._end_of_run(pods, words) if word in ("job", "cronjob") else None
            made["spec"] = {**made["spec"], **pod_spec(own, words, ended)}
        if word in ("job", "cronjob"):
            made["spec"]["restartPolicy"] = "Never"
            if not pods:
                command = "exit 1" if re.search(r"\bfail", words) else "exit 0"
                made["spec"]["containers"][0]["command"] = ["sh", "-c", command]
        return made

    def _shown_template(self, name: str) -> Obj | None:
        for kind in ("ReplicaSet", "Job"):
            for each in self._happenings:
                owners = [o["name"] for o in each.obj["metadata"].get("ownerReferences") or ()]
                if each.obj["kind"] == kind and name in owners:
                    return without_hashes(as_posted(each.obj)["spec"]["template"])
        for each in self._happenings:
            if each.obj["kind"] == "Pod" and self._belongs(each.obj, name):
                return template_of_pod(each.obj)
        return None

    def _belongs(self, pod: Obj, name: str) -> bool:
        owners = [owner["name"] for owner in pod["metadata"].get("ownerReferences") or ()]
        return any(owner == name or owner.rpartition("-")[0] == name for owner in owners)

    def _pods_told_of(self, name: str) -> list[str]:
        found = [
            made["name"] for each in self._told if (made := _CREATED.search(each.message))
        ] or [each.name for each in self._told if each.kind == "Pod"]
        own = [pod for pod in dict.fromkeys(found) if pod.startswith(f"{name}-")]
        return own or list(dict.fromkeys(found))

    def _end_of_run(self, pods: Sequence[str], words: str) -> float | None:
        """The second at which the first pod's end would have been seen."""
        is_failing = bool(re.search(r"\bfail", words))
        runs: list[float] = []
        first: float | None = None
        for each in self._told:
            if each.reason != "Started" or each.name not in pods:
                continue
            first = each.seconds if first is None else first
            ends = [
                later.seconds - each.seconds
                for later in self._told
                if later.kind == "Job" and later.seconds > each.seconds
                if later.reason in _ENDS or (not is_failing and later.reason == "SuccessfulCreate")
            ]
            runs += ends[:1]
        if first is None or not runs:
            return None
        run = min(runs) if is_failing else max(runs)
        return first + 1.25 + max(round(run - _JOB_SECONDS), 0)

    def told_of(self, name: str) -> list[Told]:
        """What Events say of the pod of this name."""
        return [each for each in self._told if each.kind == "Pod" and each.name == name]

    def class_of(self, claim: str) -> str:
        """The storage class that a claim asks for in vain, "" where nothing tells it."""
        own = [e for e in self._told if e.kind == "PersistentVolumeClaim" and e.name == claim]
        found = [match["name"] for each in own if (match := _CLASS.search(each.message))]
        return found[0] if found else ""


def template_of_pod(pod: Obj) -> Obj:
    """The template that a controlled pod was made from."""
    spec = as_posted(pod)["spec"]
    for field in (*GIVEN, "affinity", "hostname", "subdomain"):
        spec.pop(field, None)
    labels = {
        name: text
        for name, text in (pod["metadata"].get("labels") or {}).items()
        if "/" not in name and name not in ("job-name", "controller-uid")
    }
    return without_hashes({"metadata": {"labels": labels}, "spec": spec})


# -- kinds ---------------------------------------------------------------------------------


def _pod(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    told = origins.told_of(name)
    spec = {**pod_spec(told, words), **numbers_in(words, "pod")}
    if requests := requested(told, words):
        spec["containers"][0]["resources"] = {"requests": requests}
    claims = [obj["metadata"]["name"] for obj in before if obj["kind"] == "PersistentVolumeClaim"]
    wanted = next(claims_in(told), claims[0] if claims and "use" in words else "")
    if wanted:
        spec["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": wanted}}]
        spec["containers"][0]["volumeMounts"] = [{"name": "d", "mountPath": "/d"}]
    return {"spec": spec}


def _workload(word: str) -> Callable[[Origins, str, str, Sequence[Obj]], Obj]:
    def build(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
        del before
        template = origins.template(word, name, words)
        spec: Obj = {**numbers_in(words, word), "template": template}
        if word != "job":
            labels = template["metadata"].setdefault("labels", {}) or {"app": name}
            template["metadata"]["labels"] = labels
            spec["selector"] = {"matchLabels": labels}
        if word == "statefulset":
            spec["serviceName"] = name
        return {"spec": spec}

    return build


def _cron_job(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    del before
    minutes = re.search(r"every (\d+) minutes", words)
    job = {"template": origins.template("cronjob", name, words), **numbers_in(words, "job")}
    schedule = f"*/{minutes[1]} * * * *" if minutes else "* * * * *"
    own = numbers_in(words, "cronjob")
    return {"spec": {"schedule": schedule, "jobTemplate": {"spec": job}, **own}}


def _claim(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    del before
    spec: Obj = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    if asked := origins.class_of(name) or ("missing" if "missing class" in words else ""):
        spec["storageClassName"] = asked
    return {"spec": spec}


def _autoscaler(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    del origins
    scalable = [obj for obj in before if obj["kind"] in ("Deployment", "StatefulSet")]
    kind = scalable[-1]["kind"] if scalable else "Deployment"
    target = scalable[-1]["metadata"]["name"] if scalable else name
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": target}
    numbers = {"minReplicas": 1, "maxReplicas": 3, **numbers_in(words, "hpa")}
    return {"spec": {"scaleTargetRef": reference, "metrics": [metric], **numbers}}


def _budget(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    del origins
    labelled = [obj["metadata"]["labels"] for obj in before if obj["metadata"].get("labels")]
    selector = {"matchLabels": labelled[-1] if labelled else {"app": name}}
    return {"spec": {"selector": selector, **(numbers_in(words, "pdb") or {"minAvailable": 1})}}


def _service(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    del origins, words, before
    return {"spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}


def _nothing(origins: Origins, name: str, words: str, before: Sequence[Obj]) -> Obj:
    del origins, name, words, before
    return {}


_BUILDERS: dict[str, Callable[[Origins, str, str, Sequence[Obj]], dict[str, Any]]] = {
    "pod": _pod,
    "pvc": _claim,
    "cronjob": _cron_job,
    "hpa": _autoscaler,
    "pdb": _budget,
    "service": _service,
    **{
        word: _workload(word)
        for word in ("deployment", "replicaset", "statefulset", "daemonset", "job")
    },
}
"""How an object of a kind is told from its name and the words about it."""
