"""Beside Go's own packages: what they answered stands in tables under data/."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from stern.errors import RenderError, TemplateError
from stern.palette import Palette
from stern.regex.linear import LinearMatcher
from stern.regex.pattern import compile_pattern
from stern.regex.syntax import PatternError, parse
from stern.target import Target
from stern.template.record import Record
from stern.template.template import parse_template

_DATA = Path(__file__).parent / "data"


def _table(name: str) -> Any:
    return json.loads((_DATA / name).read_text())


def _marked(case: dict[str, Any]) -> dict[str, Any]:
    try:
        pattern = compile_pattern(case["pattern"])
    except PatternError as error:
        return {"pattern": case["pattern"], "error": str(error)}
    texts = case.get("texts", [])
    marked = [pattern.wrap(text.encode("latin-1"), b"<", b">") for text in texts]
    return case | {"marked": [text.decode("latin-1") for text in marked]}


def test_patterns_match_what_go_matches_and_fail_in_go_s_words() -> None:
    wrong = [case for case in _table("go-regexp.json") if _marked(case) != case]

    assert wrong == []


def test_a_text_holds_a_match_exactly_where_go_marks_one() -> None:
    wrong = []
    for case in _table("go-regexp.json"):
        for text, marked in zip(case.get("texts", ()), case.get("marked", ()), strict=True):
            found = compile_pattern(case["pattern"]).search(text.encode("latin-1"))
            if found != (text != marked):
                wrong.append((case["pattern"], text))

    assert wrong == []


def test_the_linear_matcher_marks_the_same() -> None:
    wrong = []
    for case in _table("go-regexp.json"):
        for data, marked in zip(case.get("texts", ()), case.get("marked", ()), strict=True):
            text = data.encode("latin-1").decode("utf-8", "surrogateescape")
            shown = text
            for start, end in reversed(list(LinearMatcher(parse(case["pattern"])).spans(text))):
                shown = f"{shown[:start]}<{shown[start:end]}>{shown[end:]}"
            if shown.encode("utf-8", "surrogateescape") != marked.encode("latin-1"):
                wrong.append((case["pattern"], data))

    assert wrong == []


def _rendered(case: dict[str, Any], message: str) -> dict[str, Any]:
    palette = Palette(enabled=False)
    target = Target("ns1", "web-0", "app", node="n1", labels={"app": "web", "a.b/c": "x"})
    record = Record.of(target, palette.pair("web-0", "app"))
    record.say(message if "message" in case else "", "")
    answer: dict[str, Any] = {key: case[key] for key in ("template", "message") if key in case}
    try:
        return answer | {"gives": parse_template(case["template"], palette).render(record)}
    except TemplateError as error:
        words, answer["fails"] = str(error).removeprefix("unable to parse template: "), "parse"
    except RenderError as error:
        words, answer["fails"] = str(error).removeprefix("expanding template failed: "), "run"
    return answer | ({"words": words} if "words" in case else {})


def test_templates_give_what_go_gives_and_fail_where_go_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = _table("go-templates.json")
    monkeypatch.setenv("TZ", table["zone"])
    time.tzset()

    found = [(case, _rendered(case, table["message"])) for case in table["cases"]]
    monkeypatch.undo()
    time.tzset()

    assert [pair for pair in found if pair[0] != pair[1]] == []
