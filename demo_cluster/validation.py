"""What is wrong with an object, field by field, in the API server's words."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from demo_cluster.bootstrap import SERVICES
from demo_cluster.causes import as_json, duplicate, invalid_value, required, unsupported
from demo_cluster.custom_kinds import DEFINITIONS, definition_causes
from demo_cluster.internal_form import ephemeral_diff, pod_spec_diff
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.platform_validation import platform_causes, schedule_causes
from demo_cluster.pod_defaults import quality_of_service
from demo_cluster.quantities import quantity
from demo_cluster.selection import LABEL_VALUE_RULE, NAME_PART_RULE
from demo_cluster.status import Cause
from demo_cluster.storage import Storage

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_MAX_DATA = 1024 * 1024
_SHORT_NAMES = frozenset({("", "namespaces"), ("", "services")})
_TEMPLATED = frozenset(
    {
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
        ("batch", "jobs"),
    }
)


def validate(
    kind: Kind, new: Obj, old: Obj | None, storage: Storage, part: str = ""
) -> list[Cause]:
    """Everything that is wrong with a new object, or with a change of one.

    `part` is the subresource that is written, "" for the object itself.
    """
    causes = [*_metadata(kind, new), *_new_finalizers(new, old)]
    if kind.storage_key == DEFINITIONS.storage_key:
        return [*causes, *definition_causes(new)]
    if kind.storage_key == ("", "pods"):
        causes += _pod(new, old, part)
    elif kind.storage_key == ("", "services"):
        causes += _service(new, old, storage)
    elif kind.storage_key in _TEMPLATED:
        causes += _workload(kind, new, old)
    elif kind.storage_key in (("", "configmaps"), ("", "secrets")):
        causes += _data(new, old)
    elif kind.plural in ("rolebindings", "clusterrolebindings"):
        causes += _role_binding(new, old)
    elif kind.plural in ("roles", "clusterroles"):
        causes += _rules(new)
    elif kind.plural == "horizontalpodautoscalers":
        causes += _autoscaler(new["spec"])
    elif kind.storage_key == ("batch", "cronjobs"):
        causes += _cron_job(new)
    return [*causes, *platform_causes(kind, new, old)]


def _metadata(kind: Kind, obj: Obj) -> Iterator[Cause]:
    meta = obj["metadata"]
    name = meta["name"]
    if kind.group != "rbac.authorization.k8s.io":
        yield from _name(kind, name)
    elif "/" in name or "%" in name:
        sign = "/" if "/" in name else "%"
        yield invalid_value("metadata.name", name, f"may not contain '{sign}'")
    yield from labels_causes(meta.get("labels") or {}, "metadata.labels")
    for key in meta.get("annotations") or {}:
        if not _NAME_PART.fullmatch(key.rpartition("/")[2]):
            yield invalid_value("metadata.annotations", key, NAME_PART_RULE)
    for finalizer in meta.get("finalizers") or ():
        if "/" not in finalizer and finalizer not in ("orphan", "foregroundDeletion", "kubernetes"):
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value("metadata.finalizers", finalizer, why)


def _new_finalizers(new: Obj, old: Obj | None) -> list[Cause]:
    """An object that goes can lose finalizers only. The real server says it twice."""
    if old is None or "deletionTimestamp" not in old["metadata"]:
        return []
    present = old["metadata"].get("finalizers") or []
    added = [name for name in new["metadata"].get("finalizers") or [] if name not in present]
    if not added:
        return []
    listed = ", ".join(json.dumps(name) for name in added)
    text = (
        "Forbidden: no new finalizers can be added if the object is being deleted, "
        f"found new finalizers []string{{{listed}}}"
    )
    return [Cause("FieldValueForbidden", text, "metadata.finalizers")] * 2


def _name(kind: Kind, name: str) -> Iterator[Cause]:
    is_short = kind.storage_key in _SHORT_NAMES
    pattern, rule = (_LABEL, LABEL_RULE) if is_short else (_SUBDOMAIN, SUBDOMAIN_RULE)
    if kind.storage_key == ("", "services") and name[:1].isdigit():
        pattern = re.compile("$^")
        rule = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
            "with an alphabetic character, and end with an alphanumeric character (e.g. "
            "'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        )
    limit = 63 if is_short else 253
    if len(name) > limit:
        yield invalid_value("metadata.name", name, f"must be no more than {limit} characters")
    if not pattern.fullmatch(name):
        yield invalid_value("metadata.name", name, rule)


def labels_causes(labels: dict[str, str], field: str) -> Iterator[Cause]:
    """What is wrong with labels."""
    for key, value in labels.items():
        if not _NAME_PART.fullmatch(key.rpartition("/")[2]):
            yield invalid_value(field, key, NAME_PART_RULE)
        if len(value) > 63:
            yield invalid_value(field, value, "must be no more than 63 bytes")
        elif not _LABEL_VALUE.fullmatch(value):
            yield invalid_value(field, value, LABEL_VALUE_RULE)


def _pod(new: Obj, old: Obj | None, part: str) -> Iterator[Cause]:
    if part == "resize" and old is not None:
        if quality_of_service(new["spec"]) != quality_of_service(old["spec"]):
            why = "Pod QOS Class may not change as a result of resizing"
            yield invalid_value("spec", quality_of_service(old["spec"]), why)
        return
    if part == "ephemeralcontainers" and old is not None:
        yield from _new_ephemeral(new, old)
        yield from _ephemeral_change(new, old)
        return
    if old is not None:
        yield from _pod_change(new, old)
        return
    yield from pod_spec_causes(new["spec"], "spec")


def pod_spec_causes(
    spec: Obj, path: str, claimed: frozenset[str | None] = frozenset()
) -> Iterator[Cause]:
    """What is wrong with a pod's spec; `claimed` are volumes that claim templates give it."""
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{path}.containers")
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()} | claimed
    seen: set[str] = set()
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield from _container(container, f"{path}.{field}[{index}]", seen, volumes)
    dns = spec.get("dnsPolicy", "ClusterFirst")
    policies = ["Always", "OnFailure", "Never"]
    if spec.get("restartPolicy") not in policies:
        yield unsupported(f"{path}.restartPolicy", spec.get("restartPolicy"), policies)
    if dns not in _DNS_POLICIES:
        yield unsupported(f"{path}.dnsPolicy", dns, _DNS_POLICIES)
    grace = spec.get("terminationGracePeriodSeconds") or 0
    if grace < 0:
        why = "must be greater than or equal to 0"
        yield invalid_value(f"{path}.terminationGracePeriodSeconds", grace, why)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2147483647:
        why = "must be between 1 and 2147483647, inclusive"
        yield invalid_value(f"{path}.activeDeadlineSeconds", deadline, why)


