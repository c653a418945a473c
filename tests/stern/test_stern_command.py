"""The command as a person runs it: bytes, exit codes, signals, a terminal, a demo cluster."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stern.pod_server import PodServer, Query, Send, pod, pod_server

STERN = [sys.executable, "-m", "stern"]
LOG = b"2026-11-21T10:00:00.000000001Z one\n2026-11-21T10:00:01.000000000Z two\n"


async def serve_log(name: str, query: Query, send: Send) -> None:
    """Two lines, one of them for a --tail of one; a followed log stays open."""
    text = b"2026-11-20T10:00:00Z before\n" if query.get("previous") else LOG
    lines = text.splitlines(keepends=True)
    await send(b"".join(lines[-int(query.get("tailLines", len(lines))) :]))
    if query.get("follow"):
        await asyncio.Event().wait()


def environment(**more: str) -> dict[str, str]:
    """The environment without what could change the outcome."""
    left_out = ("KUBECONFIG", "STERNCONFIG", "NO_COLOR")
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return {**kept, "STERNCONFIG": os.devnull, "TZ": "UTC", **more}


async def stern(
    *arguments: str, server: PodServer | None = None, stdin: bytes = b"", **env: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one run."""
    if server is not None:
        env["KUBECONFIG"] = str(server.kubeconfig)
    process = await asyncio.create_subprocess_exec(
        *STERN,
        *arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**env),
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def test_the_version_is_answered_before_anything_is_imported() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "stern", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "version: 0.1.0\n"
    assert "stern.cli" not in done.stderr
    assert "asyncio" not in done.stderr


def test_the_version_is_the_package_s() -> None:
    import tomllib

    from stern.version import VERSION

    root = Path(__file__).parents[2]
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"] == VERSION


async def test_reading_once_writes_lines_to_stdout_and_the_rest_to_stderr(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        code, out, err = await stern("web", "--no-follow", server=server)

    assert (code, out) == (0, "web-1 app one\nweb-1 app two\n")
    assert err == "+ web-1 › app\n- web-1 › app\n"


async def test_tail_previous_and_only_log_lines(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        tail = await stern(".", "--no-follow", "--tail", "1", "--only-log-lines", server=server)
        previous = await stern(".", "--previous", "-o", "raw", server=server)

    assert tail == (0, "web-1 app two\n", "")
    assert previous[:2] == (0, "before\n")


async def test_two_namespaces_are_named_in_every_line(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        _, out, err = await stern(
            ".", "--no-follow", "-n", "default,other", "--tail=1", server=server
        )

    assert out.splitlines()[0] == "default web-1 app two"
    assert err.splitlines()[0] == "+ default web-1 › app"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "One of pod-query, --selector, --field-selector, --prompt or --stdin is required"),
        (["--nope"], "unknown flag: --nope"),
        (["x", "--config", "/nowhere.yaml"], "open /nowhere.yaml: no such file or directory"),
    ],
)
async def test_a_wrong_command_line_is_followed_by_the_usage(
    tmp_path: Path, arguments: list[str], error: str
) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        env = {} if "--config" not in arguments else {"STERNCONFIG": "/nowhere.yaml"}
        code, out, err = await stern(*arguments, server=server, **env)

    assert (code, out) == (1, "")
    assert err.startswith(f"Error: {error}\nUsage:\n  stern pod-query [flags]\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["[a"],
            ("failed to compile regular expression from query: "
            "error parsing regexp: missing closing ]: `[a`"),
        ),
        (["x/y"], "resource type x is not supported"),
        (["x", "-o", "xml"], ("output should be one of 'default', 'raw', 'json', 'extjson', and "
         "'ppextjson'")),
        (["x", "-T", "/nowhere"], "open /nowhere: no such file or directory"),
        (["x", "--template", "{{x}}"], ("unable to parse template: template: log:1: "
         'function "x" not defined')),
        (["x", "--timezone", "Mars"], "unknown time zone Mars"),
        (["x", "--level", "loud"], "level should be one of trace, debug, info, warn, error, fatal"),
        (["x", "--contexts", "none"], ("no context matches none; "
         "see them with: kubectl config get-contexts")),
    ],
)  # fmt: skip
async def test_other_errors_are_one_sentence(
    tmp_path: Path, arguments: list[str], error: str
) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        code, out, err = await stern(*arguments, server=server)

    assert (code, out, err) == (1, "", f"Error: {error}\n")


