"""What a kubeconfig, the flags and the environment together say about one cluster."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from kube_client.errors import ConfigError, NoClusterError
from kube_client.kubeconfig import (
    Cluster,
    ConnectOptions,
    Context,
    Impersonation,
    KubeConfig,
    User,
    known_names,
    load_kubeconfig,
)

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ClusterAccess(msgspec.Struct, frozen=True):
    """One cluster, one user, one default namespace: everything needed to connect."""

    server: str
    namespace: str = "default"
    context_name: str = ""
    cluster_name: str = ""
    user_name: str = ""
    source: Literal["kubeconfig", "in-cluster", "flags"] = "kubeconfig"
    cluster: Cluster = Cluster()
    user: User = User()
    request_timeout: float | None = None
    interactive: bool | None = None


def cluster_access(
    options: ConnectOptions | None = None, env: Mapping[str, str] = os.environ
) -> ClusterAccess:
    """The cluster that the options and the environment mean.

    Flags come before the kubeconfig; without a kubeconfig the service account of the pod that
    this runs in is used.

    Raises:
        NoClusterError: Nothing names a cluster.
        ConfigError: A file is malformed, or a name is not defined in it.
    """
    options = options or ConnectOptions()
    config = load_kubeconfig(options.kubeconfig, env)
    name = options.context or config.current_context
    if not name and not (options.server or options.cluster):
        inside = _in_cluster(options, env)
        if inside is not None and not config.contexts:
            return inside
        raise _no_cluster(config, options)
    context = _context(config, name, options)
    cluster = _with_cluster_flags(_cluster(config, name, context, options), options)
    return ClusterAccess(
        server=_server(cluster, options.cluster or context.cluster, config),
        namespace=options.namespace or context.namespace or "default",
        context_name=name,
        cluster_name=options.cluster or context.cluster,
        user_name=options.user or context.user,
        source="kubeconfig" if name else "flags",
        cluster=cluster,
        user=_with_user_flags(_user(config, name, context, options), options),
        request_timeout=options.request_timeout,
        interactive=options.interactive,
    )


def _context(config: KubeConfig, name: str, options: ConnectOptions) -> Context:
    if not name:
        return Context()
    context = config.contexts.get(name)
    if context is None:
        raise ConfigError(
            f"There is no context {name!r} in {_files(config)}; "
            f"{known_names(config.contexts)}. Choose one with --context."
            if options.context
            else f"The current context {name!r} is not defined in {_files(config)}; "
            f"{known_names(config.contexts)}. Choose one with --context."
        )
    return context


def _cluster(config: KubeConfig, name: str, context: Context, options: ConnectOptions) -> Cluster:
    wanted = options.cluster or context.cluster
    cluster = config.clusters.get(wanted)
    if cluster is not None:
        return cluster
    if options.server and not options.cluster:
        return Cluster()
    raise ConfigError(
        f"The cluster {wanted!r} of context {name!r} is not defined in {_files(config)}; "
        f"{known_names(config.clusters)}."
    )


def _user(config: KubeConfig, name: str, context: Context, options: ConnectOptions) -> User:
    wanted = options.user or context.user
    if not wanted:
        return User()
    user = config.users.get(wanted)
    if user is None:
        raise ConfigError(
            f"The user {wanted!r} of context {name!r} is not defined in {_files(config)}; "
            f"{known_names(config.users)}."
        )
    return user


def _with_cluster_flags(cluster: Cluster, options: ConnectOptions) -> Cluster:
    if options.server:
        cluster = replace(cluster, server=options.server)
    if options.certificate_authority:
        cluster = replace(
            cluster,
            certificate_authority=options.certificate_authority,
            certificate_authority_data="",
            insecure_skip_tls_verify=False,
        )
    if options.insecure_skip_tls_verify:
        cluster = replace(
            cluster,
            certificate_authority="",
            certificate_authority_data="",
            insecure_skip_tls_verify=True,
        )
    if options.tls_server_name:
        cluster = replace(cluster, tls_server_name=options.tls_server_name)
    if options.disable_compression:
        cluster = replace(cluster, disable_compression=True)
    return cluster


def _with_user_flags(user: User, options: ConnectOptions) -> User:
    if options.token:
        user = replace(user, token=options.token, token_file="", exec=None, auth_provider=None)
    if options.client_certificate:
        user = replace(
            user, client_certificate=options.client_certificate, client_certificate_data=""
        )
    if options.client_key:
        user = replace(user, client_key=options.client_key, client_key_data="")
    if options.as_user or options.as_groups or options.as_uid or options.as_user_extra:
        user = replace(user, impersonation=_impersonation(user.impersonation, options))
    return user


def _impersonation(configured: Impersonation, options: ConnectOptions) -> Impersonation:
    extra: dict[str, tuple[str, ...]] = {}
    for name, value in options.as_user_extra:
        extra[name] = (*extra.get(name, ()), value)
    return Impersonation(
        user=options.as_user or configured.user,
        uid=options.as_uid or configured.uid,
        groups=options.as_groups or configured.groups,
        extra=tuple(extra.items()) or configured.extra,
    )


def _server(cluster: Cluster, name: str, config: KubeConfig) -> str:
    server = cluster.server
    if not server:
        raise ConfigError(f"The cluster {name!r} in {_files(config)} has no server address.")
    return server if "://" in server else f"http://{server}"


def _in_cluster(options: ConnectOptions, env: Mapping[str, str]) -> ClusterAccess | None:
    host, port = env.get("KUBERNETES_SERVICE_HOST"), env.get("KUBERNETES_SERVICE_PORT")
    token = _SERVICE_ACCOUNT / "token"
    if options.kubeconfig or not host or not port or not token.exists():
        return None
    namespace = options.namespace or env.get("POD_NAMESPACE") or _pod_namespace()
    cluster = Cluster(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        certificate_authority=str(_SERVICE_ACCOUNT / "ca.crt"),
    )
    cluster = _with_cluster_flags(cluster, options)
    return ClusterAccess(
        server=cluster.server,
        namespace=namespace,
        source="in-cluster",
        cluster=cluster,
        user=_with_user_flags(User(token_file=str(token)), options),
        request_timeout=options.request_timeout,
        interactive=options.interactive,
    )


def _pod_namespace() -> str:
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip() or "default"
    except OSError:
        return "default"


def _no_cluster(config: KubeConfig, options: ConnectOptions) -> ConfigError:
    if config.contexts:
        return ConfigError(
            f"No current context is set in {_files(config)}; {known_names(config.contexts)}. "
            "Choose one with --context, or set it: kubectl config use-context NAME"
        )
    if options.kubeconfig or config.files:
        return NoClusterError(f"The kubeconfig {_files(config)} is empty: it defines no context.")
    searched = " and ".join(str(path) for path in config.searched) or "~/.kube/config"
    return NoClusterError(
        f"No cluster is configured: there is no {searched}. "
        "Set KUBECONFIG or give --kubeconfig; without a cluster, try --demo."
    )


def _files(config: KubeConfig) -> str:
    return " and ".join(str(path) for path in config.files or config.searched) or "the kubeconfig"
