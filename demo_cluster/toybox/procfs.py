"""/proc: what processes, memory, load and sockets look like from inside a container."""

from __future__ import annotations

import socket
import struct

from demo_cluster.toybox.filesystem import Computed, Directory, Link, Node
from demo_cluster.toybox.machine import Machine, encode
from demo_cluster.toybox.processes import Process

TICKS = 100
PAGE = 4096
BOOTED_BEFORE = 950_000
MEMORY_KB = 16_384_000
SOCKET_HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
    "  timeout inode"
)
DEVICE_HEAD = (
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop"
    " fifo colls carrier compressed\n"
)


def proc_directory(machine: Machine) -> Directory:
    """The whole of /proc."""

    def entries() -> dict[str, Node]:
        found: dict[str, Node] = {
            str(pid): _process_directory(machine, process)
            for pid, process in sorted(machine.table.processes.items())
        }
        return {**found, **fixed}

    def entry(name: str) -> Node | None:
        process = machine.table.processes.get(int(name)) if name.isdecimal() else None
        return fixed.get(name) if process is None else _process_directory(machine, process)

    fixed: dict[str, Node] = {
        "self": Link("1"),
        "uptime": Computed(lambda: encode(f"{_uptime(machine):.2f} {_uptime(machine) * 7:.2f}\n")),
        "loadavg": Computed(lambda: _load(machine)),
        "meminfo": Computed(lambda: _memory(machine)),
        "stat": Computed(lambda: _system(machine)),
        "version": Computed(lambda: b"Linux version 6.1.0 (demo@cluster) #1 SMP\n"),
        "cpuinfo": Computed(_processors),
        "mounts": Computed(lambda: b"overlay / overlay rw,relatime 0 0\nproc /proc proc rw 0 0\n"),
        "net": Directory(_net(machine)),
        "sys": Directory(
            {"kernel": Directory({"hostname": Computed(lambda: encode(machine.hostname + "\n"))})}
        ),
    }
    return Directory(mode=0o555, compute=entries, compute_one=entry)


def _uptime(machine: Machine) -> float:
    return BOOTED_BEFORE + machine.seconds() % 86_400


def _load(machine: Machine) -> bytes:
    busy = sum(machine.cpu_seconds(pid) for pid in machine.table.processes)
    load = 0.1 + busy % 1.7
    count = len(machine.table.processes)
    return encode(f"{load:.2f} {load * 0.9:.2f} {load * 0.8:.2f} 1/{count} {count}\n")


def _memory(machine: Machine) -> bytes:
    used = machine.memory_bytes() // 1024 + 2_400_000
    values = {
        "MemTotal": MEMORY_KB,
        "MemFree": MEMORY_KB - used - 812_000,
        "MemAvailable": MEMORY_KB - used,
        "Buffers": 91_000,
        "Cached": 812_000,
        "SwapTotal": 0,
        "SwapFree": 0,
    }
    return encode("".join(f"{name + ':':<16}{value:>8} kB\n" for name, value in values.items()))


def _system(machine: Machine) -> bytes:
    user = int(_uptime(machine) * 12)
    booted = int(machine.seconds() - _uptime(machine))
    return encode(
        f"cpu  {user} 0 {user // 3} {user * 40} 210 0 33 0 0 0\n"
        f"cpu0 {user} 0 {user // 3} {user * 40} 210 0 33 0 0 0\n"
        f"btime {booted}\nprocesses {len(machine.table.processes)}\nprocs_running 1\n"
    )


def _processors() -> bytes:
    return "".join(
        f"processor\t: {number}\nmodel name\t: Demo CPU @ 2.40GHz\ncpu MHz\t\t: 2400.000\n\n"
        for number in range(8)
    ).encode()


def _process_directory(machine: Machine, process: Process) -> Directory:
    return Directory(
        mode=0o555,
        modified=process.started_seconds,
        compute=lambda: _process_entries(machine, process),
    )


def _process_entries(machine: Machine, process: Process) -> dict[str, Node]:
    name = process.arguments[0].rpartition("/")[2][:15]
    variables = "".join(f"{key}={value}\0" for key, value in process.environment.items())
    return {
        "cmdline": Computed(lambda: encode("\0".join(process.arguments) + "\0")),
        "comm": Computed(lambda: encode(name + "\n")),
        "environ": Computed(lambda: encode(variables), mode=0o400),
        "stat": Computed(lambda: _stat(machine, process, name)),
        "status": Computed(lambda: _status(machine, process, name)),
        "statm": Computed(lambda: encode(f"1100 {_resident(machine, process)} 200 200 0 100 0\n")),
        "io": Computed(lambda: _io(machine, process)),
        "limits": Computed(
            lambda: b"Max open files            1048576              1048576              files\n"
        ),
        "cgroup": Computed(lambda: b"0::/\n"),
        "cwd": Link(process.directory),
        "exe": Link(f"/bin/{name}"),
        "root": Link("/"),
        "fd": Directory(_descriptors(machine, process), mode=0o500),
        "net": Directory(_net(machine)),
        "task": Directory(
            {str(process.pid): Directory({"comm": Computed(lambda: encode(name + "\n"))})}
        ),
    }