def _container(
    container: Obj, path: str, seen: set[str], volumes: set[str | None]
) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(f"{path}.name")
    elif not _LABEL.fullmatch(name):
        yield invalid_value(f"{path}.name", name, LABEL_RULE)
    elif name in seen:
        yield duplicate(f"{path}.name", name)
    seen.add(name)
    if not container.get("image"):
        yield required(f"{path}.image")
    pull = container.get("imagePullPolicy")
    if pull not in _PULL_POLICIES:
        yield unsupported(f"{path}.imagePullPolicy", pull, _PULL_POLICIES)
    for index, port in enumerate(container.get("ports") or ()):
        yield from _port(port.get("containerPort"), f"{path}.ports[{index}].containerPort")
        if port.get("protocol", "TCP") not in _PROTOCOLS:
            yield unsupported(f"{path}.ports[{index}].protocol", port["protocol"], _PROTOCOLS)
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(variable, f"{path}.env[{index}]")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            where = f"{path}.volumeMounts[{index}].name"
            yield Cause("FieldValueNotFound", f"Not found: {as_json(mount.get('name'))}", where)
        if not mount.get("mountPath"):
            yield required(f"{path}.volumeMounts[{index}].mountPath")
    yield from _resources(container.get("resources") or {}, f"{path}.resources")