async def test_a_cluster_that_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    dead = {"server": "http://127.0.0.1:1"}
    code, out, err = await stern("x", "--server", dead["server"], KUBECONFIG=str(tmp_path / "no"))

    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


async def test_an_unknown_context_is_one_sentence(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        code, _, err = await stern("x", "--context", "nope", server=server)

    assert code == 1
    assert err.startswith("Error: ")
    assert "nope" in err
    assert err.count("\n") == 1


async def test_an_object_that_is_not_there_is_reported_as_the_server_says(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        code, _, err = await stern("deploy/x", "-A", server=server)

    assert code == 1
    assert err == 'Error: deployments "x" not found in any namespace\n'


async def _until_first_line(
    server: PodServer, *arguments: str
) -> tuple[asyncio.subprocess.Process, bytes]:
    process = await asyncio.create_subprocess_exec(
        *STERN,
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(KUBECONFIG=str(server.kubeconfig)),
    )
    assert process.stdout is not None
    return process, await asyncio.wait_for(process.stdout.readline(), 20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_program_as_a_signal_does(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        process, line = await _until_first_line(server, ".")
        process.send_signal(number)
        await asyncio.wait_for(process.communicate(), 10)

    assert line == b"web-1 app one\n"
    assert process.returncode == -number


async def test_a_reader_that_goes_away_ends_the_program_in_silence(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        command = f"{' '.join(STERN)} . | head -n 1; echo ${{PIPESTATUS[0]}}"
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(KUBECONFIG=str(server.kubeconfig)),
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"web-1 app one\n"
        server.put(pod("web-2"), "ADDED")
        rest, err = await asyncio.wait_for(process.communicate(), 20)

    assert rest.split() == [str(128 + signal.SIGPIPE).encode()]
    assert b"Traceback" not in err
    assert b"Error" not in err


async def test_a_run_for_a_time_ends_well(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        code, out, _ = await stern(".", "--for", "300ms", server=server)

    assert (code, out) == (0, "web-1 app one\nweb-1 app two\n")


async def test_standard_input_goes_through_the_same_forms() -> None:
    code, out, err = await stern("--stdin", "-i", "b", "--color=always", stdin=b"abc\nxyz\nb")

    hit = "\x1b[31;1mb\x1b[0;22m"
    prefix = "\x1b[0m\x1b[0m \x1b[0m\x1b[0m "
    assert (code, out, err) == (0, f"{prefix}a{hit}c\n{prefix}{hit}\n", "")


async def test_a_terminal_gets_colours_and_no_other_control(tmp_path: Path) -> None:
    async def coloured(name: str, query: Query, send: Send) -> None:
        await send(b"2026-11-21T10:00:00.000000000Z \x1b[32mok\x1b[0m\x1b[2J\r\n")

    leader, follower = os.openpty()
    try:
        async with pod_server(tmp_path, coloured) as server:
            server.put(pod("web-0"))
            process = await asyncio.create_subprocess_exec(
                *STERN,
                *(".", "--no-follow"),
                stdout=follower,
                stderr=subprocess.DEVNULL,
                env=environment(KUBECONFIG=str(server.kubeconfig), TERM="xterm"),
            )
            await asyncio.wait_for(process.wait(), 20)
        shown = os.read(leader, 4096)
    finally:
        os.close(leader)
        os.close(follower)

    assert shown == (b"\x1b[95mweb-0\x1b[0m \x1b[35mapp\x1b[0m \x1b[32mok\x1b[0m^[[2J\r\n")


async def test_several_clusters_are_named_in_every_line(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    async with pod_server(one, serve_log) as first, pod_server(two, serve_log) as second:
        first.put(pod("web-1"))
        second.put(pod("web-2"))
        merged = _merged(json.loads(first.kubeconfig.read_text()), second.kubeconfig)
        (tmp_path / "both").write_text(json.dumps(merged))
        code, out, err = await stern(
            *(".", "--no-follow", "--tail=1", "--contexts", "prod-.*"),
            KUBECONFIG=str(tmp_path / "both"),
        )

    assert code == 0
    assert sorted(out.splitlines()) == ["prod-eu web-1 app two", "prod-us web-2 app two"]
    assert "+ prod-eu web-1 › app" in err


def _merged(first: dict[str, Any], other: Path) -> dict[str, Any]:
    second = json.loads(other.read_text())
    merged = {**first, "contexts": [], "clusters": [], "users": first["users"]}
    for name, source in (("prod-eu", first), ("prod-us", second)):
        merged["clusters"].append({**source["clusters"][0], "name": name})
        context = {"cluster": name, "user": source["users"][0]["name"]}
        merged["contexts"].append({"name": name, "context": context})
    return {**merged, "current-context": "prod-eu"}


async def test_masks_files_and_order_work_together(tmp_path: Path) -> None:
    async def secret(name: str, query: Query, send: Send) -> None:
        second = "2" if name == "web-1" else "1"
        await send(f"2026-11-21T10:00:0{second}Z {name} token=abc\n".encode())

    async with pod_server(tmp_path, secret) as server:
        server.put(pod("web-1"))
        server.put(pod("web-2"))
        folder = tmp_path / "logs"
        code, out, _ = await stern(
            *(".", "--no-follow", "--sort", "--mask", "tokens", "--output-dir", str(folder)),
            *("-o", "raw"),
            server=server,
        )

    assert (code, out) == (0, "web-2 token=***\nweb-1 token=***\n")
    assert (folder / "default_web-1_app.log").read_text() == (
        "2026-11-21T10:00:02Z web-1 token=***\n"
    )


async def test_digits_behind_the_flag_for_all_namespaces_mean_lines_after() -> None:
    text = b"1\nhit\n3\n4\n5\nhit\n7\n"

    code, out, _ = await stern("--stdin", "-o", "raw", "-i", "HIT", "-I", "-A2", stdin=text)

    assert (code, out) == (0, "hit\n3\n4\nhit\n7\n")


async def test_the_configuration_file_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("output: json\ntail: 1\nonly-log-lines: true\nnonsense: 1\n")
    async with pod_server(tmp_path, serve_log) as server:
        server.put(pod("web-1"))
        code, out, err = await stern(
            *(".", "--no-follow", "-o", "raw"), server=server, STERNCONFIG=str(config)
        )

    assert (code, out) == (0, "two\n")
    assert err == "stern: Unknown option specified in the config file: nonsense\n"


async def test_a_failed_job_is_an_exit_code(tmp_path: Path) -> None:
    async with pod_server(tmp_path, serve_failed) as server:
        server.put(pod("job-1", state="terminated", phase="Failed"))
        code, out, err = await stern(".", "--exit-on-complete", server=server)

    assert (code, out) == (1, "job-1 app gone wrong\n")
    assert err.endswith("stern: pod job-1 failed\n")


async def serve_failed(name: str, query: Query, send: Send) -> None:
    """A log that is over."""
    await send(b"2026-11-21T10:00:00Z gone wrong\n")


async def test_help_is_on_stdout_and_names_every_flag_with_an_example_of_what_is_ours() -> None:
    from stern.flags import BEYOND, ORIGINAL

    code, out, err = await stern("--help")

    assert (code, err) == (0, "")
    for flag in (*ORIGINAL, *BEYOND):
        assert f"--{flag.name}" in out
    assert all(flag.example in " ".join(out.split()) for flag in BEYOND)


async def test_a_demo_cluster_is_started_for_a_look(tmp_path: Path) -> None:
    code, out, err = await stern("gateway", "--demo", "-n", "shop", "--no-follow", "--tail", "1")

    assert code == 0, err
    assert out.startswith("gateway-")