def _resident(machine: Machine, process: Process) -> int:
    """Pages in memory: the container's use belongs to its first process."""
    return machine.memory_bytes() // PAGE if process.pid == 1 else 260


def _stat(machine: Machine, process: Process, name: str) -> bytes:
    spent = int(machine.cpu_seconds(process.pid) * TICKS)
    started = int((process.started_seconds - machine.seconds() + _uptime(machine)) * TICKS)
    fields = [
        process.pid, f"({name})", "S", process.parent, process.pid, process.pid, 0, -1, 4194560,
        100, 0, 0, 0, spent * 3 // 4, spent // 4, 0, 0, 20, 0, 1, 0, started, 4_505_600,
        _resident(machine, process), 18446744073709551615, *([0] * 27),
    ]  # fmt: skip
    return encode(" ".join(map(str, fields)) + "\n")


def _status(machine: Machine, process: Process, name: str) -> bytes:
    user = 0 if machine.user == "root" else 1000
    return encode(
        f"Name:\t{name}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{process.pid}\n"
        f"Pid:\t{process.pid}\nPPid:\t{process.parent}\n"
        f"Uid:\t{user}\t{user}\t{user}\t{user}\nGid:\t{user}\t{user}\t{user}\t{user}\n"
        f"FDSize:\t64\nVmPeak:\t    4520 kB\nVmSize:\t    4400 kB\n"
        f"VmRSS:\t{_resident(machine, process) * 4:>8} kB\nThreads:\t1\n"
    )


def _io(machine: Machine, process: Process) -> bytes:
    spent = int(machine.cpu_seconds(process.pid) * 100_000)
    return encode(
        f"rchar: {spent * 3}\nwchar: {spent}\nsyscr: {spent // 50}\nsyscw: {spent // 90}\n"
        f"read_bytes: {spent // 3}\nwrite_bytes: {spent // 5}\ncancelled_write_bytes: 0\n"
    )


def _descriptors(machine: Machine, process: Process) -> dict[str, Node]:
    targets = ["/dev/null", "pipe:[40001]", "pipe:[40002]"]
    if process.terminal != "?":
        targets = [f"/dev/{process.terminal}"] * 3
    if process.pid == 1:
        targets += [f"socket:[{50000 + port}]" for port in sorted(machine.network.servers)]
        found = machine.network.connections()
        targets += [f"socket:[{60000 + index}]" for index in range(len(found))]
    return {str(number): Link(target, mode=0o700) for number, target in enumerate(targets)}


def _net(machine: Machine) -> dict[str, Node]:
    empty = encode(SOCKET_HEAD + "\n")
    return {
        "tcp": Computed(lambda: _sockets(machine)),
        "tcp6": Computed(lambda: empty),
        "udp": Computed(lambda: empty),
        "udp6": Computed(lambda: empty),
        "dev": Computed(lambda: _devices(machine)),
    }


def _sockets(machine: Machine) -> bytes:
    lines = [SOCKET_HEAD]
    rows = [
        ("00000000", port, "00000000", 0, "0A", 50000 + port)
        for port in sorted(machine.network.servers)
    ]
    here = _hexadecimal(machine.network.address)
    for index, (port, host, remote) in enumerate(machine.network.connections()):
        rows.append((here, port, _hexadecimal(host), remote, "01", 60000 + index))
    for number, (local, port, far, remote, state, inode) in enumerate(rows):
        lines.append(
            f"{number:>4}: {local}:{port:04X} {far}:{remote:04X} {state} 00000000:00000000 "
            f"00:00000000 00000000     0        0 {inode} 1 0000000000000000 100 0 0 10 0"
        )
    return encode("\n".join(lines) + "\n")


def _hexadecimal(address: str) -> str:
    """An IPv4 address as /proc/net/tcp writes it: in the order of the host's bytes."""
    number: int = struct.unpack("<I", socket.inet_aton(address))[0]
    return f"{number:08X}"


def _devices(machine: Machine) -> bytes:
    sent = int(machine.cpu_seconds(1) * 900_000) + 4096
    received = f"{sent * 2} {sent // 700} 0 0 0 0 0 0"
    rows = f"    lo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n  eth0: {received} {sent} {sent // 900}"
    return encode(f"{DEVICE_HEAD}{rows} 0 0 0 0 0 0\n")
