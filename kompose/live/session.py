"""One command's run: which project, which cluster, and how its errors reach the person."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kompose.cluster.errors import ClusterError
from kompose.cluster.inventory import running_projects
from kompose.cluster.ownership import Object
from kompose.cluster.view import ProjectView, project_view
from kompose.invocation import Invocation
from kube_client.client import Client
from kube_client.connect import connect
from kube_client.errors import KubeError
from kube_client.kubeconfig import ConnectOptions


class Where(NamedTuple):
    """What the command line says of the project and the cluster; None where it says nothing."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    project_name: str | None = None
    profiles: tuple[str, ...] = ()


class Loaded(NamedTuple):
    """A project read from its files and converted."""

    view: ProjectView
    objects: list[Object]
    files: tuple[Path, ...]
    """Every file it came from; a change of any may change the objects."""


class Session(NamedTuple):
    """A client, the namespace to work in, and the project's name."""

    client: Client
    namespace: str
    project: str


def run(work: Coroutine[Any, Any, int | None]) -> None:
    """Run a command to its end.

    Raises:
        typer.Exit: The command has an exit code other than 0.
        ClusterError: The cluster refused or could not be reached.
    """
    import typer

    try:
        code = asyncio.run(work)
    except KubeError as error:
        raise ClusterError(str(error)) from error
    except BrokenPipeError:
        # Who reads us has gone; nothing more can reach them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    if code:
        raise typer.Exit(code)


def load_project(
    invocation: Invocation, where: Where, *, builds: bool = False, pushes: bool = True
) -> Loaded:
    """Read the compose files and convert them, as `convert` does; images are built first.

    Annotations that tell the command line are left out: they would make every pod new when the
    same project is brought up with other flags.

    Raises:
        ComposeError, ConvertError: The files cannot be read or converted.
    """
    from kompose.convert import convert
    from kompose.exposed import exposed_values
    from kompose.flags import COMPATIBLE_VERSION
    from kompose.ignored import ignored_keys
    from kompose.options import BuildOptions, ConvertOptions
    from kompose.project import project_from_model

    model = _model(invocation, where)
    for exposed in exposed_values(model):
        invocation.report.warn(str(exposed))
    for finding in ignored_keys(model, mends=True):
        invocation.report.info(str(finding))
    options = ConvertOptions(
        with_kompose_annotation=False,
        version=COMPATIBLE_VERSION,
        build=BuildOptions(mode="local" if builds else "none", push=builds and pushes),
        mends=True,
    )
    objects = convert(model, options, invocation.report)
    project = project_from_model(model.tree, str(model.working_dir), model.environment)
    view = project_view(project)._replace(name=model.name)
    return Loaded(view, objects, tuple(p for p in map(Path, model.sources) if p.parent.is_dir()))


def known_project(invocation: Invocation, where: Where) -> ProjectView:
    """The project by name alone where that is said, else as its files have it.

    Raises:
        ComposeError, ConvertError: There are no files, or they cannot be read.
    """
    if where.project_name and not invocation.files:
        return ProjectView(where.project_name, {})
    from kompose.project import project_from_model

    model = _model(invocation, where, tells_warnings=False)
    project = project_from_model(model.tree, str(model.working_dir), model.environment)
    return project_view(project)._replace(name=model.name)


@asynccontextmanager
async def connected(where: Where, project: str) -> AsyncIterator[Session]:
    """A client of the cluster that is meant, for as long as the block lasts."""
    options = ConnectOptions(
        kubeconfig=where.kubeconfig, context=where.context, namespace=where.namespace
    )
    async with connect(options) as client:
        yield Session(client, client.namespace, project)


async def require_project(session: Session, found: Sequence[object]) -> None:
    """Say what there is when nothing of the project was found.

    Raises:
        ClusterError: Nothing was found.
    """
    if found:
        return
    others = await running_projects(session.client, session.namespace)
    known = f" Projects there: {', '.join(others)}." if others else ""
    raise ClusterError(
        f"Nothing of the project {session.project!r} is in namespace {session.namespace}.{known} "
        "Start it with: kompose up, or choose with --namespace and --project-name"
    )


def service_keys(view: ProjectView, names: Sequence[str]) -> tuple[str, ...]:
    """The labels of services named as the compose file names them.

    Raises:
        ClusterError: The file has no such service.
    """
    from kompose.manifests.names import key_name

    if view.services:
        for name in names:
            if name not in view.services:
                known = ", ".join(view.services)
                raise ClusterError(f"There is no service {name!r} in the file; it has: {known}.")
    return tuple(view.services[name].key if view.services else key_name(name) for name in names)


def say(line: str) -> None:
    """One line for the person, on stderr: stdout is for results."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _model(invocation: Invocation, where: Where, *, tells_warnings: bool = True) -> Any:
    from kompose.compose.read import ReadOptions
    from kompose.reading import read_project

    options = ReadOptions(profiles=where.profiles, project_name=where.project_name)
    return read_project(invocation, options, tells_warnings=tells_warnings)
