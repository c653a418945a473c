"""The images of a scenario file: what containers say, use, and how they fail."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from demo_cluster.containers.chatter import check_template
from demo_cluster.containers.images import Image, image_of
from demo_cluster.durations import seconds_of
from demo_cluster.kinds import Obj
from demo_cluster.scenarios.shapes import (
    CRASH,
    FAREWELL,
    FINISH,
    IMAGE,
    SAYING,
    TEXT,
    VOICE,
    Shapes,
)
from demo_cluster.scenarios.source import Entry, Mistakes, ScenarioError, at, parse, plain


def load_images(dials: Mapping[str, Any]) -> list[Image]:
    """The images that every cluster knows."""
    text = (files("demo_cluster") / "scenarios" / "images.yaml").read_text("utf-8")
    rate = float(dials.get("log_rate", 1))
    return [read_image(entry, rate) for entry in parse(text, "images.yaml")]


def read_image(entry: Entry, rate: float) -> Image:
    """An image with its durations in seconds and its voices at the rate.

    Raises:
        ScenarioError: It is none; says everything that is wrong with it.
    """
    mistakes = Mistakes()
    with mistakes.noted():
        entry.check("an image", IMAGE, ("name",))
    for part, (shapes, needs) in _ENDS.items():
        if isinstance(inner := entry.get(part), Entry):
            with mistakes.noted():
                inner.check(part, shapes, needs)
    with mistakes.noted():
        _check_talk(entry, mistakes)
    mistakes.tell()
    settings = plain(entry)
    settings["talk"] = list(_voices(entry, rate))
    _read_ends(settings)
    for name in ("ready_after", "hangs_after"):
        if name in entry:
            settings[name] = seconds_of(entry[name])
    with at(entry.place):
        image = image_of({key: value for key, value in settings.items() if value is not None})
        _check_templates(image)
    return image


_ENDS: dict[str, tuple[Shapes, tuple[str, ...]]] = {
    "crash": (CRASH, ("after",)),
    "finish": (FINISH, ("after",)),
    "farewell": (FAREWELL, ()),
}


def _check_talk(entry: Entry, mistakes: Mistakes) -> None:
    for voice in entry.entries("talk", "a voice"):
        with mistakes.noted():
            voice.check("a voice", VOICE, ("every", "say"))
        says = voice.get("say")
        for saying in says if isinstance(says, list) else ():
            if isinstance(saying, Entry):
                with mistakes.noted():
                    saying.check("a saying", SAYING, ("lines",))
            elif not TEXT.fits(saying):
                with mistakes.noted():
                    raise ScenarioError(f"{voice.place_of('say')}: a saying is no text; quote it.")


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
        if rate > 0:
            every = seconds_of(voice["every"])
            yield {**plain(voice), "every": max(every / rate, _CLOSEST)}


def _read_ends(settings: Obj) -> None:
    for part in _ENDS:
        inner = settings.get(part) or {}
        for name in ("after", "jitter", "seconds"):
            if name in inner:
                inner[name] = seconds_of(inner[name])
