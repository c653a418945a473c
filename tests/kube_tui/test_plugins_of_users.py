"""k9s' plugin files, as users have them: read, checked, filled in, run as argument lists."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kube_tui.actions.question import Confirm, Form
from kube_tui.plugin_files import (
    Plugin,
    PluginError,
    load_plugins,
    plugin_places,
    read_plugin,
    shipped_folder,
    textual_key,
)
from kube_tui.plugin_run import command_line, fill, run_plugin
from kube_tui.rows.row import Tone


def plugin(**parts: Any) -> Plugin:
    entry = {"shortCut": "a", "description": "d", "scopes": ["pods"], "command": "echo", **parts}
    return read_plugin("p", entry)


def test_every_plugin_of_the_community_is_read(shared_data: Path) -> None:
    shelf = load_plugins([shared_data / "k9s-compat" / "plugins"])

    only_pipes = [problem for problem in shelf.problems if "pipes" not in problem]
    assert len(shelf.plugins) > 100
    assert only_pipes == []


def test_the_shipped_plugin_is_found_and_sound() -> None:
    shelf = load_plugins([shipped_folder()])

    assert shelf.problems == ()
    assert {p.description for p in shelf.plugins} == {"stern"}


def test_a_broken_plugin_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(
        "plugins:\n  one: {shortCut: a, description: d, scopes: [all], command: x}\n"
        "  two: {shortCut: nonsense, description: d, scopes: [all], command: x}\n"
    )
    (tmp_path / "bad.yaml").write_text("plugins: [\n")

    shelf = load_plugins([tmp_path])

    assert [p.name for p in shelf.plugins] == ["one"]
    assert len(shelf.problems) == 2
    assert "'nonsense' is no key" in shelf.problems[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("plugins:\n  a: {\n x: [\n", r"bad\.yaml:4: \w+"),
        ("day: 2020-99-99", r"bad\.yaml: month must be"),
        ("[" * 5000, r"bad\.yaml: .*recursion"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_with_its_line(
    content: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text(content)

    [problem] = load_plugins([tmp_path]).problems

    assert re.search(words, problem)
    assert "\n" not in problem


def test_ours_come_after_k9s_and_win() -> None:
    places = plugin_places({"HOME": "/h", "XDG_CONFIG_HOME": "/c"})

    assert places.index(Path("/c/k9s/plugins.yaml")) < places.index(
        Path("/c/kube-tui/plugins.yaml")
    )


@pytest.mark.parametrize(
    ("short_cut", "key"),
    [
        ("a", "a"),
        ("Shift-A", "A"),
        ("shift-l", "L"),
        ("Ctrl-L", "ctrl+l"),
        ("F5", "f5"),
        ("Shift-1", "exclamation_mark"),
        ("Ctrl-Space", "ctrl+space"),
        ("0", "0"),
    ],
)
def test_the_names_of_keys(short_cut: str, key: str) -> None:
    assert textual_key(short_cut) == key


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"shortCut": ""}, "is no key"),
        ({"confirm": "perhaps"}, "must be true or false"),
        ({"inputs": [{"name": "x", "type": "dropdown"}]}, "needs options"),
        ({"args": "text"}, "must be lists"),
        ({"nonsense": 1}, "unknown key nonsense"),
    ],
)
def test_what_is_wrong_with_a_plugin_is_said(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(PluginError, match=words):
        plugin(**parts)


VALUES = {"NAME": "web-1", "NAMESPACE": "shop", "COL-IP": "10.0.0.7", "INPUT_FORCE": "true"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$NAME", "web-1"),
        ("${NAME}", "web-1"),
        ("$name", "web-1"),
        ("pod/$NAME-x", "pod/web-1-x"),
        ("$NAMESPACE/$NAME", "shop/web-1"),
        ("^$NAME$", "^web-1$"),
        ("$COL-IP:80", "10.0.0.7:80"),
        ("$!INPUT_FORCE", "false"),
        ("$UNKNOWN $1 $", "$UNKNOWN $1 $"),
    ],
)
def test_holes_are_filled(text: str, filled: str) -> None:
    assert fill(text, VALUES) == filled


def test_a_value_stays_inside_its_argument_whatever_it_holds() -> None:
    hostile = {"NAME": "x; rm -rf / $(reboot) 'y' $NAMESPACE"}

    command = command_line(plugin(args=["--name", "$NAME"]), hostile)

    assert command == ["echo", "--name", "x; rm -rf / $(reboot) 'y' $NAMESPACE"]


@dataclass
class RecordingDesk:
    """Answers questions as told and remembers what was said."""

    yes: bool = True
    answers: dict[str, str] | None = None
    asked: list[str] = field(default_factory=list)
    said: list[tuple[str, Tone]] = field(default_factory=list)

    async def confirm(self, question: Confirm) -> bool:
        self.asked.append(f"{question.sentence} {question.consequence}")
        return self.yes

    async def fill(self, form: Form) -> dict[str, str] | None:
        self.asked.append(form.sentence)
        return self.answers

    def say(self, words: str, tone: Tone = Tone.DONE) -> None:
        self.said.append((words, tone))

    def terminal(self, _banner: str = "") -> AbstractContextManager[None]:
        return nullcontext()


def python(code: str, **parts: Any) -> Plugin:
    return plugin(command=sys.executable, args=["-c", code, "$NAME"], **parts)


WRITE = """
import pathlib, sys
pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "out").write_text(sys.argv[1])
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[None]]:
    monkeypatch.chdir(tmp_path)

    async def go(desk: RecordingDesk, wanted: Plugin) -> None:
        await asyncio.wait_for(run_plugin(desk, wanted, VALUES, None), 30)  # type: ignore[arg-type]  # as much of a desk as plugins use

    return go


