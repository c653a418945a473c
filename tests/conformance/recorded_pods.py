"""Pods as a recording's setup sentences describe them: sentence in, pod out. Pure.

A sentence is read clause by clause (`prints alive every 0.5 s`, `exits 3`, `containers a and b`).
What sentences leave out about the recorder's own pods stands in `TOLD_ELSEWHERE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FOREVER = "sleep 100000"
_ODD = (
    b"crlf\r\n\n\n\x1b[31mred\x1b[0m plain\ntab\there\nbad \xff\xfe utf8\nnul \x00 byte\n"
    b"progress 1\rprogress 2\rprogress 3\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82\nend without newline"
)
TOLD_ELSEWHERE: Mapping[str, str] = {
    "two": "containers a and b",
    "plain": '"line 1".."line 10" 0.2 s apart on stdout, then err on stderr, then sleeps',
    "done": 'one (stdout), two (stderr), "no newline at end", Succeeded',
    "empty": "Succeeded",
    "halves": '"first half " <1 s> "second half\\n" "again " <1 s> "done\\n" then sleeps',
    "init": "init container setup (ended), sidecar side, container main",
    "noimage": "ErrImageNeverPull",
    "noimg": "ErrImageNeverPull",
    "pullfail": "imagePullPolicy Always, unknown registry",
    "cfgerr": "CreateContainerConfigError",
    "badcmd": "its command does not exist, restartPolicy Never",
    "unsched": "is not scheduled",
    "crash": "prints start <epoch>, exits 3; in CrashLoopBackOff",
    "vol": "its container mounts a configmap that does not exist",
    "dead": "Succeeded",
    "p": "containers main and web (busybox httpd on 8080)",
    "att": 'main prints "tick n" every 0.5 s; cat echoes stdin lines; once has stdinOnce; '
    "tty runs sh with tty",
    "short": "prints 1..3 and exits with 5, restartPolicy Never",
    "poll": "init container sleeps 2 s, then echo hi",
    "cr": "prints run and <epoch>, 3 s, exits 1",
    "err": "writes out n / err n in turn",
    "fexit": '"tick 1".."tick 8" 0.5 s apart, then "bye" without newline, exit 0, '
    "restartPolicy Never",
    "fburst": "after 2 s 200 lines at once, after 1 s exit 0, restartPolicy Never",
    "fdel": 'prints alive every 0.5 s; on TERM "got TERM", 1 s, "bye"',
    "fzero": "prints alive every 0.3 s",
    "frest": "prints run, 1 s, exits 1; restarts",
    "ftail": "prints n 1..20, 0.3 s apart",
    "flimit": "prints 11 bytes every 0.3 s",
    "flong": '1 s, 20000 bytes "L" without newline, 1.5 s, "END\\n"',
}
"""What a pod of this name is, where no sentence of the recording says it."""


@dataclass
class _Plan:
    """A pod while its sentence is read."""

    name: str
    containers: dict[str, list[str]] = field(default_factory=dict)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    init: list[dict[str, Any]] = field(default_factory=list)
    spec: dict[str, Any] = field(default_factory=dict)
    current: str = "main"
    trap: list[str] | None = None
    says_newlines: bool = False
    ends: bool = False
    """What it writes takes its time and is finite; when that is done it ends."""

    def add(self, *commands: str) -> None:
        """Commands that the container in question runs next."""
        if self.trap is not None:
            self.trap.extend(commands)
        else:
            self.containers.setdefault(self.current, []).extend(commands)

    def container(self, name: str, *commands: str) -> None:
        """Another container, which runs these."""
        self.containers.setdefault(name, []).extend(commands)


def printf(data: bytes) -> str:
    """A command that writes exactly these bytes."""
    return "printf '" + "".join(f"\\{byte:03o}" for byte in data) + "'"


def _container(name: str, script: str, **more: Any) -> dict[str, Any]:
    made = {"name": name, "image": "busybox", "imagePullPolicy": "Never"}
    return {**made, "command": ["sh", "-c", script], **more}


def _count(plan: _Plan, found: re.Match[str]) -> None:
    word, first, last, pause = found.group("word", "first", "last", "pause")
    numbers = " ".join(str(number) for number in range(int(first), int(last) + 1))
    text = f"{word} $i" if word else "$i"
    plan.add(f'for i in {numbers}; do echo "{text}"; sleep {pause or ".5"}; done')
    plan.ends = True


def _repeat(plan: _Plan, found: re.Match[str]) -> None:
    text, pause = found.group("text").strip('"'), found.group("pause")
    line = re.sub(r"\bn\b", "$i", text)
    plan.add(f'i=0; while true; do echo "{line}"; i=$((i+1)); sleep {pause}; done')


def _repeat_bytes(plan: _Plan, found: re.Match[str]) -> None:
    line = ("0123456789" * 100)[: int(found["size"]) - 1]
    plan.add(f"while true; do echo {line}; sleep {found['pause']}; done")


def _burst(plan: _Plan, found: re.Match[str]) -> None:
    last = int(found["count"]) - 1
    plan.add(f'for i in $(seq 0 {last}); do echo "burst line $i"; done')


def _wrote(plan: _Plan, found: re.Match[str]) -> None:
    line = "a fairly ordinary log line with number $i"
    plan.add(f'for i in $(seq 0 {int(found["count"]) - 1}); do echo "{line}"; done')


def _quoted(plan: _Plan, found: re.Match[str]) -> None:
    text = found["quoted"]
    is_raw = plan.says_newlines or found["open"] or "no newline" in text
    data = text.replace("\\n", "\n").encode()
    if "no newline" in text:
        plan.spec["restartPolicy"] = "Never"
    plan.add(printf(data if is_raw else data + b"\n"))


def _turns(plan: _Plan, found: re.Match[str]) -> None:
    one, other = found.group("one", "other")
    plan.add(f'for i in $(seq 0 4); do echo "{one} $i"; echo "{other} $i" >&2; done')


def _two_containers(plan: _Plan, found: re.Match[str]) -> None:
    for name in re.split(r", | and ", found["names"]):
        if name == "web":
            page = "mkdir -p /tmp/w; echo '<h1>hello</h1>' > /tmp/w/index.html"
            plan.container(name, page, "httpd -f -p 8080 -h /tmp/w")
        elif name == "main":
            plan.container(name)
        else:
            plan.container(name, f"echo from-{name}")


def _init_sleeps(plan: _Plan, found: re.Match[str]) -> None:
    plan.init.append(_container("init", f"sleep {found['pause']}"))


def _init_named(plan: _Plan, found: re.Match[str]) -> None:
    plan.init.append(_container(found["name"], "echo init says hi"))


def _sidecar(plan: _Plan, found: re.Match[str]) -> None:
    script = f"echo sidecar; {FOREVER}"
    plan.init.append(_container(found["name"], script, restartPolicy="Always"))


def _main_container(plan: _Plan, found: re.Match[str]) -> None:
    plan.container(found["name"], f"echo {found['name']}")


def _with_missing_volume(plan: _Plan, _: re.Match[str]) -> None:
    plan.spec["volumes"] = [{"name": "v", "configMap": {"name": "nope"}}]
    plan.extras["main"] = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    plan.add("true")


def _with_missing_secret(plan: _Plan, _: re.Match[str]) -> None:
    missing = {"secretKeyRef": {"name": "nope", "key": "k"}}
    plan.extras["main"] = {"env": [{"name": "X", "valueFrom": missing}]}


def _echoes(plan: _Plan, _: re.Match[str]) -> None:
    plan.add("while read x; do echo got $x; done")
    plan.extras[plan.current] = {"stdin": True}


def _stdin_once(plan: _Plan, _: re.Match[str]) -> None:
    plan.add("while read x; do echo first $x; done")
    plan.extras[plan.current] = {"stdin": True, "stdinOnce": True}


def _terminal(plan: _Plan, _: re.Match[str]) -> None:
    plan.extras[plan.current] = {"command": ["sh"], "stdin": True, "tty": True}


def _pause(plan: _Plan, found: re.Match[str]) -> None:
    plan.add(f"sleep {found['pause']}")
    plan.ends = True


def _command(plan: _Plan, *words: str) -> None:
    plan.extras["main"] = {"command": list(words)}


def _set(name: str, value: Any) -> Callable[[_Plan, re.Match[str]], None]:
    return lambda plan, _: plan.spec.__setitem__(name, value)


def _image(image: str, policy: str) -> Callable[[_Plan, re.Match[str]], None]:
    extra = {"image": image, "imagePullPolicy": policy}
    return lambda plan, _: plan.extras.__setitem__("main", extra)


_PAUSE = r"(?P<pause>[\d.]+) s"
_CLAUSES: tuple[tuple[str, Callable[[_Plan, re.Match[str]], None]], ...] = (
    (r"containers (?P<names>\w+((, | and )\w+)+)", _two_containers),
    (r"init container (?P<name>(?!sleeps)\w+)", _init_named),
    (rf"init container sleeps {_PAUSE}", _init_sleeps),
    (r"sidecar (?P<name>\w+)", _sidecar),
    (r"container (?P<name>main)\b", _main_container),
    (r"its container mounts a configmap|waits for its volume", _with_missing_volume),
    (r"CreateContainerConfigError", _with_missing_secret),
    (r"ErrImageNeverPull", _image("no/such:image", "Never")),
    (r"imagePullPolicy Always, unknown registry", _image("registry.invalid/x:1", "Always")),
    (r"command does not exist", lambda plan, _: _command(plan, "/no/such/command")),
    (r"is not scheduled", _set("nodeSelector", {"no": "such"})),
    (r"restartPolicy Never|Succeeded", _set("restartPolicy", "Never")),
    (r"echoes stdin lines", _echoes),
    (r"has stdinOnce", _stdin_once),
    (r"runs sh with tty", _terminal),
    (r"on TERM", lambda plan, _: setattr(plan, "trap", [])),
    (
        r'"(?P<word>[^"]*) (?P<first>\d+)"\.\."[^"]* (?P<last>\d+)" ' + _PAUSE + r" apart",
        _count,
    ),
    (
        rf"prints (?P<word>\w+) (?P<first>\d+)\.\.(?P<last>\d+)(, {_PAUSE} apart)?",
        _count,
    ),
    (rf"prints (?P<word>)(?P<first>\d+)\.\.(?P<last>\d+)(, {_PAUSE} apart)?", _count),
    (rf"prints (?P<size>\d+) bytes every {_PAUSE}", _repeat_bytes),
    (rf'prints (?P<text>"[^"]*"|\w+( n)?) every {_PAUSE}', _repeat),
    (r"prints start <epoch>", lambda plan, _: plan.add("echo start $(date +%s)", "echo oops")),
    (r"prints run and <epoch>", lambda plan, _: plan.add('echo "run "; date +%s')),
    (r"prints (?P<word>\w+)", lambda plan, found: plan.add(f"echo {found['word']}")),
    (r"writes (?P<one>\w+) n / (?P<other>\w+) n in turn", _turns),
    (r"wrote (?P<count>\d+) lines", _wrote),
    (r"(?P<count>\d+) lines at once", _burst),
    (
        r'(?P<size>\d+) bytes "(?P<letter>\w)" without newline',
        lambda plan, found: plan.add(
            f"head -c {found['size']} /dev/zero | tr '\\0' {found['letter']}"
        ),
    ),
    (r"echo (?P<word>\w+)", lambda plan, found: plan.add(f"echo {found['word']}")),
    (
        r"(?P<word>\w+) (\(stderr\)|on stderr)",
        lambda plan, found: plan.add(f"echo {found['word']} >&2"),
    ),
    (r"(?P<word>\w+) \(stdout\)", lambda plan, found: plan.add(f"echo {found['word']}")),
    (r'"(?P<quoted>[^"]*)"(?P<open> without newline)?', _quoted),
    (rf"<?{_PAUSE}>?", _pause),
    (r"then sleeps", lambda plan, _: plan.add(FOREVER)),
    (
        r"container that completed and was restarted",
        lambda plan, _: plan.add("echo once", "exit 0"),
    ),
    (
        r"exits?( with)? (?P<code>\d+)|exit\b(?P<zero>)",
        lambda plan, found: plan.add(f"exit {found['code'] or 0}"),
    ),
)
_CLAUSE = [(re.compile(pattern), act) for pattern, act in _CLAUSES]
_SPEAKER = re.compile(r"(?:^|; )?(?P<name>\w+) (?=prints|echoes|has|runs)")


def pod(name: str, sentence: str, wrote: bytes | None = None) -> dict[str, Any]:
    """The pod that a sentence describes (what follows `pod NAME:`).

    `wrote` is what it writes when neither the sentence nor `TOLD_ELSEWHERE` says it.
    """
    text = sentence
    if not _says_something(sentence):
        text = f"{TOLD_ELSEWHERE.get(name, '')}; {sentence}".strip("; ")
    plan = _Plan(name, says_newlines="\\n" in text)
    _read(plan, text)
    if not plan.containers and not plan.extras:
        plan.add(*_by_heart(name, wrote))
    return _manifest(plan)


def _by_heart(name: str, wrote: bytes | None) -> Iterable[str]:
    if name == "odd":
        return (printf(_ODD), "exit 0")
    if name == "long":
        sizes = (("a", 40000), ("b", 16383), ("c", 16384), ("d", 16385))
        lines = [f"head -c {size} /dev/zero | tr '\\0' {letter}; echo" for letter, size in sizes]
        return (*lines, "echo short", "exit 0")
    return (printf(wrote),) if wrote else ()


def _says_something(sentence: str) -> bool:
    plan = _Plan("")
    _read(plan, sentence)
    return bool(plan.containers or plan.extras or plan.init or plan.spec.get("nodeSelector"))


def _read(plan: _Plan, text: str) -> None:
    position = 0
    while position < len(text):
        speaker = _SPEAKER.match(text, position)
        if speaker:
            plan.current, plan.trap = speaker["name"], None
            plan.containers.setdefault(plan.current, [])
            position = speaker.end()
            continue
        for pattern, act in _CLAUSE:
            found = pattern.match(text, position)
            if found and found.end() > position:
                act(plan, found)
                position = found.end()
                break
        else:
            position += 1 if not text[position].isalnum() else _word(text, position)


def _word(text: str, position: int) -> int:
    found = re.compile(r"\w+").match(text, position)
    return len(found[0]) if found else 1


def _ends(plan: _Plan, commands: list[str]) -> bool:
    if plan.spec.get("restartPolicy") == "Never":
        return True
    if not commands:
        return False
    last = commands[-1]
    return last.startswith(("exit", "true", FOREVER)) or (plan.ends and plan.trap is None)


def _manifest(plan: _Plan) -> dict[str, Any]:
    containers = []
    names = plan.containers or {"main": []}
    for name in names:
        commands = list(names[name])
        if plan.trap is not None and name == plan.current:
            farewell = "; ".join([*plan.trap, "exit 0"]).replace("'", '"')
            commands.insert(0, f"trap '{farewell}' TERM")
        if not _ends(plan, commands):
            commands.append(FOREVER)
        made = _container(name, "; ".join(commands) or "true")
        containers.append({**made, **plan.extras.get(name, {})})
    if plan.name in ("odd", "long"):
        plan.spec["restartPolicy"] = "Never"
    if plan.ends and plan.trap is None and "restartPolicy" not in plan.spec:
        is_crash = any("exit" in command for each in plan.containers.values() for command in each)
        plan.spec.update({} if is_crash else {"restartPolicy": "Never"})
    grace = 5 if plan.trap else 1
    spec = {"containers": containers, "terminationGracePeriodSeconds": grace, **plan.spec}
    if plan.init:
        spec["initContainers"] = plan.init
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": plan.name},
        "spec": spec,
    }
