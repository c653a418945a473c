"""OIDC users of a kubeconfig, against a small real identity provider over TLS."""

import base64
import json
import stat
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from kube_client.auth_provider import AuthProvider, token_expiry
from kube_client.credentials import Credential
from kube_client.errors import ConfigError, CredentialsError
from kube_client.kubeconfig import load_kubeconfig
from kube_client.kubeconfig_writer import use_context
from tests.kube_client.wire_server import authority, server_context, server_pair


def a_token(expires: float, name: str = "ann") -> str:
    parts = ({"alg": "none"}, {"exp": int(expires), "sub": name})
    return (
        ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in parts
        )
        + ".sig"
    )


class Provider(ThreadingHTTPServer):
    """Hands out one new token for the refresh token `r1`, and refuses every other."""

    daemon_threads = True
    new_token = a_token(time.time() + 3600, "new")
    asked = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self.answer(200, {"token_endpoint": f"{self.server.url}/token"})

    def do_POST(self) -> None:
        self.server.asked += 1
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        if form.get("refresh_token") == ["r1"]:
            tokens = {"id_token": self.server.new_token, "refresh_token": "r2"}
            self.answer(200, {"access_token": "a", "token_type": "bearer", **tokens})
        else:
            self.answer(400, {"error": "invalid_grant", "error_description": "revoked"})

    def answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider(("127.0.0.1", 0), Answering)
    server.socket = server_context(server_pair()).wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(folder: Path, provider: Provider, **config: str) -> Path:
    ca = base64.b64encode(authority().pem.encode()).decode()
    settings = {
        "client-id": "me",
        "idp-issuer-url": provider.url,
        "idp-certificate-authority-data": ca,
        "refresh-token": "r1",
    } | config
    lines = "".join(f"        {key}: {value}\n" for key, value in settings.items())
    file = folder / "config"
    file.write_text(
        "# mine, keep it\nusers:\n- name: ann\n  user:\n    auth-provider:\n      name: oidc\n"
        f"      config:\n{lines}"
    )
    file.chmod(0o600)
    return file


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def source_of(file: Path) -> AuthProvider:
    user = load_kubeconfig(str(file), {}).users["ann"]
    assert user.auth_provider is not None
    return AuthProvider(user.auth_provider, "ann", user.file, Credential())


async def test_a_token_that_is_good_is_used_without_asking(
    tmp_path: Path, provider: Provider
) -> None:
    token = a_token(time.time() + 3600)
    source = source_of(kubeconfig(tmp_path, provider, **{"id-token": token}))

    assert await source.current() == Credential(token=token)
    assert provider.asked == 0


async def test_an_expired_token_is_renewed_and_written_back_beside_the_comments(
    tmp_path: Path, provider: Provider
) -> None:
    file = kubeconfig(tmp_path, provider, **{"id-token": a_token(1000)})

    assert (await source_of(file).current()).token == provider.new_token

    text = file.read_text()
    assert text.startswith("# mine, keep it\n")
    assert "refresh-token: r2" in text
    assert (await source_of(file).current()).token == provider.new_token
    assert provider.asked == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["config"], "neither a lock nor a half-written file is left"


async def test_a_refused_token_is_renewed_though_it_has_not_expired(
    tmp_path: Path, provider: Provider
) -> None:
    token = a_token(time.time() + 3600)
    source = source_of(kubeconfig(tmp_path, provider, **{"id-token": token}))
    refused = await source.current()

    assert await source.renew(refused) == Credential(token=provider.new_token)


async def test_a_refresh_token_without_a_token_is_enough(
    tmp_path: Path, provider: Provider
) -> None:
    assert (await source_of(kubeconfig(tmp_path, provider)).current()).token == provider.new_token


async def test_a_login_that_has_ended_is_one_sentence(tmp_path: Path, provider: Provider) -> None:
    file = kubeconfig(tmp_path, provider, **{"id-token": a_token(1000), "refresh-token": "gone"})

    with pytest.raises(CredentialsError, match=r"login of user 'ann' .*revoked.* Log in again"):
        await source_of(file).current()


async def test_a_provider_with_an_unknown_certificate_gets_no_refresh_token(
    tmp_path: Path, provider: Provider
) -> None:
    other = base64.b64encode(authority("another").pem.encode()).decode()
    file = kubeconfig(tmp_path, provider, **{"idp-certificate-authority-data": other})
    (tmp_path / "unsaid").mkdir()
    unsaid = kubeconfig(tmp_path / "unsaid", provider)
    unsaid.write_text(
        "".join(line for line in unsaid.read_text().splitlines(True) if "authority" not in line)
    )

    for path in (file, unsaid):
        with pytest.raises(CredentialsError, match="could not be renewed"):
            await source_of(path).current()
    assert provider.asked == 0


def test_a_provider_that_is_gone_names_what_came_after() -> None:
    with pytest.raises(CredentialsError, match=r"'azure' of user 'ann' is not .*kubelogin"):
        AuthProvider({"name": "azure"}, "ann", "", Credential())


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "a.!!!.c", "e30.W10.x", "e30.e30.x"])
def test_a_token_that_does_not_say_when_it_ends_never_does(token: str) -> None:
    assert token_expiry(token) is None


def test_the_current_context_is_changed_in_place(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("# mine\ncurrent-context: 'one'  # work\ncontexts: []\n")

    use_context(file, "two")

    assert file.read_text() == "# mine\ncurrent-context: 'two'  # work\ncontexts: []\n"


def test_a_kubeconfig_that_another_program_changes_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("current-context: one\n")
    (tmp_path / "config.lock").touch()

    with pytest.raises(ConfigError, match="Another program is changing"):
        use_context(file, "two")

    assert file.read_text() == "current-context: one\n"
