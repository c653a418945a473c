"""Every flag, its default and its help, in one table: parser, usage, help and completion read it.

Names, defaults and kinds are those of the Go program up to `BEYOND`; what follows is ours.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from stern.options import DEFAULT_SINCE
from stern.pod_state import CONTAINER_STATES

OUTPUTS = ("default", "raw", "json", "extjson", "ppextjson")
SHELLS = ("bash", "zsh", "fish")
COLOR_CHOICES = ("always", "never", "auto")
TIMESTAMP_FORMATS = ("default", "short")


class Kind(Enum):
    """How a flag's text becomes a value; the words are those of the usage text."""

    BOOL = ""
    TEXT = "string"
    INT = "int"
    FLOAT = "float32"
    DURATION = "duration"
    ARRAY = "stringArray"  # repeatable, each use one value
    SLICE = "strings"  # repeatable, each use a comma-separated record


class Flag(msgspec.Struct, frozen=True):
    """One flag. `bare` is the value of a flag given without one, where that is allowed."""

    name: str
    kind: Kind
    help: str
    short: str = ""
    default: object = ""
    bare: str | None = None
    choices: tuple[str, ...] = ()
    hidden: bool = False
    example: str = ""
    glued_digits: str = ""
    """A letter that means this flag when digits are glued to it: `-A3`."""

    @property
    def takes_value(self) -> bool:
        """Whether the next word may be this flag's value."""
        return self.kind is not Kind.BOOL and self.bare is None


def _switch(name: str, help_text: str, short: str = "", *, default: bool = False) -> Flag:
    return Flag(name, Kind.BOOL, help_text, short, default, bare="true")


def _array(name: str, help_text: str, short: str = "", example: str = "") -> Flag:
    return Flag(name, Kind.ARRAY, help_text, short, default=(), example=example)


def _text(name: str, help_text: str, short: str = "", default: str = "") -> Flag:
    return Flag(name, Kind.TEXT, help_text, short, default)


