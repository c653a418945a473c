"""How an image that was built here comes to a cluster on the same machine. Pure."""

from typing import NamedTuple


class _Kind(NamedTuple):
    """One program that runs clusters: how its contexts begin, and what loads an image."""

    prefix: str
    loads: str


_KINDS = (
    _Kind("kind-", "kind load docker-image {image} --name {rest}"),
    _Kind("k3d-", "k3d image import {image} -c {rest}"),
    _Kind("minikube", "minikube image load {image}"),
)
_SHARING = ("docker-desktop", "orbstack", "rancher-desktop", "colima")
"""Contexts of clusters that see the images of this machine's docker."""


def image_advice(context: str, image: str) -> str:
    """What to do so that a cluster gets an image that stands on this machine alone."""
    stays = "with `pull_policy: if_not_present` in the file"
    for kind in _KINDS:
        if context.startswith(kind.prefix):
            loads = kind.loads.format(image=image, rest=context.removeprefix(kind.prefix))
            return f"Load it into the cluster: {loads}; then kompose up --build --no-push, {stays}"
    if context in _SHARING:
        return f"It sees the images of this machine: kompose up --build --no-push, {stays}"
    return (
        "Give it a name in a registry that you may push to and the cluster may pull from "
        "(image: registry.example.com/me/app), and run: kompose up --build"
    )
