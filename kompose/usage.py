"""How to use each command, as text."""

from collections.abc import Iterable

from kompose.flags import (
    COMMANDS,
    COMMON,
    FLAGS,
    GLOBAL,
    GLOBAL_FLAGS,
    HELP,
    KUBERNETES,
    OPENSHIFT,
    ORIGINAL_COMMANDS,
    PLACE_FLAGS,
    Flag,
)

_TYPE_WORDS = {
    "bool": "",
    "string": "string",
    "int": "int",
    "list": "strings",
    "array": "stringArray",
}
_SECTIONS = (
    ("Kubernetes Flags", KUBERNETES),
    ("OpenShift Flags", OPENSHIFT),
    ("Flags", COMMON),
    ("Global Flags", GLOBAL),
)
_EXAMPLES = """Examples:
  # Write a file for each object of the compose file here
  kompose convert

  # Write everything to stdout, from two files, the second over the first
  kompose -f compose.yaml -f compose.prod.yaml convert --stdout

  # Write a Helm chart
  kompose convert --chart
"""


def program_help() -> str:
    """What `kompose` alone prints."""
    width = max(map(len, COMMANDS)) + 1
    commands = "\n".join(f"  {name:<{width}}{text}" for name, text in COMMANDS.items())
    flags = _flag_lines([*(flag for flag in FLAGS if flag.section == GLOBAL), HELP])
    return (
        "Kompose runs compose files on Kubernetes, and writes them as manifests.\n\n"
        "Usage:\n  kompose [command]\n\n"
        f"Available Commands:\n{commands}\n\n"
        f"Flags:\n{flags}\n\n"
        'Use "kompose [command] --help" for more information about a command.\n'
    )


def similar_commands(word: str) -> list[str]:
    """The commands that a word may be meant for: it begins one, or is some slips away from one."""
    text = word.lower()
    return [
        name
        for name in COMMANDS
        if name != "help" and (name.startswith(text) or _distance(text, name) <= _most_slips(name))
    ]


def _most_slips(command: str) -> int:
    """The original forgives two in its own names; ours are shorter."""
    return 2 if command in ORIGINAL_COMMANDS else 1


def _distance(text: str, other: str) -> int:
    """How many letters have to be put in, taken out or changed."""
    above = list(range(len(other) + 1))
    for row, letter in enumerate(text, 1):
        line = [row]
        for column, opposite in enumerate(other, 1):
            change = above[column - 1] + (letter != opposite)
            line.append(min(above[column] + 1, line[-1] + 1, change))
        above = line
    return above[-1]


def convert_usage() -> str:
    """How to use `convert`, without its introduction."""
    blocks = [f"Usage:\n  kompose convert [flags]\n\n{_EXAMPLES}"]
    for title, section in _SECTIONS:
        flags = [
            flag
            for flag in FLAGS
            if flag.section == section
            and (not flag.deprecated or section in (KUBERNETES, OPENSHIFT))
        ]
        if section == COMMON:
            flags = sorted([*flags, HELP])
        blocks.append(f"{title}:\n{_flag_lines(flags)}\n")
    return "\n".join(blocks)


def convert_help() -> str:
    """What `kompose convert --help` prints."""
    return "Write Kubernetes manifests from compose files.\n\n" + convert_usage()


def command_usage(command: str) -> str:
    """How to use one of the small commands."""
    arguments = " [bash|zsh|fish]" if command == "completion" else ""
    flags = [flag for flag in FLAGS if flag.section == GLOBAL]
    return (
        f"Usage:\n  kompose {command}{arguments} [flags]\n\n"
        f"Flags:\n{_flag_lines([HELP])}\n\nGlobal Flags:\n{_flag_lines(flags)}\n"
    )


def command_help(command: str) -> str:
    """What `kompose COMMAND --help` prints for one of the small commands."""
    return f"{COMMANDS[command]}.\n\n{command_usage(command)}"


def place_help(taken: str = "") -> str:
    """The flags that every command on a cluster takes, before or after its name.

    Letters that are `taken` by the command itself are left out.
    """
    flags = [
        flag._replace(short="") if flag.short in taken else flag
        for flag in (*GLOBAL_FLAGS, *PLACE_FLAGS)
        if flag.name != "provider"
    ]
    return f"Project and cluster:\n{_flag_lines(flags)}"


def _flag_lines(flags: Iterable[Flag]) -> str:
    heads = [(flag, _head(flag)) for flag in flags]
    width = max(len(head) for _, head in heads) + 3
    return "\n".join(f"{head:<{width}}{flag.help}{_default(flag)}" for flag, head in heads)


def _head(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    word = _TYPE_WORDS[flag.kind]
    return f"  {short}--{flag.name}{' ' + word if word else ''}"


def _default(flag: Flag) -> str:
    if flag.default in ("", False, 0, ()):
        return ""
    if isinstance(flag.default, bool):
        return " (default true)"
    return f' (default "{flag.default}")' if flag.kind == "string" else f" (default {flag.default})"