ORIGINAL = (
    _switch(
        "all-namespaces", "Follow pods of all namespaces; any --namespace is then ignored.", "A"
    ),
    Flag(
        "burst",
        Kind.INT,
        "How many requests may be made at once before --qps holds; 0 means no limit of ours.",
        default=0,
    ),
    Flag(
        "color",
        Kind.TEXT,
        "When to colour: 'auto' (on a terminal), 'always' or 'never'.",
        default="auto",
        choices=COLOR_CHOICES,
    ),
    Flag("completion", Kind.TEXT, "Print the completion script of a shell.", choices=SHELLS),
    _text("condition", "Only pods with this condition, as name[=value]; the value is true."),
    _text("config", "The configuration file.", default="~/.config/stern/config.yaml"),
    _text("container", "Only containers whose name matches (regular expression).", "c", ".*"),
    Flag(
        "container-colors",
        Kind.SLICE,
        "Colours of container names: SGR sequences, as in '36,32'.",
        default=(),
    ),
    Flag(
        "container-state",
        Kind.SLICE,
        "Only containers that are at first in this state.",
        default=("all",),
        choices=CONTAINER_STATES,
    ),
    _text("context", "The kubeconfig context to use."),
    _switch("diff-container", "Choose a container's colour by its own name.", "d"),
    _switch("ephemeral-containers", "Follow ephemeral containers too.", default=True),
    _array("exclude", "Drop lines that match (regular expression, repeatable).", "e"),
    _array("exclude-container", "Leave containers out that match (repeatable).", "E"),
    _array("exclude-pod", "Leave pods out that match (repeatable)."),
    _text("field-selector", "Only pods that this field selector selects."),
    _array("highlight", "Colour what matches (regular expression, repeatable).", "H"),
    _array("include", "Only lines that match, and colour the match (repeatable).", "i"),
    _switch("init-containers", "Follow init containers too.", default=True),
    _text("kubeconfig", "The kubeconfig file to use."),
    Flag(
        "max-log-requests",
        Kind.INT,
        "How many logs to read at once; more wait for their turn. "
        "-1 means 50 when following and 5 with --no-follow.",
        default=-1,
    ),
    Flag(
        "namespace",
        Kind.SLICE,
        "Only this namespace (repeatable, or separated by commas).",
        "n",
        default=(),
    ),
    _switch("no-follow", "Print what there is, then exit."),
    _text("node", "Only pods on this node."),
    _switch("only-log-lines", "Print log lines only, no + and - lines."),
    Flag(
        "output",
        Kind.TEXT,
        "The form of each line: default, raw, json, extjson or ppextjson.",
        "o",
        default="default",
        choices=OUTPUTS,
    ),
    Flag("pod-colors", Kind.SLICE, "Colours of pod names: SGR sequences.", default=()),
    _switch("prompt", "Choose an app.kubernetes.io/instance from a menu.", "p"),
    Flag(
        "qps",
        Kind.FLOAT,
        "How many requests to make a second; 0 means as fast as the server lets us.",
        default=0.0,
    ),
    _text("selector", "Only pods that this label selector selects.", "l"),
    _switch("show-hidden-options", "List the flags that this text leaves out."),
    Flag(
        "since",
        Kind.DURATION,
        "Only lines younger than this, as in 5s, 2m or 3h.",
        "s",
        default=DEFAULT_SINCE,
    ),
    _switch("stdin", "Read log lines from standard input instead of a cluster."),
    Flag(
        "tail",
        Kind.INT,
        "How many lines of what is already there to print; -1 means all.",
        default=-1,
    ),
    _text("template", "A Go template for each line."),
    _text("template-file", "A file with a Go template; it wins over --template.", "T"),
    Flag(
        "timestamps",
        Kind.TEXT,
        "Print the time of each line: 'default' or 'short'.",
        "t",
        bare="default",
        choices=TIMESTAMP_FORMATS,
    ),
    _text("timezone", "The time zone of --timestamps, as in Europe/Paris.", default="Local"),
    Flag("verbosity", Kind.INT, "How much to say about requests, on stderr.", default=0),
    _switch("version", "Print the version and exit.", "v"),
    _switch("help", "Print this text.", "h"),
)

_HIDDEN = (
    _text("as", "User to act as."),
    _array("as-group", "Group to act as (repeatable)."),
    _text("as-uid", "UID to act as."),
    _array("as-user-extra", "Extra field of the user to act as, key=value (repeatable)."),
    _text("cache-dir", "Accepted for old scripts; nothing is cached."),
    _text("certificate-authority", "File with the server's certificate authority."),
    _text("client-certificate", "File with the client's certificate."),
    _text("client-key", "File with the client's key."),
    _text("cluster", "The kubeconfig cluster to use."),
    _switch("disable-compression", "Ask for uncompressed answers."),
    _switch("insecure-skip-tls-verify", "Do not check the server's certificate."),
    _text("request-timeout", "Give up on a request after this long; 0 means never.", default="0"),
    _text("server", "Address of the API server."),
    _text("tls-server-name", "Name to expect in the server's certificate."),
    _text("token", "Bearer token for the API server."),
    _text("user", "The kubeconfig user to use."),
)

HIDDEN = tuple(
    Flag(flag.name, flag.kind, flag.help, flag.short, flag.default, flag.bare, hidden=True)
    for flag in _HIDDEN
)

