"""Pod specs as the API server has them inside, and what differs between two of them. Pure.

Refusals of a pod's change end with a diff of these forms: the fields of Go's structs in their
order, unset ones too. Follows the types of k8s.io/kubernetes/pkg/apis/core.
"""

from __future__ import annotations

import difflib
import json
from typing import Any

from demo_cluster.kinds import Obj

_Struct = dict[str, Any]
"""Field names in their order, with what an unset one has."""

_CONTAINER: _Struct = {
    "name": "",
    "image": "",
    "command": None,
    "args": None,
    "workingDir": "",
    "ports": None,
    "envFrom": None,
    "env": None,
    "resources": {},
    "resizePolicy": None,
    "restartPolicy": None,
    "restartPolicyRules": None,
    "volumeMounts": None,
    "volumeDevices": None,
    "livenessProbe": None,
    "readinessProbe": None,
    "startupProbe": None,
    "lifecycle": None,
    "terminationMessagePath": "",
    "terminationMessagePolicy": "",
    "imagePullPolicy": "",
    "securityContext": None,
    "stdin": False,
    "stdinOnce": False,
    "tty": False,
}
_SECURITY = (
    "hostNetwork",
    "hostPID",
    "hostIPC",
)
_STRUCTS: dict[str, _Struct] = {
    "containers": _CONTAINER,
    "initContainers": _CONTAINER,
    "ephemeralContainers": {**_CONTAINER, "targetContainerName": ""},
    "resources": {"limits": None, "requests": None, "claims": None},
    "env": {"name": "", "value": "", "valueFrom": None},
    "ports": {"name": "", "hostPort": 0, "containerPort": 0, "protocol": "", "hostIP": ""},
    "volumeMounts": {
        "name": "",
        "readOnly": False,
        "recursiveReadOnly": None,
        "mountPath": "",
        "subPath": "",
        "mountPropagation": None,
        "subPathExpr": "",
    },
    "tolerations": {
        "key": "",
        "operator": "",
        "value": "",
        "effect": "",
        "tolerationSeconds": None,
    },
    "podSecurityContext": {
        **dict.fromkeys(_SECURITY, False),
        "shareProcessNamespace": None,
        "hostUsers": None,
        "seLinuxOptions": None,
        "windowsOptions": None,
        "runAsUser": None,
        "runAsGroup": None,
        "runAsNonRoot": None,
        "supplementalGroups": None,
        "supplementalGroupsPolicy": None,
        "fsGroup": None,
        "fsGroupChangePolicy": None,
        "sysctls": None,
        "seccompProfile": None,
        "appArmorProfile": None,
        "seLinuxChangePolicy": None,
    },
}
_POD_SPEC: _Struct = {
    "volumes": None,
    "initContainers": None,
    "containers": None,
    "ephemeralContainers": None,
    "restartPolicy": "",
    "terminationGracePeriodSeconds": None,
    "activeDeadlineSeconds": None,
    "dnsPolicy": "",
    "nodeSelector": None,
    "serviceAccountName": "",
    "automountServiceAccountToken": None,
    "nodeName": "",
    "podSecurityContext": {},
    "imagePullSecrets": None,
    "hostname": "",
    "subdomain": "",
    "setHostnameAsFQDN": None,
    "affinity": None,
    "schedulerName": "",
    "tolerations": None,
    "hostAliases": None,
    "priorityClassName": "",
    "priority": None,
    "preemptionPolicy": None,
    "dnsConfig": None,
    "readinessGates": None,
    "runtimeClassName": None,
    "overhead": None,
    "enableServiceLinks": None,
    "topologySpreadConstraints": None,
    "os": None,
    "schedulingGates": None,
    "resourceClaims": None,
    "resources": None,
    "hostnameOverride": None,
}
_CLAIM_SPEC: _Struct = {
    "accessModes": None,
    "selector": None,
    "resources": {},
    "volumeName": "",
    "storageClassName": None,
    "volumeMode": None,
    "dataSource": None,
    "dataSourceRef": None,
    "volumeAttributesClassName": None,
}
_GO_NAMES = {
    "tty": "TTY",
    "dnsPolicy": "DNSPolicy",
    "dnsConfig": "DNSConfig",
    "os": "OS",
    "podSecurityContext": "SecurityContext",
    "seLinuxOptions": "SELinuxOptions",
    "seLinuxChangePolicy": "SELinuxChangePolicy",
    "fsGroup": "FSGroup",
    "fsGroupChangePolicy": "FSGroupChangePolicy",
}
_FREE = frozenset({"limits", "requests", "nodeSelector", "overhead"})
"""Maps whose keys are the user's."""


def pod_spec_diff(old: Obj, new: Obj) -> str:
    """What differs between two pod specs, as a unified diff without its head."""
    return _diff(_pod_spec(old), _pod_spec(new))


def template_form(template: Obj) -> Obj:
    """A pod template as the API server has it inside."""
    return {**(template.get("metadata") or {}), "Spec": _pod_spec(template.get("spec") or {})}


def claim_spec_diff(old: Obj, new: Obj) -> str:
    """What differs between two specs of a claim."""
    return _diff(_filled(_CLAIM_SPEC, old), _filled(_CLAIM_SPEC, new))


def ephemeral_diff(old: Obj, new: Obj | None) -> str:
    """What differs between two forms of an ephemeral container."""
    struct = _STRUCTS["ephemeralContainers"]
    return _diff(_filled(struct, old), None if new is None else _filled(struct, new))


def _diff(old: Any, new: Any, context: int = 3) -> str:
    before = json.dumps(old, indent=1, ensure_ascii=False).split("\n")
    after = json.dumps(new, indent=1, ensure_ascii=False).split("\n")
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    lines: list[str] = []
    for group in matcher.get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, from_, until, to_from, to_until in group:
            if tag == "equal":
                lines += [f" {line}" for line in before[from_:until]]
                continue
            lines += [f"-{line}" for line in before[from_:until]]
            lines += [f"+{line}" for line in after[to_from:to_until]]
    return "\n".join(lines) + "\n"


def _range(start: int, stop: int) -> str:
    return f"{start + 1},{stop - start}"


def _pod_spec(spec: Obj) -> Obj:
    context = {**(spec.get("securityContext") or {})}
    context |= {name: spec[name] for name in _SECURITY if name in spec}
    return _filled(_POD_SPEC, {**spec, "podSecurityContext": context})


def _filled(struct: _Struct, value: Obj) -> Obj:
    return {_go_name(name): _form(name, value.get(name, unset)) for name, unset in struct.items()}


def _form(name: str, value: Any) -> Any:
    struct = _STRUCTS.get(name)
    if isinstance(value, list):
        return [_form(name, item) for item in value] or None
    if not isinstance(value, dict):
        return value
    if struct is not None:
        return _filled(struct, value)
    if name in _FREE:
        return dict(sorted(value.items()))
    return {_go_name(key): _form(f"{name}.{key}", inner) for key, inner in value.items()}


def _go_name(name: str) -> str:
    return _GO_NAMES.get(name, name[:1].upper() + name[1:])
