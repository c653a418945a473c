"""Programs about processes: ps, env, sleep, timeout, pgrep, and servers that only stay."""

from __future__ import annotations

import posixpath
import re
from datetime import UTC, datetime, timedelta

from demo_cluster.toybox.command_line import complain
from demo_cluster.toybox.machine import Machine, NoSuchProgramError, Program, encode
from demo_cluster.toybox.processes import Ended, Process, Suspension


async def sleep(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """sleep, with fractions and units."""
    total = 0.0
    for word in arguments[1:]:
        match = re.fullmatch(r"(\d*\.?\d+|\d+\.)([smhd]?)", word)
        if word in ("infinity", "inf"):
            total = 1e9
        elif match is None:
            return await complain(process, "sleep", f"invalid number '{word}'")
        else:
            total += float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    await process.sleep(min(total, 1e9))
    return 0


async def true(_machine: Machine, _process: Process, _arguments: list[str]) -> int:
    """True."""
    return 0


async def false(_machine: Machine, _process: Process, _arguments: list[str]) -> int:
    """False."""
    return 1


async def ps(machine: Machine, process: Process, arguments: list[str]) -> int:
    """ps, with aux and -o."""
    table = machine.table.processes.values()
    words = "".join(arguments[1:])
    if "-o" in arguments:
        return await _ps_columns(machine, process, arguments[arguments.index("-o") + 1])
    lines = ["PID   USER     TIME  COMMAND"]
    if "aux" in words or "-ef" in words:
        lines = ["USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"]
    for each in table:
        spent = machine.cpu_seconds(each.pid)
        command = " ".join(each.arguments)
        if len(lines[0]) > 40:
            started = datetime.fromtimestamp(each.started_seconds, UTC)
            lines.append(
                f"{machine.user:<8} {each.pid:>7}  0.0  0.0   4400  1024 {each.terminal:<8} "
                f"S    {started:%H:%M}   {int(spent // 60)}:{int(spent % 60):02d} {command}"
            )
        else:
            clock = f"{int(spent // 60)}:{int(spent % 60):02d}"
            lines.append(f"{each.pid:>5} {machine.user:<8} {clock:>5} {command}")
    await process.stdout.write(encode("\n".join(lines) + "\n"))
    return 0


async def _ps_columns(machine: Machine, process: Process, wanted: str) -> int:
    names = [name.partition("=")[0] for name in wanted.split(",")]
    rows = [[name.upper() for name in names]]
    for each in machine.table.processes.values():
        values = {
            "pid": str(each.pid),
            "ppid": str(each.parent),
            "user": machine.user,
            "comm": posixpath.basename(each.arguments[0]),
            "args": " ".join(each.arguments),
            "etime": str(timedelta(seconds=int(machine.seconds() - each.started_seconds))),
            "time": "0:00",
            "tty": each.terminal,
            "stat": "S",
            "rss": "1024",
            "vsz": "4400",
        }
        rows.append([values.get(name, "-") for name in names])
    await process.stdout.write(encode("".join(" ".join(row) + "\n" for row in rows)))
    return 0


async def env(machine: Machine, process: Process, arguments: list[str]) -> int:
    """env, alone or before a command."""
    words = list(arguments[1:])
    environment = dict(process.environment)
    if words[:1] in (["-i"], ["-"]):
        words.pop(0)
        environment = {}
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words:
        return await _run_program(machine, process, words, environment)
    await process.stdout.write(encode("".join(f"{k}={v}\n" for k, v in environment.items())))
    return 0


async def _run_program(
    machine: Machine, process: Process, words: list[str], environment: dict[str, str]
) -> int:
    try:
        child = machine.spawn(
            words,
            environment=environment,
            directory=process.directory,
            streams=(process.stdin, process.stdout, process.stderr),
            parent=process.pid,
            terminal=process.terminal,
        )
    except NoSuchProgramError as error:
        return (
            await complain(
                process, "env", f"can't execute '{error.name}': No such file or directory"
            )
            * error.code
        )
    return await child.ended()


async def printenv(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Printenv."""
    names = arguments[1:]
    if not names:
        names = list(process.environment)
        text = "".join(f"{name}={process.environment[name]}\n" for name in names)
    else:
        text = "".join(process.environment[n] + "\n" for n in names if n in process.environment)
    await process.stdout.write(encode(text))
    return 0 if text else 1


async def timeout(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Timeout SECONDS COMMAND: 124 (143 in busybox) when it took too long."""
    words = [word for word in arguments[1:] if word not in ("-s", "KILL", "-k")]
    if len(words) < 2:
        return await complain(process, "timeout", "SECS and a program, please")
    child = machine.spawn(
        words[1:],
        environment=process.environment,
        directory=process.directory,
        streams=(process.stdin, process.stdout, process.stderr),
        parent=process.pid,
        terminal=process.terminal,
    )
    timer = machine.clock.call_later(float(words[0].rstrip("s")), lambda: child.kill(143))
    code = await child.ended()
    timer.cancel()
    return code


_QUESTIONS = frozenset({"-t", "-T", "-v", "-V", "--version", "version", "healthcheck", "health"})


async def forever(_machine: Machine, _process: Process, arguments: list[str]) -> int:
    """A server that does nothing here but stay, unless it is only asked how it is."""
    if _QUESTIONS & set(arguments[1:2]):
        return 0
    await Suspension(lambda _wake: None)
    return 0


def saying(text: str) -> Program:
    """A program that prints a line (nothing for an empty one) and is content."""

    async def say(_machine: Machine, process: Process, _arguments: list[str]) -> int:
        if text:
            await process.stdout.write(encode(text + "\n"))
        return 0

    return say


async def kill_all(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Pgrep and pkill by name."""
    code = 1
    for each in list(machine.table.processes.values()):
        if each is not process and arguments[-1] in " ".join(each.arguments):
            code = 0
            if arguments[0].endswith("pgrep"):
                await process.stdout.write(encode(f"{each.pid}\n"))
            else:
                each.signal(15)
    return code


async def exit_now(_machine: Machine, _process: Process, _arguments: list[str]) -> int:
    """A program that ends at once without a word."""
    raise Ended(0)


PROGRAMS: dict[str, Program] = {
    "sleep": sleep,
    "true": true,
    "false": false,
    "ps": ps,
    "env": env,
    "printenv": printenv,
    "timeout": timeout,
    "pgrep": kill_all,
    "pkill": kill_all,
    "sync": exit_now,
}
