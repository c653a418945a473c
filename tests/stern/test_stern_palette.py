"""Colours and prefixes: the same in every run, or different for replicas when asked."""

from __future__ import annotations

from stern.flag_parser import parse_flags
from stern.output import OutputOptions
from stern.palette import DistinctPalette, Palette
from stern.pipeline import Pipeline
from stern.settings import build_palette, compact_name
from stern.target import Target

REPLICAS = [f"web-5d9c7b8f6-{suffix}" for suffix in ("aaaaa", "bbbbb", "ccccc", "ddddd", "eeeee")]


def test_a_pod_has_the_same_colour_in_every_run() -> None:
    assert [Palette().place(name) for name in REPLICAS] == [
        Palette().place(name) for name in REPLICAS
    ]


def test_replicas_get_different_colours_when_asked_even_more_than_six() -> None:
    palette = DistinctPalette()
    names = [f"{name}-{number}" for name in REPLICAS for number in range(3)]

    colors = {palette.pair(name, "app").pod.codes for name in names}

    assert len(colors) == len(names)
    assert palette.place(names[0]) == palette.place(names[0])


def test_the_flag_chooses_the_palette() -> None:
    flags = parse_flags(["x", "--distinct-colors", "--pod-colors", "1,2"])

    palette = build_palette(flags, is_terminal=False, env={})

    assert isinstance(palette, DistinctPalette)
    assert not palette.enabled


def test_a_compact_prefix_leaves_out_what_all_replicas_share() -> None:
    labels = {"pod-template-hash": "5d9c7b8f6"}
    alone = Target("ns", REPLICAS[0], "app", labels=labels, is_alone=True)
    options = OutputOptions(palette=Palette(enabled=False), short_name=compact_name)

    shown = Pipeline(alone, options, print).feed(b"2026-11-21T10:00:00.000000000Z hi\n")

    assert shown == b"web-aaaaa hi\n"
    assert compact_name(Target("ns", "db-0", "main")) == ("db-0", "main")
