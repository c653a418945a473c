"""Programs that change and copy files: cat, cp, mv, rm, mkdir, ln, tar, dd and their like."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator

from demo_cluster.toybox.command_line import complain, options, read_all
from demo_cluster.toybox.filesystem import Directory, FileError, Link
from demo_cluster.toybox.machine import Machine, Program, encode
from demo_cluster.toybox.processes import Process


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


async def tar(machine: Machine, process: Process, arguments: list[str]) -> int:
    """tar: cf, xf and tf with -C, to and from files and streams (what `kubectl cp` needs)."""
    words = arguments[1:]
    if words and not words[0].startswith("-"):
        words[0] = "-" + words[0]
    flags, paths = options(words, "fC")
    folder = machine.absolute(process, flags.get("C", "."))
    source = flags.get("f", "-")
    if "c" in flags:
        if any(path.startswith("/") for path in paths):
            await complain(process, "tar", "removing leading '/' from member names")
        there = [path for path in paths if _is_there(machine, folder, path)]
        for path in paths:
            if path not in there:
                await complain(process, "tar", f"{path}: No such file or directory")
        target = process.stdout if source == "-" else machine.writer(process, source)
        await target.write(_pack(machine, folder, there))
        if there != paths:
            return await complain(process, "tar", "error exit delayed from previous errors")
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


def _is_there(machine: Machine, folder: str, path: str) -> bool:
    full = posixpath.normpath(posixpath.join(folder, path))
    return machine.files.lookup(full) is not None


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


PROGRAMS: dict[str, Program] = {
    "cat": cat,
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
    "tar": tar,
    "basename": basename,
    "dirname": dirname,
    "tee": tee,
    "mktemp": mktemp,
    "dd": dd,
}
