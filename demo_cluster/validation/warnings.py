"""What the server warns of without refusing it, in its words and order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from demo_cluster.kinds import Kind, Obj
from demo_cluster.quantities import quantity
from demo_cluster.validation.formats import label
from demo_cluster.validation.metadata import finalizer_warnings

_TEMPLATES = {
    ("apps", "daemonsets"): "spec.template",
    ("apps", "deployments"): "spec.template",
    ("apps", "replicasets"): "spec.template",
    ("apps", "statefulsets"): "spec.template",
    ("", "replicationcontrollers"): "spec.template",
    ("batch", "cronjobs"): "spec.jobTemplate.spec.template",
    ("batch", "jobs"): "spec.template",
}
"""Where workloads keep their pods' template."""
_NAMED_FREELY = ("daemonsets", "statefulsets")
"""Workloads of whose names nothing is said."""
_OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
}
_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": ("v1.16+", "priorityClassName"),
    "security.alpha.kubernetes.io/sysctls": ("v1.11+", "sysctls"),
    "security.alpha.kubernetes.io/unsafe-sysctls": ("v1.11+", "sysctls"),
}
_OLD_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_INGRESS_CLASS = "kubernetes.io/ingress.class"
_WHOLE = ("memory", "ephemeral-storage")
_NO_POD = "labelSelector: a null labelSelector results in matching no pod"


def warnings_about(kind: Kind, obj: Obj, old: Obj | None = None) -> list[str]:
    """What the server says of an object that it takes; `old` is what was changed."""
    if kind.is_custom:
        return list(finalizer_warnings(obj, old))
    return list(_warnings(kind, obj, old))


def _warnings(kind: Kind, obj: Obj, old: Obj | None) -> Iterator[str]:
    name = obj["metadata"]["name"]
    if kind.storage_key == ("", "pods"):
        if old is None:
            yield from _name_warnings(name, "the Pod's hostname")
            yield from _pod_warnings(obj, "")
    elif kind.storage_key in _TEMPLATES:
        if old is None and kind.plural not in _NAMED_FREELY:
            yield from _name_warnings(name, "Pod names and hostnames")
        if old is None or old.get("spec") != obj.get("spec"):
            path = _TEMPLATES[kind.storage_key]
            template: Any = obj
            for part in path.split("."):
                template = template.get(part) or {}
            yield from _pod_warnings(template, f"{path}.")
    elif kind.plural != "ingresses" or old is None:
        check = _OTHERS.get(kind.storage_key)
        yield from check(obj) if check else ()


def _name_warnings(name: str, use: str) -> Iterator[str]:
    if reasons := label(name):
        yield (
            f"metadata.name: this is used in {use}, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(reasons)}]"
        )


