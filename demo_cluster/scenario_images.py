"""The images of a scenario file: what containers say, use, and how they fail."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib.resources import files
from typing import Any

from demo_cluster.chatter import check_template
from demo_cluster.durations import seconds_of
from demo_cluster.images import Crash, Farewell, Finish, Image, byte_count, image_of
from demo_cluster.kinds import Obj
from demo_cluster.scenario_source import Entry, at, parse, plain

_IMAGE_KEYS = (
    "name",
    "opening",
    "talk",
    "words",
    *(each.name for each in fields(Image) if each.name not in ("names", "speech")),
)


def load_images(dials: Mapping[str, Any]) -> list[Image]:
    """The images that every cluster knows."""
    text = (files("demo_cluster") / "scenarios" / "images.yaml").read_text("utf-8")
    rate = float(dials.get("log_rate", 1))
    return [read_image(entry, rate) for entry in parse(text, "images.yaml")]


def read_image(entry: Entry, rate: float) -> Image:
    """An image with its durations in seconds and its voices at the rate."""
    entry.check("an image", _IMAGE_KEYS, ("name",))
    settings = plain(entry)
    settings["talk"] = list(_voices(entry, rate))
    _read_ends(entry, settings)
    for name in ("ready_after", "hangs_after"):
        if name in entry:
            with at(entry.place_of(name)):
                settings[name] = seconds_of(entry[name])
    for name in ("memory", "leaks_per_hour", "size"):
        if name in entry:
            with at(entry.place_of(name)):
                byte_count(entry[name])
    with at(entry.place):
        image = image_of(settings)
        _check_templates(image)
    return image


_CLOSEST = 0.0002
"""Seconds between two lines of a voice, at least."""


def _check_templates(image: Image) -> None:
    rng = random.Random(0)
    spoken = [saying.lines for voice in image.speech.voices for saying in voice.sayings]
    words = image.speech.words.values()
    for lines in (image.speech.opening, *spoken, *words):
        for line in lines:
            check_template(line, rng)


def _voices(entry: Entry, rate: float) -> Iterator[Obj]:
    for voice in entry.entries("talk", "a voice"):
        voice.check("a voice", ("every", "say"), ("every", "say"))
        with at(voice.place_of("every")):
            every = seconds_of(voice["every"])
            if every <= 0:
                raise ValueError("every is 0; write how far apart the lines are, as 2s.")
        for saying in voice["say"] if isinstance(voice["say"], list) else ():
            if isinstance(saying, Entry):
                saying.check("a saying", ("lines", "weight"), ("lines",))
        if rate > 0:
            yield {**plain(voice), "every": max(every / rate, _CLOSEST)}


def _read_ends(entry: Entry, settings: Obj) -> None:
    for part, made in (("crash", Crash), ("finish", Finish), ("farewell", Farewell)):
        inner = entry.get(part)
        if not isinstance(inner, Entry):
            continue
        needs = () if part == "farewell" else ("after",)
        inner.check(part, [each.name for each in fields(made)], needs)
        for name in ("after", "jitter", "seconds"):
            if name in inner:
                with at(inner.place_of(name)):
                    settings[part][name] = seconds_of(inner[name])
