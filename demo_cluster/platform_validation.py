"""What is wrong with quotas, volumes, classes, priorities, schedules, routes and requests."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from demo_cluster.causes import (
    immutable,
    invalid_value,
    not_allowed,
    required,
    unsupported,
)
from demo_cluster.cron import Schedule, ScheduleError
from demo_cluster.kinds import Kind, Obj
from demo_cluster.quantities import quantity
from demo_cluster.status import Cause

_HIGHEST_PRIORITY = 1_000_000_000
_POLICIES = ["Allow", "Forbid", "Replace"]
_SCOPES = frozenset(
    {
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
        "VolumeAttributesClass",
    }
)
_PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]
_RECLAIMS = ["Delete", "Retain"]
_ACCOUNT = "kubernetes.io/service-account.name"
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def platform_causes(kind: Kind, new: Obj, old: Obj | None) -> list[Cause]:
    """Everything that is wrong with a new object, or a change of one, of these kinds."""
    check = _CHECKS.get(kind.storage_key)
    return list(check(new, old)) if check else []


def schedule_causes(cron_job: Obj) -> Iterator[Cause]:
    """What is wrong with when a CronJob runs."""
    name, spec = cron_job["metadata"]["name"], cron_job["spec"]
    if len(name) > 52:
        yield invalid_value("metadata.name", name, "must be no more than 52 characters")
    schedule = spec.get("schedule")
    if not schedule:
        yield required("spec.schedule")
    elif not schedule.startswith("@every "):
        try:
            Schedule.parse(schedule)
        except ScheduleError as error:
            yield invalid_value("spec.schedule", schedule, str(error))
    if "timeZone" in spec and not _is_zone(str(spec["timeZone"])):
        why = f"unknown time zone {spec['timeZone']}"
        yield invalid_value("spec.timeZone", spec["timeZone"], why)
    if spec.get("concurrencyPolicy") not in _POLICIES:
        yield unsupported("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), _POLICIES)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _priority_class(new: Obj, old: Obj | None) -> Iterator[Cause]:
    name, value = new["metadata"]["name"], new.get("value", 0)
    if old is not None:
        if value != old.get("value", 0):
            yield not_allowed("value", "may not be changed in an update.")
        if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
            yield immutable("preemptionPolicy", new.get("preemptionPolicy"))
        return
    if name.startswith("system-"):
        why = (
            "priority class names with 'system-' prefix are reserved for system use only. "
            f"error: {name} is not a known system priority class"
        )
        yield not_allowed("metadata.name", why)
    elif value > _HIGHEST_PRIORITY:
        why = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
        yield not_allowed("value", why)
    if new.get("preemptionPolicy") not in ("Never", "PreemptLowerPriority"):
        supported = ["Never", "PreemptLowerPriority"]
        yield unsupported("preemptionPolicy", new.get("preemptionPolicy"), supported)


def _quota(new: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = new.get("spec") or {}
    for name, amount in sorted((spec.get("hard") or {}).items()):
        if quantity(str(amount)) < 0:
            why = "must be greater than or equal to 0"
            yield invalid_value(f"spec.hard[{name}]", str(amount), why)
    scopes = spec.get("scopes") or []
    if any(scope not in _SCOPES for scope in scopes):
        yield invalid_value("spec.scopes", scopes, "unsupported scope")
    if old is not None and sorted(scopes) != sorted((old.get("spec") or {}).get("scopes") or []):
        yield immutable("spec.scopes", scopes)


def _limit_range(new: Obj, old: Obj | None) -> Iterator[Cause]:
    del old
    pairs = (
        ("min", "max", "min value", "max value"),
        ("default", "max", "default value", "max value"),
        ("defaultRequest", "max", "default request value", "max value"),
        ("defaultRequest", "default", "default request value", "default limit value"),
    )
    for index, item in enumerate((new.get("spec") or {}).get("limits") or ()):
        for low, high, word, other in pairs:
            for name, text in (item.get(low) or {}).items():
                most = (item.get(high) or {}).get(name)
                if most is not None and quantity(str(text)) > quantity(str(most)):
                    why = f"{word} {text} is greater than {other} {most}"
                    yield invalid_value(f"spec.limits[{index}].{low}[{name}]", str(text), why)


def _claim(new: Obj, old: Obj | None) -> Iterator[Cause]:
    if old is not None:
        return
    spec = new["spec"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        yield required("spec.resources[storage]")


def _volume(new: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = new["spec"]
    policies = ["Delete", "Recycle", "Retain"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    if not spec.get("capacity"):
        yield required("spec.capacity")
    if spec.get("persistentVolumeReclaimPolicy") not in policies:
        given = spec.get("persistentVolumeReclaimPolicy")
        yield unsupported("spec.persistentVolumeReclaimPolicy", given, policies)
    if not set(spec) - _NOT_A_SOURCE:
        yield required("spec", "must specify a volume type")
    elif old is not None and _source(spec) != _source(old["spec"]):
        yield not_allowed("spec.persistentvolumesource", "spec.persistentvolumesource is immutable")


_NOT_A_SOURCE = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def _source(spec: Obj) -> Obj:
    return {name: value for name, value in spec.items() if name not in _NOT_A_SOURCE}


def _storage_class(new: Obj, old: Obj | None) -> Iterator[Cause]:
    if not new.get("provisioner"):
        yield required("provisioner")
    if new.get("reclaimPolicy") not in _RECLAIMS:
        yield unsupported("reclaimPolicy", new.get("reclaimPolicy"), _RECLAIMS)
    if old is None:
        return
    for name in ("parameters", "provisioner", "reclaimPolicy"):
        if new.get(name) != old.get(name):
            yield not_allowed(name, f"updates to {name} are forbidden.")
    if new.get("volumeBindingMode") != old.get("volumeBindingMode"):
        yield immutable("volumeBindingMode", new.get("volumeBindingMode"))


def _secret(new: Obj, old: Obj | None) -> Iterator[Cause]:
    del old
    data = new.get("data") or {}
    annotations = new["metadata"].get("annotations") or {}
    if new.get("type") == "kubernetes.io/service-account-token" and not annotations.get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")
    for key in _SECRET_KEYS.get(new.get("type", ""), ()):
        if key not in data:
            yield required(f"data[{key}]")


def _ingress(new: Obj, old: Obj | None) -> Iterator[Cause]:
    del old
    spec = new.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        why = "either `defaultBackend` or `rules` must be specified"
        yield invalid_value("spec", spec.get("rules") or [], why)
    if spec.get("defaultBackend"):
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        for number, entry in enumerate((rule.get("http") or {}).get("paths") or ()):
            yield from _ingress_path(entry, f"spec.rules[{index}].http.paths[{number}]")


def _ingress_path(entry: Obj, where: str) -> Iterator[Cause]:
    kind, path = entry.get("pathType"), entry.get("path", "")
    if not kind:
        yield required(f"{where}.pathType", "pathType must be specified")
    elif kind not in _PATH_TYPES:
        yield unsupported(f"{where}.pathType", kind, _PATH_TYPES)
    elif not path.startswith("/") and (path or kind != "ImplementationSpecific"):
        yield invalid_value(f"{where}.path", path, "must be an absolute path")
    yield from _backend(entry.get("backend") or {}, f"{where}.backend")


def _backend(backend: Obj, where: str) -> Iterator[Cause]:
    service = backend.get("service")
    if service is None and backend.get("resource") is None:
        yield required(where, "resource or service backend is required")
    elif service is not None:
        if not service.get("name"):
            yield required(f"{where}.service.name")
        port = service.get("port") or {}
        if not port.get("name") and not port.get("number"):
            yield required(where, "port name or number is required")


def _signing_request(new: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = new.get("spec") or {}
    if old is not None:
        return
    if not _is_signing_request(spec.get("request", "")):
        why = "PEM block type must be CERTIFICATE REQUEST"
        yield invalid_value("spec.request", spec.get("request"), why)
    if not spec.get("usages"):
        yield required("spec.usages")
    if not spec.get("signerName"):
        yield required("spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < 600:
        why = "may not specify a duration less than 600 seconds (10 minutes)"
        yield invalid_value("spec.expirationSeconds", seconds, why)


def _is_signing_request(encoded: str) -> bool:
    try:
        text = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return b"-----BEGIN CERTIFICATE REQUEST-----" in text


_STATEFUL_RULE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)
_STATEFUL_CHANGEABLE = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)


def _stateful_set(new: Obj, old: Obj | None) -> Iterator[Cause]:
    if old is None:
        return
    fixed, before = (
        {name: value for name, value in each["spec"].items() if name not in _STATEFUL_CHANGEABLE}
        for each in (new, old)
    )
    if fixed != before:
        yield not_allowed("spec", _STATEFUL_RULE)


def _job(new: Obj, old: Obj | None) -> Iterator[Cause]:
    if old is None:
        return
    for name in ("completions", "selector", "completionMode", "backoffLimitPerIndex"):
        is_elastic = name == "completions" and new["spec"].get("completionMode") == "Indexed"
        if new["spec"].get(name) != old["spec"].get(name) and not is_elastic:
            yield immutable(f"spec.{name}", new["spec"].get(name))


_CHECKS: dict[tuple[str, str], Callable[[Obj, Obj | None], Iterator[Cause]]] = {
    ("", "limitranges"): _limit_range,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume,
    ("", "resourcequotas"): _quota,
    ("", "secrets"): _secret,
    ("apps", "statefulsets"): _stateful_set,
    ("batch", "jobs"): _job,
    ("certificates.k8s.io", "certificatesigningrequests"): _signing_request,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("scheduling.k8s.io", "priorityclasses"): _priority_class,
    ("storage.k8s.io", "storageclasses"): _storage_class,
}
