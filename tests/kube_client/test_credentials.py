"""Credentials: token files, plugins and providers, with real files, processes and servers."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from kube_client.connect import connect
from kube_client.credentials import Credential, TokenFile, fixed_part, impersonation_headers
from kube_client.errors import CredentialsError, UnauthorizedError
from kube_client.exec_plugin import ExecPlugin
from kube_client.kubeconfig import ConnectOptions, ExecConfig, Impersonation, User
from tests.kube_client.wire_server import Visit, authority, server_pair, wire_server

V1 = "client.authentication.k8s.io/v1"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

PLUGIN = """
import json, os, pathlib, sys
runs = pathlib.Path(sys.argv[1])
count = int(runs.read_text()) + 1 if runs.exists() else 1
runs.write_text(str(count))
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
runs.with_suffix(".info").write_text(json.dumps(info))
status = {"token": f"token-{count}"} | json.loads(os.environ.get("EXTRA", "{}"))
print(json.dumps({"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": status}))
"""


class Counted:
    """A real plugin in a folder, which counts its runs."""

    def __init__(self, folder: Path, script: str = PLUGIN, **extra: object) -> None:
        self.runs_file = folder / "runs"
        script_file = folder / "plugin.py"
        script_file.write_text(script)
        self.config = ExecConfig(
            command=sys.executable,
            api_version=V1,
            args=("-S", str(script_file), str(self.runs_file)),
            env=(("EXTRA", json.dumps(extra)),),
        )

    @property
    def runs(self) -> int:
        return int(self.runs_file.read_text() or 0) if self.runs_file.exists() else 0

    @property
    def info(self) -> dict[str, object]:
        info: dict[str, object] = json.loads(self.runs_file.with_suffix(".info").read_text())
        return info


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def plugin_of(
    config: ExecConfig, clock: Clock | None = None, cluster: dict[str, object] | None = None
) -> ExecPlugin:
    return ExecPlugin(
        config, Credential(), cluster or {}, interactive=False, clock=clock or Clock()
    )


async def test_a_plugin_runs_once_for_many_requests(tmp_path: Path) -> None:
    counted = Counted(tmp_path)
    plugin = plugin_of(counted.config)

    tokens = {(await plugin.current()).token for _ in range(3)}

    assert tokens == {"token-1"}
    assert counted.runs == 1


async def test_an_expired_credential_is_fetched_again(tmp_path: Path) -> None:
    clock = Clock()
    counted = Counted(tmp_path, expirationTimestamp="2026-11-20T13:00:00Z")
    plugin = plugin_of(counted.config, clock)

    first = await plugin.current()
    clock.now = NOW + timedelta(minutes=59)
    still = await plugin.current()
    clock.now = NOW + timedelta(hours=1)
    later = await plugin.current()

    assert (first.token, still.token, later.token) == ("token-1", "token-1", "token-2")


async def test_a_refused_credential_is_fetched_once_for_all_who_were_refused(
    tmp_path: Path,
) -> None:
    counted = Counted(tmp_path)
    plugin = plugin_of(counted.config)
    refused = await plugin.current()

    one, other = await plugin.renew(refused), await plugin.renew(refused)

    assert one == other == Credential(token="token-2")
    assert counted.runs == 2


async def test_the_older_version_of_the_protocol_is_spoken_too(tmp_path: Path) -> None:
    config = replace(Counted(tmp_path).config, api_version="client.authentication.k8s.io/v1beta1")

    assert (await plugin_of(config).current()).token == "token-1"


async def test_a_plugin_may_give_a_certificate(tmp_path: Path) -> None:
    pair = server_pair()
    counted = Counted(
        tmp_path,
        token=None,
        clientCertificateData=pair.certificate.decode(),
        clientKeyData=pair.key.decode(),
    )

    credential = await plugin_of(counted.config).current()

    assert (credential.token, credential.certificate, credential.key) == ("", *pair)


async def test_a_plugin_learns_of_the_cluster_only_when_it_wants_to(tmp_path: Path) -> None:
    counted = Counted(tmp_path)
    cluster = {"server": "https://a", "config": {"audience": "x"}}

    await plugin_of(counted.config, cluster=cluster).current()
    assert counted.info["spec"] == {"interactive": False}

    await plugin_of(replace(counted.config, provide_cluster_info=True), cluster=cluster).current()
    assert counted.info["spec"] == {"interactive": False, "cluster": cluster}


def printing(**answer: object) -> str:
    """A script that prints this as JSON."""
    return f"print({json.dumps(answer)!r})"


FAILURES = {
    "an exit code": (
        "import sys; sys.stderr.write('token\\nexpired: run login'); sys.exit(3)",
        r"ended with exit code 3: token expired: run login$",
    ),
    "silence": ("import sys; sys.exit(1)", r"exit code 1\. Run it by hand"),
    "nonsense": ("print('hello')", r"printed no ExecCredential"),
    "nothing": ("", r"printed no ExecCredential"),
    "another kind": (printing(kind="Pod", apiVersion="v1"), r"printed v1 Pod, not"),
    "no status": (printing(kind="ExecCredential", apiVersion=V1), r"neither a token nor a"),
    "half a pair": (
        printing(kind="ExecCredential", apiVersion=V1, status={"clientKeyData": "x"}),
        r"a certificate without its key",
    ),
    "a flood": ("while True: print('x' * 100000)", r"more than a credential can be"),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_a_plugin_that_fails_is_an_error_in_its_own_words(tmp_path: Path, what: str) -> None:
    script, words = FAILURES[what]

    with pytest.raises(CredentialsError, match=words):
        await plugin_of(Counted(tmp_path, script).config).current()


async def test_a_plugin_that_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    script = (
        "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()))\nwhile True: print('x')"
    )
    counted = Counted(tmp_path, script)
    asking = asyncio.create_task(plugin_of(counted.config).current())
    async with asyncio.timeout(30):
        while not counted.runs:  # noqa: ASYNC110  # the plugin tells nobody
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises((asyncio.CancelledError, CredentialsError)):
            await asking

    with pytest.raises(ProcessLookupError):
        os.kill(counted.runs, 0)


@pytest.mark.parametrize("steps", range(8))
async def test_a_plugin_may_be_given_up_at_any_moment_of_its_start(steps: int) -> None:
    asking = asyncio.create_task(plugin_of(ExecConfig("true", V1)).current())
    for _ in range(steps):
        await asyncio.sleep(0)

    asking.cancel()
    async with asyncio.timeout(30):
        with pytest.raises((asyncio.CancelledError, CredentialsError)):
            await asking


async def test_a_plugin_that_is_not_installed_comes_with_its_hint(tmp_path: Path) -> None:
    config = ExecConfig(str(tmp_path / "nope"), V1, install_hint="Get it:\n  brew install nope")

    with pytest.raises(CredentialsError, match=r"nope of this user was not found: Get it: brew"):
        await plugin_of(config).current()


async def test_a_plugin_that_must_not_run_says_why(tmp_path: Path) -> None:
    file = tmp_path / "plugin"
    file.write_text("not a program")

    with pytest.raises(CredentialsError, match="cannot be started: Permission denied"):
        await plugin_of(ExecConfig(str(file), V1)).current()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (ExecConfig("x", "client.authentication.k8s.io/v1alpha1"), "is not known: use client"),
        (ExecConfig("x", V1, interactive_mode="Always"), "needs a terminal"),
        (ExecConfig("x", V1, interactive_mode="Sometimes"), "interactiveMode 'Sometimes'"),
    ],
)
def test_a_plugin_that_cannot_work_is_refused_at_once(config: ExecConfig, words: str) -> None:
    with pytest.raises(CredentialsError, match=words):
        plugin_of(config)


async def tokens_only(visit: Visit) -> None:
    while (received := await visit.request()) is not None:
        good = received.headers.get("authorization") == "Bearer token-2"
        await visit.answer(b'{"gitVersion": "v1"}', "200 OK" if good else "401 Unauthorized")


def kubeconfig(folder: Path, url: str, user: dict[str, object]) -> str:
    import base64

    file = folder / "config"
    ca = base64.b64encode(authority().pem.encode()).decode()
    file.write_text(
        json.dumps(
            {
                "current-context": "x",
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                "clusters": [
                    {"name": "x", "cluster": {"server": url, "certificate-authority-data": ca}}
                ],
                "users": [{"name": "x", "user": user}],
            }
        )
    )
    return str(file)


async def test_a_401_runs_the_plugin_again_and_the_request_succeeds(tmp_path: Path) -> None:
    config = Counted(tmp_path).config
    user = {"exec": {"apiVersion": V1, "command": config.command, "args": list(config.args)}}
    async with wire_server(tokens_only) as server:
        path = kubeconfig(tmp_path, server.url, user)
        async with connect(ConnectOptions(kubeconfig=path, interactive=False)) as client:
            assert await client.version() == {"gitVersion": "v1"}


async def test_an_expired_token_that_cannot_be_renewed_is_one_sentence(tmp_path: Path) -> None:
    async with wire_server(tokens_only) as server:
        path = kubeconfig(tmp_path, server.url, {"token": "old"})
        async with connect(ConnectOptions(kubeconfig=path)) as client:
            with pytest.raises(UnauthorizedError, match=r"not accept your credentials .*Log in"):
                await client.version()


def test_a_relative_plugin_lies_beside_its_kubeconfig(tmp_path: Path) -> None:
    from kube_client.kubeconfig import load_kubeconfig

    user = {"exec": {"apiVersion": V1, "command": "./bin/plugin"}}
    path = kubeconfig(tmp_path, "https://a", user)

    plugin = load_kubeconfig(path, {}).users["x"].exec

    assert plugin is not None
    assert os.path.normpath(plugin.command) == str(tmp_path / "bin" / "plugin")


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_token_file_is_read_again_after_a_while(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Seconds()
    file.write_text("one\n")
    source = TokenFile(file, Credential(), clock=clock)

    first = await source.current()
    file.write_text("two\n")
    soon = await source.current()
    clock.now = 11.0
    later = await source.current()

    assert [first.token, soon.token, later.token] == ["one", "one", "two"]


async def test_a_token_file_is_read_at_once_after_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    source = TokenFile(file, Credential(), clock=Seconds())

    refused = await source.current()
    assert await source.renew(refused) is None, "the file has nothing newer"
    file.write_text("two")
    assert await source.renew(refused) == Credential(token="two")


async def test_a_token_file_that_is_gone_leaves_the_last_token(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Seconds()
    file.write_text("one")
    source = TokenFile(file, Credential(), clock=clock)
    await source.current()

    file.unlink()
    clock.now = 60.0

    assert (await source.current()).token == "one"


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"\n", "it is empty")])
async def test_a_token_file_without_a_token_is_one_sentence(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CredentialsError, match=rf"Cannot read a token from {file}: {words}"):
        await TokenFile(file, Credential()).current()


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (User(token="two words"), "characters that no token can have"),
        (User(token="a\r\nb"), "characters that no token can have"),
        (User(client_certificate_data="eA=="), "has no client-key"),
        (User(client_key_data="eA=="), "has no client-certificate"),
    ],
)
def test_a_user_that_cannot_work_is_refused(user: User, words: str) -> None:
    with pytest.raises(CredentialsError, match=words):
        fixed_part(user)


def test_acting_as_a_group_needs_a_user() -> None:
    with pytest.raises(CredentialsError, match="say as which user: --as"):
        impersonation_headers(Impersonation(groups=("ops",)))
