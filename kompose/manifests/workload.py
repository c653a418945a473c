"""Which object runs a component, and that object."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.config_maps import Configs
from kompose.manifests.container import container
from kompose.manifests.fields import fields, metadata
from kompose.manifests.numbers import wrapped
from kompose.manifests.openshift import deployment_config
from kompose.manifests.pod import (
    PodSpec,
    placed_spreads,
    pod_labels,
    pod_spec,
    pod_template,
)
from kompose.manifests.volumes import Volumes
from kompose.report import ConvertError

_ONE_SHOT = ("no", "on-failure")
MOUNTS_CONFIGS = frozenset(("deployment", "statefulset", "deploymentconfig"))
"""Kinds whose pods see the configs of their component."""
_DEFAULT_KINDS = ("deployment", "daemonset", "statefulset")


class SharedPod(NamedTuple):
    """The pod of a group, and what its members say about the object that runs it."""

    spec: PodSpec
    labels: dict[str, str]
    annotations: Mapping[str, str]
    is_recreated: bool


class Parts(NamedTuple):
    """What a workload is put together from."""

    component: Component
    scope: Scope
    configs: Configs | None
    """None for a kind that does not mount them."""
    volumes: Volumes
    shared: SharedPod | None = None
    """The pod of a group; None for a component that has its pod for itself."""

    @property
    def annotations(self) -> dict[str, str]:
        """Of the object, not of its pods."""
        return dict(self.component.annotations if self.shared is None else self.shared.annotations)

    @property
    def pod_labels(self) -> dict[str, str]:
        """What selects the pod."""
        if self.shared is not None:
            return self.shared.labels
        return pod_labels(self.component, self.scope)

    @property
    def is_recreated(self) -> bool:
        """Whether an old pod has to go before a new one comes: they would fight over volumes."""
        return bool(self.component.mounts) if self.shared is None else self.shared.is_recreated


def workload_kinds(component: Component, scope: Scope) -> list[str]:
    """The kinds of objects that run the component; empty when nothing does."""
    options = scope.options
    is_one_shot = component.restart in _ONE_SHOT
    if is_one_shot and (options.is_openshift or not options.has_controller_flag):
        if options.is_openshift and options.has_deployment_config_flag:
            raise ConvertError("Controller object cannot be specified with restart: 'on-failure'")
        if not component.labels.cron:
            return ["pod"]
        if not options.is_openshift:
            scope.report.info(
                "Create kubernetes pod instead of pod controller due to restart policy: "
                + component.restart
            )
        return ["cronjob"]
    found = controller_kinds(component, scope)
    if options.is_openshift and options.creates_deployment_config:
        return [*found, "deploymentconfig"]
    return found


def lasts(kinds: Iterable[str]) -> bool:
    """Whether something keeps the component running; none at all counts too."""
    return not {"pod", "cronjob"} & set(kinds)


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
    if label is not None:
        if options.controller:
            scope.report.warn(
                f"Use label kompose.controller.type type {label} for service "
                f"{component.key}, ignore {options.controller} flags"
            )
        return [label] if label in _DEFAULT_KINDS else []
    wants_deployment, wants_daemon_set = options.creates_deployment, options.creates_daemon_set
    if is_global and not options.controller:
        wants_deployment, wants_daemon_set = False, True
    elif not options.creates_any and not options.controller and not options.is_openshift:
        wants_deployment = True
    wanted = (
        ("deployment", wants_deployment),
        ("daemonset", wants_daemon_set),
        ("statefulset", False),
    )
    return [kind for kind, is_wanted in wanted if is_wanted or kind == options.controller]


def workload(kind: str, parts: Parts) -> dict[str, Any]:
    """The object of that kind.

    Raises:
        ConvertError: Something of the component means nothing to Kubernetes.
    """
    return _RULES[kind](parts)


def _deployment(parts: Parts) -> dict[str, Any]:
    component = parts.component
    mends = parts.scope.options.mends
    strategy = _update_strategy(component)
    if strategy:
        surge, unavailable = (
            strategy["rollingUpdate"].get(bound, "") for bound in ("maxSurge", "maxUnavailable")
        )
        parts.scope.report.debug(
            f"Set deployment '{component.key}' rolling update: "
            f"MaxSurge: {surge}, MaxUnavailable: {unavailable}"
        )
    if parts.is_recreated:
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
                _lasting_spec(parts), parts.pod_labels, dict(component.annotations)
            ),
            "strategy": strategy,
        },
        "status": {},
    }


def _daemon_set(parts: Parts) -> dict[str, Any]:
    component = parts.component
    spec = _lasting_spec(parts._replace(configs=None))
    return {
        "kind": "DaemonSet",
        "apiVersion": "apps/v1",
        "metadata": _controller_metadata(parts),
        "spec": {
            "selector": _selector(component),
            "template": pod_template(spec, parts.pod_labels),
            "updateStrategy": {},
        },
        "status": {"currentNumberScheduled": 0, "numberMisscheduled": 0,
                   "desiredNumberScheduled": 0, "numberReady": 0},
    }  # fmt: skip


def _stateful_set(parts: Parts) -> dict[str, Any]:
    component, options = parts.component, parts.scope.options
    spec = _lasting_spec(parts)
    has_claims = bool(component.mounts) and parts.shared is None
    if options.mends:
        # Claims of the template are volumes by themselves; all others must be named.
        claimed = {claim["metadata"]["name"] for claim in parts.volumes.claims}
        others = (each for each in spec.volumes if each["name"] not in claimed)
        spec = spec._replace(volumes=tuple(others))
    elif options.volume_kind == "configMap":
        has_claims = False
    claims = [
        {name: value for name, value in claim.items() if name not in ("kind", "apiVersion")}
        for claim in (parts.volumes.claims if has_claims else ())
    ]
    return {
        "kind": "StatefulSet",
        "apiVersion": "apps/v1",
        "metadata": _controller_metadata(parts),
        "spec": {
            "replicas": replicas(component, parts.scope),
            "selector": _selector(component),
            "template": pod_template(spec, parts.pod_labels),
            **fields(volumeClaimTemplates=claims),
            "serviceName": component.display_name,
            "updateStrategy": {},
        },
        "status": {"replicas": 0, "availableReplicas": 0},
    }


def _pod(parts: Parts) -> dict[str, Any]:
    component = parts.component
    spec = _spec(parts._replace(configs=None))
    labels = parts.pod_labels
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
    spec = _spec(parts._replace(configs=None))
    job = {
        **fields(backoffLimit=cron.backoff_limit),
        "template": pod_template(spec, parts.pod_labels),
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
    # The original forgets the pull secret of a service without configs.
    spec = spec._replace(
        pull_secrets=spec.pull_secrets if component.service.configs else (),
        containers=tuple(one._replace(image=" ") for one in spec.containers),
    )
    return deployment_config(
        component,
        replicas=replicas(component, parts.scope),
        template=pod_template(spec, parts.pod_labels),
        is_recreated=parts.is_recreated,
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
    if parts.shared is not None:
        return parts.shared.spec
    component, scope = parts.component, parts.scope
    options = scope.options
    has_configs = parts.configs is not None and bool(component.service.configs)
    mounted = parts.configs or Configs([], [], [])
    spreads = placed_spreads(component, scope)
    made = container(component, scope, [*mounted.mounts, *parts.volumes.mounts])
    if has_configs and not component.image and not options.mends:
        made = made._replace(image="")
    sources = [*mounted.sources]
    if options.mends or options.controller != "statefulset" or options.volume_kind == "configMap":
        sources += parts.volumes.sources
    return pod_spec(component, scope, made, sources, spreads)


def _lasting_spec(parts: Parts) -> PodSpec:
    """The pod of a controller that keeps it running; mended, it always starts again."""
    spec = _spec(parts)
    return spec._replace(restart_policy="Always") if parts.scope.options.mends else spec


def replicas(component: Component, scope: Scope) -> int:
    """How many copies run."""
    if scope.options.replicas is not None:
        return wrapped(scope.options.replicas)
    deploy = component.service.deploy
    asked = deploy.replicas if deploy is not None else None
    if scope.options.mends and asked is not None:
        return asked
    return wrapped(asked or 1)


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
    return metadata(component.key, labels=labels, annotations=parts.annotations)
