"""What the objects of one component are made from."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.config_maps import Configs, configs, missing_configs
from kompose.manifests.controllers import MOUNTS_CONFIGS, lasts, workload_kinds
from kompose.manifests.environment import check_env_files
from kompose.manifests.git import GitSources
from kompose.manifests.pod import PodSpec, pod_labels
from kompose.manifests.volumes import Volumes, volumes

NO_CONFIGS = Configs([], [], [])
_NO_VOLUMES = Volumes([], [], [], [])


class SharedPod(NamedTuple):
    """The pod of a group, and what its members say about the object that runs it."""

    spec: PodSpec
    labels: dict[str, str]
    annotations: Mapping[str, str]
    is_recreated: bool


class Parts:
    """The parts of a component that several of its objects need.

    Each is worked out when it is first asked for, and says then what it leaves out.
    """

    def __init__(
        self,
        component: Component,
        scope: Scope,
        *,
        sources: GitSources | None = None,
        shared: SharedPod | None = None,
    ) -> None:
        self.component = component
        self.scope = scope
        self.sources = sources
        """Where images are built from in the cluster; None when none are."""
        self.shared = shared
        """The pod of a group; None for a component that has its pod for itself."""

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of the objects that run it; empty when nothing does."""
        return workload_kinds(self.component, self.scope)

    @cached_property
    def configs(self) -> Configs:
        """Its ConfigMaps, of which a pod that ends has none."""
        found = NO_CONFIGS
        if self.shared is None and lasts(self.kinds):
            found = configs(self.component, self.scope)
        for _ in filter(MOUNTS_CONFIGS.__contains__, () if self.shared else self.kinds):
            missing_configs(self.component, self.scope)
        return found

    @cached_property
    def volumes(self) -> Volumes:
        """Its volumes; the env files have been read a second time before, as the original does."""
        if self.shared is not None:
            return _NO_VOLUMES
        check_env_files(self.component, self.scope)
        return volumes(self.component, self.scope)

    @property
    def annotations(self) -> dict[str, str]:
        """Of the object that runs it, not of the pods."""
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