BEYOND = (
    Flag(
        "after-context",
        Kind.INT,
        "Also print this many lines after each that --include keeps.",
        default=0,
        glued_digits="A",
        example="stern web -i ERROR -A3",
    ),
    Flag(
        "before-context",
        Kind.INT,
        "Also print this many lines before each that --include keeps.",
        "B",
        default=0,
        example="stern web -i ERROR -B 3",
    ),
    Flag(
        "context-lines",
        Kind.INT,
        "Both of the above.",
        "C",
        default=0,
        example="stern web -i ERROR -C 3",
    ),
    Flag(
        "compact",
        Kind.BOOL,
        "Shorten prefixes: pods lose what they share, a lone container its name.",
        default=False,
        bare="true",
        example="stern web --compact",
    ),
    _array(
        "contexts",
        "Follow several clusters: a regular expression on context names (repeatable).",
        example="stern web --contexts 'prod-.*'",
    ),
    Flag(
        "demo",
        Kind.BOOL,
        "Start a demo cluster and read its logs.",
        default=False,
        bare="true",
        example="stern --demo . -A",
    ),
    Flag(
        "distinct-colors",
        Kind.BOOL,
        "Give pods that run together different colours, replicas too.",
        default=False,
        bare="true",
        example="stern deploy/web --distinct-colors",
    ),
    Flag(
        "exit-at-limit",
        Kind.BOOL,
        "End with an error when --max-log-requests is reached, as the Go program does.",
        default=False,
        bare="true",
        example="stern . -A --exit-at-limit",
    ),
    Flag(
        "exit-on-complete",
        Kind.BOOL,
        "Exit when every selected container has ended for good; 1 if one failed.",
        default=False,
        bare="true",
        example="stern job/migrate --exit-on-complete",
    ),
    Flag(
        "for",
        Kind.DURATION,
        "Exit after this long.",
        default=None,
        example="stern web --for 10m",
    ),
    Flag(
        "ignore-case",
        Kind.BOOL,
        "Let --include, --exclude and --highlight match in any case.",
        "I",
        default=False,
        bare="true",
        example="stern web -I -i error",
    ),
    Flag(
        "level",
        Kind.TEXT,
        "Only structured lines of this level or worse; plain lines stay.",
        choices=("trace", "debug", "info", "warn", "error", "fatal"),
        example="stern web --level warn",
    ),
    _array(
        "mask",
        "Hide secrets before anything is written: tokens, cards, mail, all, or a regular "
        "expression (repeatable).",
        example="stern web --mask tokens --mask mail",
    ),
    Flag(
        "multi-line",
        Kind.BOOL,
        "Keep records of several lines, such as stack traces, together for filters.",
        default=False,
        bare="true",
        example="stern web --multi-line -i NullPointerException",
    ),
    Flag(
        "output-dir",
        Kind.TEXT,
        "Also write a file per container into this folder, rotated at 100 MiB.",
        example="stern . -A --output-dir ./logs",
    ),
    Flag(
        "previous",
        Kind.BOOL,
        "Print the log of the container instance before the present one, then exit.",
        default=False,
        bare="true",
        example="stern web --previous",
    ),
    _array(
        "query",
        "One more pod-query (repeatable).",
        example="stern web --query deploy/api",
    ),
    Flag(
        "raw-control",
        Kind.BOOL,
        "Let control sequences other than colours reach the terminal.",
        default=False,
        bare="true",
        example="stern web --raw-control",
    ),
    Flag(
        "sort",
        Kind.BOOL,
        "Merge by the server's time: exactly with --no-follow, else over a short window.",
        default=False,
        bare="true",
        example="stern . --no-follow --sort",
    ),
    Flag(
        "structured",
        Kind.BOOL,
        "Show JSON and logfmt lines as time, level, message and fields; leave others alone.",
        default=False,
        bare="true",
        example="stern web --structured",
    ),
    Flag(
        "fields",
        Kind.SLICE,
        "With --structured: show these fields only.",
        default=(),
        example="stern web --structured --fields status,path",
    ),
)

FLAGS = tuple(sorted((*ORIGINAL, *HIDDEN, *BEYOND), key=lambda flag: flag.name))
BY_NAME = {flag.name: flag for flag in FLAGS}
BY_SHORT = {flag.short: flag for flag in FLAGS if flag.short}
BY_GLUED_DIGITS = {flag.glued_digits: flag for flag in FLAGS if flag.glued_digits}
