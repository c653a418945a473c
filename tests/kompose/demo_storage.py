"""An empty demo cluster that gives every claim a volume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.kinds import kind_of
from demo_cluster.threaded import RunningCluster, running_cluster

_STANDARD = {
    "metadata": {
        "name": "standard",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "demo.example.com/local",
    "volumeBindingMode": "WaitForFirstConsumer",
}


@contextmanager
def cluster_with_storage(speed: float) -> Iterator[RunningCluster]:
    """The cluster; its time runs so many times as fast."""
    with running_cluster(ClusterOptions(scenario="empty", clock=RealClock(speed=speed))) as running:
        classes = kind_of("storageclasses", "storage.k8s.io")
        running.call(lambda: running.storage.create(classes, _STANDARD))
        yield running
