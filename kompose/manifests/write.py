"""The whole project as objects: which rules run, and in which order."""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from kompose.manifests.autoscaler import autoscalers
from kompose.manifests.build_config import build_configs
from kompose.manifests.component import Component, Scope, components
from kompose.manifests.environment import env_file_config_maps
from kompose.manifests.fields import fields
from kompose.manifests.git import GitSources
from kompose.manifests.groups import group_objects, groups
from kompose.manifests.ingress import outside
from kompose.manifests.network_policy import network_policies
from kompose.manifests.openshift import image_streams
from kompose.manifests.parts import Parts
from kompose.manifests.secrets import ONLY, secrets
from kompose.manifests.service import services
from kompose.manifests.shared_network import join_shared_networks
from kompose.manifests.workload import claims, deployment_configs, workloads

Objects = list[dict[str, Any]]

_RULES: tuple[tuple[int, Callable[[Parts], Objects]], ...] = (
    (1, lambda parts: parts.configs.objects),  # ConfigMap, of a config
    (3, lambda parts: env_file_config_maps(parts.component, parts.scope)),  # of an env file
    (7, lambda parts: services(parts.component, parts.scope)),
    (10, lambda parts: parts.volumes.config_maps),  # of a file or directory that is mounted
    (2, workloads),  # Deployment, DaemonSet, StatefulSet, CronJob, Pod
    (4, deployment_configs),
    (5, image_streams),
    (6, build_configs),
    (8, lambda parts: outside(parts.component, parts.scope)),  # Ingress, Route
    (9, claims),
    (11, lambda parts: network_policies(parts.component, parts.scope)),
    (12, lambda parts: autoscalers(parts.component, parts.scope)),
)
"""What a component becomes, a line for each kind.

The lines run from top to bottom, which is the order of what is said on the way. The number is
the place of a kind's objects among what is written.
"""


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
    sources = _sources(scope)
    for component in ready:
        if component.key not in members:
            scope.make_image(component.service, component.key)
            objects.extend(_component_objects(component, scope, sources))
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


def _sources(scope: Scope) -> GitSources | None:
    """Where BuildConfigs get their source; None when there are none."""
    options = scope.options
    is_wanted = options.is_openshift and options.build.mode == "build-config"
    return GitSources(options.build, scope.project.working_dir) if is_wanted else None


def _component_objects(component: Component, scope: Scope, sources: GitSources | None) -> Objects:
    parts = Parts(component, scope, sources=sources)
    made = [(place, rule(parts)) for place, rule in _RULES]
    made.sort(key=itemgetter(0))
    return [each for _, objects in made for each in objects]


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
