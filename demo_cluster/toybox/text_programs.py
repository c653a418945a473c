"""Programs about text: head, tail, wc, sort, uniq, cut, tr, base64 and their like."""

from __future__ import annotations

import base64
import hashlib
import re

from demo_cluster.toybox.command_line import (
    complain,
    lines_of,
    options,
    read_all,
    read_lines,
    sources,
)
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.formatting import unescaped
from demo_cluster.toybox.machine import Machine, Program, decode, encode
from demo_cluster.toybox.processes import Process


def _count_first(arguments: list[str]) -> list[str]:
    """`-5` as `-n 5`."""
    return [
        part
        for word in arguments
        for part in (["-n", word[1:]] if re.fullmatch(r"-\d+", word) else [word])
    ]


async def head(machine: Machine, process: Process, arguments: list[str]) -> int:
    """head, with -n and -c."""
    flags, paths = options(_count_first(arguments[1:]), "nc")
    for _, source in sources(machine, process, paths):
        if "c" in flags:
            left = int(flags["c"])
            while left > 0 and (piece := await source.read(min(left, 65536))):
                left -= len(piece)
                await process.stdout.write(piece)
            continue
        left = int(flags.get("n", "10"))
        while left > 0 and (piece := await source.read()):
            first = _first_lines(piece, left)
            await process.stdout.write(first)
            left -= first.count(b"\n")
    return 0


def _first_lines(text: bytes, count: int) -> bytes:
    """As many lines from the beginning; all of it when there are no more."""
    if text.count(b"\n") <= count:
        return text if text.count(b"\n") < count else text[: text.rfind(b"\n") + 1]
    end = 0
    for _ in range(count):
        end = text.index(b"\n", end) + 1
    return text[:end]


async def tail(machine: Machine, process: Process, arguments: list[str]) -> int:
    """tail, with -n, -c and -f."""
    flags, paths = options(_count_first(arguments[1:]), "nc")
    count = flags.get("n", "10")
    if "f" in flags and paths and paths != ["/dev/null"]:
        return await _follow(machine, process, paths[0], int(count.lstrip("+")))
    for _, source in sources(machine, process, paths):
        data = await read_all(source)
        if "c" in flags:
            await process.stdout.write(data[-int(flags["c"]) :])
            continue
        lines = data.splitlines(keepends=True)
        start = int(count) - 1 if count.startswith("+") else len(lines) - int(count)
        await process.stdout.write(b"".join(lines[max(start, 0) :]))
    while "f" in flags:
        await process.sleep(3600)
    return 0


async def _follow(machine: Machine, process: Process, path: str, count: int) -> int:
    full = machine.absolute(process, path)
    data = machine.files.read(full)
    await process.stdout.write(b"".join(data.splitlines(keepends=True)[-count:]))
    seen = len(data)
    while True:
        await process.sleep(1)
        data = machine.files.read(full)
        if len(data) < seen:
            seen = 0
        await process.stdout.write(data[seen:])
        seen = len(data)


async def wc(machine: Machine, process: Process, arguments: list[str]) -> int:
    """wc, with -l -w -c."""
    flags, paths = options(arguments[1:])
    shown = [letter for letter in "lwc" if letter in flags] or ["l", "w", "c"]
    for name, source in sources(machine, process, paths):
        data = await read_all(source)
        counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
        width = 1 if len(shown) == 1 else 9
        text = " ".join(f"{counts[letter]:>{width}}" for letter in shown)
        await process.stdout.write(encode(text + (f" {name}" if paths else "") + "\n"))
    return 0


async def sort(machine: Machine, process: Process, arguments: list[str]) -> int:
    """sort, with -r -n -u -k."""
    flags, paths = options(arguments[1:], "kt")
    lines = [
        line
        for _, source in sources(machine, process, paths)
        for line in lines_of(await read_all(source))
    ]
    column = int((flags.get("k") or "0").partition(",")[0].partition(".")[0].rstrip("bdfgiMhnRrV"))

    def key(line: str) -> tuple[float, str]:
        text = " ".join(line.split(flags.get("t"))[column - 1 :]) if column else line
        number = re.match(r"\s*(-?\d+(\.\d+)?)", text) if "n" in flags else None
        return (float(number[1]) if number else 0.0, text)

    lines.sort(key=key, reverse="r" in flags)
    if "u" in flags:
        lines = list(dict.fromkeys(lines))
    await process.stdout.write(encode("".join(line + "\n" for line in lines)))
    return 0


async def uniq(machine: Machine, process: Process, arguments: list[str]) -> int:
    """uniq, with -c."""
    flags, paths = options(arguments[1:])
    for _, source in sources(machine, process, paths):
        counted: list[list[str | int]] = []
        for line in lines_of(await read_all(source)):
            if counted and counted[-1][0] == line:
                counted[-1][1] = int(counted[-1][1]) + 1
            else:
                counted.append([line, 1])
        text = "".join(
            (f"{count:>7} {line}\n" if "c" in flags else f"{line}\n") for line, count in counted
        )
        await process.stdout.write(encode(text))
    return 0


async def cut(machine: Machine, process: Process, arguments: list[str]) -> int:
    """cut, with -d, -f and -c."""
    flags, paths = options(arguments[1:], "dfcb")
    wanted = flags.get("f") or flags.get("c") or flags.get("b") or "1"
    for _, source in sources(machine, process, paths):
        for line in lines_of(await read_all(source)):
            if "f" in flags:
                mark = flags.get("d") or "\t"
                cells = line.split(mark)
                text = line if len(cells) == 1 else mark.join(_chosen(cells, wanted))
            else:
                text = "".join(_chosen(list(line), wanted))
            await process.stdout.write(encode(text + "\n"))
    return 0


