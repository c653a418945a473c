"""OpenShift's BuildConfig: the image of a service built in the cluster from its repository."""

import os
from typing import Any

from kompose.compose.keys.build import Build
from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields, metadata
from kompose.manifests.git import GitSource, context_directory
from kompose.manifests.openshift import image_tag
from kompose.manifests.parts import Parts


def build_configs(parts: Parts) -> list[dict[str, Any]]:
    """The BuildConfig of a component that has something to build, when they are asked for."""
    build = parts.component.service.build
    if parts.sources is None or build is None or "deploymentconfig" not in parts.kinds:
        return []
    return [_build_config(parts.component, build, parts.sources.get(), parts.scope)]


def _build_config(
    component: Component, build: Build, source: GitSource, scope: Scope
) -> dict[str, Any]:
    directory = context_directory(build.context, component.key)
    scope.report.info(f"Buildconfig using {source.repository}::{source.branch} as source.")
    env = [
        fields(name=name, value=os.environ.get(name, "") if value is None else value)
        for name, value in sorted(build.args.items())
    ]
    tag = image_tag(component.image or component.key)
    return {
        "kind": "BuildConfig",
        "apiVersion": "v1",
        "metadata": metadata(
            component.key,
            labels={"io.kompose.service": component.key},
            annotations=dict(component.annotations),
        ),
        "spec": {
            "triggers": [{"type": "ConfigChange"}],
            "runPolicy": "Serial",
            "source": {
                "git": {"uri": source.repository, "ref": source.branch},
                **fields(contextDir=directory),
            },
            "strategy": {
                "dockerStrategy": fields(env=env, dockerfilePath=build.dockerfile),
            },
            "output": {"to": {"kind": "ImageStreamTag", "name": f"{component.key}:{tag}"}},
            "resources": {},
            "postCommit": {},
            "nodeSelector": None,
        },
        "status": {"lastVersion": 0},
    }
