"""The cells of what runs pods. Follows the API server's printers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.tables.duration import age, human_duration
from demo_cluster.tables.selectors import selector_text
from demo_cluster.timestamps import parse_timestamp

_NONE = "<none>"


def _age(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def template_cells(spec: Obj) -> tuple[str, str]:
    """Container names and images of a pod template."""
    containers = spec.get("template", {}).get("spec", {}).get("containers", ())
    names = ",".join(container["name"] for container in containers)
    return names, ",".join(container.get("image", "") for container in containers)


def deployment_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get deployments` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [
        obj["metadata"]["name"],
        ready,
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(obj, now),
        *template_cells(spec),
        selector_text(spec.get("selector")),
    ]


def replica_set_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get replicasets, replicationcontrollers` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    selector = spec.get("selector")
    if obj["kind"] == "ReplicationController":
        selector = {"matchLabels": selector or {}}
    return [
        obj["metadata"]["name"],
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        _age(obj, now),
        *template_cells(spec),
        selector_text(selector),
    ]


def stateful_set_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get statefulsets` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [obj["metadata"]["name"], ready, _age(obj, now), *template_cells(spec)]


def daemon_set_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get daemonsets` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    nodes = spec.get("template", {}).get("spec", {}).get("nodeSelector") or {}
    return [
        obj["metadata"]["name"],
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        ",".join(f"{name}={value}" for name, value in sorted(nodes.items())) or _NONE,
        _age(obj, now),
        *template_cells(spec),
        selector_text(spec.get("selector")),
    ]


def job_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get jobs` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    return [
        obj["metadata"]["name"],
        _job_status(obj),
        _completions(spec, status),
        _job_duration(status, now),
        _age(obj, now),
        *template_cells(spec),
        selector_text(spec.get("selector")),
    ]


def _job_status(obj: Obj) -> str:
    true = {
        entry["type"]
        for entry in obj.get("status", {}).get("conditions", ())
        if entry.get("status") == "True"
    }
    for condition, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if condition in true:
            return word
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for condition, word in (
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ):
        if condition in true:
            return word
    return "Running"


def _completions(spec: Obj, status: Obj) -> str:
    done = status.get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism", 0)
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _job_duration(status: Obj, now: datetime) -> str:
    if not status.get("startTime"):
        return ""
    end = parse_timestamp(status["completionTime"]) if status.get("completionTime") else now
    return human_duration((end - parse_timestamp(status["startTime"])).total_seconds())


def cron_job_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get cronjobs` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    last = status.get("lastScheduleTime")
    job = spec.get("jobTemplate", {}).get("spec", {})
    return [
        obj["metadata"]["name"],
        spec.get("schedule", ""),
        spec.get("timeZone") or _NONE,
        bool(spec.get("suspend")),
        len(status.get("active", ())),
        age(last, now) if last else _NONE,
        _age(obj, now),
        *template_cells(job),
        selector_text(job.get("selector")),
    ]


def autoscaler_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get horizontalpodautoscalers` prints it."""
    spec, status = obj["spec"], obj.get("status", {})
    target = spec.get("scaleTargetRef", {})
    return [
        obj["metadata"]["name"],
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(spec, status),
        str(spec["minReplicas"]) if spec.get("minReplicas") is not None else "<unset>",
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        _age(obj, now),
    ]


def _metrics(spec: Obj, status: Obj) -> str:
    metrics = spec.get("metrics") or ()
    current = status.get("currentMetrics") or ()
    texts = []
    for index, metric in enumerate(metrics):
        now = current[index] if index < len(current) else {}
        texts.append(_metric(metric, now or {}))
    if not texts:
        return _NONE
    if len(texts) > 2:
        return f"{', '.join(texts[:2])} + {len(texts) - 2} more..."
    return ", ".join(texts)


def _metric(metric: Obj, current: Obj) -> str:
    kind = metric.get("type", "")
    part = kind[:1].lower() + kind[1:]
    wanted = metric.get(part, {}).get("target", {})
    now = (current.get(part) or {}).get("current", {})
    if wanted.get("averageUtilization") is not None:
        use = now.get("averageUtilization")
        text = f"{'<unknown>' if use is None else f'{use}%'}/{wanted['averageUtilization']}%"
    else:
        goal = wanted.get("averageValue") or wanted.get("value") or "<auto>"
        text = f"{now.get('averageValue') or now.get('value') or '<unknown>'}/{goal}"
    name = metric.get(part, {}).get("name")
    return f"{name}: {text}" if kind == "Resource" and name else text


def budget_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get poddisruptionbudgets` prints it."""
    spec = obj.get("spec", {})
    return [
        obj["metadata"]["name"],
        str(spec["minAvailable"]) if spec.get("minAvailable") is not None else "N/A",
        str(spec["maxUnavailable"]) if spec.get("maxUnavailable") is not None else "N/A",
        obj.get("status", {}).get("disruptionsAllowed", 0),
        _age(obj, now),
    ]


def controller_revision_row(obj: Obj, now: datetime) -> list[Any]:
    """As `kubectl get controllerrevisions` prints it."""
    owner = next(
        (ref for ref in obj["metadata"].get("ownerReferences", ()) if ref.get("controller")), None
    )
    name = _NONE
    if owner is not None:
        group = owner["apiVersion"].partition("/")[0] if "/" in owner["apiVersion"] else ""
        name = f"{owner['kind'].lower()}.{group}/{owner['name']}".replace("./", "/")
    return [obj["metadata"]["name"], name, obj.get("revision", 0), _age(obj, now)]
