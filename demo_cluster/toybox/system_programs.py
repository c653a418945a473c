"""Programs about the system: sh, ps, env, sleep, id, date, stty, wget, httpd and their like."""

from __future__ import annotations

import posixpath
import re
from datetime import UTC, datetime, timedelta

from demo_cluster.toybox import syntax
from demo_cluster.toybox.builtins import BUILTINS, run_text
from demo_cluster.toybox.control_flow import Loop, Return, ScriptError
from demo_cluster.toybox.files_programs import complain, options
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.formatting import echoed, format_text
from demo_cluster.toybox.interpreter import Shell, script_name
from demo_cluster.toybox.machine import Machine, NoSuchProgramError, Program, decode, encode
from demo_cluster.toybox.parser import parse
from demo_cluster.toybox.processes import Ended, Process, Suspension
from demo_cluster.toybox.terminal import LineEditor, Terminal

BANNER = (
    "\n\nBusyBox v1.36.1 (2024-05-18 03:34:36 UTC) built-in shell (ash)\n"
    "Enter 'help' for a list of built-in commands.\n\n"
)
KERNEL = "6.1.0"


async def shell(machine: Machine, process: Process, arguments: list[str]) -> int:
    """sh, ash and bash: `-c text`, a script, stdin, or a person at a terminal."""
    state = Shell.of(machine, process, BUILTINS)
    state.name = script_name(arguments[0])
    words = list(arguments[1:])
    text: str | None = None
    while words and words[0].startswith("-") and words[0] != "-":
        flag = words.pop(0)
        if "c" in flag and not flag.startswith("--") and words:
            text = words.pop(0)
        state.options |= set(flag[1:]) & set("exuf")
    if text is None and words:
        text, state.name = _script_text(machine, process, words[0]), words[0]
        state.arguments = words[1:]
        if text is None:
            return await complain(process, arguments[0], f"can't open '{words[0]}'") + 1
    elif words:
        state.name, state.arguments = words[0], words[1:]
    if text is None and process.terminal != "?":
        work = _converse(state)
    elif text is None:
        work = _from_stdin(state)
    else:
        work = run_text(state, text)
    return await state.as_process(work)


def _script_text(machine: Machine, process: Process, path: str) -> str | None:
    try:
        return decode(machine.files.read(machine.absolute(process, path)))
    except FileError:
        return None


async def _from_stdin(state: Shell) -> int:
    text = ""
    pending = b""
    while True:
        piece = await state.process.stdin.read()
        pending += piece
        *lines, pending = pending.split(b"\n") if piece else [pending, b""]
        for line in lines:
            text += decode(line) + "\n"
            try:
                script = parse(text)
            except syntax.UnfinishedError:
                continue
            except syntax.ShellSyntaxError as error:
                await state.complain(str(error))
                return 2
            text = ""
            await state.run(script)
        if not piece:
            return state.status


async def _converse(state: Shell) -> int:
    process = state.process
    terminal = process.session
    if not isinstance(terminal, Terminal):
        return await _from_stdin(state)
    process.interactive = True
    editor = LineEditor(terminal, state.machine.files)
    if "bash" not in state.name:
        await process.stdout.write(encode(BANNER))
    text = ""
    while True:
        prompt = "> " if text else _prompt(state)
        line = await editor.read_line(prompt, process.directory)
        if line is None:
            if text:
                text = ""
                continue
            return state.status
        text += line + "\n"
        try:
            script = parse(text)
        except syntax.UnfinishedError:
            continue
        except syntax.ShellSyntaxError as error:
            await state.complain(str(error))
            state.status, text = 2, ""
            continue
        text = ""
        await _run_line(state, script)


async def _run_line(state: Shell, script: syntax.Script) -> None:
    try:
        await state.run(script)
    except (Loop, Return):
        pass
    except ScriptError as error:
        await state.complain(str(error))
        state.status = 2


def _prompt(state: Shell) -> str:
    here = state.process.directory
    home = state.variables.get("HOME", "/root")
    shown = "~" + here.removeprefix(home) if here == home or here.startswith(home + "/") else here
    sign = "#" if state.machine.user == "root" else "$"
    if "bash" in state.name:
        return f"{state.machine.user}@{state.machine.hostname}:{shown}{sign} "
    return f"{shown} {sign} "


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


