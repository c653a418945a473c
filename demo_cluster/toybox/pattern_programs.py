"""Programs that look for patterns: grep, sed, awk."""

from __future__ import annotations

import re

from demo_cluster.toybox.command_line import (
    complain,
    lines_of,
    options,
    read_all,
    read_lines,
    sources,
)
from demo_cluster.toybox.formatting import unescaped
from demo_cluster.toybox.machine import Machine, Program, decode, encode
from demo_cluster.toybox.processes import Process, Readable

_EXPLODING = re.compile(
    r"\((?:\?:)?(?:\\.|\[\]?[^\]]*\]|[^\\\[\]()])(?:[+*]|\{\d+,\})\)(?:[+*]|\{\d+,?\d*\})"
)
"""A repeat of nothing but a repeat: it is tried in as many ways as there are."""


def compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """The pattern, ready to search.

    Raises:
        re.error: It is none, or matching it might never end.
    """
    if _EXPLODING.search(pattern):
        raise re.error("regular expression is too big")
    return re.compile(pattern, flags)


async def grep(machine: Machine, process: Process, arguments: list[str]) -> int:
    """grep, with -i -v -c -n -q -o -l -E -F -r -w."""
    flags, words = options(arguments[1:], "eABC")
    if "e" in flags:
        words.insert(0, flags["e"])
    if not words:
        return await complain(process, "grep", "missing pattern") + 1
    pattern, *paths = words
    text = (
        re.escape(pattern)
        if "F" in flags or arguments[0].endswith("fgrep")
        else _regex(pattern, extended="E" in flags or arguments[0].endswith("egrep"))
    )
    if "w" in flags:
        text = rf"\b(?:{text})\b"
    try:
        search = compiled(text, re.IGNORECASE if "i" in flags else 0)
    except re.error as error:
        return await complain(process, "grep", f"bad regex '{pattern}': {error}") + 1
    found = False
    for name, source in sources(machine, process, _expanded(machine, process, paths, flags)):
        prefix = f"{name}:" if len(paths) > 1 or "r" in flags else ""
        found = await _grep_one(process, source, search, flags, prefix) or found
        if found and "q" in flags:
            return 0
    return 0 if found else 1


def _expanded(
    machine: Machine, process: Process, paths: list[str], flags: dict[str, str]
) -> list[str]:
    if "r" not in flags and "R" not in flags:
        return paths
    from_here = paths or ["."]
    return [
        inner
        for path in from_here
        for inner, node in machine.files.walk(machine.absolute(process, path))
        if hasattr(node, "content")
    ]


async def _grep_one(
    process: Process,
    source: Readable,
    search: re.Pattern[str],
    flags: dict[str, str],
    prefix: str,
) -> bool:
    count = number = 0
    async for raw in read_lines(source):
        number += 1
        line = decode(raw).removesuffix("\n")
        match = search.search(line)
        if bool(match) == ("v" in flags):
            continue
        count += 1
        if "q" in flags:
            return True
        if not {"c", "l"} & set(flags):
            shown = "\n".join(found[0] for found in search.finditer(line)) if "o" in flags else line
            position = f"{number}:" if "n" in flags else ""
            await process.stdout.write(encode(f"{prefix}{position}{shown}\n"))
    if "c" in flags:
        await process.stdout.write(encode(f"{prefix}{count}\n"))
    elif "l" in flags and count:
        await process.stdout.write(encode(prefix.removesuffix(":") + "\n"))
    return count > 0


def _regex(pattern: str, *, extended: bool) -> str:
    """A POSIX regular expression as Python's."""
    if not extended:
        marks = {f"\\{sign}": f"\0{sign}" for sign in "(){}|+?"}
        for escaped, mark in marks.items():
            pattern = pattern.replace(escaped, mark)
        for sign in "(){}|+?":
            pattern = re.sub(rf"(?<!\0){re.escape(sign)}", rf"\\{sign}", pattern)
        pattern = pattern.replace("\0", "")
    classes = {"space": r"\s", "digit": r"\d", "alpha": "A-Za-z", "alnum": "A-Za-z0-9"}
    classes |= {"upper": "A-Z", "lower": "a-z", "punct": r"!-/:-@\[-`{-~"}
    for name, text in classes.items():
        pattern = pattern.replace(f"[:{name}:]", text)
    return pattern


