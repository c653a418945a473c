"""The file system of a container: its image's files, its mounts, /proc, /etc and /dev."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from demo_cluster.containers.images import Image
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.kubelet.environment import (
    MissingReferenceError,
    field_text,
    resource_text,
    texts_of,
)
from demo_cluster.store.storage import Storage
from demo_cluster.toybox.filesystem import Device, Directory, File, Link, Node
from demo_cluster.toybox.machine import Machine, Program
from demo_cluster.toybox.process_programs import forever, saying
from demo_cluster.toybox.procfs import proc_directory
from demo_cluster.toybox.programs import BASES, BUSYBOX

FOLDERS = ["tmp", "root", "home", "var/log", "var/run", "opt", "mnt", "sys", "usr/sbin", "dev/shm"]
EXECUTABLE = b"\x7fELF\x02\x01\x01"

RELEASES = {
    "busybox": 'NAME="Buildroot"\nID=buildroot\nVERSION_ID=2024.02\n',
    "alpine": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\n',
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
}


def programs_of(image: Image) -> Mapping[str, Program]:
    """What can be run in a container of this image."""
    own = {
        posixpath.basename(words[0]): forever
        for words in (image.command, *(worker.split() for worker in image.workers))
        if words
    }
    checks = {name: saying(text) for name, text in image.checks.items()}
    return {**checks, **own, **BASES.get(image.base, BUSYBOX)}


def furnish(machine: Machine, image: Image, pod: Obj) -> None:
    """Put in what every container has."""
    files, now = machine.files, machine.seconds()
    for name in machine.programs:
        files.place(f"/bin/{name}", File(EXECUTABLE, mode=0o755, modified=now))
    files.place("/usr/bin", Link("/bin"))
    files.place("/usr/local/bin", Directory(modified=now))
    for folder in FOLDERS:
        files.place(folder, Directory(modified=now))
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        files.place(f"/dev/{name}", Device(name, modified=now))
    files.place("/dev/stdout", Link("/proc/self/fd/1"))
    files.place("/dev/stderr", Link("/proc/self/fd/2"))
    files.place("/dev/termination-log", File(modified=now, mode=0o666))
    texts = {
        "/etc/hostname": machine.hostname + "\n",
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        "/etc/group": "root:x:0:\n",
        "/etc/os-release": RELEASES.get(image.base, RELEASES["debian"]),
        "/etc/hosts": _hosts(machine, pod),
        "/etc/resolv.conf": _resolver(pod["metadata"]["namespace"]),
        **image.files,
    }
    for path, text in texts.items():
        files.place(path, File(text.encode(), modified=now))
    files.place("/proc", proc_directory(machine))


def _hosts(machine: Machine, pod: Obj) -> str:
    lines = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        f"{machine.network.address}\t{machine.hostname}",
    ]
    lines += [
        f"{alias['ip']}\t{' '.join(alias.get('hostnames', ()))}"
        for alias in pod["spec"].get("hostAliases") or ()
    ]
    return "\n".join(lines) + "\n"


def _resolver(namespace: str) -> str:
    search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    return f"search {search}\nnameserver 10.96.0.10\noptions ndots:5\n"


class Volumes:
    """The volumes of one pod, shared by its containers."""

    def __init__(
        self, storage: Storage, pod: Obj, claims: dict[tuple[str, str], Directory]
    ) -> None:
        self._storage = storage
        self._pod = pod
        self._claims = claims
        self._nodes: dict[str, Directory] = {}

    def missing(self) -> tuple[str, str] | None:
        """The first volume that cannot be set up, and why."""
        for volume in self._pod["spec"].get("volumes") or ():
            try:
                self._contents(volume)
            except MissingReferenceError as error:
                return volume["name"], str(error)
        return None

    def mount(self, machine: Machine, container: Obj) -> None:
        """Put the container's mounts into its file system."""
        volumes = {v["name"]: v for v in self._pod["spec"].get("volumes") or ()}
        for mount in container.get("volumeMounts") or ():
            volume = volumes.get(mount["name"])
            if volume is None:
                continue
            node: Node = self._node(volume, container)
            if mount.get("subPath") and isinstance(node, Directory):
                node = self._inside(node, mount["subPath"])
            machine.files.place(mount["mountPath"], node)

    @staticmethod
    def _inside(node: Directory, path: str) -> Node:
        inner: Node = node
        for part in path.strip("/").split("/"):
            if not isinstance(inner, Directory):
                break
            inner = inner.children().get(part) or inner.entries.setdefault(part, Directory())
        return inner

    def _node(self, volume: Obj, container: Obj) -> Directory:
        name = volume["name"]
        if name not in self._nodes:
            claim = volume.get("persistentVolumeClaim")
            if claim:
                key = (self._pod["metadata"]["namespace"], claim["claimName"])
                self._nodes[name] = self._claims.setdefault(key, Directory())
            elif any(word in volume for word in ("emptyDir", "hostPath")):
                self._nodes[name] = Directory(mode=0o777)
            else:
                self._nodes[name] = Directory(compute=self._computed(volume, container))
        return self._nodes[name]

    def _computed(self, volume: Obj, container: Obj) -> Callable[[], dict[str, Node]]:
        def make() -> dict[str, Node]:
            try:
                contents = self._contents(volume, container)
            except MissingReferenceError:
                return {}
            tree = Directory()
            for path, data in contents.items():
                folder = tree
                *parts, last = path.split("/")
                for part in parts:
                    inner = folder.entries.setdefault(part, Directory())
                    assert isinstance(inner, Directory)
                    folder = inner
                folder.entries[last] = File(data)
            return tree.entries

        return make

    def _contents(self, volume: Obj, container: Obj | None = None) -> dict[str, bytes]:
        contents: dict[str, bytes] = {}
        projected = volume.get("projected")
        for source in (projected.get("sources") or ()) if projected else (volume,):
            contents |= self._source(source, container or {})
        return contents

    def _source(self, source: Obj, container: Obj) -> dict[str, bytes]:
        if "configMap" in source:
            return self._entries(source["configMap"], "configmaps", "configmap")
        if "secret" in source:
            return self._entries(source["secret"], "secrets", "secret")
        if "downwardAPI" in source:
            return {
                item["path"]: self._downward(item, container).encode()
                for item in source["downwardAPI"].get("items") or ()
            }
        if "serviceAccountToken" in source:
            token = f"demo-token-of-{self._pod['metadata']['uid']}"
            return {source["serviceAccountToken"].get("path", "token"): token.encode()}
        return {}

    def _downward(self, item: Obj, container: Obj) -> str:
        if "fieldRef" in item:
            return field_text(self._pod, item["fieldRef"]["fieldPath"])
        return resource_text(container, item["resourceFieldRef"])

    def _entries(self, source: Obj, plural: str, word: str) -> dict[str, bytes]:
        name = source.get("name") or source.get("secretName") or ""
        namespace = self._pod["metadata"]["namespace"]
        found = self._storage.get(kind_of(plural), namespace, name)
        if found is None:
            if source.get("optional") or name.endswith(".crt"):
                return {}
            raise MissingReferenceError(f'{word} "{name}" not found')
        texts = texts_of(found)
        items = source.get("items")
        if not items:
            return texts
        for item in items:
            if item["key"] not in texts and not source.get("optional"):
                raise MissingReferenceError(
                    f"references non-existent {word.replace('map', ' map')} key: {item['key']}"
                )
        return {item["path"]: texts[item["key"]] for item in items if item["key"] in texts}
