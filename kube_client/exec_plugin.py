"""Credential plugins: a command of the user's that prints an ExecCredential.

Follows client.authentication.k8s.io v1 and v1beta1. Unlike many clients a plugin that fails is an
error with the plugin's own words, never an anonymous request.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import msgspec

from kube_client.codec import MalformedJsonError, decode_as, encode_json
from kube_client.credentials import Credential, checked_token
from kube_client.errors import CredentialsError, one_line
from kube_client.kubeconfig import ExecConfig

_GROUP = "client.authentication.k8s.io"
_VERSIONS = (f"{_GROUP}/v1", f"{_GROUP}/v1beta1")
_RENEW_BEFORE = timedelta(seconds=10)
_OUTPUT_LIMIT = 1 << 20
_WORDS_LIMIT = 8192


class _Status(msgspec.Struct, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: datetime | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """How the plugin ended."""

    exit_code: int
    output: bytes
    words: str


class ExecPlugin:
    """A credential that a command gives, and gives again when it expires or is refused.

    `cluster` is what the plugin may learn of the cluster, when its configuration wants that.
    """

    def __init__(
        self,
        config: ExecConfig,
        fixed: Credential,
        cluster: Mapping[str, Any],
        *,
        interactive: bool | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._fixed = fixed
        self._cluster = cluster
        self._interactive = _wants_terminal(config, interactive)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None
        self._expires: datetime | None = None
        if config.api_version not in _VERSIONS:
            raise CredentialsError(
                f"The credential plugin {config.command} has the apiVersion "
                f"{config.api_version or '(none)'!r}, which is not known: use {_VERSIONS[0]}"
            )

    async def current(self) -> Credential:
        """The credential; the command runs when there is none or it has expired."""
        async with self._lock:
            if self._credential is None or self._is_expired():
                await self._fetch()
            assert self._credential is not None
            return self._credential

    async def renew(self, refused: Credential) -> Credential | None:
        """The credential after another run, unless someone else got a new one meanwhile."""
        async with self._lock:
            if self._credential == refused or self._credential is None:
                await self._fetch()
            return self._credential

    def _is_expired(self) -> bool:
        return self._expires is not None and self._clock() >= self._expires - _RENEW_BEFORE

    async def _fetch(self) -> None:
        run = await self._run()
        if len(run.output) > _OUTPUT_LIMIT:
            raise self._failure("printed more than a credential can be", run.words)
        if run.exit_code != 0:
            raise self._failure(f"ended with exit code {run.exit_code}", run.words)
        try:
            answer = decode_as(run.output, _ExecCredential)
        except MalformedJsonError as error:
            raise self._failure(f"printed no ExecCredential ({error})", run.words) from error
        if answer.kind != "ExecCredential" or answer.api_version != self._config.api_version:
            what = f"{answer.api_version} {answer.kind}".strip() or "something else"
            raise self._failure(
                f"printed {what}, not {self._config.api_version} ExecCredential", run.words
            )
        self._credential = self._credential_from(answer.status, run.words)
        self._expires = answer.status.expiration_timestamp if answer.status else None

    def _credential_from(self, status: _Status | None, words: str) -> Credential:
        status = status or _Status()
        certificate = status.client_certificate_data or ""
        key = status.client_key_data or ""
        if bool(certificate) != bool(key):
            raise self._failure("gave a certificate without its key, or the reverse", words)
        if not status.token and not certificate:
            raise self._failure("gave neither a token nor a certificate", words)
        return Credential(
            token=checked_token(status.token or ""),
            certificate=certificate.encode() or self._fixed.certificate,
            key=key.encode() or self._fixed.key,
        )

    async def _run(self) -> _Run:
        with self._started() as process:
            try:
                output, words = await asyncio.gather(
                    _read_answer(process), _read_words(process, show=self._interactive)
                )
                return _Run(await asyncio.to_thread(process.wait), output, words)
            finally:
                # Not asyncio's own process: that one can hang when nobody waits for it any more.
                process.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        config = self._config
        try:
            return subprocess.Popen(
                [config.command, *config.args],
                stdin=None if self._interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **dict(config.env), "KUBERNETES_EXEC_INFO": self._exec_info()},
            )
        except FileNotFoundError as error:
            raise self._failure("was not found", config.install_hint) from error
        except OSError as error:
            raise self._failure(f"cannot be started: {error.strerror}", "") from error

    def _exec_info(self) -> str:
        spec: dict[str, Any] = {"interactive": self._interactive}
        if self._config.provide_cluster_info:
            spec["cluster"] = dict(self._cluster)
        info = {"apiVersion": self._config.api_version, "kind": "ExecCredential", "spec": spec}
        return encode_json(info).decode()

    def _failure(self, why: str, words: str) -> CredentialsError:
        said = one_line(words)
        return CredentialsError(
            f"The credential plugin {self._config.command} of this user {why}"
            + (f": {said}" if said else ". Run it by hand to see why.")
        )


def _wants_terminal(config: ExecConfig, interactive: bool | None) -> bool:
    """Whether the command gets our standard input, as its interactiveMode says."""
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    possible = has_terminal if interactive is None else interactive
    match config.interactive_mode:
        case "Never":
            return False
        case "Always" if not possible:
            raise CredentialsError(
                f"The credential plugin {config.command} needs a terminal to ask something. "
                "Run a command in a terminal once, to log in."
            )
        case "Always" | "IfAvailable":
            return possible
        case mode:
            raise CredentialsError(
                f"The credential plugin {config.command} has the interactiveMode {mode!r}, which "
                "is not known: use Never, IfAvailable or Always"
            )


async def _read_answer(process: subprocess.Popen[bytes]) -> bytes:
    """What the plugin prints; one that does not stop is ended, and the limit overstepped."""
    answer = b""
    async for piece in _pieces(process.stdout):
        if len(answer) > _OUTPUT_LIMIT:
            continue  # what is in the pipe still
        answer += piece
        if len(answer) > _OUTPUT_LIMIT:
            process.kill()
    return answer


async def _read_words(process: subprocess.Popen[bytes], *, show: bool) -> str:
    """The last of what the plugin says; a person who may have to answer sees it at once."""
    words = b""
    async for piece in _pieces(process.stderr):
        words = (words + piece)[-_WORDS_LIMIT:]
        if show:
            sys.stderr.write(piece.decode("utf-8", "replace"))
            sys.stderr.flush()
    return words.decode("utf-8", "replace")


async def _pieces(pipe: IO[bytes] | None) -> AsyncIterator[bytes]:
    """What comes through a pipe, as it comes; the pipe is closed at the end."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        while piece := await reader.read(65536):
            yield piece
    finally:
        transport.close()
