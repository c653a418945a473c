"""Which rows, in which order, and that only what changed is touched."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_client.objects import ObjectMeta
from kube_client.resource import ObjectKey
from kube_tui.rows.filters import FilterError
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    name_column,
    namespace_column,
)
from kube_tui.rows.table import Sort, TableModel
from kube_tui.rows.view import View

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
MOMENT = Moment(NOW)


@dataclass(frozen=True)
class Thing:
    """A row that is not the cluster's."""

    name: str
    restarts: float | None = 0
    namespace: str = "shop"
    days: int = 1
    broken: bool = False

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.namespace, self.name)

    @property
    def metadata(self) -> ObjectMeta:
        return ObjectMeta(
            name=self.name,
            namespace=self.namespace,
            creation_timestamp=NOW - timedelta(days=self.days),
            labels={"app": self.name.partition("-")[0]},
        )


def _restarts(thing: Thing, _: Moment) -> Cell:
    text = "-" if thing.restarts is None else f"{thing.restarts:.0f}"
    return Cell(text, thing.restarts, Tone.BROKEN if thing.broken else Tone.WELL)


VIEW: View[Thing] = View(
    "things",
    None,
    None,
    (namespace_column(), name_column(), Column("RESTARTS", _restarts, right=True), age_column()),
)


def model_of(*things: Thing) -> TableModel[Thing]:
    model = TableModel(VIEW, MOMENT)
    model.apply([((), things)], MOMENT)
    return model


def names(model: TableModel[Thing]) -> list[str]:
    return [model[index].name for index in range(len(model))]


def test_names_are_ordered_as_people_count() -> None:
    model = model_of(Thing("node-10"), Thing("node-9"), Thing("apple"))

    assert names(model) == ["apple", "node-9", "node-10"]


def test_what_has_no_value_stands_last_in_both_directions() -> None:
    model = model_of(Thing("a", None), Thing("b", 1), Thing("c", 7))

    model.order_by(Sort("RESTARTS", descending=True), MOMENT)
    assert names(model) == ["c", "b", "a"]
    model.order_by(Sort("RESTARTS"), MOMENT)
    assert names(model) == ["b", "c", "a"]


def test_the_youngest_is_first_by_age_whenever_the_rows_came() -> None:
    model = model_of(Thing("old", days=9), Thing("young", days=1))
    later = Moment(NOW + timedelta(days=3))

    model.order_by(Sort("AGE"), MOMENT)
    model.apply([((), [Thing("middle", days=5)])], later)

    assert names(model) == ["young", "middle", "old"]


def test_a_change_moves_the_row_and_its_key_finds_it() -> None:
    before = Thing("b", 1)
    model = model_of(Thing("a", 5), before, Thing("c", 3))
    model.order_by(Sort("RESTARTS", descending=True), MOMENT)

    model.apply([([before], [Thing("b", 9)])], MOMENT)

    assert names(model) == ["b", "a", "c"]
    assert model.position(before.key) == 0


def test_a_row_that_is_gone_has_no_place_and_no_mark() -> None:
    thing = Thing("b")
    model = model_of(Thing("a"), thing)
    model.marked = {thing.key}

    model.apply([([thing], ())], MOMENT)

    assert names(model) == ["a"]
    assert model.position(thing.key) is None
    assert model.marked == set()


def test_a_filter_hides_rows_also_those_that_come_later() -> None:
    model = model_of(Thing("web-1"), Thing("db-1"))

    model.narrow("WEB", MOMENT)
    model.apply([((), [Thing("web-2"), Thing("db-2")])], MOMENT)

    assert names(model) == ["web-1", "web-2"]
    assert model.total == 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("!web", ["db-1"]),
        ("-l app=db", ["db-1"]),
        ("-l app in (db,web),app!=db", ["web-1", "web-2"]),
        ("-f w2", ["web-2"]),
        ("restarts>2", ["web-2"]),
        ("restarts<=2", ["db-1", "web-1"]),
        ("age<2d", ["db-1", "web-1"]),
        ("shop web", ["web-1", "web-2"]),
        ("web-[12]$|nothing", []),
        ("", ["db-1", "web-1", "web-2"]),
    ],
)
def test_what_may_be_typed_as_a_filter(text: str, shown: list[str]) -> None:
    model = model_of(Thing("web-1", 2), Thing("web-2", 5, days=4), Thing("db-1", 0))

    model.narrow(text, MOMENT)

    assert names(model) == shown


@pytest.mark.parametrize("text", ["(", "[a", "-l a=b=c", "!*"])
def test_a_malformed_filter_is_said_and_the_old_one_stays(text: str) -> None:
    model = model_of(Thing("web-1"), Thing("db-1"))
    model.narrow("web", MOMENT)

    with pytest.raises(FilterError):
        model.narrow(text, MOMENT)

    assert names(model) == ["web-1"]
    assert model.filter_text == "web"


def test_only_faults_shows_what_is_not_well() -> None:
    model = model_of(Thing("fine"), Thing("bad", broken=True))

    model.only_faults(True, MOMENT)

    assert names(model) == ["bad"]


THINGS = st.builds(
    Thing,
    name=st.sampled_from([f"pod-{number}" for number in range(12)]),
    restarts=st.one_of(st.none(), st.integers(0, 3).map(float)),
)


@given(
    steps=st.lists(st.lists(st.tuples(THINGS, st.booleans()), max_size=4), max_size=12),
    descending=st.booleans(),
    text=st.sampled_from(["", "pod-1", "!pod-1", "restarts>1"]),
)
def test_any_series_of_changes_gives_what_sorting_it_all_at_once_gives(
    steps: list[list[tuple[Thing, bool]]], descending: bool, text: str
) -> None:
    model, present = TableModel(VIEW, MOMENT), dict[ObjectKey, Thing]()
    model.order_by(Sort("RESTARTS", descending), MOMENT)
    model.narrow(text, MOMENT)

    for step in steps:
        changes: dict[ObjectKey, tuple[Thing | None, Thing | None]] = {}
        for thing, stays in step:
            changes[thing.key] = (present.get(thing.key), thing if stays else None)
        for key, (_, after) in changes.items():
            if after is None:
                present.pop(key, None)
            else:
                present[key] = after
        pairs = [([b] if b else [], [a] if a else []) for b, a in changes.values()]
        model.apply(pairs, MOMENT)

    whole = model_of(*present.values())
    whole.order_by(Sort("RESTARTS", descending), MOMENT)
    whole.narrow(text, MOMENT)
    assert names(model) == names(whole)
    assert [model.position(model[i].key) for i in range(len(model))] == list(range(len(model)))