async def echo(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Echo."""
    await process.stdout.write(encode(echoed(arguments[1:])))
    return 0


async def printf(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Printf."""
    if len(arguments) > 1:
        await process.stdout.write(encode(format_text(arguments[1], arguments[2:])))
    return 0


async def true(_machine: Machine, _process: Process, _arguments: list[str]) -> int:
    """True."""
    return 0


async def false(_machine: Machine, _process: Process, _arguments: list[str]) -> int:
    """False."""
    return 1


def builtin(name: str) -> Program:
    """A builtin of the shell as a program of its own (`/usr/bin/test`, `/bin/kill`)."""

    async def run(machine: Machine, process: Process, arguments: list[str]) -> int:
        return await BUILTINS[name](Shell.of(machine, process, BUILTINS), list(arguments[1:]))

    return run


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


async def date(machine: Machine, process: Process, arguments: list[str]) -> int:
    """date, with +FORMAT and -u."""
    now = machine.clock.now()
    layout = next((word[1:] for word in arguments[1:] if word.startswith("+")), None)
    if layout is None:
        text = now.strftime("%a %b %e %H:%M:%S UTC %Y")
    else:
        layout = layout.replace("%N", f"{now.microsecond * 1000:09d}")
        text = now.strftime(layout.replace("%s", str(int(now.timestamp()))))
    await process.stdout.write(encode(text + "\n"))
    return 0


async def identity(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Id and whoami."""
    root = machine.user == "root"
    number, name = (0, "root") if root else (1000, machine.user)
    if arguments[0].endswith("whoami") or "-un" in arguments:
        text = name
    elif {"-u", "-g"} & set(arguments):
        text = str(number)
    else:
        groups = ",10(wheel)" if root else ""
        text = f"uid={number}({name}) gid={number}({name}) groups={number}({name}){groups}"
    await process.stdout.write(encode(text + "\n"))
    return 0


async def hostname(machine: Machine, process: Process, arguments: list[str]) -> int:
    """hostname, with -i."""
    text = machine.network.address if "-i" in arguments else machine.hostname
    await process.stdout.write(encode(text + "\n"))
    return 0


async def uname(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Uname."""
    flags, _ = options(arguments[1:])
    parts = {"s": "Linux", "n": machine.hostname, "r": KERNEL, "v": "#1 SMP", "m": "x86_64"}
    chosen = list(parts) if "a" in flags else [letter for letter in parts if letter in flags]
    text = " ".join(parts[letter] for letter in chosen or ["s"])
    await process.stdout.write(encode(text + (" GNU/Linux" if "a" in flags else "") + "\n"))
    return 0


async def nproc(_machine: Machine, process: Process, _arguments: list[str]) -> int:
    """Nproc."""
    await process.stdout.write(b"8\n")
    return 0


async def uptime(machine: Machine, process: Process, _arguments: list[str]) -> int:
    """Uptime."""
    text = decode(machine.files.read("/proc/loadavg")).split()[:3]
    await process.stdout.write(
        encode(
            f" {machine.clock.now():%H:%M:%S} up 11 days,  3:04,  0 users,  "
            f"load average: {', '.join(text)}\n"
        )
    )
    return 0


async def free(machine: Machine, process: Process, arguments: list[str]) -> int:
    """free, with -m."""
    divisor = 1024 if "-m" in arguments else 1
    used = machine.memory_bytes() // 1024
    total = 16384000
    cells = [total // divisor, used // divisor, (total - used) // divisor, 0, 812000 // divisor]
    await process.stdout.write(
        encode(
            "              total        used        free      shared  buff/cache   available\n"
            f"Mem:    {''.join(f'{cell:>11} ' for cell in cells)}{cells[2]:>11}\n"
            f"Swap:   {0:>11} {0:>11} {0:>11}\n"
        )
    )
    return 0


async def stty(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Stty size."""
    terminal = process.session
    if not isinstance(terminal, Terminal):
        return await complain(process, "stty", "standard input: Not a tty")
    if "size" in arguments:
        if not terminal.columns or not terminal.rows:
            await complain(process, "stty", "standard input")
            return 0
        await process.stdout.write(encode(f"{terminal.rows} {terminal.columns}\n"))
    return 0


async def tty(_machine: Machine, process: Process, _arguments: list[str]) -> int:
    """Tty."""
    known = process.terminal != "?"
    await process.stdout.write(encode(f"/dev/{process.terminal}\n" if known else "not a tty\n"))
    return 0 if known else 1


async def which(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Which."""
    code = 0
    for name in arguments[1:]:
        try:
            path, _ = machine.find_program(name, process.environment)
        except NoSuchProgramError:
            code = 1
            continue
        await process.stdout.write(encode(path + "\n"))
    return code


async def clear(_machine: Machine, process: Process, _arguments: list[str]) -> int:
    """Clear."""
    await process.stdout.write(b"\x1b[H\x1b[J")
    return 0


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
    "sh": shell,
    "ash": shell,
    "sleep": sleep,
    "echo": echo,
    "printf": printf,
    "true": true,
    "false": false,
    "test": builtin("test"),
    "[": builtin("["),
    "kill": builtin("kill"),
    "pwd": builtin("pwd"),
    "ps": ps,
    "env": env,
    "printenv": printenv,
    "timeout": timeout,
    "date": date,
    "id": identity,
    "whoami": identity,
    "hostname": hostname,
    "uname": uname,
    "nproc": nproc,
    "uptime": uptime,
    "free": free,
    "stty": stty,
    "tty": tty,
    "which": which,
    "clear": clear,
    "reset": clear,
    "pgrep": kill_all,
    "pkill": kill_all,
    "sync": exit_now,
}
DEBIAN_PROGRAMS: dict[str, Program] = {"bash": shell}
