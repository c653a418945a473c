"""One command's run: which project, which cluster, and how its errors reach the person."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kompose.cluster.errors import ClusterError
from kompose.cluster.inventory import running_projects
from kompose.cluster.ownership import Object
from kompose.cluster.persistence import PersistentTransport
from kompose.cluster.view import ProjectView, project_view
from kompose.errors import KomposeError
from kompose.invocation import Invocation
from kompose.options import BuildOptions
from kompose.secrecy import Secrecy, project_secrecy
from kube_client.client import Client
from kube_client.connect import client_over, cluster_access, transport_to
from kube_client.errors import KubeError
from kube_client.kubeconfig import ConnectOptions

_NO_BUILD = BuildOptions()


class Loaded(NamedTuple):
    """A project read from its files and converted."""

    view: ProjectView
    objects: list[Object]
    files: tuple[Path, ...]
    """Every file it came from; a change of any may change the objects."""
    secrecy: Secrecy


class Session(NamedTuple):
    """A client, the namespace to work in, the project's name, its secrets, and its patience."""

    client: Client
    namespace: str
    project: str
    secrecy: Secrecy
    """Takes out of what the cluster says what must not be printed."""
    persistence: PersistentTransport
    """Carries the client's requests, and says for how long and to whom trouble is told."""


def run(invocation: Invocation, work: Callable[[Session, ProjectView], Awaitable[int]]) -> None:
    """Run a command on the project that is meant, where its name and services are enough.

    Files are read before the event loop runs, so that Ctrl-C ends that too.

    Raises:
        typer.Exit: The command has an exit code other than 0.
        ComposeError, ConvertError: There are no files, or they cannot be read.
        ClusterError: The cluster refused or could not be reached.
    """
    view, secrecy = known_project(invocation)
    _finish(invocation, view.name, secrecy, lambda session: work(session, view))


def run_loaded(
    invocation: Invocation, loaded: Loaded, work: Callable[[Session, Loaded], Awaitable[int]]
) -> None:
    """Run a command on a project whose files are read and converted; raises as `run` does."""
    _finish(invocation, loaded.view.name, loaded.secrecy, lambda session: work(session, loaded))


def run_anywhere(invocation: Invocation, work: Callable[[Session], Awaitable[int]]) -> None:
    """Run a command that is about no project in particular; raises as `run` does."""
    _finish(invocation, "", Secrecy(()), work)


def _finish(
    invocation: Invocation,
    project: str,
    secrecy: Secrecy,
    work: Callable[[Session], Awaitable[int]],
) -> None:
    import typer

    async def connected_work() -> int:
        access = cluster_access(_connect_options(invocation))
        persistence = PersistentTransport(
            transport_to(access), access.server, lambda words: say(f"! {secrecy.hide(words)}")
        )
        async with client_over(persistence, access) as client:
            return await work(Session(client, client.namespace, project, secrecy, persistence))

    try:
        with discreet(secrecy):
            code = asyncio.run(connected_work())
    except KubeError as error:
        raise ClusterError(str(error)) from error
    except BrokenPipeError:
        # Who reads us has gone; nothing more can reach them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    if code:
        raise typer.Exit(code)


def load_project(
    invocation: Invocation,
    *,
    build: BuildOptions = _NO_BUILD,
    secrets: str = "plain",
    chosen: Callable[[ProjectView], Collection[str]] = lambda view: view.services,
) -> Loaded:
    """Read the compose files and convert them, as `convert` does; images are built first.

    Only the images of the `chosen` services are built.

    Annotations that tell the command line are left out: they would make every pod new when the
    same project is brought up with other flags.

    Raises:
        ComposeError, ConvertError: The files cannot be read or converted.
    """
    from kompose.convert import convert
    from kompose.exposed import exposed_values
    from kompose.flags import COMPATIBLE_VERSION
    from kompose.ignored import ignored_keys
    from kompose.options import ConvertOptions
    from kompose.project import project_from_model

    model = _model(invocation)
    for exposed in exposed_values(model):
        invocation.report.warn(str(exposed))
    for finding in ignored_keys(model, mends=True):
        invocation.report.info(str(finding))
    project = project_from_model(model.tree, str(model.working_dir), model.environment)
    view = project_view(project)._replace(name=model.name)
    options = ConvertOptions(
        with_kompose_annotation=False,
        version=COMPATIBLE_VERSION,
        build=build._replace(only=frozenset(chosen(view))),
        secrets=secrets,
        mends=True,
    )
    objects = convert(model, options, invocation.report)
    files = tuple(path for path in map(Path, model.sources) if path.parent.is_dir())
    return Loaded(view, objects, files, Secrecy(objects))


def known_project(invocation: Invocation) -> tuple[ProjectView, Secrecy]:
    """The project by name alone where that is said, else as its files have it; and its secrets.

    Raises:
        ComposeError, ConvertError: There are no files, or they cannot be read.
    """
    name = invocation.where.project_name
    if name and not invocation.files:
        return ProjectView(name, {}), Secrecy(())
    from kompose.project import project_from_model

    model = _model(invocation, tells_warnings=False)
    project = project_from_model(model.tree, str(model.working_dir), model.environment)
    return project_view(project)._replace(name=model.name), project_secrecy(project)


def context_name(invocation: Invocation) -> str:
    """The context of the kubeconfig that is meant; empty where there is none."""
    try:
        return cluster_access(_connect_options(invocation)).context_name
    except KubeError:
        return ""


def _connect_options(invocation: Invocation) -> ConnectOptions:
    where = invocation.where
    return ConnectOptions(
        kubeconfig=where.kubeconfig, context=where.context, namespace=where.namespace
    )


@contextmanager
def discreet(secrecy: Secrecy) -> Iterator[None]:
    """Errors of the block say nothing secret, whatever a server quotes.

    Raises:
        ClusterError: In place of an error that would have.
    """
    try:
        yield
    except (KomposeError, KubeError) as error:
        text = secrecy.hide(str(error))
        if text == str(error):
            raise
        raise ClusterError(text) from None


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
    from kompose.manifests.names import dns_label

    if view.services:
        for name in names:
            if name not in view.services:
                known = ", ".join(view.services)
                raise ClusterError(f"There is no service {name!r} in the file; it has: {known}.")
    return tuple(view.services[name].key if view.services else dns_label(name) for name in names)


def sizes_of(texts: Sequence[str]) -> dict[str, int]:
    """Copies by service, from texts such as `web=3`.

    Raises:
        ClusterError: One of them is none.
    """
    sizes = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not equals or not name or not number.isdecimal():
            raise ClusterError(f"Sizes are given as SERVICE=COPIES, such as web=3; not {text!r}.")
        sizes[name] = int(number)
    return sizes


def say(line: str) -> None:
    """One line for the person, on stderr: stdout is for results."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


async def typed_line() -> str:
    """A line that the person types, empty at the end of input; Ctrl-C leaves at once."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sys.stdin, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


def _model(invocation: Invocation, *, tells_warnings: bool = True) -> Any:
    from kompose.compose.read import ReadOptions
    from kompose.reading import read_project

    where = invocation.where
    options = ReadOptions(profiles=where.profiles, project_name=where.project_name)
    return read_project(invocation, options, tells_warnings=tells_warnings)
