"""What OpenShift has instead: DeploymentConfig and ImageStream."""

from typing import Any

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields, metadata
from kompose.manifests.parts import Parts
from kompose.report import ConvertError


def image_tag(image: str) -> str:
    """The tag of an image; `latest` without one. A digest counts as a tag."""
    parts = image.rpartition("/")[2].split(":")
    return parts[1] if len(parts) == 2 else "latest"


def deployment_config(
    component: Component, *, replicas: int, template: dict[str, Any], is_recreated: bool
) -> dict[str, Any]:
    """A DeploymentConfig that follows its ImageStream."""
    deploy = component.service.deploy
    count = 1 if deploy is not None and deploy.mode == "global" else replicas
    image_change = {
        "automatic": True,
        "containerNames": [component.service.container_name.lower() or component.key],
        "from": {"kind": "ImageStreamTag", "name": f"{component.key}:{_tag(component)}"},
    }
    return {
        "kind": "DeploymentConfig",
        "apiVersion": "apps.openshift.io/v1",
        "metadata": metadata(
            component.key,
            labels={"io.kompose.service": component.key},
            annotations=dict(component.annotations),
        ),
        "spec": {
            "strategy": _strategy(component, is_recreated=is_recreated),
            "triggers": [
                {"type": "ConfigChange"},
                {"type": "ImageChange", "imageChangeParams": image_change},
            ],
            "replicas": count,
            "test": False,
            "selector": {"io.kompose.service": component.key},
            "template": template,
        },
        "status": {
            "latestVersion": 0, "observedGeneration": 0, "replicas": 0,
            "updatedReplicas": 0, "availableReplicas": 0, "unavailableReplicas": 0,
        },
    }  # fmt: skip


def _strategy(component: Component, *, is_recreated: bool) -> dict[str, Any]:
    deploy = component.service.deploy
    update = deploy.update if deploy is not None else None
    strategy: dict[str, Any] = {"type": "Recreate"} if is_recreated else {}
    if update is None:
        return {**strategy, "resources": {}}
    if update.order == "stop-first":
        raise ConvertError(
            f"Service {component.key}: update order 'stop-first' is not possible on OpenShift; "
            "use 'start-first'",
            exit_code=2,
        )
    rolling: dict[str, Any] = {}
    if update.order == "start-first":
        rolling = {
            "updatePeriodSeconds": update.delay or 1,
            "maxUnavailable": 0,
            **fields(maxSurge=update.parallelism),
        }
    elif update.delay:
        rolling = {"updatePeriodSeconds": update.delay}
    if rolling:
        strategy["rollingParams"] = rolling
        strategy.setdefault("type", "Rolling")
    return {**strategy, "resources": {}}


def image_streams(parts: Parts) -> list[dict[str, Any]]:
    """The ImageStream that a DeploymentConfig takes its image from."""
    if "deploymentconfig" not in parts.kinds:
        return []
    return [_image_stream(parts.component, parts.scope)]


def _image_stream(component: Component, scope: Scope) -> dict[str, Any]:
    builds = scope.options.build.mode == "build-config"
    import_policy = fields(insecure=scope.options.insecure_repository)
    tag = {
        "name": _tag(component),
        "annotations": None,
        "from": {"kind": "DockerImage", "name": component.image or component.key},
        "generation": None,
        "importPolicy": import_policy,
        "referencePolicy": {"type": ""},
    }
    has_tags = not builds or component.service.build is not None
    return {
        "kind": "ImageStream",
        "apiVersion": "image.openshift.io/v1",
        "metadata": metadata(component.key, labels={"io.kompose.service": component.key}),
        "spec": {"lookupPolicy": {"local": False}, **fields(tags=[tag] if has_tags else [])},
        "status": {"dockerImageRepository": ""},
    }


def _tag(component: Component) -> str:
    return image_tag(component.image or component.key)
