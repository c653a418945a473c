"""Commands that the shell runs inside itself."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.toybox import syntax
from demo_cluster.toybox.claims import bracket, test
from demo_cluster.toybox.control_flow import Loop, Return, ScriptError
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.formatting import echoed, format_text
from demo_cluster.toybox.interpreter import Builtin, Shell
from demo_cluster.toybox.machine import NoSuchProgramError, decode, encode
from demo_cluster.toybox.parser import parse
from demo_cluster.toybox.processes import SIGNALS, Ended, Process, Suspension

SIGNAL_NAMES = {number: name for name, number in SIGNALS.items()}


def signal_number(name: str) -> int | None:
    """A signal by name or number; 0 is EXIT."""
    if name.isdigit():
        return int(name)
    bare = name.upper().removeprefix("SIG")
    return 0 if bare == "EXIT" else SIGNALS.get(bare)


async def _true(_shell: Shell, _arguments: list[str]) -> int:
    return 0


async def _false(_shell: Shell, _arguments: list[str]) -> int:
    return 1


async def _echo(shell: Shell, arguments: list[str]) -> int:
    await shell.process.stdout.write(encode(echoed(arguments)))
    return 0


async def _printf(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        await shell.complain("printf: usage: printf FORMAT [ARGUMENT]...")
        return 2
    await shell.process.stdout.write(encode(format_text(arguments[0], arguments[1:])))
    return 0


async def _cd(shell: Shell, arguments: list[str]) -> int:
    target = arguments[0] if arguments else shell.variables.get("HOME", "/")
    if target == "-":
        target = shell.variables.get("OLDPWD", shell.process.directory)
        await shell.process.stdout.write(encode(target + "\n"))
    try:
        shell.change_directory(target)
    except FileError as error:
        await shell.complain(f"cd: can't cd to {target}: {error.reason}")
        return 2
    return 0


async def _pwd(shell: Shell, _arguments: list[str]) -> int:
    await shell.process.stdout.write(encode(shell.process.directory + "\n"))
    return 0


async def _exit(shell: Shell, arguments: list[str]) -> int:
    if arguments and not arguments[0].lstrip("-").isdigit():
        await shell.complain(f"exit: Illegal number: {arguments[0]}")
        raise Ended(2)
    raise Ended(int(arguments[0]) & 0xFF if arguments else shell.status)


async def _export(shell: Shell, arguments: list[str]) -> int:
    if not arguments or arguments == ["-p"]:
        lines = [
            f"export {name}='{value}'\n" for name, value in sorted(shell.environment().items())
        ]
        await shell.process.stdout.write(encode("".join(lines)))
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals:
            shell.variables[name] = value
        shell.exported.add(name)
    return 0


async def _readonly(shell: Shell, arguments: list[str]) -> int:
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals:
            shell.variables[name] = value
    return 0


async def _unset(shell: Shell, arguments: list[str]) -> int:
    for name in arguments:
        shell.variables.pop(name, None)
        shell.functions.pop(name, None)
        shell.exported.discard(name)
    return 0


async def _set(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        lines = [f"{name}='{value}'\n" for name, value in sorted(shell.variables.items())]
        await shell.process.stdout.write(encode("".join(lines)))
        return 0
    for position, argument in enumerate(arguments):
        if argument == "--" or argument[:1] not in "+-":
            shell.arguments = arguments[position + (argument == "--") :]
            return 0
        letters = {"pipefail": "", "errexit": "e", "nounset": "u", "xtrace": "x"}
        if argument[1:] in ("o", "eo", "euo"):
            continue
        for letter in argument[1:]:
            (shell.options.add if argument[0] == "-" else shell.options.discard)(letter)
        if argument in letters:
            shell.options.add(letters[argument])
    return 0


async def _shift(shell: Shell, arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 1
    if count > len(shell.arguments):
        return 1
    del shell.arguments[:count]
    return 0


async def _trap(shell: Shell, arguments: list[str]) -> int:
    traps = shell.process.traps
    if not arguments:
        lines = [
            f"trap -- '{action}' {SIGNAL_NAMES.get(number, 'EXIT')}\n"
            for number, action in sorted(traps.items())
        ]
        await shell.process.stdout.write(encode("".join(lines)))
        return 0
    action, names = arguments[0], arguments[1:]
    if not names:
        action, names = "-", arguments
    for name in names:
        number = signal_number(name)
        if number is None:
            await shell.complain(f"trap: {name}: invalid signal specification")
            return 1
        if action == "-":
            traps.pop(number, None)
        else:
            traps[number] = action
    return 0


async def _wait(shell: Shell, arguments: list[str]) -> int:
    wanted = [job for job in shell.background if not arguments or str(job.pid) in arguments]
    code = 0
    for job in wanted:
        code = await _ended_or_interrupted(shell, job)
        if shell.process.pending:
            return 128 + shell.process.pending[0]
    shell.background = [job for job in shell.background if job.exit_code is None]
    return code if arguments else 0


async def _ended_or_interrupted(shell: Shell, job: Process) -> int:
    process = shell.process
    while job.exit_code is None and not process.pending:

        def arrange(wake: Callable[[], None]) -> None:
            process.on_interrupt = wake
            job.when_ended(wake)

        await Suspension(arrange)
    process.on_interrupt = None
    return job.exit_code or 0


async def _read(shell: Shell, arguments: list[str]) -> int:
    raw = False
    names = []
    while arguments:
        argument = arguments.pop(0)
        if argument == "-p" and arguments:
            await shell.process.stderr.write(encode(arguments.pop(0)))
        elif argument in ("-t", "-n", "-d") and arguments:
            arguments.pop(0)
        elif argument.startswith("-"):
            raw = raw or "r" in argument
        else:
            names.append(argument)
    line, complete = await _read_line(shell)
    text = decode(line)
    if not raw:
        text = text.replace("\\", "")
    _assign_fields(shell, names or ["REPLY"], text)
    return 0 if complete else 1


async def _read_line(shell: Shell) -> tuple[bytes, bool]:
    line = bytearray()
    while True:
        byte = await shell.process.stdin.read(1)
        if not byte:
            return bytes(line), False
        if byte == b"\n":
            return bytes(line), True
        line += byte


def _assign_fields(shell: Shell, names: list[str], text: str) -> None:
    separators = shell.variables.get("IFS", " \t\n")
    blank = "".join(character for character in separators if character in " \t\n")
    rest = text.strip(blank) if blank else text
    for position, name in enumerate(names):
        if position == len(names) - 1:
            shell.variables[name] = rest
            return
        cut = next((i for i, letter in enumerate(rest) if letter in separators), len(rest))
        shell.variables[name] = rest[:cut]
        rest = rest[cut + 1 :].lstrip(blank) if blank else rest[cut + 1 :]


async def _eval(shell: Shell, arguments: list[str]) -> int:
    return await run_text(shell, " ".join(arguments))


async def run_text(shell: Shell, text: str) -> int:
    """Parse and run; a syntax error is a message and status 2."""
    try:
        return await shell.run(parse(text))
    except syntax.ShellSyntaxError as error:
        await shell.complain(str(error))
        return 2


async def _source(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        return 2
    path = shell.machine.absolute(shell.process, arguments[0])
    try:
        text = decode(shell.machine.files.read(path))
    except FileError as error:
        raise ScriptError(f".: can't open '{arguments[0]}': {error.reason}") from None
    try:
        return await run_text(shell, text)
    except Return as returned:
        return returned.code


async def _return(shell: Shell, arguments: list[str]) -> int:
    raise Return(int(arguments[0]) & 0xFF if arguments else shell.status)


async def _break(_shell: Shell, arguments: list[str]) -> int:
    raise Loop(int(arguments[0]) if arguments else 1, again=False)


async def _continue(_shell: Shell, arguments: list[str]) -> int:
    raise Loop(int(arguments[0]) if arguments else 1, again=True)


async def _local(shell: Shell, arguments: list[str]) -> int:
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if shell.locals:
            shell.locals[-1].setdefault(name, shell.variables.get(name))
        if equals:
            shell.variables[name] = value
    return 0


async def _command(shell: Shell, arguments: list[str]) -> int:
    if arguments[:1] == ["-v"]:
        return await _where(shell, arguments[1:], verbose=False)
    if not arguments:
        return 0
    builtin = BUILTINS.get(arguments[0])
    if builtin:
        return await builtin(shell, arguments[1:])
    return await shell.start_and_wait(arguments, shell.environment())


async def _type(shell: Shell, arguments: list[str]) -> int:
    return await _where(shell, arguments, verbose=True)


async def _where(shell: Shell, names: list[str], *, verbose: bool) -> int:
    code = 0
    for name in names:
        if name in shell.functions or name in BUILTINS:
            kind = "function" if name in shell.functions else "builtin"
            text = f"{name} is a shell {kind}" if verbose else name
        else:
            try:
                path, _ = shell.machine.find_program(name, shell.environment())
            except NoSuchProgramError:
                code = 127
                text = f"{name}: not found" if verbose else ""
            else:
                text = f"{name} is {path}" if verbose else path
        if text:
            await shell.process.stdout.write(encode(text + "\n"))
    return code


async def _kill(shell: Shell, arguments: list[str]) -> int:
    number = SIGNALS["TERM"]
    if arguments[:1] == ["-l"]:
        await shell.process.stdout.write(encode(" ".join(SIGNALS) + "\n"))
        return 0
    if arguments and arguments[0].startswith("-") and len(arguments[0]) > 1:
        name = arguments.pop(0)[1:]
        if name == "s" and arguments:
            name = arguments.pop(0)
        found = signal_number(name)
        if found is None:
            await shell.complain(f"kill: bad signal name '{name}'")
            return 1
        number = found
    code = 0
    for text in arguments:
        code = max(code, await _kill_one(shell, text, number))
    return code


async def _kill_one(shell: Shell, text: str, number: int) -> int:
    processes = shell.process.table.processes
    target = processes.get(int(text)) if text.lstrip("-").isdigit() else None
    if target is None:
        await shell.complain(f"kill: can't kill pid {text}: No such process")
        return 1
    if number:
        target.signal(number)
    return 0


async def _jobs(shell: Shell, _arguments: list[str]) -> int:
    running = [job for job in shell.background if job.exit_code is None]
    lines = [
        f"[{i}]+  Running                    {' '.join(job.arguments)}\n"
        for i, job in enumerate(running, 1)
    ]
    await shell.process.stdout.write(encode("".join(lines)))
    return 0


async def _umask(shell: Shell, _arguments: list[str]) -> int:
    await shell.process.stdout.write(b"0022\n")
    return 0


async def _help(shell: Shell, _arguments: list[str]) -> int:
    names = " ".join(sorted(BUILTINS))
    await shell.process.stdout.write(encode(f"Built-in commands:\n------------------\n\t{names}\n"))
    return 0


BUILTINS: dict[str, Builtin] = {
    ":": _true,
    "true": _true,
    "false": _false,
    "echo": _echo,
    "printf": _printf,
    "cd": _cd,
    "pwd": _pwd,
    "exit": _exit,
    "export": _export,
    "readonly": _readonly,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
    "wait": _wait,
    "read": _read,
    "eval": _eval,
    ".": _source,
    "source": _source,
    "return": _return,
    "break": _break,
    "continue": _continue,
    "local": _local,
    "command": _command,
    "type": _type,
    "kill": _kill,
    "jobs": _jobs,
    "umask": _umask,
    "help": _help,
    "test": test,
    "[": bracket,
    "[[": bracket,
}
