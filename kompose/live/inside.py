"""`top` and `cp`: what runs inside containers, and files into and out of them."""

import io
import posixpath
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kompose.cluster.errors import ClusterError
from kompose.cluster.ownership import service_key
from kompose.cluster.pods import chosen_pod, container_of, running, service_pods
from kompose.cluster.view import ProjectView
from kompose.live.act import chosen_workloads
from kompose.live.session import Session, say, service_keys
from kube_client.errors import one_line
from kube_client.exec import CommandResult, run_command


async def show_processes(session: Session, view: ProjectView, services: Sequence[str]) -> int:
    """Print what `ps` says in each container that runs."""
    code = 0
    workloads = await chosen_workloads(session, view, services)
    for key in dict.fromkeys(service_key(obj) for obj in workloads):
        for pod in running(await service_pods(session.client, session.namespace, key)):
            for container in (each.name for each in pod.spec.containers):
                done = await run_command(
                    session.client, session.namespace, pod.metadata.name, ["ps"], container
                )
                if done.exit_code:
                    say(f"{pod.metadata.name}/{container}: {_failure(done, 'ps')}")
                    code = 1
                    continue
                text = done.stdout.decode("utf-8", "replace")
                sys.stdout.write(f"{pod.metadata.name}/{container}\n{text}\n")
    return code


class Place(NamedTuple):
    """One side of a copy: a path here, or in a service."""

    service: str
    path: str


def parse_place(text: str) -> Place:
    """`web:/srv/a.txt` is in a service; `a.txt` and `./a:b` are here."""
    service, colon, path = text.partition(":")
    if not colon or not service or "/" in service:
        return Place("", text)
    return Place(service, path)


async def copy(
    session: Session, view: ProjectView, source: str, target: str, index: int | None
) -> int:
    """Copy a file or a directory into or out of a container, by its `tar`.

    Raises:
        ClusterError: Not exactly one side is a service, or a side is not there.
    """
    places = parse_place(source), parse_place(target)
    if bool(places[0].service) is bool(places[1].service):
        raise ClusterError(
            "One side of a copy is a service: kompose cp web:/srv/a.txt . or kompose cp a.txt "
            "web:/srv"
        )
    service = places[0].service or places[1].service
    [key] = service_keys(view, [service])
    [workload, *_] = await chosen_workloads(session, view, [service])
    label = service_key(workload) or key
    pod = await chosen_pod(session.client, session.namespace, label, index)
    container = container_of(pod, key)

    async def tar(words: Sequence[str], stdin: bytes = b"") -> CommandResult:
        return await run_command(
            session.client, session.namespace, pod.metadata.name, words, container, stdin
        )

    if places[0].service:
        path = places[0].path.rstrip("/") or "/"
        folder, name = posixpath.split(path)
        done = await tar(["tar", "cf", "-", "-C", folder or ".", name or "."])
        if done.exit_code:
            raise ClusterError(f"{source} cannot be read: {_failure(done, 'tar')}")
        unpack(done.stdout, name, Path(places[1].path))
        return 0
    path = places[1].path
    is_folder = path.endswith("/") or not (await tar(["test", "-d", path])).exit_code
    local = Path(places[0].path)
    folder, name = (path, _own_name(local)) if is_folder else posixpath.split(path)
    done = await tar(["tar", "xf", "-", "-C", folder or "."], pack(local, name))
    if done.exit_code:
        raise ClusterError(f"{target} cannot be written: {_failure(done, 'tar')}")
    return 0


def pack(local: Path, name: str) -> bytes:
    """A tar archive of a file or directory here, by the name that it gets there.

    Raises:
        ClusterError: There is none.
    """
    archive = io.BytesIO()
    try:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(local, arcname=name)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ClusterError(f"{local} cannot be read: {why}.") from error
    return archive.getvalue()


def unpack(archive: bytes, name: str, target: Path) -> None:
    """Write what a container sent: into a directory that is there, else by the target's name.

    What lies outside of the directory, links out of it and devices are refused: the archive is
    the container's word.

    Raises:
        ClusterError: It cannot be written, or is not what was asked for.
    """
    if not hasattr(tarfile, "data_filter"):
        raise ClusterError("Copying out of containers needs Python 3.11.4 or newer.")
    folder, new_name = (target, name) if target.is_dir() else (target.parent, target.name)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar.getmembers():
                first, slash, rest = member.name.removeprefix("./").partition("/")
                if name and first == name:
                    member.name = f"{new_name}{slash}{rest}"
                tar.extract(member, folder, filter="data")
    except tarfile.TarError as error:
        raise ClusterError(f"The container sent what is not written here: {error}.") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ClusterError(f"{target} cannot be written: {why}.") from error


def _own_name(local: Path) -> str:
    """What a file or directory here is called; that of `.` too."""
    return local.name or local.resolve().name


def _failure(done: CommandResult, program: str) -> str:
    said = done.stderr.decode("utf-8", "replace").strip()
    if "executable file not found" in said:
        return f"its image has no {program}."
    return one_line(said) or f"{program} ended with exit code {done.exit_code}."
