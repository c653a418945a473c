"""Programs about the system: id, date, hostname, uname, free, stty, which and their like."""

from __future__ import annotations

from demo_cluster.toybox.command_line import complain, options
from demo_cluster.toybox.formatting import echoed, format_text
from demo_cluster.toybox.machine import Machine, NoSuchProgramError, Program, decode, encode
from demo_cluster.toybox.processes import Process
from demo_cluster.toybox.terminal import Terminal

KERNEL = "6.1.0"


async def echo(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Echo."""
    await process.stdout.write(encode(echoed(arguments[1:])))
    return 0


async def printf(_machine: Machine, process: Process, arguments: list[str]) -> int:
    """Printf."""
    if len(arguments) > 1:
        await process.stdout.write(encode(format_text(arguments[1], arguments[2:])))
    return 0


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


PROGRAMS: dict[str, Program] = {
    "echo": echo,
    "printf": printf,
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
}
