"""Kubeconfig files: find, read and merge them. Nothing here opens a connection.

Follows client-go's clientcmd: the first file to name a cluster, user, context or the current
context wins; relative paths are relative to the file that has them.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kube_client.errors import ConfigError
from kube_client.kubeconfig_file import Section, read_kubeconfig_file

T = TypeVar("T")


class ConnectOptions(msgspec.Struct, frozen=True):
    """What a person may say on a command line about the cluster to use; None means not said.

    `interactive` says whether a credential plugin may use the terminal; None means it may when
    stdin is one.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    cluster: str | None = None
    user: str | None = None
    server: str | None = None
    token: str | None = None
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    as_uid: str | None = None
    as_user_extra: tuple[tuple[str, str], ...] = ()
    request_timeout: float | None = None
    disable_compression: bool = False
    interactive: bool | None = None


class Context(msgspec.Struct, frozen=True):
    """Which cluster, as which user, in which namespace by default; empty where not said."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class Cluster(msgspec.Struct, frozen=True):
    """How to reach a cluster and what to trust. Data is base64 as in the file."""

    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    disable_compression: bool = False
    extensions: Mapping[str, Any] = {}


class ExecConfig(msgspec.Struct, frozen=True):
    """A credential plugin: the command that prints an ExecCredential."""

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


class Impersonation(msgspec.Struct, frozen=True):
    """As whom to act; empty when as oneself."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class User(msgspec.Struct, frozen=True):
    """How a user proves who they are. Data is base64 as in the file."""

    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    exec: ExecConfig | None = None
    auth_provider: Mapping[str, Any] | None = None
    impersonation: Impersonation = Impersonation()
    file: str = ""


class KubeConfig(msgspec.Struct, frozen=True):
    """The merged configuration; `files` are those that were read, in order."""

    current_context: str = ""
    contexts: dict[str, Context] = {}
    clusters: dict[str, Cluster] = {}
    users: dict[str, User] = {}
    files: tuple[Path, ...] = ()
    searched: tuple[Path, ...] = ()


def kubeconfig_paths(env: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Where the environment says kubeconfigs are: KUBECONFIG's list, or ~/.kube/config."""
    listed = [part for part in env.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return tuple(dict.fromkeys(Path(part) for part in listed))
    home = env.get("HOME") or env.get("USERPROFILE")
    return (Path(home) / ".kube" / "config",) if home else ()


def load_kubeconfig(path: str | None = None, env: Mapping[str, str] = os.environ) -> KubeConfig:
    """The merge of the files: only `path` when given, else what the environment names.

    Files that the environment names need not exist; the given one must.

    Raises:
        ConfigError: A file is missing, unreadable or malformed.
    """
    searched = (Path(path).expanduser(),) if path else kubeconfig_paths(env)
    merged = KubeConfig(searched=searched)
    for file in searched:
        try:
            merged = _merged(merged, file)
        except FileNotFoundError as error:
            if path:
                raise ConfigError(
                    f"There is no kubeconfig {file}. Check the path given with --kubeconfig."
                ) from error
    return merged


def _merged(first: KubeConfig, file: Path) -> KubeConfig:
    """The configuration with one more file; complaints name the line."""
    try:
        return _merge(first, file, read_kubeconfig_file(file))
    except ConfigError:
        return _merge(first, file, read_kubeconfig_file(file, with_places=True))


def _merge(first: KubeConfig, file: Path, section: Section | None) -> KubeConfig:
    if section is None:
        return KubeConfig(
            first.current_context,
            first.contexts,
            first.clusters,
            first.users,
            (*first.files, file),
            first.searched,
        )
    return KubeConfig(
        current_context=first.current_context or section.text("current-context"),
        contexts=_named(section, "contexts", "context", _context) | first.contexts,
        clusters=_named(section, "clusters", "cluster", _cluster) | first.clusters,
        users=_named(section, "users", "user", _user) | first.users,
        files=(*first.files, file),
        searched=first.searched,
    )


def _named(
    section: Section, plural: str, singular: str, read: Callable[[Section], T]
) -> dict[str, T]:
    """The entries of one list by name; a name that comes twice is an error, as for kubectl."""
    found: dict[str, T] = {}
    for entry in section.sections(plural):
        name = entry.text("name")
        if name in found:
            raise entry.error(None, f"{plural} has the name {name!r} twice")
        body = entry.section(singular)
        if body is not None:
            found[name] = read(body)
    return found


def _context(section: Section) -> Context:
    return Context(section.text("cluster"), section.text("user"), section.text("namespace"))


def _cluster(section: Section) -> Cluster:
    return Cluster(
        server=section.text("server"),
        certificate_authority=_beside(section, section.text("certificate-authority")),
        certificate_authority_data=section.text("certificate-authority-data"),
        insecure_skip_tls_verify=section.flag("insecure-skip-tls-verify"),
        tls_server_name=section.text("tls-server-name"),
        proxy_url=section.text("proxy-url"),
        disable_compression=section.flag("disable-compression"),
        extensions={
            entry.text("name"): entry.mapping("extension")
            for entry in section.sections("extensions")
            if entry.text("name") == "client.authentication.k8s.io/exec"
        },
    )


def _user(section: Section) -> User:
    provider = section.section("auth-provider")
    plugin = section.section("exec")
    return User(
        token=section.text("token"),
        token_file=_beside(section, section.text("tokenFile")),
        username=section.text("username"),
        password=section.text("password"),
        client_certificate=_beside(section, section.text("client-certificate")),
        client_certificate_data=section.text("client-certificate-data"),
        client_key=_beside(section, section.text("client-key")),
        client_key_data=section.text("client-key-data"),
        exec=None if plugin is None else _exec(plugin),
        auth_provider=None if provider is None else section.mapping("auth-provider"),
        impersonation=_impersonation(section),
        file=str(section.file),
    )


def _exec(section: Section) -> ExecConfig:
    command = section.text("command")
    if not command:
        raise section.error(None, f"{section.where}command is missing")
    if os.sep in command:
        command = _beside(section, command)
    return ExecConfig(
        command=command,
        api_version=section.text("apiVersion"),
        args=section.texts("args"),
        env=tuple((entry.text("name"), entry.text("value")) for entry in section.sections("env")),
        install_hint=section.text("installHint"),
        provide_cluster_info=section.flag("provideClusterInfo"),
        interactive_mode=section.text("interactiveMode") or "IfAvailable",
    )


def _impersonation(section: Section) -> Impersonation:
    return Impersonation(
        user=section.text("as"),
        uid=section.text("as-uid"),
        groups=section.texts("as-groups"),
        extra=tuple(section.text_lists("as-user-extra").items()),
    )


def _beside(section: Section, path: str) -> str:
    """The path, relative ones taken from the folder of the file that names it."""
    return str(section.file.absolute().parent / path) if path else ""


def known_names(names: Iterable[str]) -> str:
    """The names as a phrase for error messages."""
    listed = sorted(names)
    if not listed:
        return "none is defined"
    shown = ", ".join(listed[:8])
    return f"there are: {shown}" + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