_PULL_POLICIES = ["Always", "IfNotPresent", "Never"]
_PROTOCOLS = ["SCTP", "TCP", "UDP"]
_DNS_POLICIES = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]


def _variable(variable: Obj, path: str) -> Iterator[Cause]:
    if not variable.get("name"):
        yield required(f"{path}.name")
    source = variable.get("valueFrom")
    if source is not None and variable.get("value"):
        why = "may not be specified when `value` is not empty"
        yield invalid_value(f"{path}.valueFrom", "", why)
    elif source == {}:
        why = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
            "`secretKeyRef` or `fileKeyRef`"
        )
        yield invalid_value(f"{path}.valueFrom", "", why)


def _port(port: Any, field: str) -> Iterator[Cause]:
    if port is None:
        yield required(field)
    elif not 1 <= port <= 65535:
        yield invalid_value(field, port, "must be between 1 and 65535, inclusive")


def _resources(resources: Obj, path: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        if quantity(str(amount)) < Decimal(0):
            why = "must be greater than or equal to 0"
            yield invalid_value(f"{path}.requests[{name}]", amount, why)
        limit = limits.get(name)
        if limit is not None and quantity(str(amount)) > quantity(str(limit)):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield invalid_value(f"{path}.requests", str(amount), why)


_POD_RULE = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)


_CHANGEABLE = frozenset(
    {
        "activeDeadlineSeconds",
        "tolerations",
        "terminationGracePeriodSeconds",
        "schedulingGates",
    }
)


def _pod_change(new: Obj, old: Obj) -> Iterator[Cause]:
    gates = old["spec"].get("schedulingGates") or ()
    if any(gate not in gates for gate in new["spec"].get("schedulingGates") or ()):
        text = "Forbidden: only deletion is allowed, but found new scheduling gates"
        yield Cause("FieldValueForbidden", text, "spec.schedulingGates")
    elif _fixed_part(new["spec"]) != _fixed_part(old["spec"]):
        shown = pod_spec_diff(old["spec"], _with_allowed_from(old["spec"], new["spec"]))
        yield Cause("FieldValueForbidden", f"{_POD_RULE}\n{shown}", "spec")


def _with_allowed_from(old: Obj, new: Obj) -> Obj:
    """The new spec without the changes that are allowed."""
    munged = {**new, **{name: old[name] for name in _CHANGEABLE if name in old}}
    for field in ("containers", "initContainers"):
        images = [entry.get("image") for entry in old.get(field) or ()]
        entries = new.get(field) or []
        if len(images) == len(entries) and entries:
            munged[field] = [
                {**entry, "image": image} for entry, image in zip(entries, images, strict=True)
            ]
    return munged


def _ephemeral_change(new: Obj, old: Obj) -> Iterator[Cause]:
    wanted = {entry["name"]: entry for entry in new["spec"].get("ephemeralContainers") or ()}
    for present in old["spec"].get("ephemeralContainers") or ():
        name = present["name"]
        if wanted.get(name) != present:
            word = "changed" if name in wanted else "removed"
            text = (
                f"Forbidden: existing ephemeral containers {json.dumps(name)} may not be {word}\n"
            )
            text += ephemeral_diff(present, wanted.get(name)) if name in wanted else ""
            yield Cause("FieldValueForbidden", text, "spec.ephemeralContainers")


