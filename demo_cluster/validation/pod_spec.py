"""The spec of a pod, or of the pods that a template makes."""

from __future__ import annotations

from collections.abc import Iterator

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    NOT_NEGATIVE,
    forbidden,
    invalid,
    invalid_for,
    required,
    unsupported,
)
from demo_cluster.validation.containers import containers_causes
from demo_cluster.validation.metadata import annotations_causes, labels_causes
from demo_cluster.validation.scheduling import (
    affinity_causes,
    gates_causes,
    spread_causes,
    tolerations_causes,
)
from demo_cluster.validation.volumes import volumes_causes

_RESTART = ["Always", "OnFailure", "Never"]
_DNS = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]
_MAX_SECONDS = 2147483647


def pod_spec_causes(
    spec: Obj, path: str, claimed: frozenset[str | None] = frozenset()
) -> Iterator[Cause]:
    """What is wrong with a pod's spec; `claimed` are volumes that claim templates give it."""
    volumes, wrong = volumes_causes(spec.get("volumes") or [], f"{path}.volumes")
    yield from wrong
    yield from containers_causes(spec, path, volumes | claimed)
    yield from _host_network(spec, path)
    yield from _policies(spec, path)
    for key, value in (spec.get("nodeSelector") or {}).items():
        yield from labels_causes({key: value}, f"{path}.nodeSelector")
    yield from affinity_causes(spec.get("affinity") or {}, f"{path}.affinity")
    yield from _dns(spec, f"{path}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        name, where = gate.get("conditionType", ""), f"{path}.readinessGates[{index}].conditionType"
        yield from invalid_for(where, name, formats.qualified_name(name))
    yield from gates_causes(spec.get("schedulingGates") or [], f"{path}.schedulingGates")
    spread = spec.get("topologySpreadConstraints") or []
    yield from spread_causes(spread, f"{path}.topologySpreadConstraints")
    yield from _names(spec, path, "serviceAccountName", "nodeName")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_SECONDS:
        why = f"must be between 1 and {_MAX_SECONDS}, inclusive"
        yield invalid(f"{path}.activeDeadlineSeconds", deadline, why)
    for name in ("hostname", "subdomain"):
        if text := spec.get(name):
            yield from invalid_for(f"{path}.{name}", text, formats.label(text))
    yield from tolerations_causes(spec.get("tolerations") or [], f"{path}.tolerations")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        where, address = f"{path}.hostAliases[{index}]", alias.get("ip", "")
        yield from invalid_for(f"{where}.ip", address, formats.address(address))
        for number, name in enumerate(alias.get("hostnames") or ()):
            yield from invalid_for(f"{where}.hostnames[{number}]", name, formats.subdomain(name))
    yield from _names(spec, path, "priorityClassName", "runtimeClassName")


def _names(spec: Obj, path: str, *fields: str) -> Iterator[Cause]:
    for field in fields:
        if name := spec.get(field):
            yield from invalid_for(f"{path}.{field}", name, formats.subdomain(name))


def _host_network(spec: Obj, path: str) -> Iterator[Cause]:
    if not spec.get("hostNetwork"):
        return
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            shown = port.get("hostPort", 0)
            if shown and shown != port.get("containerPort"):
                why = "must match `containerPort` when `hostNetwork` is true"
                where = f"{path}.containers[{index}].ports[{number}].hostPort"
                yield invalid(where, shown, why)


def _policies(spec: Obj, path: str) -> Iterator[Cause]:
    restart, dns = spec.get("restartPolicy"), spec.get("dnsPolicy", "ClusterFirst")
    if restart not in _RESTART:
        yield unsupported(f"{path}.restartPolicy", restart, _RESTART)
    if dns not in _DNS:
        yield unsupported(f"{path}.dnsPolicy", dns, _DNS)
    grace = spec.get("terminationGracePeriodSeconds") or 0
    if grace < 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", grace, NOT_NEGATIVE)


def _dns(spec: Obj, path: str) -> Iterator[Cause]:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None" and not (config or {}).get("nameservers"):
        if config is None:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
        else:
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{path}.nameservers", why)
        return
    servers = (config or {}).get("nameservers") or []
    if len(servers) > 3:
        yield invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers")
    for index, text in enumerate(servers):
        yield from invalid_for(f"{path}.nameservers[{index}]", text, formats.address(text))


def template_causes(
    template: Obj, path: str, claimed: frozenset[str | None] = frozenset()
) -> Iterator[Cause]:
    """What is wrong with the template of pods."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    yield from labels_causes(meta.get("labels") or {}, f"{path}.metadata.labels")
    yield from annotations_causes(meta.get("annotations") or {}, f"{path}.metadata.annotations")
    yield from pod_spec_causes(spec, f"{path}.spec", claimed)
    if spec.get("ephemeralContainers"):
        why = "ephemeral containers not allowed in pod template"
        yield forbidden(f"{path}.spec.ephemeralContainers", why)
