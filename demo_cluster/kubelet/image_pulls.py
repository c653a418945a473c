"""Getting the images of one pod's containers, or saying why they cannot be had."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo_cluster.containers.images import full_name
from demo_cluster.kubelet.pod import Pod
from demo_cluster.kubelet.pod_status import ContainerState

FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 300.0


class ImagePulls:
    """Has every container created once its image is on the node."""

    def __init__(self, worker: Pod) -> None:
        self._worker = worker
        self._failures: dict[str, tuple[int, datetime]] = {}
        """How often an image could not be pulled, and until when it is left alone."""

    def ensure(self, container: ContainerState) -> None:
        """Get the image; the container is created when it is there."""
        worker = self._worker
        if worker.is_stopping:
            return
        spec, node = container.spec, worker.pod["spec"]["nodeName"]
        image, policy = spec["image"], spec.get("imagePullPolicy", "IfNotPresent")
        if policy != "Always" and worker.kubelet.has_image(node, image):
            message = f'Container image "{image}" already present on machine and can be accessed by'
            worker.say("Pulled", f"{message} the pod", container=container)
            worker.starts.create(container)
        elif policy == "Never":
            self._refuse(container, image)
        elif self._is_left_alone(image):
            self._back_off(container, image)
        else:
            worker.say("Pulling", f'Pulling image "{image}"', container=container)
            seconds = worker.kubelet.pull_seconds(node, image)
            worker.later(seconds, lambda: self._pulled(container, image, seconds))

    def _refuse(self, container: ContainerState, image: str) -> None:
        reason = "ErrImageNeverPull"
        message = f'Container image "{image}" is not present with pull policy of Never'
        self._worker.say(reason, message, container=container, warning=True)
        self._fail(container, reason, message)

    def _pulled(self, container: ContainerState, image: str, taken: float) -> None:
        worker = self._worker
        if worker.is_stopping:
            return
        if worker.kubelet.images.can_pull(image):
            self._failures.pop(image, None)
            size = worker.kubelet.images.find(image).size
            worker.kubelet.remember_image(worker.pod["spec"]["nodeName"], image)
            duration = f"{taken:.3f}s" if taken >= 1 else f"{taken * 1000:.0f}ms"
            worker.say(
                "Pulled",
                f'Successfully pulled image "{image}" in {duration} ({duration} including '
                f"waiting). Image size: {size} bytes.",
                container=container,
            )
            worker.starts.create(container)
            return
        count = self._failures.get(image, (0, None))[0]
        pause = min(FIRST_BACKOFF * 2 ** min(count, 10), LONGEST_BACKOFF)
        until = worker.kubelet.clock.now() + timedelta(seconds=pause)
        self._failures[image] = (count + 1, until)
        why = _pull_error(image)
        message = f'Failed to pull image "{image}": {why}'
        worker.say("Failed", message, container=container, warning=True)
        self._fail(container, "ErrImagePull", why)

    def _is_left_alone(self, image: str) -> bool:
        failure = self._failures.get(image)
        return failure is not None and self._worker.kubelet.clock.now() < failure[1]

    def _back_off(self, container: ContainerState, image: str) -> None:
        message = f'Back-off pulling image "{image}"'
        self._worker.say("BackOff", message, container=container)
        why = f"{message}: ErrImagePull: {_pull_error(image)}"
        self._fail(container, "ImagePullBackOff", why)

    def _fail(self, container: ContainerState, reason: str, message: str) -> None:
        self._worker.say("Failed", f"Error: {reason}", container=container, warning=True)
        self._worker.retries.fail(container, reason, message, lambda: self.ensure(container))


def _pull_error(image: str) -> str:
    name = full_name(image)
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": failed to '
        f'resolve reference "{name}": {name}: not found'
    )
