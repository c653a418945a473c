"""OIDC and the other auth providers of a kubeconfig, through the `kubernetes` library.

The library is loaded only when such a user connects: it costs a quarter of a second.
"""

import asyncio
import base64
import binascii
import copy
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kube_client.codec import MalformedJsonError, decode_json
from kube_client.credentials import Credential, checked_token
from kube_client.errors import CredentialsError, one_line
from kube_client.kubeconfig_writer import save_auth_provider

_KNOWN = ("oidc", "gcp")
_RENEW_BEFORE = timedelta(seconds=10)
_LONG_EXPIRED = "e30.eyJleHAiOjF9.e30"  # a token of 1970: makes the library fetch another


class AuthProvider:
    """A token that a provider gives; what it renews is written back to the kubeconfig.

    `provider` is the `auth-provider` entry, `file` the kubeconfig that has it.
    """

    def __init__(
        self, provider: Mapping[str, Any], user_name: str, file: str, fixed: Credential
    ) -> None:
        name = str(provider.get("name") or "")
        if name not in _KNOWN:
            raise CredentialsError(
                f"The auth provider {name!r} of user {user_name!r} is not supported any more. "
                "Use its credential plugin (exec) instead, such as kubelogin."
            )
        self._name = name
        self._config: dict[str, str] = {
            str(key): str(value) for key, value in (provider.get("config") or {}).items()
        }
        self._user_name = user_name
        self._file = file
        self._fixed = fixed
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None

    async def current(self) -> Credential:
        """The credential, renewed when it has expired."""
        async with self._lock:
            if self._credential is None or self._is_expired():
                await self._fetch()
            assert self._credential is not None
            return self._credential

    async def renew(self, refused: Credential) -> Credential | None:
        """The credential after asking the provider again."""
        async with self._lock:
            if self._credential == refused and self._name == "oidc":
                if not self._config.get("refresh-token"):
                    return None
                self._config["id-token"] = _LONG_EXPIRED
                await self._fetch()
            return self._credential if self._credential != refused else None

    def _is_expired(self) -> bool:
        expires = token_expiry(self._config.get("id-token", ""))
        return expires is not None and datetime.now(UTC) >= expires - _RENEW_BEFORE

    async def _fetch(self) -> None:
        before = dict(self._config)
        if self._is_expired() or not before.get("id-token"):
            before["id-token"] = _LONG_EXPIRED
        token, config = await asyncio.to_thread(_ask_provider, self._name, before, self._user_name)
        self._credential = Credential(
            token=checked_token(token), certificate=self._fixed.certificate, key=self._fixed.key
        )
        changed = {key: value for key, value in config.items() if self._config.get(key) != value}
        self._config |= changed
        if changed and self._file:
            await asyncio.to_thread(save_auth_provider, Path(self._file), self._user_name, changed)


def token_expiry(token: str) -> datetime | None:
    """When a JSON web token expires; None when it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = decode_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, MalformedJsonError):
        return None
    expires = claims.get("exp") if isinstance(claims, dict) else None
    return datetime.fromtimestamp(expires, UTC) if isinstance(expires, int | float) else None


def _ask_provider(
    name: str, config: Mapping[str, str], user_name: str
) -> tuple[str, dict[str, str]]:
    """The token and the provider's new settings; blocks, so it runs in a thread.

    Raises:
        CredentialsError: The provider gave no token.
    """
    from kubernetes.client import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader
    from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # it has no stubs
    from urllib3.exceptions import HTTPError

    given = dict(config)
    if name == "oidc":
        given.setdefault("client-secret", "")
        if "idp-certificate-authority-data" not in given:
            # Without one the library would not check the provider's certificate at all.
            given.setdefault("idp-certificate-authority", _system_authorities())
    document = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": "https://unused.invalid"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "users": [{"name": "it", "user": {"auth-provider": {"name": name, "config": given}}}],
    }
    answer = copy.deepcopy(document)
    try:
        loader = KubeConfigLoader(answer)
        loader.load_and_set(Configuration())
    except (ConfigException, OAuth2Error, HTTPError, OSError, KeyError, ValueError) as error:
        raise _failed(name, user_name, str(error)) from error
    except ImportError as error:
        raise _failed(name, user_name, f"{error}; use its credential plugin instead") from error
    renewed: dict[str, str] = answer["users"][0]["user"]["auth-provider"]["config"]  # type: ignore[index]  # our own document
    token = str(getattr(loader, "token", "")).removeprefix("Bearer ")
    if not token or token == _LONG_EXPIRED:
        raise _failed(name, user_name, "the provider gave no new token")
    keep = {key: str(value) for key, value in renewed.items()}
    return token, {key: value for key, value in keep.items() if given.get(key) != value}


def _system_authorities() -> str:
    import certifi

    return ssl.get_default_verify_paths().cafile or certifi.where()


def _failed(name: str, user_name: str, why: str) -> CredentialsError:
    return CredentialsError(
        f"The {name} login of user {user_name!r} could not be renewed: {one_line(why)}. "
        "Log in again with your provider's tool."
    )