def _new_ephemeral(new: Obj, old: Obj) -> Iterator[Cause]:
    spec = new["spec"]
    known = {entry["name"] for entry in old["spec"].get("ephemeralContainers") or ()}
    taken = {
        entry["name"]
        for field in ("containers", "initContainers")
        for entry in spec.get(field) or ()
    }
    for index, entry in enumerate(spec.get("ephemeralContainers") or ()):
        path = f"spec.ephemeralContainers[{index}]"
        name, target = entry.get("name", ""), entry.get("targetContainerName")
        if name in known:
            continue
        if name in taken:
            yield duplicate(f"{path}.name", name)
        elif not _LABEL.fullmatch(name):
            where = f"{path}.name"
            yield invalid_value(where, name, LABEL_RULE) if name else required(where)
        if not entry.get("image"):
            yield required(f"{path}.image")
        if target and target not in taken:
            text = f"Not found: {as_json(target)}"
            yield Cause("FieldValueNotFound", text, f"{path}.targetContainerName")
        for field in _NOT_EPHEMERAL:
            if entry.get(field):
                text = "Forbidden: cannot be set for an Ephemeral Container"
                yield Cause("FieldValueForbidden", text, f"{path}.{field}")


_NOT_EPHEMERAL = (
    "ports",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "resources",
)


def _fixed_part(spec: Obj) -> Obj:
    fixed = {name: value for name, value in spec.items() if name not in _CHANGEABLE}
    for field in ("containers", "initContainers"):
        fixed[field] = [{**entry, "image": ""} for entry in spec.get(field) or ()]
    return fixed


