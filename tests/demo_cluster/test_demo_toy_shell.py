"""The toy shell: what a container's command prints, and the code it ends with."""

import time

import pytest

from demo_cluster.clock import SteppedClock
from demo_cluster.kubelet.volumes import BUSYBOX
from demo_cluster.toybox.filesystem import Device, Directory, File
from demo_cluster.toybox.machine import Machine
from demo_cluster.toybox.processes import (
    MOST_PROCESSES,
    SIGNALS,
    Backlog,
    Nothing,
    Outlet,
    Pipe,
    Process,
)
from demo_cluster.toybox.terminal import Terminal


class Container:
    """A machine on a stepped clock with one first process."""

    def __init__(self, *command: str, pid_one: bool = True) -> None:
        self.clock = SteppedClock()
        self.machine = Machine(self.clock, "box", BUSYBOX)
        for name in BUSYBOX:
            self.machine.files.place(f"/bin/{name}", File(b"\x7fELF", mode=0o755))
        self.machine.files.place("/tmp", Directory())
        for name in ("null", "zero"):
            self.machine.files.place(f"/dev/{name}", Device(name))
        self.output = bytearray()
        self.input = Pipe(bounded=False)
        if not pid_one:
            self._spawn(["sleep", "infinity"])
        self.process = self._spawn(list(command))

    def _spawn(self, command: list[str]) -> Process:
        sink = Outlet(self.output.extend)
        return self.machine.spawn(
            command,
            environment={"PATH": "/bin", "HOME": "/root"},
            directory="/",
            streams=(self.input, sink, sink),
        )


def run(script: str, seconds: float = 60) -> tuple[str, int | None]:
    """What the script printed and its code, None while it still runs."""
    container = Container("sh", "-c", script, pid_one=False)
    container.clock.advance(seconds)
    return container.output.decode("utf-8", "surrogateescape"), container.process.exit_code


@pytest.mark.parametrize(
    ("script", "printed", "code"),
    [
        ("echo hello", "hello\n", 0),
        ("exit 3", "", 3),
        ("nosuchcommand", "sh: nosuchcommand: not found\n", 127),
        ("i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); sleep 1; done", "0\n1\n2\n", 0),
        ("for x in a 'b c'; do echo \"[$x]\"; done", "[a]\n[b c]\n", 0),
        ("if false; then echo 1; elif true; then echo 2; else echo 3; fi", "2\n", 0),
        ("case x.log in *.txt) echo t;; *.log|*.out) echo l;; esac", "l\n", 0),
        ("f() { local v=in; echo $v $1; return 4; }; v=out; f a; echo $v $?", "in a\nout 4\n", 0),
        ('echo a b c | (read x rest; echo "$rest")', "b c\n", 0),
        ("seq 1 5 | grep -v 3 | wc -l", "4\n", 0),
        ("yes | head -n 2", "y\ny\n", 0),
        ("printf 'a\\nb\\nc' | head -n 3", "a\nb\nc", 0),
        ("head -n many /dev/null", "head: invalid argument\n", 1),
        ("echo a1-b2 | tr -dc a-z; echo", "ab\n", 0),
        ("echo a1-b2 | tr -c '[:alnum:]\\n' _", "a1_b2\n", 0),
        ("printf '%*d|' x 7; printf '%.999999999s' ab", "7|ab", 0),
        ("echo $(echo a; echo b) `echo c`", "a b c\n", 0),
        ("echo ${none:-x} ${HOME##*/} ${#HOME}", "x root 5\n", 0),
        ("cat <<END\n$((6*7)) $HOME\nEND", "42 /root\n", 0),
        ("cat <<'END'\n$HOME\nEND", "$HOME\n", 0),
        ("echo no >/tmp/f; echo yes >>/tmp/f; cat </tmp/f", "no\nyes\n", 0),
        ("echo e >&2 2>/dev/null; ls /none 2>/dev/null || echo $?", "e\n1\n", 0),
        ("set -e; false; echo never", "", 1),
        ("(exit 5); echo $?; ! true; echo $?", "5\n1\n", 0),
        ("sleep 2 & sleep 1; wait; echo both", "both\n", 0),
        ("printf '%03d|%-3s|%x\\n' 7 ab 255", "007|ab |ff\n", 0),
        ("printf '\\303\\244\\n'", "ä\n", 0),
        ("echo '*' /b*n \"/b*\"", "* /bin /b*\n", 0),
        ("trap 'echo bye' EXIT; exit 2", "bye\n", 2),
        ("kill -9 $$", "", 137),
        ("kill -15 $$", "", 143),
        ("echo a; done", 'sh: syntax error: unexpected "done"\n', 2),
        ("for x in a ( b; do :; done", 'sh: syntax error: unexpected "("\n', 2),
        ("test -d /tmp -a ! -f /tmp && [ 2 -ge 1 ] && echo ok", "ok\n", 0),
        ("x=1; (x=2; echo $x); echo $x", "2\n1\n", 0),
        (
            "echo one two three | sed 's/t\\(.\\)/T\\1/g' | cut -d' ' -f2,3 | tr a-z A-Z",
            "TWO THREE\n",
            0,
        ),
        ("head -c 70000 /dev/zero | wc -c", "70000\n", 0),
    ],
)
def test_a_script_prints_and_ends_as_in_busybox(script: str, printed: str, code: int) -> None:
    assert run(script) == (printed, code)


