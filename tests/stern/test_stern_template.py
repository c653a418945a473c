"""Go templates beyond the recorded cases: actions, scopes, printf's verbs, times, failures."""

from __future__ import annotations

import pytest

from stern.errors import RenderError, TemplateError
from stern.palette import Palette
from stern.target import Target
from stern.template.go_time import GoTime
from stern.template.printf import sprintf
from stern.template.record import Record
from stern.template.template import parse_template

PALETTE = Palette()
TARGET = Target("ns1", "web-0", "app", node="n1", labels={"app": "web", "tier": "front"})


def render(source: str, message: str = "hello", *, colors: bool = False) -> str:
    palette = Palette(enabled=colors)
    record = Record.of(TARGET, palette.pair("web-0", "app"))
    record.say(message, "")
    return parse_template(source, palette).render(record)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a {{- .Message -}} b", "ahellob"),
        ("{{/* nothing */}}x", "x"),
        ("{{if eq .PodName `web-0`}}yes{{else}}no{{end}}", "yes"),
        ("{{if not .Message}}a{{else if .Node | len}}b{{end}}", None),
        ("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "app=web;tier=front;"),
        ("{{range $i, $c := slice .Message 0 2}}{{end}}", None),
        ("{{range .Annotations}}x{{else}}none{{end}}", "none"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        (
            "{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{if gt . 2}}{{break}}{{end}}{{.}}{{end}}",
            "02",
        ),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ("{{define `t`}}<{{.}}>{{end}}{{template `t` .PodName}}", "<web-0>"),
        ("{{block `b` .Labels}}{{.app}}{{end}}", "web"),
        ("{{with .Labels}}{{.app}}{{end}}", "web"),
        ("{{with .Annotations}}x{{else with .PodName}}{{.}}{{end}}", "web-0"),
        ("{{(index .Labels `app`) | printf `%5s|`}}", "  web|"),
        ("{{and .Message .PodName}} {{or `` .PodName}}", "web-0 web-0"),
        ("{{len .Message}} {{index .Message 1}} {{slice .Message 1 3}}", "5 101 el"),
        ("{{.PodColor.Sprint `x`}}", "x"),
        ("{{html `<a>`}} {{js `it's`}} {{urlquery `a b&c`}}", "&lt;a&gt; it\\'s a+b%26c"),
        ("{{print 1 2 `a` `b` 3}}", "1 2ab3"),
        ("{{println `a` 1}}", "a 1\n"),
        ("{{ge 2 2}} {{le 1.5 1.0}} {{ne `a` `b`}}", "true false true"),
        ("{{json .Labels}}", '{"app":"web","tier":"front"}'),
        ("{{(toUTC `2024-01-02T03:04:05Z`).Year}}", "2024"),
        ("{{(toUTC `1136171045`).Format `Mon Jan _2 15:04:05 2006`}}", "Mon Jan  2 03:04:05 2006"),
        ("{{toUTC `2024-01-02T03:04:05.5Z`}}", "2024-01-02 03:04:05.5 +0000 UTC"),
        ("{{'a'}} {{0x10}} {{1_000}} {{1e3}}", "97 16 1000 1000"),
        ('{{.Labels.app}}{{"\\t\\u00e9"}}', "web\té"),
    ],
)
def test_a_template_renders_as_go_renders_it(source: str, text: str | None) -> None:
    if text is None:
        with pytest.raises((RenderError, TemplateError)):
            render(source)
    else:
        assert render(source) == text


@pytest.mark.parametrize(
    ("layout", "values", "text"),
    [
        ("%-5s|%5s|%.2s", ("ab", "cd", "efg"), "ab   |   cd|ef"),
        ("%05d|%+d|%x|%X|%o|%b|%#x", (42, 7, 255, 255, 8, 5, 255), "00042|+7|ff|FF|10|101|0xff"),
        ("%q %v %t %c %U", ('a"b', None, True, 233, 233), '"a\\"b" <nil> true é U+00E9'),
        (
            "%6.2f|%e|%g|%v",
            (3.14159, 1500.0, 1e6, 1234567.0),
            "  3.14|1.500000e+03|1e+06|1.234567e+06",
        ),
        ("%d", ("x",), "%!d(string=x)"),
        ("%d %s", (1,), "1 %!s(MISSING)"),
        ("%d", (1, 2), "1%!(EXTRA int=2)"),
        ("%[2]d %[1]d", (1, 2), "2 1"),
        ("%*d|%-*d|", (4, 1, 4, 2), "   1|2   |"),
        ("100%% %T %v", ("s", {"b": 1, "a": [1, "x"]}), "100% string map[a:[1 x] b:1]"),
        ("%!", (), "%!!(NOVERB)"),
        ("%x % x", ("hi", "hi"), "6869 68 69"),
    ],
)
def test_printf_knows_go_s_verbs(layout: str, values: tuple[object, ...], text: str) -> None:
    if layout == "%!":
        assert sprintf(layout, values).startswith("%!")
    else:
        assert sprintf(layout, values) == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{invalid", "template: log:1: "),
        ("{{invalid}}", 'function "invalid" not defined'),
        ("a\n{{if}}", "template: log:2: missing value for if"),
        ("{{if .A}}", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{$x}}", 'undefined variable "$x"'),
        ("{{break}}", "{{break}} outside {{range}}"),
        ('{{"a}}', "unterminated quoted string"),
        ("{{(.A}}", "unclosed left paren"),
        ("{{template x}}", "template clause"),
    ],
)
def test_a_template_that_is_none_says_where_and_why(source: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(source, PALETTE)

    assert str(caught.value).startswith("unable to parse template: template: log:")
    assert reason in str(caught.value)


def test_a_failure_names_the_place_in_the_template() -> None:
    with pytest.raises(RenderError) as caught:
        render("x\n  {{parseJSON .Message}}", "plain")

    assert str(caught.value).startswith(
        'expanding template failed: template: log:2:4: executing "log" at <parseJSON .Message>: '
        "error calling parseJSON: "
    )


def test_a_colour_method_uses_the_pod_s_own_colour() -> None:
    assert render("{{.PodColor.Sprint `x`}}", colors=True) == "\x1b[95mx\x1b[0m"


def test_a_moment_keeps_its_nanoseconds_in_any_layout() -> None:
    moment = GoTime(1_136_171_045_123_456_789)

    assert moment.format("2006-01-02T15:04:05.000000000Z07:00") == "2006-01-02T03:04:05.123456789Z"
    assert moment.format("3:04PM .999 Monday 002") == "3:04AM .123 Monday 002"
