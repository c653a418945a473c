"""Programs about files: ls, cat, cp, mv, rm, mkdir, find, stat, tar and their like."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from demo_cluster.toybox.filesystem import Directory, File, FileError, Link, Node
from demo_cluster.toybox.machine import Machine, Program, decode, encode
from demo_cluster.toybox.processes import Process, Readable


def options(arguments: list[str], valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Single-letter options (those in `valued` take the next word) and the other words."""
    found: dict[str, str] = {}
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return found, words + rest
        if not word.startswith("-") or word == "-" or word.startswith("--"):
            words.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in valued:
                found[letter] = letters or (rest.pop(0) if rest else "")
                letters = ""
            else:
                found[letter] = ""
    return found, words


async def read_all(stream: Readable) -> bytes:
    """Everything up to the end."""
    collected = bytearray()
    while piece := await stream.read():
        collected += piece
    return bytes(collected)


async def complain(process: Process, name: str, message: str) -> int:
    """One line on stderr; the status of failure."""
    await process.stderr.write(encode(f"{name}: {message}\n"))
    return 1


async def cat(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Cat."""
    _, paths = options(arguments[1:])
    code = 0
    for path in paths or ["-"]:
        try:
            source = process.stdin if path == "-" else machine.reader(process, path)
        except FileError as error:
            code = await complain(process, "cat", f"can't open '{path}': {error.reason}")
            continue
        while piece := await source.read():
            await process.stdout.write(piece)
    return code


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


async def mkdir(machine: Machine, process: Process, arguments: list[str]) -> int:
    """mkdir, with -p."""
    flags, paths = options(arguments[1:], "m")
    code = 0
    for path in paths:
        try:
            machine.files.make_directory(machine.absolute(process, path), parents="p" in flags)
        except FileError as error:
            code = await complain(
                process, "mkdir", f"can't create directory '{path}': {error.reason}"
            )
    return code


async def rmdir(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Rmdir."""
    code = 0
    for path in options(arguments[1:])[1]:
        try:
            machine.files.remove_directory(machine.absolute(process, path))
        except FileError as error:
            code = await complain(process, "rmdir", f"'{path}': {error.reason}")
    return code


async def rm(machine: Machine, process: Process, arguments: list[str]) -> int:
    """rm, with -r and -f."""
    flags, paths = options(arguments[1:])
    code = 0
    for path in paths:
        try:
            recursive = "r" in flags or "R" in flags
            machine.files.remove(machine.absolute(process, path), recursive=recursive)
        except FileError as error:
            if "f" not in flags or not error.reason.startswith("No such"):
                code = await complain(process, "rm", f"can't remove '{path}': {error.reason}")
    return code


async def touch(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Touch."""
    for path in options(arguments[1:], "dtr")[1]:
        full = machine.absolute(process, path)
        node = machine.files.lookup(full)
        if node is None:
            machine.files.write(full, b"")
        else:
            node.modified = machine.seconds()
    return 0


async def copy(machine: Machine, process: Process, arguments: list[str]) -> int:
    """cp, with -r."""
    flags, paths = options(arguments[1:])
    if len(paths) < 2:
        return await complain(process, "cp", "missing file operand")
    *sources, target = (machine.absolute(process, path) for path in paths)
    for source in sources:
        node = machine.files.find(source)
        if isinstance(node, Directory) and not {"r", "R", "a"} & set(flags):
            return await complain(process, "cp", f"omitting directory '{source}'")
        _copy_tree(machine, source, _into(machine, source, target))
    return 0


def _into(machine: Machine, source: str, target: str) -> str:
    if isinstance(machine.files.lookup(target), Directory):
        return posixpath.join(target, posixpath.basename(source))
    return target


def _copy_tree(machine: Machine, source: str, target: str) -> None:
    for path, node in list(machine.files.walk(source)):
        place = target + path[len(source) :]
        if isinstance(node, Directory):
            machine.files.make_directory(place, parents=True)
        elif isinstance(node, Link):
            machine.files.link(place, node.target)
        else:
            machine.files.write(place, machine.files.read(path), mode=node.mode)


async def move(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Mv."""
    paths = options(arguments[1:])[1]
    if len(paths) < 2:
        return await complain(process, "mv", "missing file operand")
    *sources, target = (machine.absolute(process, path) for path in paths)
    for source in sources:
        machine.files.move(source, _into(machine, source, target))
    return 0


async def ln(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Ln -s."""
    flags, paths = options(arguments[1:])
    if len(paths) < 2:
        return await complain(process, "ln", "missing file operand")
    target, place = paths[0], machine.absolute(process, paths[1])
    if "f" in flags and machine.files.lookup(place, follow=False):
        machine.files.remove(place)
    if "s" in flags:
        machine.files.link(place, target)
    else:
        machine.files.write(place, machine.files.read(machine.absolute(process, target)))
    return 0


async def chmod(machine: Machine, process: Process, arguments: list[str]) -> int:
    """chmod, octal or +x/-x."""
    words = [word for word in arguments[1:] if word not in ("-R", "-f")]
    if len(words) < 2:
        return await complain(process, "chmod", "missing operand")
    for path in words[1:]:
        node = machine.files.find(machine.absolute(process, path))
        if words[0].isdigit():
            node.mode = int(words[0], 8)
        elif words[0].endswith("x"):
            node.mode = node.mode | 0o111 if "+" in words[0] else node.mode & ~0o111
    return 0


async def chown(machine: Machine, process: Process, arguments: list[str]) -> int:
    """chown: believed, not stored for others than names."""
    words = options(arguments[1:])[1]
    for path in words[1:]:
        node = machine.files.find(machine.absolute(process, path))
        node.owner = words[0].split(":")[0]
    return 0


async def readlink(machine: Machine, process: Process, arguments: list[str]) -> int:
    """readlink, with -f."""
    flags, paths = options(arguments[1:])
    for path in paths:
        full = machine.absolute(process, path)
        node = machine.files.lookup(full, follow=False)
        if isinstance(node, Link):
            text = (
                posixpath.join(posixpath.dirname(full), node.target)
                if "f" in flags
                else node.target
            )
        elif "f" in flags:
            text = full
        else:
            return 1
        await process.stdout.write(encode(text + "\n"))
    return 0


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


async def tar(machine: Machine, process: Process, arguments: list[str]) -> int:
    """tar: cf, xf and tf with -C, to and from files and streams (what `kubectl cp` needs)."""
    words = arguments[1:]
    if words and not words[0].startswith("-"):
        words[0] = "-" + words[0]
    flags, paths = options(words, "fC")
    folder = machine.absolute(process, flags.get("C", "."))
    source = flags.get("f", "-")
    if "c" in flags:
        data = _pack(machine, folder, paths)
        target = process.stdout if source == "-" else machine.writer(process, source)
        await target.write(data)
        return 0
    stream = process.stdin if source == "-" else machine.reader(process, source)
    data = await read_all(stream)
    try:
        names = list(_unpack(machine, folder, data, extract="x" in flags))
    except tarfile.TarError:
        return await complain(process, "tar", "invalid tar magic")
    if "t" in flags or "v" in flags:
        await process.stdout.write(encode("".join(name + "\n" for name in names)))
    return 0


def _pack(machine: Machine, folder: str, paths: list[str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in paths:
            full = posixpath.normpath(posixpath.join(folder, path))
            for inner, node in machine.files.walk(full):
                entry = tarfile.TarInfo((path + inner[len(full) :]).lstrip("/"))
                entry.mode, entry.mtime = node.mode, int(node.modified)
                content = b""
                if isinstance(node, Directory):
                    entry.type = tarfile.DIRTYPE
                elif isinstance(node, Link):
                    entry.type, entry.linkname = tarfile.SYMTYPE, node.target
                else:
                    content = machine.files.read(inner)
                    entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _unpack(machine: Machine, folder: str, data: bytes, *, extract: bool) -> Iterator[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            yield entry.name
            if not extract:
                continue
            place = posixpath.normpath(posixpath.join(folder, entry.name.lstrip("/")))
            if entry.isdir():
                machine.files.make_directory(place, parents=True)
            elif entry.issym():
                machine.files.link(place, entry.linkname)
            else:
                machine.files.make_directory(posixpath.dirname(place), parents=True)
                content = archive.extractfile(entry)
                machine.files.write(place, content.read() if content else b"", mode=entry.mode)


async def basename(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Basename."""
    name = posixpath.basename(arguments[1].rstrip("/")) if len(arguments) > 1 else ""
    if len(arguments) > 2:
        name = name.removesuffix(arguments[2])
    await process.stdout.write(encode(name + "\n"))
    return 0


async def dirname(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Dirname."""
    folder = posixpath.dirname(arguments[1].rstrip("/")) if len(arguments) > 1 else ""
    await process.stdout.write(encode((folder or ".") + "\n"))
    return 0


async def tee(machine: Machine, process: Process, arguments: list[str]) -> int:
    """tee, with -a."""
    flags, paths = options(arguments[1:])
    sinks = [machine.writer(process, path, append="a" in flags) for path in paths]
    while piece := await process.stdin.read():
        for sink in (process.stdout, *sinks):
            await sink.write(piece)
    return 0


async def mktemp(machine: Machine, process: Process, arguments: list[str]) -> int:
    """mktemp, with -d."""
    flags, _ = options(arguments[1:], "p")
    path = f"/tmp/tmp.{process.pid:06x}"  # noqa: S108 - a path of the toy
    if "d" in flags:
        machine.files.make_directory(path, parents=True)
    else:
        machine.files.write(path, b"", mode=0o600)
    await process.stdout.write(encode(path + "\n"))
    return 0


async def dd(machine: Machine, process: Process, arguments: list[str]) -> int:
    """dd, with if, of, bs and count."""
    settings = dict(word.split("=", 1) for word in arguments[1:] if "=" in word)
    size = _bytes(settings.get("bs", "512"))
    left = size * int(settings["count"]) if "count" in settings else None
    source = machine.reader(process, settings["if"]) if "if" in settings else process.stdin
    target = machine.writer(process, settings["of"]) if "of" in settings else process.stdout
    total = 0
    held = bytearray()
    machine.on_memory(size)
    while left is None or left > 0:
        piece = await source.read(min(65536, left) if left is not None else 65536)
        if not piece:
            break
        total += len(piece)
        left = None if left is None else left - len(piece)
        if settings.get("of") or size <= 65536:
            await target.write(piece)
        else:
            held += piece
            machine.on_memory(len(held))
        await process.breathe()
    await target.write(bytes(held))
    await process.stderr.write(
        encode(f"{total // max(size, 1)}+0 records in\n{total // max(size, 1)}+0 records out\n")
    )
    return 0


def _bytes(text: str) -> int:
    units = {"k": 1024, "K": 1024, "M": 1 << 20, "G": 1 << 30}
    return int(text[:-1]) * units[text[-1]] if text[-1:] in units else int(text)


def lines_of(data: bytes) -> list[str]:
    """Text as lines, without their ends."""
    text = decode(data)
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


PROGRAMS: dict[str, Program] = {
    "cat": cat,
    "ls": ls,
    "mkdir": mkdir,
    "rmdir": rmdir,
    "rm": rm,
    "touch": touch,
    "cp": copy,
    "mv": move,
    "ln": ln,
    "chmod": chmod,
    "chown": chown,
    "readlink": readlink,
    "realpath": lambda machine, process, arguments: readlink(
        machine, process, ["readlink", "-f", *arguments[1:]]
    ),
    "find": find,
    "du": du,
    "df": df,
    "stat": stat,
    "tar": tar,
    "basename": basename,
    "dirname": dirname,
    "tee": tee,
    "mktemp": mktemp,
    "dd": dd,
}
