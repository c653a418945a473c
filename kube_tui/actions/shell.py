"""A shell in a container, or its own terminal: the terminal is handed over and comes back clean."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from kube_client.errors import KubeError
from kube_client.objects import Pod
from kube_tui.actions.action import Desk, Subject
from kube_tui.actions.question import Choice
from kube_tui.feeds import end_tasks
from kube_tui.rows.row import Tone

if TYPE_CHECKING:
    from kube_client.exec import ExecSession

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
SHELLS: tuple[tuple[str, ...], ...] = (("bash",), ("sh",), ("/bin/sh",), ("ash",))
_NOT_FOUND_CODES = frozenset({126, 127})
_NOT_FOUND_WORDS = ("executable file not found", "no such file", "not found", "no such executable")


async def shell(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Bash in the container, or the first other shell that it has."""
    subject = subjects[0]
    container = await choose_container(desk, subject, "Shell in which container?")
    if container is None:
        return
    from kube_client.exec import open_exec
    from kube_client.terminal import hand_over

    client, trouble = desk.session.client, ""
    where = f"container {container} of {subject.words} on {desk.session.context}"
    with desk.terminal(f"── shell in {where}; exit comes back ──"):
        for command in SHELLS:
            try:
                async with open_exec(
                    client,
                    subject.namespace,
                    subject.name,
                    command,
                    container=container,
                    stdin=True,
                    tty=True,
                ) as session:
                    status = await hand_over(session)
            except KubeError as error:
                trouble = str(error)
                break
            words = f"{status.reason} {status.message}".lower()
            is_missing = status.code in _NOT_FOUND_CODES or any(
                w in words for w in _NOT_FOUND_WORDS
            )
            trouble = ""
            if not (status.code and is_missing and _never_ran(status.message)):
                break
            trouble = (
                f"Container {container} has no shell ({', '.join(c[0] for c in SHELLS)}); "
                f"try: kubectl debug -it -n {subject.namespace} {subject.name} "
                f"--image=busybox --target={container}"
            )
    if trouble:
        desk.say(trouble, Tone.BROKEN)


def _never_ran(message: str) -> bool:
    """Whether the exit code is the runtime's refusal, not the shell's last command's."""
    return any(words in message.lower() for words in _NOT_FOUND_WORDS)


async def attach(desk: Desk, subjects: Sequence[Subject]) -> None:
    """The container's own input and output.

    Its terminal takes every key; without one, Ctrl-C comes back and the container goes on.
    """
    subject = subjects[0]
    container = await choose_container(desk, subject, "Attach to which container?")
    if container is None:
        return
    from kube_client.exec import open_attach

    spec = next((c for c in subject.item_pod.spec.containers if c.name == container), None)
    tty, stdin = (spec.tty, spec.stdin) if spec else (False, False)
    trouble = ""
    ctrl_c = "Ctrl-C goes to its program" if tty and stdin else "Ctrl-C comes back"
    with desk.terminal(f"── attached to container {container} of {subject.words}; {ctrl_c} ──"):
        try:
            async with open_attach(
                desk.session.client,
                subject.namespace,
                subject.name,
                container=container,
                stdin=stdin,
                tty=tty,
            ) as session:
                await _until_interrupted(_watch(session, takes_keys=stdin))
        except KubeError as error:
            trouble = str(error)
    if trouble:
        desk.say(trouble, Tone.BROKEN)


async def _watch(session: ExecSession, *, takes_keys: bool) -> None:
    """Show what the session says; keys go to it only when somebody there reads them."""
    from kube_client.terminal import hand_over

    if takes_keys:
        await hand_over(session)
        return
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        await hand_over(session, input_fd=nothing)
    finally:
        os.close(nothing)


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Run it until it ends or Ctrl-C is pressed; a raw terminal sends no such signal."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    task = asyncio.ensure_future(work)
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
        await end_tasks([task])


async def choose_container(desk: Desk, subject: Subject, question: str) -> str | None:
    """The row's container, the only one, the one that its annotation names, or who is picked."""
    if subject.container:
        return subject.container
    pod: Pod = subject.item_pod
    names = [container.name for container in pod.spec.containers]
    default = pod.metadata.annotations.get(DEFAULT_CONTAINER, "")
    if default in names:
        return default
    if len(names) == 1:
        return names[0]
    running = {c.name for c in pod.status.container_statuses if c.state.running is not None}
    options = tuple((n, n if n in running else f"{n} (not running)") for n in names)
    return await desk.pick(Choice(question, options))