def _service_warnings(service: Obj) -> Iterator[str]:
    spec = service["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP" or spec.get("clusterIP") != "None":
        return
    ignored = {
        "loadBalancerIP": spec.get("loadBalancerIP"),
        "externalIPs": spec.get("externalIPs"),
        "SessionAffinity": spec.get("sessionAffinity", "None") != "None",
    }
    for name, is_set in ignored.items():
        if is_set:
            yield f"spec.{name} is ignored for headless services"


def _claim_warnings(claim: Obj) -> Iterator[str]:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    yield from _fractions(requests, "spec.resources.requests", ("storage",))


def _volume_warnings(volume: Obj) -> Iterator[str]:
    if volume["spec"].get("persistentVolumeReclaimPolicy") == "Recycle":
        yield (
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
            "Please use dynamic provisioning instead."
        )


def _ingress_warnings(ingress: Obj) -> Iterator[str]:
    annotations = ingress["metadata"].get("annotations") or {}
    if _INGRESS_CLASS in annotations and not ingress["spec"].get("ingressClassName"):
        instead = "please use 'spec.ingressClassName' instead"
        yield f'annotation "{_INGRESS_CLASS}" is deprecated, {instead}'


_OTHERS: dict[tuple[str, str], Callable[[Obj], Iterator[str]]] = {
    ("", "services"): _service_warnings,
    ("", "persistentvolumeclaims"): _claim_warnings,
    ("", "persistentvolumes"): _volume_warnings,
    ("networking.k8s.io", "ingresses"): _ingress_warnings,
}


def _pod_warnings(pod: Obj, path: str) -> Iterator[str]:
    """Of a pod, or of a template at this path."""
    spec, annotations = pod.get("spec") or {}, (pod.get("metadata") or {}).get("annotations") or {}
    here, noted = f"{path}spec", f"{path}metadata.annotations"
    yield from _placing_warnings(spec, here)
    for key, (version, field) in _OLD_ANNOTATIONS.items():
        if key in annotations:
            yield f'{noted}[{key}]: non-functional in {version}; use the "{field}" field instead'
    yield from _list_warnings(spec, here)
    security = spec.get("securityContext") or {}
    if _SECCOMP in annotations and not security.get("seccompProfile"):
        yield (
            f'{noted}[{_SECCOMP}]: non-functional in v1.27+; use the "seccompProfile" field instead'
        )
    for container, place in _containers(spec, here):
        own = container.get("securityContext") or {}
        key = f"{_APP_ARMOR}{container.get('name')}"
        fields = own.get("appArmorProfile") or security.get("appArmorProfile")
        if path and key in annotations and not fields:
            instead = 'use the "appArmorProfile" field instead'
            yield f"{noted}[{key}]: deprecated since v1.30; {instead}"
        for kind in ("limits", "requests"):
            resources = (container.get("resources") or {}).get(kind) or {}
            yield from _fractions(resources, f"{place}.resources.{kind}", _WHOLE)
        yield from _hidden_variables(container.get("env") or [], place)
    yield from _port_warnings(spec, here)
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        why = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{here}.terminationGracePeriodSeconds: {why}"
    yield from _affinity_warnings(spec.get("affinity") or {}, f"{here}.affinity")


def _list_warnings(spec: Obj, path: str) -> Iterator[str]:
    for index, volume in enumerate(spec.get("volumes") or ()):
        for name, why in _OLD_VOLUMES.items():
            if volume.get(name) is not None:
                yield f"{path}.volumes[{index}].{name}: {why}"
    yield from _repeated(spec.get("hostAliases") or [], f"{path}.hostAliases", "ip")
    secrets = spec.get("imagePullSecrets") or []
    yield from _repeated(secrets, f"{path}.imagePullSecrets", "name")
    for index, secret in enumerate(secrets):
        if not secret.get("name"):
            yield f'{path}.imagePullSecrets[{index}].name: invalid empty name ""'


def _containers(spec: Obj, path: str) -> Iterator[tuple[Obj, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"{path}.{field}[{index}]"


def _placing_warnings(spec: Obj, path: str) -> Iterator[str]:
    for key in sorted(spec.get("nodeSelector") or {}):
        if key in _OLD_LABELS:
            yield f"{path}.nodeSelector[{key}]: {_outdated(key)}"
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    where = f"{path}.affinity.nodeAffinity"
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    needed = f"{where}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    for index, term in enumerate(terms.get("nodeSelectorTerms") or ()):
        yield from _term_warnings(term, f"{needed}[{index}]")
    liked = "preferredDuringSchedulingIgnoredDuringExecution"
    for index, weighted in enumerate(affinity.get(liked) or ()):
        place = f"{where}.{liked}[{index}].preference"
        yield from _term_warnings(weighted.get("preference") or {}, place)
    for index, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        place, key = f"{path}.topologySpreadConstraints[{index}]", spread.get("topologyKey")
        if key in _OLD_LABELS:
            yield f"{place}.topologyKey: {key} is {_outdated(key)}"
        if spread.get("labelSelector") is None:
            yield f"{place}.{_NO_POD}"


def _term_warnings(term: Obj, path: str) -> Iterator[str]:
    for index, clause in enumerate(term.get("matchExpressions") or ()):
        key = clause.get("key")
        if key in _OLD_LABELS:
            yield f"{path}.matchExpressions[{index}].key: {key} is {_outdated(key)}"


def _outdated(key: str) -> str:
    version, instead = _OLD_LABELS[key]
    return f'deprecated since {version}; use "{instead}" instead'


def _affinity_warnings(affinity: Obj, path: str) -> Iterator[str]:
    for field in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(field) or {}
        needed = "requiredDuringSchedulingIgnoredDuringExecution"
        for index, term in enumerate(terms.get(needed) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{field}.{needed}[{index}].{_NO_POD}"
        liked = "preferredDuringSchedulingIgnoredDuringExecution"
        for index, weighted in enumerate(terms.get(liked) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{path}.{field}.{liked}[{index}].podAffinityTerm.{_NO_POD}"


def _repeated(items: list[Obj], path: str, field: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        value = item.get(field) or ""
        if value in seen:
            yield f"{path}[{index}].{field}: duplicate {field} {json.dumps(value)}"
        seen.add(value)


def _fractions(resources: Obj, path: str, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        given = resources.get(name)
        if given is not None and quantity(str(given)) % 1:
            yield f'{path}[{name}]: fractional byte value "{given}" is invalid, must be an integer'


def _hidden_variables(variables: list[Obj], path: str) -> Iterator[str]:
    """A variable may be stated again, as long as it builds on what it was."""
    names: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = variable["name"], variable.get("value") or ""
        reference = f"$({name})"
        builds_on = reference in value and value != reference and "valueFrom" not in variable
        if name in names and not builds_on:
            yield (
                f'{path}.env[{index}]: hides previous definition of "{name}", '
                "which may be dropped when using apply"
            )
        names.add(name)


def _port_warnings(spec: Obj, path: str) -> Iterator[str]:
    """Ports of one number in one pod: they share its address."""
    seen: dict[tuple[Any, str], list[tuple[str, str, int]]] = {}
    for container, place in _containers(spec, path):
        for index, port in enumerate(container.get("ports") or ()):
            here = f"{place}.ports[{index}]"
            address, outer = port.get("hostIP") or "", port.get("hostPort") or 0
            key = (port.get("containerPort"), port.get("protocol") or "TCP")
            for other, other_address, other_outer in seen.get(key, ()):
                if (address, outer) == (other_address, other_outer):
                    yield f"{here}: duplicate port definition with {other}"
                elif not outer or not other_outer:
                    yield f"{here}: overlapping port definition with {other}"
                elif outer == other_outer and bool(address) != bool(other_address):
                    yield f"{here}: dangerously ambiguous port definition with {other}"
            seen.setdefault(key, []).append((here, address, outer))
