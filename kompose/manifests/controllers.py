"""Which kinds of objects run a component."""

from collections.abc import Iterable

from kompose.manifests.component import Component, Scope
from kompose.report import ConvertError

MOUNTS_CONFIGS = frozenset(("deployment", "statefulset", "deploymentconfig"))
"""Kinds whose pods see the configs of their component."""
_ONE_SHOT = ("no", "on-failure")
_DEFAULT_KINDS = ("deployment", "daemonset", "statefulset")


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
