"""More commands that users of docker compose know, as Typer declares them.

What is made and how it is: `kompose.commands`. Here: images, stopping, files and processes.
"""

import sys
from functools import partial
from typing import Annotated

import typer

from kompose.invocation import Invocation
from kompose.parameters import Index, ListForm, Service, Services, Timeout, Wait

_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only names")]


def build(
    context: typer.Context,
    services: Services = None,
    push: Annotated[bool, typer.Option("--push", help="Push what was built")] = False,
    no_deps: Annotated[
        bool, typer.Option("--no-deps", help="Only the services named, not what they need")
    ] = False,
) -> None:
    """Build the images of the services that have a build section."""
    from kompose.live.start_options import build_images

    invocation: Invocation = context.obj
    build_images(invocation, tuple(services or ()), pushes=push, alone=no_deps)


def cp(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="PATH or SERVICE:PATH", show_default=False)],
    target: Annotated[str, typer.Argument(help="PATH or SERVICE:PATH", show_default=False)],
    index: Index = None,
) -> None:
    """Copy a file or a directory into or out of a service; its image needs tar."""
    from kompose.live.inside import copy
    from kompose.live.session import run

    run(context.obj, lambda session, view: copy(session, view, source, target, index))


def events(
    context: typer.Context,
    services: Services = None,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on as events come")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
) -> None:
    """Show what happened to the services, and what happens."""
    from kompose.live.happenings import show_events
    from kompose.live.session import run

    named, form = tuple(services or ()), "json" if as_json else "table"
    run(
        context.obj,
        lambda session, view: show_events(session, view, named, follows=follow, form=form),
    )


def images(
    context: typer.Context,
    services: Services = None,
    form: Annotated[
        ListForm, typer.Option("--format", help="A table, or one JSON list")
    ] = ListForm.TABLE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only image IDs")] = False,
) -> None:
    """List what the containers of the services run."""
    from kompose.live.listing import list_images
    from kompose.live.session import run

    word = "names" if quiet else form.value
    named = tuple(services or ())
    run(context.obj, lambda session, view: list_images(session, view, named, word))


def ls(
    context: typer.Context,
    form: Annotated[
        ListForm, typer.Option("--format", help="A table, or one JSON list")
    ] = ListForm.TABLE,
    quiet: _Quiet = False,
) -> None:
    """List the projects of the cluster; with --namespace those of one namespace."""
    from kompose.live.listing import list_projects
    from kompose.live.session import run_anywhere

    invocation: Invocation = context.obj
    word = "names" if quiet else form.value
    everywhere = invocation.where.namespace is None
    run_anywhere(invocation, partial(list_projects, everywhere=everywhere, form=word))


def run(
    context: typer.Context,
    service: Service,
    command: Annotated[
        list[str] | None,
        typer.Argument(help="The command; none runs the service's", metavar="COMMAND"),
    ] = None,
    remove: Annotated[bool, typer.Option("--rm", help="Remove the pod at the end")] = False,
    no_tty: Annotated[
        bool, typer.Option("--no-tty", "--no-TTY", "-T", help="No terminal; nothing is read")
    ] = False,
    env: Annotated[
        list[str] | None,
        typer.Option("--env", "-e", help="NAME=VALUE for the command", metavar="VARIABLE"),
    ] = None,
    workdir: Annotated[
        str, typer.Option("--workdir", "-w", help="Directory to run in", metavar="DIRECTORY")
    ] = "",
    entrypoint: Annotated[
        str, typer.Option("--entrypoint", help="Program to run instead", metavar="PROGRAM")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="Name of the pod", metavar="NAME")] = "",
    no_deps: Annotated[
        bool, typer.Option("--no-deps", help="Do not bring up what the service needs")
    ] = False,
    timeout: Timeout = 300.0,
    _interactive: Annotated[bool, typer.Option("--interactive", "-i", hidden=True)] = True,
    _tty: Annotated[bool, typer.Option("--tty", "-t", hidden=True)] = True,
) -> None:
    """Run one command in a pod of its own, as the service would; its exit code becomes ours.

    What the service depends on is brought up first.
    """
    from kompose.live.once import RunWishes, run_once
    from kompose.live.session import load_project, run_loaded

    wishes = RunWishes(
        service,
        tuple(command or ()),
        entrypoint=entrypoint,
        env=tuple(env or ()),
        workdir=workdir,
        name=name,
        tty=not no_tty and sys.stdin.isatty() and sys.stdout.isatty(),
        removes=remove,
        alone=no_deps,
        timeout=timeout or None,
    )
    loaded = load_project(context.obj)
    run_loaded(context.obj, loaded, partial(run_once, wishes=wishes))


def start(
    context: typer.Context,
    services: Services = None,
    wait: Wait = True,
    timeout: Timeout = 300.0,
) -> None:
    """Start what was stopped, with as many copies as before."""
    from kompose.live.session import run
    from kompose.live.stopped import start_services

    named, seconds = tuple(services or ()), (timeout or None) if wait else 0.0
    run(context.obj, lambda session, view: start_services(session, view, named, seconds))


def stop(
    context: typer.Context,
    services: Services = None,
    timeout: Annotated[
        float, typer.Option("--wait-timeout", help="Seconds to wait until all is gone; 0 for ever")
    ] = 120.0,
) -> None:
    """Stop services: their pods go, and everything else stays."""
    from kompose.live.session import run
    from kompose.live.stopped import stop_services

    named, seconds = tuple(services or ()), timeout or None
    run(context.obj, lambda session, view: stop_services(session, view, named, seconds))


def top(context: typer.Context, services: Services = None) -> None:
    """Show the processes in the containers of the services; their images need ps."""
    from kompose.live.inside import show_processes
    from kompose.live.session import run

    named = tuple(services or ())
    run(context.obj, lambda session, view: show_processes(session, view, named))


COMMANDS = (build, cp, events, images, ls, run, start, stop, top)
