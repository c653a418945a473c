"""The commands that work on a cluster, as Typer declares them; each runs one library function."""

import sys
from typing import Annotated, Literal

import typer

from kompose.invocation import Invocation

_Kubeconfig = Annotated[
    str | None, typer.Option("--kubeconfig", help="Kubeconfig file to use", show_default=False)
]
_Context = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig", show_default=False)
]
_Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Namespace to work in", show_default=False),
]
_Project = Annotated[
    str | None,
    typer.Option(
        "--project-name", "-p", help="Project, instead of the file's own name", show_default=False
    ),
]
_Services = Annotated[
    list[str] | None, typer.Argument(help="Services; none means all", show_default=False)
]
_Service = Annotated[str, typer.Argument(help="The service", show_default=False)]
_Profiles = Annotated[
    list[str] | None, typer.Option("--profile", help="Profile to enable", show_default=False)
]
_Timeout = Annotated[float, typer.Option("--timeout", help="Seconds to wait; 0 waits for ever")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (up, down, ps, logs, diff, restart, scale, port):
        app.command(command.__name__)(command)
    app.command("exec", context_settings={"allow_interspersed_args": False})(exec_)


def up(
    context: typer.Context,
    services: _Services = None,
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
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until ready")] = True,
    timeout: _Timeout = 300.0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Apply again when a file is saved")
    ] = False,
    build: Annotated[
        bool, typer.Option("--build", help="Build and push images before starting")
    ] = False,
    push: Annotated[bool, typer.Option("--push/--no-push", help="Push what --build built")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what the file no longer has")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take over fields that others have set")
    ] = False,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Run the compose files on a cluster. Example: kompose up -d --namespace shop."""
    from kompose.live.session import Where, run
    from kompose.live.start import StartOptions, start

    invocation: Invocation = context.obj
    stays = attach if attach is not None else not detach and sys.stdout.isatty()
    run(
        start(
            invocation,
            Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ())),
            StartOptions(
                services=tuple(services or ()),
                attaches=stays and not dry_run,
                waits=wait,
                timeout=timeout or None,
                watches=watch,
                builds=build,
                pushes=push,
                dry_run=dry_run,
                prune=prune,
                force=force,
            ),
        )
    )


def down(
    context: typer.Context,
    services: _Services = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Remove volumes too, with their data")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
    timeout: _Timeout = 120.0,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Remove what up made; volumes stay unless asked for. Example: kompose down --volumes."""
    from kompose.live.look import take_down
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    run(
        take_down(
            context.obj,
            where,
            tuple(services or ()),
            volumes=volumes,
            asks=not yes,
            timeout=timeout or 86400.0,
        )
    )


def ps(
    context: typer.Context,
    services: _Services = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only names of pods")] = False,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """List the services and how they are. Example: kompose ps."""
    from kompose.live.look import list_services
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    form: Literal["json", "names", "table"] = "json" if as_json else "names" if quiet else "table"
    run(list_services(context.obj, where, tuple(services or ()), form))


def logs(
    context: typer.Context,
    services: _Services = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come")] = False,
    tail: Annotated[str, typer.Option("--tail", help="Lines per container, or all")] = "all",
    since: Annotated[
        str, typer.Option("--since", help="Only lines younger than this, such as 10m")
    ] = "",
    timestamps: Annotated[
        bool, typer.Option("--timestamps", "-t", help="Show when each line was written")
    ] = False,
    no_prefix: Annotated[bool, typer.Option("--no-log-prefix", help="Leave the names out")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours")] = False,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Show the logs of the services. Example: kompose logs -f --tail 20 web."""
    from kompose.live.look import LogWishes, show_logs
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    wishes = LogWishes(
        follow=follow,
        tail=tail,
        since=since,
        timestamps=timestamps,
        prefixes=not no_prefix,
        colours=not no_color and sys.stdout.isatty(),
    )
    run(show_logs(context.obj, where, tuple(services or ()), wishes))


def diff(
    context: typer.Context,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Show what up would change; exit code 1 when it would. Example: kompose diff."""
    from kompose.live.look import show_diff
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    run(show_diff(context.obj, where))


def exec_(
    context: typer.Context,
    service: _Service,
    command: Annotated[list[str], typer.Argument(help="The command", show_default=False)],
    no_tty: Annotated[bool, typer.Option("--no-tty", "-T", help="No terminal, for pipes")] = False,
    index: Annotated[
        int | None, typer.Option("--index", help="Which pod, from 1", show_default=False)
    ] = None,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Run a command in a service. Example: kompose exec db redis-cli ping."""
    from kompose.live.act import run_in_service
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    has_tty = not no_tty and sys.stdin.isatty() and sys.stdout.isatty()
    run(run_in_service(context.obj, where, service, command, tty=has_tty, index=index))


def restart(
    context: typer.Context,
    services: _Services = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until ready")] = True,
    timeout: _Timeout = 300.0,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Restart services, one pod after the other. Example: kompose restart web."""
    from kompose.live.act import restart_services
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    seconds = (timeout or None) if wait else 0.0
    run(restart_services(context.obj, where, tuple(services or ()), seconds))


def scale(
    context: typer.Context,
    sizes: Annotated[
        list[str], typer.Argument(help="SERVICE=COPIES ...", show_default=False, metavar="SIZES")
    ],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until ready")] = True,
    timeout: _Timeout = 300.0,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Run more or fewer copies of a service. Example: kompose scale web=3."""
    from kompose.live.act import scale_services
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    seconds = (timeout or None) if wait else 0.0
    run(scale_services(context.obj, where, sizes, seconds))


def port(
    context: typer.Context,
    service: _Service,
    private_port: Annotated[
        int | None, typer.Argument(help="A port of the service; none lists all")
    ] = None,
    forward: Annotated[
        bool, typer.Option("--forward", help="Forward it to localhost until Ctrl-C")
    ] = False,
    profile: _Profiles = None,
    namespace: _Namespace = None,
    kube_context: _Context = None,
    kubeconfig: _Kubeconfig = None,
    project_name: _Project = None,
) -> None:
    """Say where a port of a service is reached. Example: kompose port web 8080."""
    from kompose.live.act import show_port
    from kompose.live.session import Where, run

    where = Where(kubeconfig, kube_context, namespace, project_name, tuple(profile or ()))
    run(show_port(context.obj, where, service, private_port, forwards=forward))