def _chosen(cells: list[str], wanted: str) -> list[str]:
    chosen: list[str] = []
    for part in wanted.split(","):
        first, dash, last = part.partition("-")
        start = int(first or "1")
        end = (int(last) if last else len(cells)) if dash else start
        chosen += cells[start - 1 : end]
    return chosen


async def tr(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """tr, with -d, -s and -c."""
    flags, words = options(arguments[1:])
    sets = [_characters(unescaped(word)[0]) for word in words]
    if not sets or (len(sets) < 2 and not flags):
        return await complain(process, "tr", "missing operand")
    chosen = encode(sets[0])
    if "c" in flags or "C" in flags:
        chosen = bytes(byte for byte in range(256) if byte not in chosen)
    removed = chosen if "d" in flags else b""
    table = None
    if len(sets) > 1 and not removed:
        target = encode(sets[1])
        target = (target + target[-1:] * len(chosen))[: len(chosen)]
        table = bytes.maketrans(chosen, target)
    while piece := await process.stdin.read():
        data = piece.translate(table, removed)
        if "s" in flags:
            squeezed = re.escape(encode(sets[-1]))
            data = re.sub(rb"([" + squeezed + rb"])\1+", rb"\1", data)
        await process.stdout.write(data)
    return 0


def _characters(text: str) -> str:
    named = {"upper": "A-Z", "lower": "a-z", "digit": "0-9", "space": " \t\n\r", "alpha": "A-Za-z"}
    named["alnum"] = named["alpha"] + named["digit"]
    for name, letters in named.items():
        text = text.replace(f"[:{name}:]", letters)
    ranges = re.compile(r"(.)-(.)", re.DOTALL)
    return ranges.sub(
        lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), text
    )


async def rev(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Rev."""
    for _, source in sources(machine, process, arguments[1:]):
        async for line in read_lines(source):
            await process.stdout.write(encode(decode(line).rstrip("\n")[::-1] + "\n"))
    return 0


LINE_BYTES = 16
"""A line is as much work for those who read it as so many bytes."""


async def seq(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Seq."""
    numbers = [int(word) for word in arguments[1:] if re.fullmatch(r"-?\d+", word)]
    if not numbers:
        return await complain(process, "seq", "missing operand")
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) > 2 else 1
    batch: list[str] = []
    for number in range(first, numbers[-1] + (1 if step > 0 else -1), step or 1):
        batch.append(f"{number}\n")
        if len(batch) >= 1000:
            text = encode("".join(batch))
            await process.stdout.write(text)
            batch.clear()
            await process.breathe(len(text) + LINE_BYTES * 1000)
    await process.stdout.write(encode("".join(batch)))
    return 0


async def yes(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Yes."""
    line = encode(" ".join(arguments[1:] or ["y"]) + "\n")
    count = max(8192 // len(line), 1)
    piece = line * count
    while True:
        await process.stdout.write(piece)
        await process.breathe(len(piece) + LINE_BYTES * count)


async def xargs(machine: Machine, process: Process, arguments: list[str]) -> int:
    """xargs, with -n."""
    words = list(arguments[1:])
    size = 0
    if words[:1] == ["-n"]:
        size = int(words[1])
        words = words[2:]
    items = decode(await read_all(process.stdin)).split()
    batches = [items[i : i + size] for i in range(0, len(items), size)] if size else [items]
    code = 0
    for batch in batches:
        child = machine.spawn(
            [*(words or ["echo"]), *batch],
            environment=process.environment,
            directory=process.directory,
            streams=(process.stdin, process.stdout, process.stderr),
            parent=process.pid,
        )
        code = max(code, await child.ended())
    return code


async def digest(machine: Machine, process: Process, arguments: list[str]) -> int:
    """md5sum, sha1sum, sha256sum."""
    for name, source in sources(machine, process, options(arguments[1:])[1]):
        maker = hashlib.new(arguments[0].removesuffix("sum"), usedforsecurity=False)
        maker.update(await read_all(source))
        await process.stdout.write(encode(f"{maker.hexdigest()}  {name}\n"))
    return 0


async def base64_program(machine: Machine, process: Process, arguments: list[str]) -> int:
    """base64, with -d."""
    flags, paths = options(arguments[1:], "w")
    for _, source in sources(machine, process, paths):
        data = await read_all(source)
        if "d" in flags:
            try:
                await process.stdout.write(base64.b64decode(data))
            except ValueError:
                return await complain(process, "base64", "truncated input")
        else:
            await process.stdout.write(base64.encodebytes(data))
    return 0


async def diff(machine: Machine, process: Process, arguments: list[str]) -> int:
    """diff: says whether two files differ."""
    _, paths = options(arguments[1:])
    if len(paths) != 2:
        return await complain(process, "diff", "two files, please") + 1
    try:
        first, second = (machine.files.read(machine.absolute(process, path)) for path in paths)
    except FileError as error:
        return await complain(process, "diff", f"can't stat '{error.path}': {error.reason}") + 1
    if first == second:
        return 0
    await process.stdout.write(encode(f"Files {paths[0]} and {paths[1]} differ\n"))
    return 1


PROGRAMS: dict[str, Program] = {
    "head": head,
    "tail": tail,
    "wc": wc,
    "sort": sort,
    "uniq": uniq,
    "cut": cut,
    "tr": tr,
    "rev": rev,
    "seq": seq,
    "yes": yes,
    "xargs": xargs,
    "md5sum": digest,
    "sha1sum": digest,
    "sha256sum": digest,
    "base64": base64_program,
    "diff": diff,
    "cmp": diff,
}
