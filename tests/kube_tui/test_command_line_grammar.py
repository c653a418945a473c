"""The `:` line: what may be typed, what it means, what could come next."""

import pytest

from kube_tui.commands.grammar import Command, CommandError, parse_command
from kube_tui.commands.interpret import (
    OpenKind,
    Quit,
    ShowHelp,
    UseContext,
    UseNamespace,
    UseTheme,
    interpret,
)
from kube_tui.commands.suggest import complete


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("pods", Command("pods")),
        ("  Pods  shop ", Command("pods", namespace="shop", argument="shop")),
        ("po all", Command("po", namespace="", argument="all")),
        ("pods /web 1", Command("pods", filter="web 1", argument="/web 1")),
        ("pods App=Web", Command("pods", labels="App=Web", argument="App=Web")),
        (
            "pods -l app=web,tier!=x shop",
            Command(
                "pods",
                namespace="shop",
                labels="app=web,tier!=x",
                argument="-l app=web,tier!=x shop",
            ),
        ),
        ("deploy @staging", Command("deploy", context="staging", argument="@staging")),
    ],
)
def test_the_words_of_a_command(line: str, command: Command) -> None:
    assert parse_command(line) == command


def test_an_empty_line_says_what_to_type() -> None:
    with pytest.raises(CommandError, match="Type a kind"):
        parse_command("  ")


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ("q", Quit()),
        ("quit", Quit()),
        ("help", ShowHelp()),
        ("theme day", UseTheme("day")),
        ("ctx prod-eu", UseContext("prod-eu")),
        ("ctx", OpenKind("ctx", None, keeps_namespace=True, labels="", filter="")),
        ("ns shop", UseNamespace("shop")),
        ("ns all", UseNamespace(None)),
        ("ns", OpenKind("ns", None, keeps_namespace=True, labels="", filter="")),
        ("po shop /x", OpenKind("po", "shop", keeps_namespace=False, labels="", filter="x")),
        ("po all", OpenKind("po", None, keeps_namespace=False, labels="", filter="")),
    ],
)
def test_what_a_command_is_about(line: str, intent: object) -> None:
    assert interpret(parse_command(line)) == intent


KINDS = ["pods", "podtemplates", "poddisruptionbudgets", "services"]


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("po", "pods"),
        ("PO", "pods"),
        ("podt", "podtemplates"),
        ("pods sh", "pods shop"),
        ("ctx pr", "ctx prod-eu"),
        ("pods @pr", "pods @prod-eu"),
        ("theme d", "theme day"),
        ("", ""),
        ("xyz", ""),
        ("pods /sh", ""),
    ],
)
def test_the_shortest_word_that_fits_is_suggested(line: str, completed: str) -> None:
    assert complete(line, KINDS, ["shop", "shop-test"], ["prod-eu"], ["day"]) == completed
