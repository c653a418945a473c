"""Programs about text: head, tail, grep, sed, wc, sort, cut, tr and their like."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator

from demo_cluster.toybox.files_programs import complain, lines_of, options, read_all
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.formatting import unescaped
from demo_cluster.toybox.machine import Machine, Program, decode, encode
from demo_cluster.toybox.processes import Process, Readable


async def _lines(stream: Readable) -> AsyncIterator[bytes]:
    """Lines as they come, each with its end."""
    rest = b""
    while piece := await stream.read():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def _sources(machine: Machine, process: Process, paths: list[str]) -> list[tuple[str, Readable]]:
    if not paths:
        return [("-", process.stdin)]
    return [
        (path, process.stdin if path == "-" else machine.reader(process, path)) for path in paths
    ]


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
    for _, source in _sources(machine, process, paths):
        if "c" in flags:
            left = int(flags["c"])
            while left > 0 and (piece := await source.read(min(left, 65536))):
                left -= len(piece)
                await process.stdout.write(piece)
            continue
        left = int(flags.get("n", "10"))
        if left <= 0:
            continue
        async for line in _lines(source):
            await process.stdout.write(line)
            left -= 1
            if left == 0:
                break
    return 0


async def tail(machine: Machine, process: Process, arguments: list[str]) -> int:
    """tail, with -n, -c and -f."""
    flags, paths = options(_count_first(arguments[1:]), "nc")
    count = flags.get("n", "10")
    if "f" in flags and paths and paths != ["/dev/null"]:
        return await _follow(machine, process, paths[0], int(count.lstrip("+")))
    for _, source in _sources(machine, process, paths):
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
        search = re.compile(text, re.IGNORECASE if "i" in flags else 0)
    except re.error as error:
        return await complain(process, "grep", f"bad regex '{pattern}': {error}") + 1
    found = False
    for name, source in _sources(machine, process, _expanded(machine, process, paths, flags)):
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
    async for raw in _lines(source):
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
    for path, source in _sources(machine, process, words):
        lines = lines_of(await read_all(source))
        result = _sed_lines(lines, commands, quiet="n" in flags)
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
    search = re.compile(_regex(pattern, extended=extended), flags)
    replacement = re.sub(r"(?<!\\)&", r"\\g<0>", replacement).replace(f"\\{mark}", mark)
    return "s", address, search, replacement, "g" in letters


def _sed_lines(lines: list[str], commands: list[SedCommand], *, quiet: bool) -> list[str]:
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


async def wc(machine: Machine, process: Process, arguments: list[str]) -> int:
    """wc, with -l -w -c."""
    flags, paths = options(arguments[1:])
    shown = [letter for letter in "lwc" if letter in flags] or ["l", "w", "c"]
    for name, source in _sources(machine, process, paths):
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
        for _, source in _sources(machine, process, paths)
        for line in lines_of(await read_all(source))
    ]
    column = int(re.match(r"\d+", flags.get("k", "0") or "0")[0])  # type: ignore[index]  # the default always matches

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
    for _, source in _sources(machine, process, paths):
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
    for _, source in _sources(machine, process, paths):
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
    """tr, with -d and -s."""
    flags, words = options(arguments[1:])
    sets = [_characters(unescaped(word)[0]) for word in words]
    if not sets or (len(sets) < 2 and not flags):
        return await complain(process, "tr", "missing operand")
    removed = encode(sets[0]) if "d" in flags else b""
    table = None
    if len(sets) > 1:
        target = (sets[1] + sets[1][-1:] * len(sets[0]))[: len(sets[0])]
        table = bytes.maketrans(encode(sets[0]), encode(target))
    while piece := await process.stdin.read():
        data = piece.translate(table, removed)
        if "s" in flags:
            squeezed = re.escape(encode(sets[-1]))
            data = re.sub(rb"([" + squeezed + rb"])\1+", rb"\1", data)
        await process.stdout.write(data)
    return 0


def _characters(text: str) -> str:
    named = {"upper": "A-Z", "lower": "a-z", "digit": "0-9", "space": " \t\n\r", "alpha": "A-Za-z"}
    for name, letters in named.items():
        text = text.replace(f"[:{name}:]", letters)
    ranges = re.compile(r"(.)-(.)", re.DOTALL)
    return ranges.sub(
        lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), text
    )


async def rev(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Rev."""
    for _, source in _sources(machine, process, arguments[1:]):
        async for line in _lines(source):
            await process.stdout.write(encode(decode(line).rstrip("\n")[::-1] + "\n"))
    return 0


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
            await process.stdout.write(encode("".join(batch)))
            batch.clear()
            await process.breathe()
    await process.stdout.write(encode("".join(batch)))
    return 0


async def yes(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Yes."""
    line = encode(" ".join(arguments[1:] or ["y"]) + "\n")
    while True:
        await process.stdout.write(line * 64)
        await process.breathe()


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
    for name, source in _sources(machine, process, options(arguments[1:])[1]):
        maker = hashlib.new(arguments[0].removesuffix("sum"), usedforsecurity=False)
        maker.update(await read_all(source))
        await process.stdout.write(encode(f"{maker.hexdigest()}  {name}\n"))
    return 0


async def base64_program(machine: Machine, process: Process, arguments: list[str]) -> int:
    """base64, with -d."""
    flags, paths = options(arguments[1:], "w")
    for _, source in _sources(machine, process, paths):
        data = await read_all(source)
        if "d" in flags:
            try:
                await process.stdout.write(base64.b64decode(data))
            except ValueError:
                return await complain(process, "base64", "truncated input")
        else:
            await process.stdout.write(base64.encodebytes(data))
    return 0


async def awk(machine: Machine, process: Process, arguments: list[str]) -> int:
    """awk: `{print $1, $2}` with -F and a leading /pattern/, no more."""
    flags, words = options(arguments[1:], "Fv")
    match = re.fullmatch(
        r"\s*(?:/(.*)/)?\s*\{\s*print\s*(.*?)\s*;?\s*\}\s*", words[0] if words else ""
    )
    if match is None:
        return await complain(process, "awk", "only {print ...} is known here")
    for _, source in _sources(machine, process, words[1:]):
        async for raw in _lines(source):
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
    "grep": grep,
    "egrep": grep,
    "fgrep": grep,
    "sed": sed,
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
    "awk": awk,
    "diff": diff,
    "cmp": diff,
}
