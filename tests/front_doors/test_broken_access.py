"""A kubeconfig with a way in that does not work is one sentence with what to do."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from demo_cluster.access.certificates import make_certificates
from tests.front_doors.test_bad_input import WORDS, run, sentence

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster

NOT_PEM = base64.b64encode(b"hello").decode()


def of_cluster(**changes: str) -> Callable[[dict[str, Any]], None]:
    """Sets what the kubeconfig says of its clusters; with a `-` where the name has a `_`."""

    def change(config: dict[str, Any]) -> None:
        for entry in config["clusters"]:
            entry["cluster"].update({key.replace("_", "-"): v for key, v in changes.items()})

    return change


def of_user(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """Makes this the whole of every user."""

    def change(config: dict[str, Any]) -> None:
        for entry in config["users"]:
            entry["user"] = {key.replace("_", "-"): value for key, value in changes.items()}

    return change


def another_authority() -> str:
    """A certificate authority that signed nothing here."""
    return base64.b64encode(make_certificates().authority).decode()


def plugin(command: str, *words: str) -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1"
    return {
        "apiVersion": version,
        "command": command,
        "args": list(words),
        "interactiveMode": "Never",
        "installHint": "Get it from the vendor.",
    }


CASES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a context that is not there": (
        lambda config: config.update({"current-context": "mars"}),
        r"'mars' is not defined .*there are: demo.*--context",
    ),
    "no current context": (
        lambda config: config.pop("current-context"),
        r"No current context.*--context",
    ),
    "a bad base64": (of_cluster(certificate_authority_data="!!"), r"not base64"),
    "an authority that is none": (
        of_cluster(certificate_authority_data=NOT_PEM),
        r"no PEM certificate.*certificate-authority",
    ),
    "another authority": (
        of_cluster(certificate_authority_data=another_authority()),
        r"not to be trusted.*Check certificate-authority",
    ),
    "an authority file that is gone": (
        of_cluster(certificate_authority="/nowhere/ca.crt", certificate_authority_data=""),
        r"Cannot read .*/nowhere/ca\.crt",
    ),
    "half a client certificate": (
        of_user(client_certificate_data=NOT_PEM),
        r"has no client-key: add client-key-data",
    ),
    "a token that has expired": (of_user(token="old"), r"401 Unauthorized.*Log in again"),
    "a plugin that is not installed": (
        of_user(exec=plugin("login-to-nowhere")),
        r"login-to-nowhere .*not found: Get it from the vendor",
    ),
    "a plugin that fails": (
        of_user(exec=plugin("sh", "-c", "echo session over >&2; exit 3")),
        r"exit code 3: session over",
    ),
    "a plugin that prints something else": (
        of_user(exec=plugin("echo", "hi")),
        r"no ExecCredential.*Run it by hand",
    ),
    "no address": (of_cluster(server=""), r"no server address"),
    "an address that is none": (of_cluster(server="https://127.0.0.1:99999"), r"no server address"),
    "a name that is not known": (
        of_cluster(server="https://cluster.invalid"),
        r"cluster\.invalid.*Check the server's address",
    ),
    "a proxy that does not run": (
        of_cluster(proxy_url="http://127.0.0.1:9"),
        r"by proxy 127\.0\.0\.1.*nothing listens",
    ),
}


@pytest.mark.parametrize(("break_it", "words"), CASES.values(), ids=CASES.keys())
def test_a_way_in_that_does_not_work_is_one_sentence(
    shared_demo: RunningCluster,
    tmp_path: Path,
    break_it: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    config = yaml.safe_load(shared_demo.kubeconfig.read_text())
    break_it(config)
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))

    for command in WORDS.values():
        done = run(*command, "--kubeconfig", str(file))

        assert done.returncode == 1
        assert re.search(words, sentence(done))