async def sed(machine: Machine, process: Process, arguments: list[str]) -> int:
    """sed: s///[gI], d, p, with addresses, -n, -e, -E and -i."""
    flags, words = options(arguments[1:], "e")
    script = flags["e"] if "e" in flags else words.pop(0) if words else ""
    extended = "E" in flags or "r" in flags
    try:
        commands = [
            _sed_command(part, extended) for part in re.split(r"(?<!\\);\s*(?=[\d/$sdpq])", script)
        ]
    except (ValueError, re.error):
        return await complain(process, "sed", f"unsupported command {script}")
    for path, source in sources(machine, process, words):
        lines = lines_of(await read_all(source))
        result = _sedread_lines(lines, commands, quiet="n" in flags)
        data = encode("".join(line + "\n" for line in result))
        if "i" in flags and path != "-":
            machine.files.write(machine.absolute(process, path), data)
        else:
            await process.stdout.write(data)
    return 0


SedCommand = tuple[str, str, re.Pattern[str] | None, str, bool]


def _sed_command(text: str, extended: bool) -> SedCommand:
    match = re.match(r"(\d+(?:,(?:\d+|\$))?|\$|/(?:[^/\\]|\\.)*/)?\s*(.)", text, re.DOTALL)
    if not match:
        raise ValueError(text)
    address, action = match[1] or "", match[2]
    if action in "dpq":
        return action, address, None, "", False
    if action != "s":
        raise ValueError(text)
    mark = text[match.end()]
    pattern, replacement, letters = re.split(rf"(?<!\\){re.escape(mark)}", text[match.end() + 1 :])
    flags = re.IGNORECASE if "I" in letters or "i" in letters else 0
    search = compiled(_regex(pattern, extended=extended), flags)
    replacement = re.sub(r"(?<!\\)&", r"\\g<0>", replacement).replace(f"\\{mark}", mark)
    return "s", address, search, replacement, "g" in letters


def _sedread_lines(lines: list[str], commands: list[SedCommand], *, quiet: bool) -> list[str]:
    result = []
    for number, original in enumerate(lines, 1):
        line: str | None = original
        for action, address, search, replacement, everywhere in commands:
            if line is None or not _addressed(address, number, len(lines), line):
                continue
            if action == "d":
                line = None
            elif action == "p":
                result.append(line)
            elif action == "q":
                return [*result, line]
            elif search:
                line = search.sub(replacement, line, count=0 if everywhere else 1)
        if line is not None and not quiet:
            result.append(line)
    return result


def _addressed(address: str, number: int, last: int, line: str) -> bool:
    if not address:
        return True
    if address.startswith("/"):
        return re.search(_regex(address[1:-1], extended=False), line) is not None
    first, _, end = address.replace("$", str(last)).partition(",")
    return int(first) <= number <= int(end or first)


async def awk(machine: Machine, process: Process, arguments: list[str]) -> int:
    """awk: `{print $1, $2}` with -F and a leading /pattern/, no more."""
    flags, words = options(arguments[1:], "Fv")
    match = re.fullmatch(
        r"\s*(?:/(.*)/)?\s*\{\s*print\s*(.*?)\s*;?\s*\}\s*", words[0] if words else ""
    )
    if match is None:
        return await complain(process, "awk", "only {print ...} is known here")
    for _, source in sources(machine, process, words[1:]):
        async for raw in read_lines(source):
            line = decode(raw).rstrip("\n")
            if match[1] and not re.search(match[1], line):
                continue
            await process.stdout.write(encode(_printed(line, match[2], flags.get("F")) + "\n"))
    return 0


def _printed(line: str, expression: str, separator: str | None) -> str:
    cells = line.split(separator)
    if not expression:
        return line
    shown = []
    for part in re.findall(r'"[^"]*"|\$\w+|,|\S+', expression):
        if part == ",":
            shown.append(" ")
        elif part.startswith('"'):
            shown.append(unescaped(part[1:-1])[0])
        elif part == "$0":
            shown.append(line)
        elif part in ("$NF", "NF"):
            shown.append(cells[-1] if part == "$NF" and cells else str(len(cells)))
        elif part[1:].isdigit() and part[0] == "$":
            number = int(part[1:])
            shown.append(cells[number - 1] if number <= len(cells) else "")
    return "".join(shown)


PROGRAMS: dict[str, Program] = {
    "grep": grep,
    "egrep": grep,
    "fgrep": grep,
    "sed": sed,
    "awk": awk,
}