def test_an_endless_loop_does_not_stop_the_world() -> None:
    _, code = run("while true; do :; done", seconds=5)

    assert code is None


@pytest.mark.parametrize(
    "script",
    [
        ":(){ :|:& };:",
        "f(){ f & f & }; f",
        "yes > /dev/null",
        "cat /dev/zero > /dev/null",
        "cat /dev/zero | cat | cat > /dev/null",
        "seq 1 1000000000 > /dev/null",
        "yes | sort",
        "cat /dev/zero | grep x",
        "x=$(cat /dev/zero)",
        "x=a; while true; do x=$x$x; done",
        "dd if=/dev/zero of=/tmp/x bs=1M count=100000",
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! | grep -E '(a+)+$'",
        "ls /*/*/*/*/*/*/*/*",
        "f(){ f; }; f",
        "printf '%1000000000d' 1 | wc -c",
        "yes | head -n 20000000 | sort",
    ],
)
def test_what_never_ends_leaves_the_others_time_and_room(script: str) -> None:
    container = Container("sh", "-c", script, pid_one=False)
    began = time.process_time()

    container.clock.advance(0.5)

    assert time.process_time() - began < 10
    assert len(container.machine.table.processes) <= MOST_PROCESSES
    assert len(container.output) < 64 << 20


def test_who_writes_waits_for_a_slow_reader_and_ends_with_it() -> None:
    container = Container("sleep", "infinity")
    backlog, taken = Backlog(), bytearray()

    def take(data: bytes) -> None:
        taken.extend(data)
        backlog.add(len(data))

    sink = Outlet(take, backlog)
    process = container.machine.spawn(
        ["yes"], environment={"PATH": "/bin"}, directory="/", streams=(Nothing(), sink, sink)
    )
    container.clock.advance(60)
    waiting = len(taken)
    backlog.done(waiting)
    container.clock.advance(60)
    more = len(taken)
    backlog.close()

    assert Backlog.LIMIT <= waiting < 2 * Backlog.LIMIT
    assert more > waiting
    assert process.exit_code == 128 + SIGNALS["PIPE"]


def test_the_first_process_ignores_sigterm_unless_it_traps_it() -> None:
    deaf = Container("sh", "-c", "sleep 100")
    hearing = Container(
        "sh", "-c", "trap 'echo got TERM; exit 0' TERM; while true; do sleep .2; done"
    )

    for container in (deaf, hearing):
        container.clock.advance(1)
        container.process.signal(SIGNALS["TERM"])
        container.clock.advance(1)

    assert deaf.process.exit_code is None
    assert (hearing.process.exit_code, hearing.output) == (0, b"got TERM\n")


def test_output_comes_when_it_is_written_not_at_the_end() -> None:
    container = Container("sh", "-c", "echo first; sleep 10; echo second")

    container.clock.advance(5)

    assert container.output == b"first\n"


def test_cat_ends_when_its_input_does() -> None:
    container = Container("cat", pid_one=False)

    container.input.feed(b"one\n")
    container.input.close_write()

    assert (container.output, container.process.exit_code) == (b"one\n", 0)


def test_processes_are_seen_in_ps_and_proc() -> None:
    printed, _ = run("sleep 50 & ps; cat /proc/1/comm")

    assert "sleep 50" in printed


@pytest.fixture
def person() -> tuple[Container, Terminal]:
    """Somebody at an interactive shell."""
    container = Container("sleep", "infinity")
    terminal = Terminal(container.machine.table, container.output.extend, "pts/1")
    shell = container.machine.table.new(
        ["sh"],
        environment={"PATH": "/bin", "HOME": "/root"},
        directory="/",
        streams=(terminal.keyboard, terminal.screen, terminal.screen),
        terminal="pts/1",
    )
    shell.session = terminal
    container.machine.begin(shell, BUSYBOX["sh"])
    container.process = shell
    container.output.clear()
    return container, terminal


def test_a_line_is_echoed_and_run(person: tuple[Container, Terminal]) -> None:
    container, terminal = person

    terminal.feed(b"echo $((6*7))\r")

    assert container.output.startswith(b"echo $((6*7))\r\n42\r\n/ # ")


def test_the_line_can_be_edited_and_recalled(person: tuple[Container, Terminal]) -> None:
    container, terminal = person

    terminal.feed(b"echo bc\x7f\x7fx\x1b[Da\r")
    terminal.feed(b"\x1b[A\r")

    assert container.output.count(b"\r\nax\r\n") == 2


def test_control_c_ends_the_program_and_leaves_the_shell(
    person: tuple[Container, Terminal],
) -> None:
    container, terminal = person

    terminal.feed(b"sleep 100\r")
    terminal.feed(b"\x03")
    terminal.feed(b"echo $?\r")

    assert b"^C" in container.output
    assert b"130\r\n" in container.output


def test_control_d_ends_a_program_then_the_shell(person: tuple[Container, Terminal]) -> None:
    container, terminal = person

    terminal.feed(b"cat\rabc\r\x04")
    still_there = container.process.exit_code is None
    terminal.feed(b"\x04")

    assert still_there
    assert container.output.count(b"abc") == 2
    assert container.process.exit_code == 0


def test_a_terminal_knows_its_size(person: tuple[Container, Terminal]) -> None:
    container, terminal = person

    terminal.resize(70, 30)
    terminal.feed(b"stty size\r")

    assert b"\r\n30 70\r\n" in container.output
