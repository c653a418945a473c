"""The object that runs a component."""

from typing import Any

from kompose.manifests.component import Component, Scope
from kompose.manifests.container import container
from kompose.manifests.fields import fields, metadata
from kompose.manifests.names import shortened
from kompose.manifests.numbers import wrapped
from kompose.manifests.openshift import deployment_config
from kompose.manifests.parts import NO_CONFIGS, Parts
from kompose.manifests.pod import PodSpec, placed_spreads, pod_spec, pod_template
from kompose.manifests.volume_names import once_at_each_place, told_apart

_LONGEST_CRON_JOB = 52


def workloads(parts: Parts) -> list[dict[str, Any]]:
    """What runs the component, OpenShift's own kind left out."""
    return [workload(kind, parts) for kind in parts.kinds if kind != "deploymentconfig"]


def deployment_configs(parts: Parts) -> list[dict[str, Any]]:
    """OpenShift's own kind of what runs the component."""
    return [workload(kind, parts) for kind in parts.kinds if kind == "deploymentconfig"]


def claims(parts: Parts) -> list[dict[str, Any]]:
    """The claims that are objects of their own.

    Others are part of the workload, or forgotten with it as the original does.
    """
    options = parts.scope.options
    is_inside = options.controller == "statefulset"
    if options.mends:
        is_inside = "statefulset" in parts.kinds
    return [] if is_inside else parts.volumes.claims


def workload(kind: str, parts: Parts) -> dict[str, Any]:
    """The object of that kind.

    Raises:
        ConvertError: Something of the component means nothing to Kubernetes.
    """
    return _RULES[kind](parts)


def _deployment(parts: Parts) -> dict[str, Any]:
    component = parts.component
    mends = parts.scope.options.mends
    strategy = _update_strategy(component, mends=mends)
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
    spec = _lasting_spec(parts, mounts_configs=False)
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
    spec = _spec(parts, mounts_configs=False)
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
    spec = _spec(parts, mounts_configs=False)
    job = {
        **fields(backoffLimit=cron.backoff_limit),
        "template": pod_template(spec, parts.pod_labels),
    }
    return {
        "kind": "CronJob",
        "apiVersion": "batch/v1",
        "metadata": _controller_metadata(parts) | fields(name=_cron_job_name(parts)),
        "spec": {
            "schedule": cron.schedule,
            **fields(concurrencyPolicy=cron.concurrency),
            "jobTemplate": {"metadata": {"creationTimestamp": None}, "spec": job},
        },
        "status": {},
    }


def _cron_job_name(parts: Parts) -> str:
    """Jobs are called after it, with eleven characters more."""
    key = parts.component.key
    return shortened(key, _LONGEST_CRON_JOB) if parts.scope.options.mends else key


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


def _spec(parts: Parts, *, mounts_configs: bool = True) -> PodSpec:
    if parts.shared is not None:
        return parts.shared.spec
    component, scope = parts.component, parts.scope
    options = scope.options
    has_configs = mounts_configs and bool(component.service.configs)
    mounted = parts.configs if mounts_configs else NO_CONFIGS
    if options.mends:
        mounts, sources = told_apart(mounted.mounts, mounted.sources, parts.volumes.sources)
        mounted = mounted._replace(mounts=mounts, sources=sources)
    spreads = placed_spreads(component, scope)
    mounts = [*mounted.mounts, *parts.volumes.mounts]
    if options.mends:
        mounts = once_at_each_place(mounts, component.service.name, scope.report)
    made = container(component, scope, mounts)
    if has_configs and not component.image and not options.mends:
        made = made._replace(image="")
    sources = list(mounted.sources)
    if options.mends or options.controller != "statefulset" or options.volume_kind == "configMap":
        sources += parts.volumes.sources
    return pod_spec(component, scope, made, sources, spreads)


def _lasting_spec(parts: Parts, *, mounts_configs: bool = True) -> PodSpec:
    """The pod of a controller that keeps it running; mended, it always starts again."""
    spec = _spec(parts, mounts_configs=mounts_configs)
    return spec._replace(restart_policy="Always") if parts.scope.options.mends else spec


def replicas(component: Component, scope: Scope) -> int:
    """How many copies run."""
    if scope.options.replicas is not None:
        return wrapped(scope.options.replicas)
    deploy = component.service.deploy
    asked = deploy.replicas if deploy is not None else None
    if scope.options.mends:
        asked = component.service.scale if asked is None else asked
        return 1 if asked is None else asked
    return wrapped(asked or 1)


def _update_strategy(component: Component, *, mends: bool) -> dict[str, Any]:
    """How pods are replaced; mended, a parallelism of nought is all at once, as in compose."""
    deploy = component.service.deploy
    update = deploy.update if deploy is not None else None
    if update is None or update.order not in ("stop-first", "start-first"):
        return {}
    count: int | str | None = update.parallelism
    if mends and count == 0:
        count = "100%"
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
    own = {"io.kompose.service": component.key}
    labels = {**own, **(deploy.labels if deploy else {})}
    if parts.scope.options.mends:
        labels |= own
    return metadata(component.key, labels=labels, annotations=parts.annotations)
