"""The front door: flags to options, options to the program, errors to one sentence and a code."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from kube_tui.version import VERSION

if TYPE_CHECKING:
    from kube_tui.options import StartOptions

OK, FAILED, USAGE = 0, 1, 2
_THEMES = ("night", "day", "contrast", "plain")
_NO_CLUSTER = (
    "No cluster is configured, so this is a demo cluster and nothing here is real; "
    "for yours, set KUBECONFIG or give --kubeconfig."
)

cli = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@cli.command(
    help="Browse a Kubernetes cluster: namespaces, services, pods, containers, logs, shells."
)
def browse(
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Begin in this namespace.")
    ] = "",
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Begin in all namespaces.")
    ] = False,
    command: Annotated[
        str, typer.Option("--command", "-c", help="Begin with this command, such as 'deploy shop'.")
    ] = "",
    context: Annotated[str, typer.Option(help="The kubeconfig context to use.")] = "",
    kubeconfig: Annotated[str, typer.Option(help="The kubeconfig file to use.")] = "",
    cluster: Annotated[str, typer.Option(help="The kubeconfig cluster to use.")] = "",
    user: Annotated[str, typer.Option(help="The kubeconfig user to use.")] = "",
    as_user: Annotated[str, typer.Option("--as", help="Impersonate this user.")] = "",
    as_group: Annotated[
        list[str] | None, typer.Option("--as-group", help="Impersonate this group; repeatable.")
    ] = None,
    request_timeout: Annotated[
        float, typer.Option(help="Seconds to wait for one answer; 0 waits for ever.")
    ] = 0,
    read_only: Annotated[
        bool, typer.Option("--readonly", help="Hide everything that changes the cluster.")
    ] = False,
    theme: Annotated[
        str, typer.Option(help=f"Colours: {', '.join(_THEMES)}; plain where NO_COLOR is set.")
    ] = "",
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="Browse a demo cluster; also done where no cluster is configured."
        ),
    ] = False,
    scenario: Annotated[
        str, typer.Option(help="With --demo: shop, bad-day, big, empty, or a file.")
    ] = "",
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Parse, then run."""
    if version:
        typer.echo(f"kube-tui {VERSION}")
        return
    theme = theme or ("plain" if os.environ.get("NO_COLOR") else _THEMES[0])
    if theme not in _THEMES:
        raise typer.BadParameter(f"{theme!r} is none of {', '.join(_THEMES)}", param_hint="--theme")
    from kube_client.kubeconfig import ConnectOptions
    from kube_tui.options import StartOptions

    options = StartOptions(
        connect=ConnectOptions(
            kubeconfig=kubeconfig or None,
            context=context or None,
            cluster=cluster or None,
            user=user or None,
            as_user=as_user or None,
            as_groups=tuple(as_group or ()),
            request_timeout=request_timeout or None,
            interactive=False,
        ),
        namespace="" if all_namespaces else namespace or None,
        command=command,
        read_only=read_only,
        theme=theme,
    )
    raise typer.Exit(_run(options, demo=demo, scenario=scenario or None))


def _run(options: StartOptions, *, demo: bool, scenario: str | None) -> int:
    """Open the screen; the exit code."""
    if not (sys.stdin.isatty() and sys.stderr.isatty() and sys.stdout.isatty()):
        sys.stderr.write(
            "kube-tui draws on a terminal, and this is none: run it without redirections.\n"
        )
        return USAGE
    if not demo and _means_no_cluster(options):
        sys.stderr.write(f"kube-tui: {_NO_CLUSTER}\n")
        demo, options = True, replace(options, notice=_NO_CLUSTER)
    if not demo:
        return _show(options)
    from demo_cluster.launch import DemoStartError, start_demo

    with contextlib.ExitStack() as stack:
        try:
            process = stack.enter_context(start_demo(scenario=scenario))
        except DemoStartError as error:
            sys.stderr.write(f"kube-tui: {error}\n")
            return FAILED
        connect = structs.replace(options.connect, kubeconfig=str(process.kubeconfig), context=None)
        return _show(replace(options, connect=connect))


def _means_no_cluster(options: StartOptions) -> bool:
    """Whether neither flags nor environment nor the usual files name any cluster."""
    from kube_client.cluster_access import cluster_access
    from kube_client.errors import KubeError, NoClusterError

    if options.connect.kubeconfig or os.environ.get("KUBECONFIG"):
        return False  # a file that was meant, and is not there or empty, is a mistake to tell
    try:
        cluster_access(options.connect)
    except NoClusterError:
        return True
    except KubeError:
        return False  # told when the screen is opened
    return False


def _show(options: StartOptions) -> int:
    from kube_client.errors import KubeError
    from kube_tui.commands.grammar import CommandError, parse_command

    try:
        if options.command:
            parse_command(options.command)
        from kube_tui.app import KubeApp

        app = KubeApp(options)
    except (KubeError, CommandError) as error:
        sys.stderr.write(f"kube-tui: {error}\n")
        return FAILED
    app.run()
    return app.return_code or OK


def run(arguments: list[str]) -> int:
    """Run the command; the exit code. The only place that catches everything."""
    try:
        result = cli(arguments, prog_name="kube-tui", standalone_mode=False)
    except typer.Abort:
        return 130
    except Exception as error:  # noqa: BLE001 - the front door: one sentence, no traceback
        return _complain(error)
    return result if isinstance(result, int) else OK


def _complain(error: Exception) -> int:
    words = error.format_message() if hasattr(error, "format_message") else str(error)
    code = getattr(error, "exit_code", FAILED)
    sys.stderr.write(f"kube-tui: {words or type(error).__name__}\n")
    return code if isinstance(code, int) else FAILED
