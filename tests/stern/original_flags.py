"""Options by the recorded cases' names, as a command line."""

from __future__ import annotations

from typing import Any

from stern.flag_parser import ParsedFlags, parse_flags
from stern.flags import BY_NAME


def flags_of(options: dict[str, Any]) -> ParsedFlags:
    """Options by the case file's names, as a command line."""
    arguments = []
    renamed = {"namespaces": "namespace"}
    for key, value in options.items():
        name = renamed.get(key, key.replace("_", "-"))
        if key in ("pod_query", "resource"):
            arguments.insert(0, value)
        elif isinstance(value, bool):
            arguments.append(f"--{name}={'true' if value else 'false'}")
        elif isinstance(value, list):
            arguments += [f"--{name}={item}" for item in value]
        elif value is not None and name in BY_NAME:
            arguments.append(f"--{name}={value}")
    flags = parse_flags(arguments)
    for key in [key for key, value in options.items() if value is None]:
        flags.values[renamed.get(key, key.replace("_", "-"))] = ()
    return flags
