"""The commands that work on a cluster, as Typer declares them; each runs one library function.

Which project and which cluster is said by global flags (`kompose.flags.PLACE_FLAGS`), and comes
with the invocation.
"""

import sys
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from kompose.console import uses_colour
from kompose.invocation import Invocation
from kompose.parameters import Index, ListForm, Service, Services, Timeout, Wait

_Timestamps = Annotated[
    bool, typer.Option("--timestamps", "-t", help="Show when each line was written")
]
_NoPrefix = Annotated[bool, typer.Option("--no-log-prefix", help="Leave the names out")]
_NoColor = Annotated[bool, typer.Option("--no-color", help="No colours")]


class SecretForm(StrEnum):
    """Where Secrets come from."""

    PLAIN = "plain"
    EXTERNAL = "external"


_Secrets = Annotated[
    SecretForm,
    typer.Option("--secrets", help="plain: made as the file says; external: they are there"),
]


class Protocol(StrEnum):
    """What a port speaks."""

    TCP = "tcp"
    UDP = "udp"


def up(
    context: typer.Context,
    services: Services = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when everything is ready")
    ] = False,
    attach: Annotated[
        bool | None,
        typer.Option(
            "--attach/--no-attach",
            help="Forward published ports and follow the logs (default on a terminal)",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            help="Wait until ready, and return then (default: wait)",
            show_default=False,
        ),
    ] = None,
    timeout: Timeout = 300.0,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Apply again when a file is saved")
    ] = False,
    build: Annotated[
        bool, typer.Option("--build/--no-build", help="Build and push images before starting")
    ] = False,
    push: Annotated[bool, typer.Option("--push/--no-push", help="Push what --build built")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing")
    ] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", "--remove-orphans", help="Remove what the file no longer has"),
    ] = False,
    secrets: _Secrets = SecretForm.PLAIN,
    force: Annotated[
        bool, typer.Option("--force", help="Take over fields that others have set")
    ] = False,
    force_recreate: Annotated[
        bool, typer.Option("--force-recreate", help="Replace pods even if nothing changed")
    ] = False,
    no_deps: Annotated[
        bool, typer.Option("--no-deps", help="Only the services named, not what they need")
    ] = False,
    scale: Annotated[
        list[str] | None,
        typer.Option("--scale", help="SERVICE=COPIES, over what the file says", metavar="SIZE"),
    ] = None,
    timestamps: _Timestamps = False,
    no_prefix: _NoPrefix = False,
    no_color: _NoColor = False,
) -> None:
    """Run the compose files on a cluster.

    Makes what the file says in the order of depends_on, and waits until everything is ready.
    On a terminal it then forwards the published ports to localhost and follows the logs; Ctrl-C
    ends that, and the application goes on running.
    """
    from kompose.live.session import run_loaded
    from kompose.live.start import start
    from kompose.live.start_options import StartOptions, load_sized

    stays = attach if attach is not None else not (detach or wait) and sys.stdout.isatty()
    options = StartOptions(
        services=tuple(services or ()),
        attaches=stays and not dry_run,
        waits=wait is not False,
        timeout=timeout or None,
        watches=watch,
        builds=build,
        secrets=secrets.value,
        pushes=push,
        dry_run=dry_run,
        prune=prune,
        force=force,
        recreates=force_recreate,
        alone=no_deps,
        sizes=tuple(scale or ()),
        timestamps=timestamps,
        prefixes=not no_prefix,
        colours=not no_color and uses_colour(sys.stdout),
    )
    invocation: Invocation = context.obj
    loaded = load_sized(invocation, options)
    run_loaded(invocation, loaded, partial(start, options=options, invocation=invocation))


def down(
    context: typer.Context,
    services: Services = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="Remove volumes too, with their data")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
    timeout: Annotated[
        int | None,
        typer.Option(
            "--timeout",
            "-t",
            help="Seconds that containers get to stop, instead of their stop_grace_period",
            show_default=False,
        ),
    ] = None,
    wait_timeout: Annotated[
        float, typer.Option("--wait-timeout", help="Seconds to wait until all is gone; 0 for ever")
    ] = 120.0,
) -> None:
    """Remove what up made, and nothing else; volumes stay unless asked for.

    On a terminal it shows what will go and asks first.
    """
    from kompose.live.look import TakeDownOptions, take_down
    from kompose.live.session import run

    options = TakeDownOptions(
        services=tuple(services or ()),
        volumes=volumes,
        asks=not yes,
        grace_seconds=timeout,
        timeout=wait_timeout or None,
    )
    run(context.obj, lambda session, view: take_down(session, view, options))


def ps(
    context: typer.Context,
    services: Services = None,
    form: Annotated[
        ListForm, typer.Option("--format", help="A table, or one JSON object a line")
    ] = ListForm.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list of all")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only names of pods")] = False,
    only_services: Annotated[
        bool, typer.Option("--services", help="Only names of services")
    ] = False,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Only services in this state", metavar="STATE"),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="The same as status=STATE", metavar="FILTER"),
    ] = None,
) -> None:
    """List the services and how they are, and why if they are not ready."""
    from kompose.live.look import filtered_states, list_services
    from kompose.live.session import run

    chosen = {"names": quiet, "services": only_services, "list": as_json}
    word = next((word for word, asked in chosen.items() if asked), form.value)
    named = tuple(services or ())
    states = (*(status or ()), *filtered_states(filters or ()))
    run(context.obj, lambda session, view: list_services(session, view, named, word, states))


