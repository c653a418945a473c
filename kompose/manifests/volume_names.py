"""Mended: volumes of a pod, each source under a name of its own."""

from collections.abc import Iterable
from typing import Any

from kompose.manifests.names import with_suffix
from kompose.report import Report

Volume = dict[str, Any]
Mounts = list[dict[str, Any]]


def told_apart(
    mounts: Iterable[dict[str, Any]], sources: Iterable[Volume], others: Iterable[Volume] = ()
) -> tuple[Mounts, list[Volume]]:
    """The mounts and their sources, pair by pair, without two sources of one name.

    A source that is there already is mounted again; one whose name another has gets a number.
    `others` are in the pod, too.
    """
    taken = {each["name"]: _identity(each) for each in others}
    found_mounts, found_sources = [], []
    for mount, source in zip(mounts, sources, strict=True):
        identity = _identity(source)
        name, number = source["name"], 1
        while taken.get(name, identity) != identity:
            number += 1
            name = with_suffix(source["name"], str(number))
        if name not in taken:
            taken[name] = identity
            found_sources.append({**source, "name": name})
        found_mounts.append({**mount, "name": name})
    return found_mounts, found_sources


def once_at_each_place(mounts: Mounts, owner: str, report: Report) -> Mounts:
    """The mounts without those at a place that an earlier one has."""
    found: dict[str, dict[str, Any]] = {}
    for mount in mounts:
        if found.setdefault(mount["mountPath"], mount) is not mount:
            report.warn(
                f"{mount['name']} is not mounted at {mount['mountPath']} of service {owner}: "
                f"{found[mount['mountPath']]['name']} is there"
            )
    return list(found.values())


def _identity(source: Volume) -> Any:
    """What is behind a volume; a claim is the same however it is mounted."""
    if claim := source.get("persistentVolumeClaim"):
        return claim["claimName"]
    return {kind: what for kind, what in source.items() if kind != "name"}
