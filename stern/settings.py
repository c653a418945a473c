"""Flags to the options of a run: checked in the Go program's order, with its messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stern.errors import SternError, UsageError
from stern.flag_parser import ParsedFlags
from stern.line_filter import compile_filter, compile_highlighter
from stern.options import FOLLOW_LIMIT, READ_LIMIT, TailOptions
from stern.output import OutputOptions, check_output
from stern.palette import DEFAULT_PAIRS, DistinctPalette, Palette, colors_enabled, parse_colors
from stern.pod_state import Condition, parse_container_state
from stern.selection import ResourceQuery, build_filter, namespaces_of, normalised_selectors
from stern.timestamps import stamp_format

if TYPE_CHECKING:
    from stern.line_keeper import KeepOptions
    from stern.structured import Humanizer
    from stern.target import Target
    from stern.template.template import Template


def queries(flags: ParsedFlags) -> tuple[str, ...]:
    """What the first word and --query ask for; further words are ignored, as they always were."""
    first = flags.words[:1] if flags.words and flags.words[0] else []
    return (*first, *flags.texts("query"))


def validate(flags: ParsedFlags) -> None:
    """Refuse what makes no sense together.

    Raises:
        UsageError: It makes none.
    """
    asked = queries(flags)
    sources = [flags.text("selector"), flags.text("field-selector")]
    switches = [flags.is_on("prompt"), flags.is_on("stdin")]
    if not (asked or any(sources) or any(switches)):
        raise UsageError(
            "One of pod-query, --selector, --field-selector, --prompt or --stdin is required"
        )
    if flags.text("selector") and any("/" in query for query in asked):
        raise UsageError(
            "--selector and the <resource>/<name> query cannot be set at the same time"
        )
    if flags.is_on("no-follow") and flags.number("tail") == 0:
        raise UsageError("--no-follow cannot be used with --tail=0")
    is_following = not flags.is_on("no-follow") and not flags.is_on("previous")
    if flags.text("condition") and flags.number("tail") != 0 and is_following:
        raise UsageError("--condition is currently only supported with --tail=0 or --no-follow")


def build_palette(flags: ParsedFlags, *, is_terminal: bool, env: Mapping[str, str]) -> Palette:
    """The colours of the run; whether they are on is checked later, in its turn.

    Raises:
        SternError: A colour list is wrong.
    """
    pods, containers = flags.texts("pod-colors"), flags.texts("container-colors")
    pairs = parse_colors(pods, containers) if pods or containers else DEFAULT_PAIRS
    word = flags.text("color")
    is_known = word in ("always", "never", "auto")
    enabled = is_known and colors_enabled(word, is_terminal=is_terminal, env=env)
    kind = DistinctPalette if flags.is_on("distinct-colors") else Palette
    return kind(pairs, diff_container=flags.is_on("diff-container"), enabled=enabled)


def build_tail_options(flags: ParsedFlags, default_namespace: str = "default") -> TailOptions:
    """Whose logs to read.

    Raises:
        SternError: A pattern, condition, state or selector is wrong.
    """
    follow = not flags.is_on("no-follow")
    limit = flags.number("max-log-requests")
    if limit == -1:
        limit = FOLLOW_LIMIT if follow else READ_LIMIT
    tail_lines = flags.number("tail")
    is_default_since = flags.is_on("previous") and "since" not in flags.given
    options = TailOptions(
        queries=queries(flags),
        namespaces=flags.texts("namespace"),
        all_namespaces=flags.is_on("all-namespaces"),
        label_selector=flags.text("selector"),
        field_selector=_field_selector(flags),
        exclude_pods=flags.texts("exclude-pod"),
        container=flags.text("container"),
        exclude_containers=flags.texts("exclude-container"),
        container_states=flags.texts("container-state"),
        init_containers=flags.is_on("init-containers"),
        ephemeral_containers=flags.is_on("ephemeral-containers"),
        condition=None,
        since=None if is_default_since else flags.duration("since"),
        tail_lines=None if tail_lines == -1 else tail_lines,
        follow=follow,
        previous=flags.is_on("previous"),
        exit_on_complete=flags.is_on("exit-on-complete"),
        max_log_requests=limit,
        exit_at_limit=flags.is_on("exit-at-limit"),
        qps=flags.decimal("qps"),
        burst=flags.number("burst"),
    )
    return _checked(options, flags, default_namespace)


def _field_selector(flags: ParsedFlags) -> str:
    terms = [flags.text("field-selector")] if flags.text("field-selector") else []
    if flags.text("node"):
        terms.append(f"spec.nodeName={flags.text('node')}")
    return ",".join(terms)


def _checked(options: TailOptions, flags: ParsedFlags, default_namespace: str) -> TailOptions:
    """The options with their condition, once all patterns are known to compile."""
    for query in options.queries or ("",):
        build_filter(options, "" if "/" in query else query)
    compile_filter(flags.texts("include"), flags.texts("exclude"))
    compile_highlighter((), flags.texts("highlight"), Palette())
    condition = Condition.parse(flags.text("condition")) if flags.text("condition") else None
    for state in options.container_states:
        parse_container_state(state)
    labels, fields = normalised_selectors(options)
    namespaces_of(options, default_namespace)
    for query in options.queries:
        if "/" in query:
            ResourceQuery.parse(query)
    return replace(options, condition=condition, label_selector=labels, field_selector=fields)


def build_output_options(
    flags: ParsedFlags, palette: Palette, *, is_terminal: bool, env: Mapping[str, str]
) -> OutputOptions:
    """How lines are shown.

    Raises:
        SternError: A word, the template or the time zone is wrong.
    """
    colors_enabled(flags.text("color"), is_terminal=is_terminal, env=env)
    template = read_template(flags, palette)
    if template is None:
        check_output(flags.text("output"))
    ignore_case = flags.is_on("ignore-case")
    include = flags.texts("include")
    return OutputOptions(
        output=flags.text("output"),
        template=template,
        stamps=stamp_format(flags.text("timestamps"), flags.text("timezone")),
        palette=palette,
        line_filter=compile_filter(include, flags.texts("exclude"), ignore_case=ignore_case),
        highlighter=compile_highlighter(
            include, flags.texts("highlight"), palette, ignore_case=ignore_case
        ),
        show_namespace=flags.is_on("all-namespaces") or len(flags.texts("namespace")) > 1,
        all_namespaces=flags.is_on("all-namespaces"),
        has_stamps=not flags.is_on("stdin"),
        is_terminal=is_terminal,
        raw_control=flags.is_on("raw-control"),
        keep=_keep_options(flags),
        humanizer=_humanizer(flags, palette),
        short_name=compact_name if flags.is_on("compact") else None,
    )


_KEEPING = ("before-context", "after-context", "context-lines", "multi-line", "level")


def _keep_options(flags: ParsedFlags) -> KeepOptions | None:
    if flags.given.isdisjoint(_KEEPING):
        return None
    from stern.line_keeper import KeepOptions

    around = flags.number("context-lines")
    options = KeepOptions(
        before=max(0, flags.number("before-context"), around),
        after=max(0, flags.number("after-context"), around),
        joins_records=flags.is_on("multi-line"),
        level=_level(flags.text("level")),
    )
    return None if options == KeepOptions() else options


def _level(word: str) -> int | None:
    if not word:
        return None
    from stern.structured import LEVELS

    if word not in LEVELS:
        raise SternError(f"level should be one of {', '.join(LEVELS)}")
    return LEVELS.index(word)


def _humanizer(flags: ParsedFlags, palette: Palette) -> Humanizer | None:
    if not flags.is_on("structured") and not flags.texts("fields"):
        return None
    from stern.structured import Humanizer

    return Humanizer(palette, flags.texts("fields"))


def compact_name(target: Target) -> tuple[str, str]:
    """A pod's name without the hash that all pods of one version share; no lone container."""
    shared = (target.labels or {}).get("pod-template-hash", "")
    pod = target.pod.replace(f"-{shared}-", "-") if shared else target.pod
    return pod, "" if target.is_alone else target.container


def read_template(flags: ParsedFlags, palette: Palette) -> Template | None:
    """The template of --template-file or --template; None for neither.

    Raises:
        SternError: The file cannot be read, or the template does not parse.
    """
    path, text = flags.text("template-file"), flags.text("template")
    if not path and not text:
        return None
    from stern.template.template import parse_template

    if path:
        from pathlib import Path

        try:
            text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SternError(f"open {path}: {reason}") from error
    return parse_template(text, palette)


def event_namespace_shown(options: TailOptions) -> bool:
    """Whether + and - lines name the namespace."""
    return options.all_namespaces or len(set(options.namespaces) - {""}) > 1
