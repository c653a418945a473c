"""Which object runs a component, and that object."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.config_maps import Configs
from kompose.manifests.container import container
from kompose.manifests.fields import fields, metadata
from kompose.manifests.openshift import deployment_config
from kompose.manifests.pod import PodSpec, pod_labels, pod_spec, pod_template
from kompose.manifests.volumes import Volumes
from kompose.report import ConvertError

_ONE_SHOT = ("no", "on-failure")
_DEFAULT_KINDS = ("deployment", "daemonset", "statefulset")


class Parts(NamedTuple):
    """What a workload is put together from."""

    component: Component
    scope: Scope
    configs: Configs
    volumes: Volumes
    shared_spec: PodSpec | None = None
    """The pod of a group; None for a component that has its pod for itself."""
    template_annotations: Mapping[str, str] | None = None
    """Those of a group's pods; None for the component's own."""


def workload_kinds(component: Component, scope: Scope) -> list[str]:
    """The kinds of objects that run the component; empty when nothing does."""
    options = scope.options
    if component.restart in _ONE_SHOT and not options.has_controller_flag:
        if options.is_openshift and options.has_deployment_config_flag:
            raise ConvertError(
                f"Controller object cannot be specified with restart: '{component.restart}'"
            )
        if not component.labels.cron:
            return ["pod"]
        if not options.is_openshift:
            scope.report.info(
                "Create kubernetes pod instead of pod controller due to restart policy: "
                + component.restart
            )
        return ["cronjob"]
    found = controller_kinds(component, scope)
    return [*found, "deploymentconfig"] if options.is_openshift else found


def controller_kinds(component: Component, scope: Scope) -> list[str]:
    """The controllers that keep the component running, whatever its restart policy."""
    options = scope.options
    is_global = component.service.deploy is not None and component.service.deploy.mode == "global"
    label = component.labels.controller
    if is_global and options.controller not in ("", "daemonset"):
        scope.report.warn(
            "Global deploy mode service is best converted to daemonset, "
            f"now it convert to {options.controller}"
        )
    if label:
        if options.controller:
            scope.report.warn(
                f"Use label kompose.controller.type type {label} for service "
                f"{component.key}, ignore {options.controller} flags"
            )
        return [label] if label in _DEFAULT_KINDS and _is_made(label, scope) else []
    if options.controller:
        kind = options.controller
        return [kind] if kind in _DEFAULT_KINDS and _is_made(kind, scope) else []
    if is_global:
        return ["daemonset"]
    if options.creates_deployment or options.creates_daemon_set:
        wanted = (
            ("deployment", options.creates_deployment),
            ("daemonset", options.creates_daemon_set),
        )
        return [kind for kind, is_wanted in wanted if is_wanted]
    if options.has_controller_flag and not options.is_openshift:
        return []
    return [] if options.is_openshift else ["deployment"]


def _is_made(kind: str, scope: Scope) -> bool:
    return not scope.options.is_openshift or kind != "deployment"


def workload(kind: str, parts: Parts) -> dict[str, Any]:
    """The object of that kind.

    Raises:
        ConvertError: Something of the component means nothing to Kubernetes.
    """
    return _RULES[kind](parts)


def _deployment(parts: Parts) -> dict[str, Any]:
    component = parts.component
    mends = parts.scope.options.mends
    annotations = parts.template_annotations
    if annotations is None:
        annotations = component.annotations
    strategy = fields(
        type="Recreate" if has_own_volumes(component) else "", rollingUpdate=None
    ) | _update_strategy(component)
    if has_own_volumes(component):
        # The original keeps `rollingUpdate` beside it, which the API refuses.
        strategy = {"type": "Recreate"} if mends else {**strategy, "type": "Recreate"}
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": _controller_metadata(parts),
        "spec": {
            "replicas": replicas(component, parts.scope),
            "selector": _selector(component),
            "template": pod_template(
                _lasting_spec(parts), pod_labels(component, parts.scope), dict(annotations)
            ),
            "strategy": strategy,
        },
        "status": {},
    }


def _daemon_set(parts: Parts) -> dict[str, Any]:
    component = parts.component
    spec = _lasting_spec(parts._replace(configs=Configs([], [], [])))
    return {
        "kind": "DaemonSet",
        "apiVersion": "apps/v1",
        "metadata": _controller_metadata(parts),
        "spec": {
            "selector": _selector(component),
            "template": pod_template(spec, pod_labels(component, parts.scope)),
            "updateStrategy": {},
        },
        "status": {"currentNumberScheduled": 0, "numberMisscheduled": 0,
                   "desiredNumberScheduled": 0, "numberReady": 0},
    }  # fmt: skip


def _stateful_set(parts: Parts) -> dict[str, Any]:
    component, options = parts.component, parts.scope.options
    is_asked_for = options.controller == "statefulset" and not component.labels.controller
    keeps_volumes = not is_asked_for or options.volume_kind == "configMap"
    spec = _lasting_spec(parts)
    if options.mends:
        # Claims of the template are volumes by themselves; all others must be named.
        claimed = {claim["metadata"]["name"] for claim in parts.volumes.claims}
        others = (each for each in spec.volumes if each["name"] not in claimed)
        spec = spec._replace(volumes=tuple(others))
    elif not keeps_volumes:
        spec = spec._replace(volumes=tuple(parts.configs.sources))
    claims = [
        {name: value for name, value in claim.items() if name not in ("kind", "apiVersion")}
        for claim in parts.volumes.claims
    ]
    if is_asked_for and keeps_volumes and not options.mends:
        claims = []
    return {
        "kind": "StatefulSet",
        "apiVersion": "apps/v1",
        "metadata": _controller_metadata(parts),
        "spec": {
            "replicas": replicas(component, parts.scope),
            "selector": _selector(component),
            "template": pod_template(spec, pod_labels(component, parts.scope)),
            **fields(volumeClaimTemplates=claims),
            "serviceName": component.display_name,
            "updateStrategy": {},
        },
        "status": {"replicas": 0, "availableReplicas": 0},
    }


def _pod(parts: Parts) -> dict[str, Any]:
    component = parts.component
    spec = _spec(parts._replace(configs=Configs([], [], [])))
    labels = pod_labels(component, parts.scope)
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": metadata(component.key, labels=labels, annotations=dict(component.annotations)),
        "spec": spec.as_object(),
        "status": {},
    }


def _cron_job(parts: Parts) -> dict[str, Any]:
    component = parts.component
    cron = component.labels.cron
    assert cron is not None
    spec = _spec(parts._replace(configs=Configs([], [], [])))
    job = {
        **fields(backoffLimit=cron.backoff_limit),
        "template": pod_template(spec, pod_labels(component, parts.scope)),
    }
    return {
        "kind": "CronJob",
        "apiVersion": "batch/v1",
        "metadata": _controller_metadata(parts),
        "spec": {
            "schedule": cron.schedule,
            **fields(concurrencyPolicy=cron.concurrency),
            "jobTemplate": {"metadata": {"creationTimestamp": None}, "spec": job},
        },
        "status": {},
    }


def _deployment_config(parts: Parts) -> dict[str, Any]:
    component = parts.component
    spec = _spec(parts)
    spec = spec._replace(
        pull_secret="", containers=tuple(one._replace(image=" ") for one in spec.containers)
    )
    return deployment_config(
        component,
        replicas=replicas(component, parts.scope),
        template=pod_template(spec, pod_labels(component, parts.scope)),
        is_recreated=has_own_volumes(component),
    )


_RULES = {
    "deployment": _deployment,
    "daemonset": _daemon_set,
    "statefulset": _stateful_set,
    "pod": _pod,
    "cronjob": _cron_job,
    "deploymentconfig": _deployment_config,
}


def _spec(parts: Parts) -> PodSpec:
    if parts.shared_spec is not None:
        return parts.shared_spec
    component, scope = parts.component, parts.scope
    mounts = [*parts.configs.mounts, *parts.volumes.mounts]
    made = container(component, scope, mounts)
    if parts.configs.mounts and not component.image and not scope.options.mends:
        made = made._replace(image="")
    sources = [*parts.configs.sources, *parts.volumes.sources]
    return pod_spec(component, scope, made, sources)


def _lasting_spec(parts: Parts) -> PodSpec:
    """The pod of a controller that keeps it running; mended, it always starts again."""
    spec = _spec(parts)
    return spec._replace(restart_policy="Always") if parts.scope.options.mends else spec


def has_own_volumes(component: Component) -> bool:
    """Whether two copies would fight over a volume."""
    return bool(component.mounts)


def replicas(component: Component, scope: Scope) -> int:
    """How many copies run."""
    if scope.options.replicas is not None:
        return scope.options.replicas
    deploy = component.service.deploy
    asked = deploy.replicas if deploy is not None else None
    if scope.options.mends and asked is not None:
        return asked
    return asked or 1


def _update_strategy(component: Component) -> dict[str, Any]:
    deploy = component.service.deploy
    update = deploy.update if deploy is not None else None
    if update is None or update.order not in ("stop-first", "start-first"):
        return {}
    count = update.parallelism
    if update.order == "stop-first":
        rolling = {**fields(maxUnavailable=count), "maxSurge": 0}
    else:
        rolling = {"maxUnavailable": 0, **fields(maxSurge=count)}
    return {"type": "RollingUpdate", "rollingUpdate": rolling}


def _selector(component: Component) -> dict[str, Any]:
    return {"matchLabels": {"io.kompose.service": component.key}}


def _controller_metadata(parts: Parts) -> dict[str, Any]:
    component = parts.component
    deploy = component.service.deploy
    labels = {"io.kompose.service": component.key, **(deploy.labels if deploy else {})}
    return metadata(component.key, labels=labels, annotations=dict(component.annotations))
