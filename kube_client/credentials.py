"""What proves who the user is, and where a fresh one comes from."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Protocol

import msgspec

from kube_client.errors import CredentialsError
from kube_client.kubeconfig import Impersonation, User
from kube_client.tls import pem_data, pem_file

_TOKEN_FILE_SECONDS = 10.0  # a bound token lives an hour and is replaced minutes before its end


class Credential(msgspec.Struct, frozen=True):
    """A token, or name and password, or a certificate pair (PEM); or nothing for anonymous."""

    token: str = ""
    username: str = ""
    password: str = ""
    certificate: bytes = b""
    key: bytes = b""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The Authorization header, when there is one."""
        if self.token:
            return (("authorization", f"Bearer {self.token}"),)
        if self.username:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return (("authorization", f"Basic {pair}"),)
        return ()


class CredentialSource(Protocol):
    """Where the user's credential comes from."""

    async def current(self) -> Credential:
        """The credential to use now, renewed when it is about to expire.

        Raises:
            CredentialsError: It could not be had.
        """
        ...

    async def renew(self, refused: Credential) -> Credential | None:
        """A fresh credential after the server refused this one; None when there is no other.

        Raises:
            CredentialsError: It could not be had.
        """
        ...


class FixedCredential:
    """A credential that is what it is."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def current(self) -> Credential:
        """The credential."""
        return self._credential

    async def renew(self, refused: Credential) -> Credential | None:  # noqa: ARG002  # the Protocol's
        """None: there is no other."""
        return None


class TokenFile:
    """A token that something else keeps fresh in a file; read again every few seconds."""

    def __init__(
        self, path: Path, rest: Credential, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._path = path
        self._rest = rest
        self._clock = clock
        self._read_at: float | None = None
        self._credential = rest

    async def current(self) -> Credential:
        """The credential with the token that the file holds.

        Raises:
            CredentialsError: The file is unreadable or empty and no token was read before.
        """
        now = self._clock()
        if self._read_at is None or now - self._read_at >= _TOKEN_FILE_SECONDS:
            self._read()
            self._read_at = now
        return self._credential

    async def renew(self, refused: Credential) -> Credential | None:
        """The file's token, when it is another one by now."""
        self._read()
        return self._credential if self._credential != refused else None

    def _read(self) -> None:
        try:
            token = self._path.read_text(encoding="utf-8").strip()
            why = "it is empty"
        except OSError as error:
            token, why = "", str(error.strerror)
        except UnicodeDecodeError:
            token, why = "", "it is not text"
        token = token or self._credential.token
        if not token:
            raise CredentialsError(f"Cannot read a token from {self._path}: {why}.")
        rest = self._rest
        self._credential = Credential(
            token=checked_token(token), certificate=rest.certificate, key=rest.key
        )


def fixed_part(user: User) -> Credential:
    """What the kubeconfig itself holds: certificate, token, name and password.

    Raises:
        ConfigError: A file is unreadable or data is not base64.
        CredentialsError: A certificate comes without its key, or the other way round.
    """
    certificate = _pem(user.client_certificate_data, user.client_certificate, "client-certificate")
    key = _pem(user.client_key_data, user.client_key, "client-key")
    if bool(certificate) != bool(key):
        there, missing = "client-certificate", "client-key"
        if key:
            there, missing = missing, there
        raise CredentialsError(
            f"The user in the kubeconfig has a {there} and has no {missing}: add {missing}-data."
        )
    return Credential(
        token=checked_token(user.token),
        username=user.username,
        password=user.password,
        certificate=certificate,
        key=key,
    )


def impersonation_headers(impersonation: Impersonation) -> tuple[tuple[str, str], ...]:
    """The Impersonate headers; none when acting as oneself.

    Raises:
        CredentialsError: A group, uid or extra is given without a user.
    """
    if not impersonation.user:
        if impersonation.uid or impersonation.groups or impersonation.extra:
            raise CredentialsError("To act with another group or uid, say as which user: --as")
        return ()
    headers = [("impersonate-user", impersonation.user)]
    headers += [("impersonate-group", group) for group in impersonation.groups]
    if impersonation.uid:
        headers.append(("impersonate-uid", impersonation.uid))
    for name, values in impersonation.extra:
        headers += _extra_headers(name, values)
    return tuple(headers)


def _extra_headers(name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    from urllib.parse import quote

    return [(f"impersonate-extra-{quote(name.lower(), safe='')}", value) for value in values]


def checked_token(token: str) -> str:
    """The token, when it can stand in a header.

    Raises:
        CredentialsError: It has characters that cannot.
    """
    token = token.strip()
    if not token.isprintable() or not token.isascii() or " " in token:
        raise CredentialsError(
            "The token of this user has characters that no token can have. Get a new one."
        )
    return token


def _pem(data: str, path: str, name: str) -> bytes:
    if data:
        return pem_data(data, f"{name}-data")
    return pem_file(path, name.replace("-", " ")) if path else b""
