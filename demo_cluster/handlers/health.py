"""/healthz, /livez and /readyz, the checks behind them, and the server's own metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator

from demo_cluster.status import PageNotFound
from demo_cluster.wire.reply import Call, Reply

_PLAIN = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
_HOOKS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-wait-for-first-sync",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
)
_LAST_HOOKS = ("apiservice-openapi-controller", "apiservice-openapiv3-controller")
_BEGINNING = {
    "healthz": ("ping", "log", "loopback-serving-certificate", "etcd"),
    "livez": ("ping", "log", "loopback-serving-certificate", "etcd"),
    "readyz": ("ping", "log", "etcd", "etcd-readiness", "informer-sync"),
}


def checks(name: str) -> list[str]:
    """The checks of `healthz`, `livez` or `readyz`, in the order in which they are told."""
    hooks = [f"poststarthook/{hook}" for hook in _HOOKS]
    last = [f"poststarthook/{hook}" for hook in _LAST_HOOKS]
    end = ["shutdown"] if name == "readyz" else []
    return [*_BEGINNING[name], *hooks, "autoregister-completion", *last, *end]


def check_paths() -> Iterator[str]:
    """Every path of a check, as `GET /` lists them."""
    for name in _BEGINNING:
        yield f"/{name}"
        yield from (f"/{name}/{check}" for check in checks(name))


async def health(call: Call) -> Reply:
    """GET /healthz, /livez and /readyz."""
    if "verbose" not in call.query:
        return Reply(body="ok", headers=_PLAIN)
    name = call.path.strip("/")
    left_out = set(call.query.get("exclude") or ())
    lines = [
        f"[+]{check} excluded: ok" if check in left_out else f"[+]{check} ok"
        for check in checks(name)
    ]
    unknown = sorted(left_out - set(checks(name)))
    if unknown:
        named = ", ".join(json.dumps(each, ensure_ascii=False) for each in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {named}")
    return Reply(body="\n".join([*lines, f"{name} check passed\n"]), headers=_PLAIN)


async def health_check(call: Call) -> Reply:
    """GET /readyz/NAME: one check.

    Raises:
        PageNotFound: There is no such check.
    """
    name, _, check = call.path.strip("/").partition("/")
    if f"/{name}/{check}" not in set(check_paths()):
        raise PageNotFound
    return Reply(body="ok", headers={"Content-Type": _PLAIN["Content-Type"]})


async def metrics(call: Call) -> Reply:
    """GET /metrics: how many objects are kept, and what the server is."""
    lines = [
        "# HELP apiserver_resource_objects [ALPHA] Number of stored objects, by resource.",
        "# TYPE apiserver_resource_objects gauge",
    ]
    for kind in call.backend.registry.all():
        count = len(call.storage.list(kind))
        labels = f'group="{kind.group}",resource="{kind.plural}"'
        lines.append(f"apiserver_resource_objects{{{labels}}} {count}")
    lines += [
        "# HELP kubernetes_build_info [ALPHA] A metric with a constant '1' value.",
        "# TYPE kubernetes_build_info gauge",
        'kubernetes_build_info{major="1",minor="36",git_version="v1.36.2"} 1',
    ]
    return _measured(lines)


async def healthcheck_metrics(call: Call) -> Reply:
    """GET /metrics/slis: how each of the checks went."""
    del call
    found = [(name, check) for name in _BEGINNING for check in checks(name)]
    text = "[STABLE] This metric records the result of a single healthcheck."
    lines = [
        f"# HELP kubernetes_healthcheck {text}",
        "# TYPE kubernetes_healthcheck gauge",
        *(f'kubernetes_healthcheck{{name="{check}",type="{name}"}} 1' for name, check in found),
    ]
    return _measured(lines)


def _measured(lines: list[str]) -> Reply:
    kind_of_text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
    return Reply(body="\n".join(lines) + "\n", headers={"Content-Type": kind_of_text})
