"""The terminal is handed over to a shell, an editor, a plugin, and comes back clean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal import CTRL_C, CTRL_D, ENTER, ESCAPE, Terminal

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster

ENTER_ALTERNATE, LEAVE_ALTERNATE = b"\x1b[?1049h", b"\x1b[?1049l"
EDITOR = """
import pathlib, sys
file = pathlib.Path(sys.argv[1])
text = file.read_text()
assert "kind: Deployment" in text
file.write_text(text.replace("replicas: 2", "replicas: 3", 1))
"""


@pytest.fixture
def person(demo: RunningCluster, tmp_path: Path) -> Iterator[Terminal]:
    """A person before `kube-tui -n shop`, with an editor that asks for three replicas."""
    editor = tmp_path / "editor.py"
    editor.write_text(EDITOR)
    environment = {
        "EDITOR": f"{sys.executable} {editor}",
        "KUBECONFIG": str(demo.kubeconfig),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "kube_tui", "-n", "shop"]
    with Terminal(command, columns=140, env=environment) as terminal:
        terminal.expect("● live")
        yield terminal


def leave(person: Terminal) -> None:
    person.send(f":q{ENTER}")
    assert person.wait_exit() == 0
    assert person.raw.rfind(LEAVE_ALTERNATE) > person.raw.rfind(ENTER_ALTERNATE)


def test_a_shell_has_the_whole_terminal_and_the_screen_comes_back(person: Terminal) -> None:
    person.send(f"/gateway{ENTER}")
    person.expect(r"gateway-\S+ +1/1 +Running")

    person.send("s")
    person.expect(r"[$#] *$")
    person.send(f"echo $((6*7)) is the answer{ENTER}")
    person.expect(r"^42 is the answer")
    person.send(f"sleep 300{ENTER}")
    person.send(CTRL_C)
    person.send(f"echo still $((1+1)){ENTER}")
    person.expect(r"^still 2")

    person.send(CTRL_D)
    person.expect(r"gateway-\S+ +1/1 +Running")
    person.expect(r"/gateway")
    leave(person)


def test_a_line_typed_at_one_go_arrives_whole_and_the_next_key_goes_on(person: Terminal) -> None:
    person.send(f"/gatewayx\x7f{ENTER}d")
    person.expect(r"describe pod gateway-\S+ in shop")

    person.send(ESCAPE)
    person.expect(r"\d+ of \d+ · /gateway ")
    leave(person)


def test_an_edit_is_sent_to_the_cluster(person: Terminal) -> None:
    person.send(f":deploy shop /^catalog{ENTER}")
    person.expect(r"catalog +2/2")

    person.send("e")
    person.expect(r"Updated deployment catalog in shop")
    person.expect(r"catalog +\d/3")
    leave(person)


def test_the_shipped_plugin_follows_the_pod_with_stern(person: Terminal) -> None:
    person.send(f"/gateway{ENTER}")
    person.expect(r"gateway-\S+ +1/1 +Running")

    person.send("L")
    person.expect(r"^gateway-\S+ gateway ")
    person.send(CTRL_C)
    person.expect(r"/gateway")
    person.expect(r"gateway-\S+ +1/1 +Running")
    leave(person)


def test_the_size_of_the_terminal_is_followed(person: Terminal) -> None:
    person.resize(80, 24)
    person.expect(r"\? more")
    person.resize(160, 50)
    person.expect(r"F2 views")
    leave(person)


def test_ctrl_c_leaves_a_clean_terminal(person: Terminal) -> None:
    person.send(CTRL_C)

    assert person.wait_exit() == 0
    assert b"\x1b[?25h" in person.raw
    assert person.raw.rfind(LEAVE_ALTERNATE) > person.raw.rfind(ENTER_ALTERNATE)
