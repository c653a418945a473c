"""Which container a request means, and the worker that has it."""

from __future__ import annotations

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.kubelet.kubelet import Kubelet
from demo_cluster.kubelet.pod_status import ContainerState
from demo_cluster.kubelet.pod_worker import PodWorker
from demo_cluster.status import Failure, bad_request, not_found
from demo_cluster.wire.reply import Call

PODS = kind_of("pods")


def pod_of(call: Call) -> Obj:
    """The pod that the path names.

    Raises:
        Failure: 404, there is none.
    """
    pod = call.storage.get(PODS, call.route.namespace or "", call.route.name)
    if pod is None:
        raise not_found(PODS, call.route.name)
    return pod


def choose_container(pod: Obj, wanted: str) -> str:
    """The container's name, which may be left out when there is one.

    Raises:
        Failure: 400, it must be said, or there is no such container.
    """
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = {
        field: [container["name"] for container in spec.get(field) or ()]
        for field in ("containers", "initContainers", "ephemeralContainers")
    }
    if wanted:
        if not any(wanted in group for group in names.values()):
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    main = names["containers"]
    if len(main) == 1:
        return str(main[0])
    choices = f"choose one of: [{' '.join(main)}]"
    if names["initContainers"]:
        choices += f" or one of the init containers: [{' '.join(names['initContainers'])}]"
    raise bad_request(f"a container name must be specified for pod {name}, {choices}")


def kubelet_of(call: Call) -> Kubelet:
    """The kubelets of the cluster."""
    kubelet: Kubelet = call.backend.world.kubelet
    return kubelet


def worker_of(call: Call, pod: Obj) -> PodWorker:
    """The worker of a pod that is on a node.

    Raises:
        Failure: 400, it is on none; 500, its node does not answer.
    """
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    kubelet = kubelet_of(call)
    node = pod["spec"]["nodeName"]
    if node in kubelet.lost_nodes:
        address = f"{kubelet.node_address(node)}:10250"
        path = f"{call.route.namespace}/{call.route.name}"
        text = f'Get "https://{address}/{path}": dial tcp {address}: connect: no route to host'
        raise Failure(500, "InternalError", f"Internal error occurred: {text}")
    return kubelet.worker(pod)


def container_state(call: Call, pod: Obj, name: str) -> ContainerState | None:
    """What the node knows of a container."""
    return worker_of(call, pod).container(name)