def _workload(kind: Kind, new: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = new["spec"]
    if (spec.get("replicas") or 0) < 0:
        why = "must be greater than or equal to 0"
        yield invalid_value("spec.replicas", spec["replicas"], why)
    template = spec.get("template") or {}
    if kind.plural == "deployments":
        yield from _strategy(spec.get("strategy") or {})
    if kind.plural != "jobs":
        yield from _selector(kind, spec, template, old)
    if old is None or old["spec"].get("template") != template:
        yield from labels_causes(
            template.get("metadata", {}).get("labels") or {}, "spec.template.metadata.labels"
        )
        claims = spec.get("volumeClaimTemplates") or ()
        claimed = frozenset(claim.get("metadata", {}).get("name") for claim in claims)
        yield from pod_spec_causes(template.get("spec") or {}, "spec.template.spec", claimed)
        policy = template.get("spec", {}).get("restartPolicy")
        if kind.plural != "jobs" and policy in ("OnFailure", "Never"):
            yield unsupported("spec.template.spec.restartPolicy", policy, ["Always"])
        if kind.plural == "jobs" and policy == "Always":
            yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    if kind.plural == "jobs" and old is not None and old["spec"].get("template") != template:
        yield invalid_value("spec.template", template, "field is immutable")


def _strategy(strategy: Obj) -> Iterator[Cause]:
    kinds = ["Recreate", "RollingUpdate"]
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in kinds:
        yield unsupported("spec.strategy.type", strategy.get("type"), kinds)
    elif strategy["type"] == "Recreate" and rolling:
        text = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        yield Cause("FieldValueForbidden", text, "spec.strategy.rollingUpdate")
    elif rolling and all(str(rolling.get(each)) in ("0", "0%") for each in _ROLLING):
        why = "may not be 0 when `maxSurge` is 0"
        yield invalid_value("spec.strategy.rollingUpdate.maxUnavailable", rolling[_ROLLING[0]], why)


_ROLLING = ("maxUnavailable", "maxSurge")


def _selector(kind: Kind, spec: Obj, template: Obj, old: Obj | None) -> Iterator[Cause]:
    can_say_so = kind.plural != "statefulsets"  # a StatefulSet's spec is refused as a whole
    selector = spec.get("selector")
    labels = template.get("metadata", {}).get("labels") or {}
    if not selector:
        yield required("spec.selector")
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", labels or None, why)
    else:
        from demo_cluster.selection import selector_matcher

        if can_say_so and old is not None and old["spec"].get("selector") != selector:
            yield invalid_value("spec.selector", selector, "field is immutable")
        elif not selector_matcher(selector)(labels):
            why = "`selector` does not match template `labels`"
            yield invalid_value("spec.template.metadata.labels", labels, why)


def _service(new: Obj, old: Obj | None, storage: Storage) -> Iterator[Cause]:
    spec = new["spec"]
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    names: set[str] = set()
    taken = _taken_node_ports((old or new)["metadata"]["uid"], ports, storage)
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name")
        if len(ports) > 1 and not name:
            yield required(f"{path}.name")
        yield from _port(port.get("port"), f"{path}.port")
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            yield unsupported(f"{path}.protocol", port.get("protocol"), ["SCTP", "TCP", "UDP"])
        if name in names:
            yield duplicate(f"{path}.name", name)
        elif name:
            names.add(name)
        if isinstance(port.get("targetPort"), int):
            yield from _port(port["targetPort"], f"{path}.targetPort")
        yield from _node_port(port.get("nodePort"), taken, f"{path}.nodePort")
    yield from _same_ports(ports)
    yield from _cluster_address(new, old, storage)
    types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
    if spec.get("type") not in types:
        yield unsupported("spec.type", spec.get("type"), types)


def _same_ports(ports: list[Obj]) -> Iterator[Cause]:
    """A port number stands once for each protocol; the value is shown as Go's type has it."""
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        protocol, number = port.get("protocol"), port.get("port")
        if (protocol, number) in seen:
            shown = {"Name": "", "Protocol": protocol, "AppProtocol": None, "Port": number}
            shown |= {"TargetPort": 0, "NodePort": 0}
            yield duplicate(f"spec.ports[{index}]", shown)
        seen.add((protocol, number))


def _taken_node_ports(uid: str, ports: list[Obj], storage: Storage) -> set[int]:
    """The node ports of other services, when any port here asks for one."""
    if not any(port.get("nodePort") for port in ports):
        return set()
    others = (each for each in storage.list(kind_of("services")) if each["metadata"]["uid"] != uid)
    return {port.get("nodePort") for each in others for port in each["spec"].get("ports") or ()}


def _cluster_address(new: Obj, old: Obj | None, storage: Storage) -> Iterator[Cause]:
    field, addresses = "spec.clusterIPs", new["spec"].get("clusterIPs") or []
    own = new["spec"].get("clusterIP")
    before = (old or {"spec": {}})["spec"].get("clusterIP")
    if not own or own in ("None", before):
        return
    if before and new["spec"].get("type") != "ExternalName":
        yield invalid_value(f"{field}[0]", addresses, "may not change once set")
        return
    try:
        is_inside = ipaddress.ip_address(own) in SERVICE_RANGE
    except ValueError:
        yield invalid_value(f"{field}[0]", own, "must be a valid IP address, (e.g. 10.9.8.7)")
        return
    uid = (old or new)["metadata"]["uid"]
    others = (each for each in storage.list(kind_of("services")) if each["metadata"]["uid"] != uid)
    why = ""
    if not is_inside:
        why = "the provided network does not match the current range"
    elif any(each["spec"].get("clusterIP") == own for each in others):
        why = "provided IP is already allocated"
    if why:
        yield invalid_value(field, addresses, f"failed to allocate IP {own}: {why}")


SERVICE_RANGE = ipaddress.ip_network(SERVICES)


def _node_port(wanted: int | None, taken: set[int], field: str) -> Iterator[Cause]:
    if not wanted:
        return
    if not 30000 <= wanted <= 32767:
        why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
        yield invalid_value(field, wanted, why)
    elif wanted in taken:
        yield invalid_value(field, wanted, "provided port is already allocated")


_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_CONFIG_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def _data(new: Obj, old: Obj | None) -> Iterator[Cause]:
    for field, other in (("data", "binaryData"), ("binaryData", "data")):
        for key in sorted(new.get(field) or {}):
            if not _CONFIG_KEY.fullmatch(key):
                yield invalid_value(f"{field}[{key}]", key, _CONFIG_KEY_RULE)
            if key in (new.get(other) or {}):
                yield invalid_value(f"{field}[{key}]", key, f"duplicate of key present in {other}")
    if old is not None and new.get("type") != old.get("type"):
        yield invalid_value("type", new.get("type"), "field is immutable")
    size = sum(len(str(value)) for value in (new.get("data") or {}).values())
    size += sum(len(str(value)) * 3 // 4 for value in (new.get("binaryData") or {}).values())
    if size > _MAX_DATA:
        text = f"Too long: may not be more than {_MAX_DATA} bytes"
        yield Cause("FieldValueTooLong", text, "[]" if new["kind"] == "ConfigMap" else "data")
    if old is not None and old.get("immutable"):
        why = "Forbidden: field is immutable when `immutable` is set"
        for field in ("immutable", "data", "binaryData"):
            if new.get(field) != old.get(field):
                yield Cause("FieldValueForbidden", why, field)


def _cron_job(new: Obj) -> Iterator[Cause]:
    spec, template = new["spec"], "spec.jobTemplate.spec.template.spec"
    yield from schedule_causes(new)
    pod = ((spec["jobTemplate"]["spec"].get("template") or {}).get("spec")) or {}
    yield from pod_spec_causes(pod, template)
    if pod.get("restartPolicy") == "Always":
        yield required(f"{template}.restartPolicy", 'valid values: "OnFailure", "Never"')


def _autoscaler(spec: Obj) -> Iterator[Cause]:
    target = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        if not target.get(field):
            yield required(f"spec.scaleTargetRef.{field}")
    largest = spec.get("maxReplicas", 0)
    if largest < 1:
        yield invalid_value("spec.maxReplicas", largest, "must be greater than 0")
    elif largest < spec.get("minReplicas", 1):
        why = "must be greater than or equal to `minReplicas`"
        yield invalid_value("spec.maxReplicas", largest, why)


def _rules(new: Obj) -> Iterator[Cause]:
    for index, rule in enumerate(new.get("rules") or ()):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            yield required(f"{path}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            continue
        if not rule.get("apiGroups"):
            why = "resource rules must supply at least one api group"
            yield required(f"{path}.apiGroups", why)
        if not rule.get("resources"):
            yield required(f"{path}.resources", "resource rules must supply at least one resource")


def _role_binding(new: Obj, old: Obj | None) -> Iterator[Cause]:
    role = new.get("roleRef") or {}
    if role.get("kind") not in ("Role", "ClusterRole"):
        yield unsupported("roleRef.kind", role.get("kind", ""), ["ClusterRole", "Role"])
    if not role.get("name"):
        yield required("roleRef.name")
    for index, subject in enumerate(new.get("subjects") or ()):
        if not subject.get("name"):
            yield required(f"subjects[{index}].name")
        if subject.get("kind") not in ("User", "Group", "ServiceAccount"):
            supported = ["Group", "ServiceAccount", "User"]
            yield unsupported(f"subjects[{index}].kind", subject.get("kind", ""), supported)
    if old is not None:
        yield from _same_role(new, old)


def _same_role(new: Obj, old: Obj) -> Iterator[Cause]:
    if new.get("roleRef") != old.get("roleRef"):
        role = new.get("roleRef") or {}
        shown = {name[:1].upper() + name[1:]: value for name, value in role.items()}
        shown = {"APIGroup" if name == "ApiGroup" else name: value for name, value in shown.items()}
        yield invalid_value("roleRef", shown, "cannot change roleRef")


_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"


def warnings_about(kind: Kind, obj: Obj) -> list[str]:
    """What the server warns of without refusing it."""
    if kind.storage_key != ("", "pods"):
        return []
    found = []
    if len(obj["metadata"]["name"]) > 63:
        found.append(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising "
            "behavior; a DNS label is recommended: [must be no more than 63 characters]"
        )
    if _SECCOMP in (obj["metadata"].get("annotations") or {}):
        found.append(
            f"metadata.annotations[{_SECCOMP}]: non-functional in v1.27+; "
            'use the "seccompProfile" field instead'
        )
    for position, container in enumerate(obj["spec"].get("containers") or ()):
        names: set[str] = set()
        for index, variable in enumerate(container.get("env") or ()):
            if variable["name"] in names:
                found.append(
                    f"spec.containers[{position}].env[{index}]: hides previous definition of "
                    f'"{variable["name"]}", which may be dropped when using apply'
                )
            names.add(variable["name"])
    return found
