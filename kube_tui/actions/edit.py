"""Edit: the object as YAML in the person's editor, and back. What was typed is never lost."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kube_client.errors import ConflictError, KubeError, NotFoundError
from kube_tui.actions.action import Desk, Subject
from kube_tui.actions.question import Choice
from kube_tui.clean import one_line
from kube_tui.rows.row import Tone
from kube_tui.text.manifest import ManifestError, from_yaml, merge_patch, shown, to_yaml

_MARK = "# "
_AGAIN, _NEWEST, _LEAVE = "again", "newest", "leave"
_EDIT_AGAIN = (_AGAIN, "Edit again")
_TRY_NEWEST = (_NEWEST, "Make my changes to its newest version")
_LEAVE_IT = (_LEAVE, "Leave it; keep my text in a file")


async def edit(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Open the editor; update the object when something was changed.

    A refusal is shown above the text, which stays as typed; leaving keeps the file.
    """
    subject = subjects[0]
    client = desk.session.client
    try:
        found = await client.get(subject.type, subject.name, subject.namespace or None)
    except KubeError as error:
        desk.say(str(error), Tone.BROKEN)
        return
    before = shown({"kind": subject.type.kind, **found}, reveal=True)
    file = _new_file(subject)
    text, trouble = to_yaml(before), ""
    while True:
        file.write_text(_with_remarks(text, subject, trouble), encoding="utf-8")
        failure = await run_editor(desk, file)
        typed = _without_remarks(file.read_text(encoding="utf-8"))
        if failure:
            desk.say(f"{failure} Your text is in {file}.", Tone.BROKEN)
            return
        if typed == text and not trouble:
            file.unlink()
            desk.say("Nothing was changed.", Tone.QUIET)
            return
        text = typed
        outcome = await _send(desk, subject, before, text)
        if outcome is None:
            file.unlink()
            return
        trouble, options = outcome
        chosen = await desk.pick(Choice(f"Not saved: {trouble}", options))
        if chosen == _NEWEST:
            trouble = await _send_to_newest(desk, subject, before, text)
            if not trouble:
                file.unlink()
                return
            chosen = await desk.pick(Choice(f"Not saved: {trouble}", (_EDIT_AGAIN, _LEAVE_IT)))
        if chosen != _AGAIN:
            desk.say(f"Nothing was saved. Your text is in {file}.", Tone.ATTENTION)
            return


def _new_file(subject: Subject) -> Path:
    safe = "".join(c if c.isalnum() or c in "-." else "-" for c in subject.name)
    descriptor, name = tempfile.mkstemp(prefix=f"kube-tui-{safe}-", suffix=".yaml")
    os.close(descriptor)
    return Path(name)


def _with_remarks(text: str, subject: Subject, trouble: str) -> str:
    remarks = [f"Editing {subject.words}. Save to update it; leave without a change to cancel."]
    if trouble:
        remarks += ["It was refused:", *trouble.splitlines()]
    return "".join(f"{_MARK}{one_line(line)}\n" for line in remarks) + text


def _without_remarks(text: str) -> str:
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        del lines[0]
    return "".join(lines)


def editor_command(environment: dict[str, str] | os._Environ[str]) -> list[str]:
    """The person's editor, which may come with arguments; vi when none is named."""
    for name in ("KUBE_TUI_EDITOR", "K9S_EDITOR", "KUBE_EDITOR", "VISUAL", "EDITOR"):
        if words := shlex.split(environment.get(name, "")):
            return words
    return ["vi"]


async def run_editor(desk: Desk, file: Path) -> str:
    """Let the editor have the terminal; what went wrong, or ''."""
    command = editor_command(os.environ)
    with desk.terminal():
        try:
            process = await asyncio.create_subprocess_exec(*command, str(file))
            code = await process.wait()
        except OSError as error:
            reason = error.strerror or error
            return f"{command[0]} could not be started ({reason}); set EDITOR to your editor."
    return "" if code == 0 else f"{command[0]} ended with code {code}, so nothing was saved."


async def _send(
    desk: Desk, subject: Subject, before: dict[str, Any], text: str
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """None when the server took it; else what is wrong, and what can be done."""
    try:
        edited = from_yaml(text)
        check_identity(before, edited)
        if not merge_patch(before, edited):
            desk.say("Nothing was changed.", Tone.QUIET)
            return None
        await desk.session.client.replace(subject.type, edited)
    except ConflictError as error:
        return str(error), (_EDIT_AGAIN, _TRY_NEWEST, _LEAVE_IT)
    except NotFoundError as error:
        return str(error), (_LEAVE_IT, _EDIT_AGAIN)
    except (ManifestError, KubeError) as error:
        return str(error), (_EDIT_AGAIN, _LEAVE_IT)
    desk.say(f"Updated {subject.words}.")
    return None


def check_identity(before: dict[str, Any], edited: dict[str, Any]) -> None:
    """The text must still be the same object.

    Raises:
        ManifestError: It is named, or is, something else now.
    """
    for name in ("apiVersion", "kind"):
        if edited.get(name) != before.get(name):
            raise ManifestError(f"{name} must stay {before.get(name)}")
    old, new = before.get("metadata") or {}, edited.get("metadata")
    if not isinstance(new, dict):
        raise ManifestError("metadata is missing")
    for name in ("name", "namespace", "uid"):
        if new.get(name) != old.get(name):
            raise ManifestError(f"metadata.{name} must stay {old.get(name)}")


async def _send_to_newest(desk: Desk, subject: Subject, before: dict[str, Any], text: str) -> str:
    """Make the same changes to the object as it is now; what is wrong, or ''.

    What somebody else has changed meanwhile is never undone.
    """
    client = desk.session.client
    try:
        found = await client.get(subject.type, subject.name, subject.namespace or None)
        newest = shown({"kind": subject.type.kind, **found}, reveal=True)
        if newest["metadata"]["uid"] != before["metadata"]["uid"]:
            return f"{subject.words} is another object by now: the one you edited was deleted."
        mine, theirs = merge_patch(before, from_yaml(text)), merge_patch(before, newest)
        if both := sorted(changed_by_both(_asked_for(mine), _asked_for(theirs))):
            return f"Somebody else has changed {', '.join(both)} too; edit the newest version."
        metadata = mine.setdefault("metadata", {})
        metadata["resourceVersion"] = newest["metadata"]["resourceVersion"]
        await client.patch(subject.type, subject.name, mine, subject.namespace or None)
    except KubeError as error:
        return str(error)
    desk.say(f"Updated {subject.words}.")
    return ""


def _asked_for(patch: dict[str, Any]) -> dict[str, Any]:
    """Without what the server itself counts up."""
    metadata = patch.get("metadata") or {}
    kept = {k: v for k, v in metadata.items() if k not in ("resourceVersion", "generation")}
    rest = {name: value for name, value in patch.items() if name not in ("metadata", "status")}
    return {**rest, "metadata": kept} if kept else rest


def changed_by_both(mine: dict[str, Any], theirs: dict[str, Any], path: str = "") -> Iterator[str]:
    """The paths that two merge patches change to different values. A list is one value."""
    for name in mine.keys() & theirs.keys():
        one, other, here = mine[name], theirs[name], f"{path}{name}"
        if isinstance(one, dict) and isinstance(other, dict):
            yield from changed_by_both(one, other, f"{here}.")
        elif one != other:
            yield here
