"""Programs that look at files: ls, find, stat, du, df."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from demo_cluster.toybox.command_line import complain, options
from demo_cluster.toybox.filesystem import Directory, File, Link, Node
from demo_cluster.toybox.machine import Machine, Program, encode
from demo_cluster.toybox.processes import Process


def mode_text(node: Node) -> str:
    """`drwxr-xr-x`."""
    letter = "d" if isinstance(node, Directory) else "l" if isinstance(node, Link) else "-"
    bits = "".join(
        flag if node.mode >> (8 - position) & 1 else "-"
        for position, flag in enumerate("rwxrwxrwx")
    )
    return letter + bits


def size_of(node: Node) -> int:
    """Size in bytes as stat says it."""
    if isinstance(node, File):
        return len(node.content)
    if isinstance(node, Link):
        return len(node.target)
    return 4096 if isinstance(node, Directory) and not node.compute else 0


def long_line(name: str, node: Node, now: float) -> str:
    """A line of `ls -l`."""
    moment = datetime.fromtimestamp(node.modified, UTC)
    recent = abs(now - node.modified) < 180 * 86400
    when = moment.strftime("%b %e %H:%M" if recent else "%b %e  %Y")
    links = 2 if isinstance(node, Directory) else 1
    arrow = f" -> {node.target}" if isinstance(node, Link) else ""
    owner = f"{node.owner:<8} {node.owner:<8}"
    return f"{mode_text(node)} {links:>4} {owner} {size_of(node):>9} {when} {name}{arrow}"


async def ls(machine: Machine, process: Process, arguments: list[str]) -> int:
    """ls, with -l, -a, -A, -1, -d, -R."""
    flags, paths = options(arguments[1:])
    code = 0
    files, folders = [], []
    for path in paths or ["."]:
        node = machine.files.lookup(machine.absolute(process, path), follow="l" not in flags)
        if node is None:
            code = await complain(process, "ls", f"{path}: No such file or directory")
        elif isinstance(node, Directory) and "d" not in flags:
            folders.append((path, node))
        else:
            files.append((path, node))
    lines = _listing(files, flags, machine.seconds(), process)
    for path, folder in folders:
        if len(folders) + len(files) > 1 or "R" in flags:
            lines += ([""] if lines else []) + [f"{path}:"]
        lines += _folder_lines(path, folder, flags, machine.seconds(), process)
    if lines:
        await process.stdout.write(encode("\n".join(lines) + "\n"))
    return code


def _folder_lines(
    path: str, folder: Directory, flags: dict[str, str], now: float, process: Process
) -> list[str]:
    entries: list[tuple[str, Node]] = sorted(folder.children().items(), key=_by_name)
    if "a" in flags:
        entries = [(".", folder), ("..", folder), *entries]
    elif "A" not in flags:
        entries = [(name, node) for name, node in entries if not name.startswith(".")]
    total = [f"total {sum(4 for _ in entries)}"] if "l" in flags else []
    lines = total + _listing(entries, flags, now, process)
    if "R" in flags:
        for name, node in entries:
            if isinstance(node, Directory) and name not in (".", ".."):
                inner = posixpath.join(path, name)
                lines += ["", f"{inner}:", *_folder_lines(inner, node, flags, now, process)]
    return lines


def _by_name(entry: tuple[str, Node]) -> tuple[int, int, str]:
    name = entry[0]
    return (0, int(name), "") if name.isdigit() else (1, 0, name)


def _listing(
    entries: list[tuple[str, Node]], flags: dict[str, str], now: float, process: Process
) -> list[str]:
    if "l" in flags:
        return [long_line(name, node, now) for name, node in entries]
    names = [name for name, _ in entries]
    if process.terminal == "?" or "1" in flags or not names:
        return names
    width = max(len(name) for name in names) + 2
    columns = max(80 // width, 1)
    rows = -(-len(names) // columns)
    return ["".join(name.ljust(width) for name in names[row::rows]).rstrip() for row in range(rows)]


async def find(machine: Machine, process: Process, arguments: list[str]) -> int:
    """find, with -name, -type, -maxdepth and -print."""
    words = list(arguments[1:])
    roots = []
    while words and not words[0].startswith("-"):
        roots.append(words.pop(0))
    tests = dict(zip(words[::2], words[1::2], strict=False)) if "-print" not in words else {}
    if "-print" in words:
        words.remove("-print")
        tests = dict(zip(words[::2], words[1::2], strict=False))
    for root in roots or ["."]:
        full = machine.absolute(process, root)
        for path, node in machine.files.walk(full):
            await process.breathe()
            shown = root + path[len(full) :] if full != "/" else path
            if _is_found(path[len(full) :], node, tests, posixpath.basename(path)):
                await process.stdout.write(encode(shown + "\n"))
    return 0


def _is_found(below: str, node: Node, tests: dict[str, str], name: str) -> bool:
    if "-maxdepth" in tests and below.count("/") > int(tests["-maxdepth"]):
        return False
    if "-name" in tests and not fnmatchcase(name, tests["-name"]):
        return False
    kind = "d" if isinstance(node, Directory) else "l" if isinstance(node, Link) else "f"
    return tests.get("-type", kind) == kind


async def du(machine: Machine, process: Process, arguments: list[str]) -> int:
    """du, with -s, -h and -k."""
    flags, paths = options(arguments[1:], "d")
    for path in paths or ["."]:
        total = sum(
            size_of(node) for _, node in machine.files.walk(machine.absolute(process, path))
        )
        kilobytes = max(total // 1024, 4)
        text = f"{kilobytes / 1024:.1f}M" if "h" in flags and kilobytes > 1024 else str(kilobytes)
        await process.stdout.write(
            encode(f"{text}{'K' if text.isdigit() and 'h' in flags else ''}\t{path}\n")
        )
    return 0


async def df(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """df: one disk."""
    flags, _ = options(arguments[1:])
    head = "Filesystem           1K-blocks      Used Available Use% Mounted on"
    row = "overlay               98831908  21390524  72375920  23% /"
    if "h" in flags:
        head = "Filesystem                Size      Used Available Use% Mounted on"
        row = "overlay                  94.3G     20.4G     69.0G  23% /"
    await process.stdout.write(encode(f"{head}\n{row}\n"))
    return 0


async def stat(machine: Machine, process: Process, arguments: list[str]) -> int:
    """stat, and -c with %n %s %a %F %Y."""
    flags, paths = options(arguments[1:], "c")
    for path in paths:
        node = machine.files.find(machine.absolute(process, path), follow=False)
        kind = "directory" if isinstance(node, Directory) else "regular file"
        kind = "symbolic link" if isinstance(node, Link) else kind
        values = {
            "%n": path,
            "%s": str(size_of(node)),
            "%a": f"{node.mode & 0o777:o}",
            "%F": kind,
            "%Y": str(int(node.modified)),
        }
        text = flags.get("c", "  File: %n\n  Size: %s\t\t%F\nAccess: (0%a)")
        for mark, value in values.items():
            text = text.replace(mark, value)
        await process.stdout.write(encode(text + "\n"))
    return 0


PROGRAMS: dict[str, Program] = {
    "ls": ls,
    "find": find,
    "du": du,
    "df": df,
    "stat": stat,
}