def logs(
    context: typer.Context,
    services: Services = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come")] = False,
    tail: Annotated[str, typer.Option("--tail", help="Lines per container, or all")] = "all",
    since: Annotated[
        str, typer.Option("--since", help="From 10m ago on, or from a time on", metavar="TIME")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Up to 10m ago, or up to a time", metavar="TIME")
    ] = "",
    index: Index = None,
    timestamps: _Timestamps = False,
    no_prefix: _NoPrefix = False,
    no_color: _NoColor = False,
) -> None:
    """Show the logs of the services, each line with the name of who said it."""
    from kompose.live.logs import LogWishes, show_logs
    from kompose.live.session import run

    wishes = LogWishes(
        follow=follow,
        tail=tail,
        since=since,
        until=until,
        index=index,
        timestamps=timestamps,
        prefixes=not no_prefix,
        colours=not no_color and uses_colour(sys.stdout),
    )
    named = tuple(services or ())
    run(context.obj, lambda session, view: show_logs(session, view, named, wishes))


def diff(
    context: typer.Context,
    prune: Annotated[bool, typer.Option("--prune", help="As if for up --prune")] = False,
    secrets: _Secrets = SecretForm.PLAIN,
) -> None:
    """Show what up would change; exit code 1 when it would change something.

    The server is asked, and does nothing. Values of secrets are never shown.
    """
    from kompose.live.look import show_diff
    from kompose.live.session import load_project, run_loaded

    run_loaded(
        context.obj,
        load_project(context.obj, secrets=secrets.value),
        partial(show_diff, prunes=prune, colours=uses_colour(sys.stdout)),
    )


def exec_(
    context: typer.Context,
    service: Service,
    command: Annotated[
        list[str], typer.Argument(help="The command", show_default=False, metavar="COMMAND")
    ],
    no_tty: Annotated[
        bool, typer.Option("--no-tty", "--no-TTY", "-T", help="No terminal, for pipes")
    ] = False,
    env: Annotated[
        list[str] | None,
        typer.Option("--env", "-e", help="NAME=VALUE for the command", metavar="VARIABLE"),
    ] = None,
    workdir: Annotated[
        str, typer.Option("--workdir", "-w", help="Directory to run in", metavar="DIRECTORY")
    ] = "",
    index: Index = None,
    _interactive: Annotated[bool, typer.Option("--interactive", "-i", hidden=True)] = True,
    _tty: Annotated[bool, typer.Option("--tty", "-t", hidden=True)] = True,
) -> None:
    """Run a command in a running pod of a service; its exit code becomes ours."""
    from kompose.live.act import Errand, run_in_service
    from kompose.live.session import run

    errand = Errand(
        command=tuple(command),
        env=tuple(env or ()),
        workdir=workdir,
        tty=not no_tty and sys.stdin.isatty() and sys.stdout.isatty(),
        index=index,
    )
    run(context.obj, lambda session, view: run_in_service(session, view, service, errand))


def restart(
    context: typer.Context,
    services: Services = None,
    wait: Wait = True,
    timeout: Timeout = 300.0,
) -> None:
    """Restart services, one pod after the other where the cluster can."""
    from kompose.live.act import restart_services
    from kompose.live.session import run

    named, seconds = tuple(services or ()), (timeout or None) if wait else 0.0
    run(context.obj, lambda session, view: restart_services(session, view, named, seconds))


def scale(
    context: typer.Context,
    sizes: Annotated[
        list[str], typer.Argument(help="SERVICE=COPIES ...", show_default=False, metavar="SIZES")
    ],
    wait: Wait = True,
    timeout: Timeout = 300.0,
) -> None:
    """Run more or fewer copies of a service, until the next up."""
    from kompose.live.act import scale_services
    from kompose.live.session import run

    seconds = (timeout or None) if wait else 0.0
    run(context.obj, lambda session, view: scale_services(session, view, sizes, seconds))


def port(
    context: typer.Context,
    service: Service,
    private_port: Annotated[
        int | None, typer.Argument(help="A port of the service; none lists all", metavar="PORT")
    ] = None,
    protocol: Annotated[
        Protocol | None, typer.Option("--protocol", help="tcp or udp", show_default=False)
    ] = None,
    forward: Annotated[
        bool, typer.Option("--forward", help="Forward it to localhost until Ctrl-C")
    ] = False,
) -> None:
    """Say where a port of a service is reached."""
    from kompose.live.act import show_port
    from kompose.live.session import run

    wanted = "" if protocol is None else protocol.value
    run(
        context.obj,
        lambda session, view: show_port(
            session, view, service, private_port, wanted, forwards=forward
        ),
    )


COMMANDS = (up, down, ps, logs, diff, exec_, restart, scale, port)
