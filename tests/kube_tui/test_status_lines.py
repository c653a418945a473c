"""The single lines around the table."""

import pytest

from kube_client.reflector import ReflectorState
from kube_tui.clean import width_of
from kube_tui.rows.row import Tone
from kube_tui.rows.view import Place
from kube_tui.state_words import counts_words, empty_words, freshness_words
from kube_tui.widgets.status_lines import fitting_crumbs

WAY = ("shop", "service checkout", "pod checkout-6bc77b4b4f-72vjm", "containers")


@pytest.mark.parametrize("room", range(20, 80))
def test_the_way_fits_and_ends_where_the_person_is(room: int) -> None:
    crumbs = fitting_crumbs(WAY, room)

    assert width_of(" › ".join(crumbs)) <= room
    assert crumbs[-1] == "containers"


def test_a_long_crumb_is_shortened_before_an_old_one_goes() -> None:
    assert fitting_crumbs(WAY, 60)[:2] == ["shop", "service checkout"]
    assert fitting_crumbs(("deployment gateway in shop", "logs"), 20) == ["deploy…n shop", "logs"]


@pytest.mark.parametrize(
    ("state", "words", "tone"),
    [
        (ReflectorState("live"), "● live", Tone.DONE),
        (ReflectorState("loading", 4200, 25800), "◌ loading 4,200 of 30,000", Tone.BUSY),
        (
            ReflectorState("reconnecting", retry_in=12.3),
            "✕ reconnecting, next try in 12 s",
            Tone.BROKEN,
        ),
        (ReflectorState("refused"), "✕ refused", Tone.BROKEN),
    ],
)
def test_the_state_is_said_with_a_sign(state: ReflectorState, words: str, tone: Tone) -> None:
    assert freshness_words(state) == (words, tone)


def test_an_empty_table_says_why() -> None:
    live = ReflectorState("live")

    assert empty_words("pods", Place("shop"), live, filter_text="", total=0) == (
        "There are no pods in shop. Press 0 for all namespaces."
    )
    assert "None of 7 pods matches 'x'" in empty_words(
        "pods", Place("shop"), live, filter_text="x", total=7
    )
    assert empty_words("pods", Place(), ReflectorState(), filter_text="", total=0) == (
        "Loading pods ..."
    )


def test_the_counts_say_filter_and_direction() -> None:
    assert counts_words(14, 212, "restarts>0", "CPU", descending=True) == (
        "14 of 212 · /restarts>0 · ↓CPU"
    )