async def test_a_plugin_runs_with_its_values(
    run: Callable[..., Awaitable[None]], tmp_path: Path
) -> None:
    desk = RecordingDesk()

    await run(desk, python(WRITE))

    assert (tmp_path / "out").read_text() == "web-1"
    assert desk.asked == []


async def test_nothing_runs_when_the_person_says_no(
    run: Callable[..., Awaitable[None]], tmp_path: Path
) -> None:
    desk = RecordingDesk(yes=False)

    await run(desk, python(WRITE, confirm=True))

    assert not (tmp_path / "out").exists()
    assert "web-1" in desk.asked[0]


async def test_a_failure_in_the_background_is_said_with_its_words(
    run: Callable[..., Awaitable[None]],
) -> None:
    desk = RecordingDesk()

    await run(desk, python("import sys; sys.exit('no such shop')", background=True))

    words, tone = desk.said[-1]
    assert tone is Tone.BROKEN
    assert "ended with code 1. no such shop" in words


async def test_the_output_becomes_the_news_when_that_is_wanted(
    run: Callable[..., Awaitable[None]],
) -> None:
    desk = RecordingDesk()

    await run(desk, python("print('three pods')", background=True, overwriteOutput=True))

    assert desk.said[-1] == ("three pods", Tone.DONE)


async def test_a_program_that_is_not_there_is_named(run: Callable[..., Awaitable[None]]) -> None:
    desk = RecordingDesk()

    await run(desk, plugin(command="no-such-program"))

    assert desk.said == [("no-such-program is not on the PATH; p needs it.", Tone.BROKEN)]


async def test_inputs_are_asked_for_and_filled_in(
    run: Callable[..., Awaitable[None]], tmp_path: Path
) -> None:
    desk = RecordingDesk(answers={"file": "chosen"})
    asking = [{"name": "file", "type": "string", "required": True, "default": "x"}]
    wanted = plugin(
        command=sys.executable,
        args=["-c", WRITE, "$NAME", "$INPUT_FILE"],
        inputs=asking,
        confirm=False,
    )

    await run(desk, wanted)

    assert (tmp_path / "chosen").read_text() == "web-1"
