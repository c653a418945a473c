"""Containers of a pod: names, images, ports, variables, mounts and resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from demo_cluster.kinds import Obj
from demo_cluster.quantities import quantity
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    NOT_NEGATIVE,
    duplicate,
    forbidden,
    invalid,
    invalid_for,
    not_found,
    required,
    unsupported,
)
from demo_cluster.validation.probes import probes_causes
from demo_cluster.validation.volumes import local_path

PULL_POLICIES = ["Always", "IfNotPresent", "Never"]
PROTOCOLS = ["SCTP", "TCP", "UDP"]
_MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"]
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HOOKS = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_MAX_ID = 2147483647


def containers_causes(spec: Obj, path: str, volumes: set[str | None]) -> Iterator[Cause]:
    """What is wrong with the containers of a pod; `volumes` are the names that they can mount."""
    containers, grace = spec.get("containers") or [], spec.get("terminationGracePeriodSeconds")
    if not containers:
        yield required(f"{path}.containers")
    names: set[str] = set()
    for index, container in enumerate(containers):
        where = f"{path}.containers[{index}]"
        yield from _common(container, where, volumes)
        if container.get("name", "") in names:
            yield duplicate(f"{where}.name", container.get("name", ""))
        names.add(container.get("name", ""))
        yield from probes_causes(container, where, grace)
        if container.get("restartPolicy") is not None and not container.get("restartPolicyRules"):
            yield from _restart_policy(container["restartPolicy"], f"{where}.restartPolicy")
    yield from _host_ports(containers, f"{path}.containers")
    for index, container in enumerate(spec.get("initContainers") or ()):
        where = f"{path}.initContainers[{index}]"
        yield from _common(container, where, volumes)
        yield from _init(container, where, names, grace)


def _restart_policy(policy: str, path: str) -> Iterator[Cause]:
    policies = ["Always", "Never", "OnFailure"]
    if policy not in policies:
        yield unsupported(path, policy, policies)


def _init(container: Obj, path: str, names: set[str], grace: int | None) -> Iterator[Cause]:
    policy = container.get("restartPolicy")
    if policy is not None:
        yield from _restart_policy(policy, f"{path}.restartPolicy")
    name = container.get("name", "")
    if name in names:
        yield duplicate(f"{path}.name", name)
    elif name:
        names.add(name)
    if policy == "Always":
        yield from probes_causes(container, path, grace)
        return
    for hook in _HOOKS:
        if container.get(hook) is not None:
            why = "may not be set for init containers without restartPolicy=Always"
            yield forbidden(f"{path}.{hook}", why)


def _common(container: Obj, path: str, volumes: set[str | None]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from invalid_for(f"{path}.name", name, formats.label(name))
    if not container.get("image"):
        yield required(f"{path}.image")
    policy = container.get("terminationMessagePolicy", "File")
    if policy not in _MESSAGE_POLICIES:
        yield unsupported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    yield from _ports(container.get("ports") or (), f"{path}.ports")
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(variable, f"{path}.env[{index}]")
    yield from _variables_from(container.get("envFrom") or (), f"{path}.envFrom")
    yield from _mounts(container.get("volumeMounts") or (), f"{path}.volumeMounts", volumes)
    pull = container.get("imagePullPolicy")
    if pull not in PULL_POLICIES:
        yield unsupported(f"{path}.imagePullPolicy", pull, PULL_POLICIES)
    yield from resources_causes(container.get("resources") or {}, f"{path}.resources")
    yield from _security(container.get("securityContext") or {}, f"{path}.securityContext")


# -- ports ---------------------------------------------------------------------------------


def _ports(ports: Sequence[Obj], path: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        where, name = f"{path}[{index}]", port.get("name")
        if name:
            reasons = formats.port_name(name)
            yield from invalid_for(f"{where}.name", name, reasons)
            if not reasons and name in names:
                yield duplicate(f"{where}.name", name)
            elif not reasons:
                names.add(name)
        number = port.get("containerPort") or 0
        if not number:
            yield required(f"{where}.containerPort")
        else:
            reasons = formats.port_number(number)
            yield from invalid_for(f"{where}.containerPort", number, reasons)
        if port.get("hostPort"):
            reasons = formats.port_number(port["hostPort"])
            yield from invalid_for(f"{where}.hostPort", port["hostPort"], reasons)
        if port.get("protocol", "TCP") not in PROTOCOLS:
            yield unsupported(f"{where}.protocol", port["protocol"], PROTOCOLS)


def _host_ports(containers: list[Obj], path: str) -> Iterator[Cause]:
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            protocol, address = port.get("protocol", "TCP"), port.get("hostIP", "")
            key = f"{protocol}/{address}/{port['hostPort']}"
            if key in taken:
                yield duplicate(f"{path}[{index}].ports[{number}].hostPort", key)
            taken.add(key)


# -- variables -----------------------------------------------------------------------------

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)


def _variable(variable: Obj, path: str) -> Iterator[Cause]:
    name = variable.get("name", "")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from invalid_for(f"{path}.name", name, formats.variable_name(name))
    source = variable.get("valueFrom")
    if source is None:
        return
    where = f"{path}.valueFrom"
    stated = [each for each in _SOURCES if source.get(each) is not None]
    for each in stated:
        yield from _variable_source(each, source[each], f"{where}.{each}")
    if not stated:
        why = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
            "`secretKeyRef` or `fileKeyRef`"
        )
        yield invalid(where, "", why)
    elif variable.get("value"):
        yield invalid(where, "", "may not be specified when `value` is not empty")
    elif len(stated) > 1:
        yield invalid(where, "", "may not have more than one field specified at a time")


def _variable_source(kind: str, source: Obj, path: str) -> Iterator[Cause]:
    if kind == "fieldRef":
        field = source.get("fieldPath", "")
        if not field:
            yield required(f"{path}.fieldPath")
        elif field.startswith(("metadata.labels['", "metadata.annotations['")):
            return
        elif field not in _FIELDS:
            if field in ("metadata.labels", "metadata.annotations"):
                yield unsupported(f"{path}.fieldPath", field, _FIELDS)
            else:
                why = f"error converting fieldPath: field label not supported: {field}"
                yield invalid(f"{path}.fieldPath", field, why)
    elif kind == "resourceFieldRef":
        wanted = source.get("resource", "")
        if not wanted:
            yield required(f"{path}.resource")
        elif wanted not in _RESOURCES and ".hugepages-" not in wanted:
            yield unsupported(f"{path}.resource", wanted, _RESOURCES)
    elif kind in ("configMapKeyRef", "secretKeyRef"):
        name, key = source.get("name", ""), source.get("key", "")
        yield from invalid_for(f"{path}.name", name, formats.subdomain(name))
        if not key:
            yield required(f"{path}.key")
        else:
            yield from invalid_for(f"{path}.key", key, formats.config_key(key))


def _variables_from(sources: Sequence[Obj], path: str) -> Iterator[Cause]:
    for index, source in enumerate(sources):
        where = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            yield from invalid_for(f"{where}.prefix", prefix, formats.variable_name(prefix))
        stated = [each for each in ("configMapRef", "secretRef") if source.get(each) is not None]
        for each in stated:
            if not source[each].get("name"):
                yield required(f"{where}.{each}.name")
        if not stated:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(stated) > 1:
            yield invalid(path, "", "may not have more than one field specified at a time")


# -- mounts --------------------------------------------------------------------------------


def _mounts(mounts: Sequence[Obj], path: str, volumes: set[str | None]) -> Iterator[Cause]:
    taken: set[str] = set()
    for index, mount in enumerate(mounts):
        where, target = f"{path}[{index}]", mount.get("mountPath", "")
        if not mount.get("name"):
            yield required(f"{where}.name")
        if mount.get("name") not in volumes:
            yield not_found(f"{where}.name", mount.get("name", ""))
        if not target:
            yield required(f"{where}.mountPath")
        if target in taken:
            yield invalid(f"{where}.mountPath", target, "must be unique")
        taken.add(target)
        if sub := mount.get("subPath"):
            yield from local_path(sub, f"{path}.subPath")
        if pattern := mount.get("subPathExpr"):
            if mount.get("subPath"):
                why = "subPathExpr and subPath are mutually exclusive"
                yield invalid(f"{where}.subPathExpr", pattern, why)
            yield from local_path(pattern, f"{path}.subPathExpr")


# -- resources -----------------------------------------------------------------------------


def resources_causes(resources: Obj, path: str) -> Iterator[Cause]:
    """What is wrong with the limits and requests of a container."""
    limits = resources.get("limits") or {}
    for name, amount in limits.items():
        yield from _amount(name, amount, f"{path}.limits[{name}]")
    for name, amount in (resources.get("requests") or {}).items():
        yield from _amount(name, amount, f"{path}.requests[{name}]")
        may_differ = name in _STANDARD
        limit = limits.get(name)
        if limit is None:
            if not may_differ:
                why = "Limit must be set for non overcommitable resources"
                yield required(f"{path}.limits", why)
        elif not may_differ and quantity(str(amount)) != quantity(str(limit)):
            why = f"must be equal to {name} limit of {limit}"
            yield invalid(f"{path}.requests", str(amount), why)
        elif quantity(str(amount)) > quantity(str(limit)):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield invalid(f"{path}.requests", str(amount), why)


def _amount(name: str, amount: object, path: str) -> Iterator[Cause]:
    yield from invalid_for(path, name, formats.qualified_name(name))
    is_known = name in _STANDARD or name.startswith("hugepages-")
    if "/" not in name and not is_known:
        yield invalid(path, name, "must be a standard resource type or fully qualified")
        yield invalid(path, name, "must be a standard resource for containers")
    value = quantity(str(amount))
    if value < Decimal(0):
        yield invalid(path, str(amount), NOT_NEGATIVE)
    if "/" in name and value != value.to_integral_value():
        yield invalid(path, str(amount), "must be an integer")


def _security(context: Obj, path: str) -> Iterator[Cause]:
    for name in ("runAsUser", "runAsGroup"):
        value = context.get(name)
        if value is not None and not 0 <= value <= _MAX_ID:
            why = f"must be between 0 and {_MAX_ID}, inclusive"
            yield invalid(f"{path}.{name}", value, why)
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            yield invalid(path, _inside(context), why)
        if "SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            why = (
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` "
                "CAP_SYS_ADMIN"
            )
            yield invalid(path, _inside(context), why)


_CONTEXT = (
    "capabilities",
    "privileged",
    "seLinuxOptions",
    "windowsOptions",
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "readOnlyRootFilesystem",
    "allowPrivilegeEscalation",
    "procMount",
    "seccompProfile",
    "appArmorProfile",
)


def _inside(context: Obj) -> Obj:
    """A security context as the server has it inside."""
    names = {"seLinuxOptions": "SELinuxOptions"}
    return {names.get(name, name[:1].upper() + name[1:]): context.get(name) for name in _CONTEXT}
