"""The whole project as objects: which rules run, and in which order."""

from collections.abc import Iterable
from typing import Any

from kompose.manifests.autoscaler import autoscalers
from kompose.manifests.build_config import GitSource, build_config, git_source
from kompose.manifests.component import Component, Scope, components
from kompose.manifests.config_maps import Configs, configs, missing_configs
from kompose.manifests.environment import check_env_files, env_file_config_maps
from kompose.manifests.fields import fields
from kompose.manifests.groups import group_objects, groups
from kompose.manifests.ingress import ingress, route
from kompose.manifests.network_policy import network_policies
from kompose.manifests.openshift import image_stream
from kompose.manifests.secrets import ONLY, secrets
from kompose.manifests.service import service_type, services
from kompose.manifests.shared_network import join_shared_networks
from kompose.manifests.volumes import volumes
from kompose.manifests.workload import (
    MOUNTS_CONFIGS,
    Parts,
    lasts,
    workload,
    workload_kinds,
)

Objects = list[dict[str, Any]]


def write_manifests(scope: Scope) -> Objects:
    """Every object of the project, Services first, in the order of the original.

    Raises:
        ConvertError: The project says something that no object can express.
    """
    is_openshift = scope.options.is_openshift
    ready = components(scope)
    if not ready:
        scope.report.warn(
            "No service selected. The profile specified in services of your compose yaml "
            "may not exist."
        )
        if scope.options.mends:
            return []
    scope.report.debug(f"Compose file dir: {scope.project.working_dir}")
    grouped = groups(ready, scope)
    members = {component.key for group in grouped for component in group.members}
    objects = list(_opening(scope))
    for group in grouped:
        objects.extend(group_objects(group, scope))
    source = _git_source(ready, scope)
    for component in ready:
        if component.key not in members:
            scope.make_image(component.service, component.key)
            objects.extend(_component_objects(component, scope, source))
    objects.sort(key=lambda each: each["kind"] != "Service")
    objects = _without_repeats(objects, scope)
    if not is_openshift:
        objects = join_shared_networks(objects, ready, mends=scope.options.mends)
    if scope.options.secrets == ONLY:
        objects = [each for each in objects if each["kind"] == "Secret"]
    if scope.options.mends:
        from kompose.manifests.digests import with_digests  # hashing is slow to load

        objects = with_digests(objects)
    return [_in_namespace(each, scope.options.namespace) for each in objects]


def _opening(scope: Scope) -> Objects:
    made = secrets(scope)
    namespace = scope.options.namespace
    if not namespace:
        return made
    space = {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {"name": namespace, "creationTimestamp": None},
        "spec": {},
        "status": {},
    }
    return [space, *made] if scope.options.is_openshift else [*made, space]


def _git_source(ready: Iterable[Component], scope: Scope) -> GitSource | None:
    """Where BuildConfigs get their source; that of the first service is used for all."""
    if not scope.options.is_openshift or scope.options.build.mode != "build-config":
        return None
    builds = (component.service.build for component in ready)
    return next((git_source(build, scope) for build in builds if build is not None), None)


def _component_objects(component: Component, scope: Scope, source: GitSource | None) -> Objects:
    """The objects of one component; each line is one kind."""
    is_openshift = scope.options.is_openshift
    kinds = workload_kinds(component, scope)
    made_configs = configs(component, scope) if lasts(kinds) else Configs([], [], [])
    for _ in filter(MOUNTS_CONFIGS.__contains__, kinds):
        missing_configs(component, scope)
    env_objects = env_file_config_maps(component, scope)
    made_services = services(component, scope)
    check_env_files(component, scope)
    made_volumes = volumes(component, scope)
    parts = Parts(component, scope, made_configs, made_volumes)
    workloads = [workload(kind, parts) for kind in kinds]
    objects: Objects = [*made_configs.objects]
    objects.extend(each for each in workloads if each["kind"] != "DeploymentConfig")
    objects.extend(env_objects)
    if "deploymentconfig" in kinds:
        objects.append(workloads[-1])
        objects.append(image_stream(component, scope))
        if source is not None and component.service.build is not None:
            objects.append(build_config(component, component.service.build, source, scope))
    objects.extend(made_services)
    if (
        component.labels.expose
        and component.ports
        and service_type(component, scope) != "LoadBalancer"
    ):
        port = component.ports[0].service_port
        objects.append(route(component, port) if is_openshift else ingress(component, port))
    if not _claims_are_inside(kinds, scope):
        objects.extend(made_volumes.claims)
    objects.extend(made_volumes.config_maps)
    if not is_openshift:
        if scope.options.network_policies:
            objects.extend(network_policies(component, scope))
        objects.extend(autoscalers(component, scope))
    return objects


def _claims_are_inside(kinds: Iterable[str], scope: Scope) -> bool:
    """Whether claims are part of the workload, or forgotten with it as the original does."""
    if scope.options.mends and "statefulset" not in kinds:
        return False
    return scope.options.mends or scope.options.controller == "statefulset"


def _without_repeats(objects: Iterable[dict[str, Any]], scope: Scope) -> Objects:
    seen: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in objects:
        identity = (each["apiVersion"], each["kind"], each["metadata"]["name"])
        if seen.setdefault(identity, each) is not each:
            scope.report.debug(f"Remove duplicate resource: {identity[1]}/{identity[2]}")
    return list(seen.values())


def _in_namespace(obj: dict[str, Any], namespace: str) -> dict[str, Any]:
    if not namespace:
        return obj
    meta = obj["metadata"]
    name = fields(name=meta["name"], namespace=namespace)
    rest = {field: value for field, value in meta.items() if field != "name"}
    return {**obj, "metadata": {**name, **rest}}
