"""From what a person said to a client that is ready: the one place that puts the parts together."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess, cluster_access
from kube_client.credentials import (
    CredentialSource,
    FixedCredential,
    TokenFile,
    fixed_part,
    impersonation_headers,
)
from kube_client.http_transport import HttpTransport, parse_endpoint
from kube_client.kubeconfig import ConnectOptions
from kube_client.tls import server_trust
from kube_client.transport import Transport

__all__ = ["ClusterAccess", "ConnectOptions", "cluster_access", "connect", "connect_to"]

_USER_AGENT = "kube-tui"


def connect(options: ConnectOptions | None = None, env: Mapping[str, str] = os.environ) -> Client:
    """A client for the cluster that the options mean; nothing is sent yet.

    Raises:
        ConfigError: The kubeconfig does not say how to connect.
        CredentialsError: The user's credentials are not usable.
    """
    return connect_to(cluster_access(options, env), env)


def connect_to(access: ClusterAccess, env: Mapping[str, str] = os.environ) -> Client:
    """A client for this cluster and user; nothing is sent yet.

    Raises:
        ConfigError: An address or a file is not usable.
        CredentialsError: The user's credentials are not usable.
    """
    return client_over(transport_to(access, env), access)


def client_over(transport: Transport, access: ClusterAccess) -> Client:
    """A client that speaks to this cluster over a transport."""
    return Client(
        transport,
        access,
        compress=not access.cluster.disable_compression,
        timeout=access.request_timeout,
    )


def transport_to(access: ClusterAccess, env: Mapping[str, str] = os.environ) -> HttpTransport:
    """What carries this user's requests to this cluster; raises as `connect_to` does."""
    cluster = access.cluster
    endpoint = parse_endpoint(
        access.server,
        trust=server_trust(cluster),
        insecure=cluster.insecure_skip_tls_verify,
        server_name=cluster.tls_server_name,
        proxy_url=cluster.proxy_url,
        env=env,
    )
    headers = (("user-agent", _USER_AGENT), *impersonation_headers(access.user.impersonation))
    return HttpTransport(endpoint, credential_source(access), headers)


def credential_source(access: ClusterAccess) -> CredentialSource:
    """Where the credentials of this user come from: plugin, provider, file, or the config itself.

    Raises:
        ConfigError: A file is unreadable or data is not base64.
        CredentialsError: The user's settings cannot work.
    """
    user = access.user
    fixed = fixed_part(user)
    if user.exec is not None and not fixed.token:
        from kube_client.exec_plugin import ExecPlugin

        return ExecPlugin(user.exec, fixed, _cluster_info(access), interactive=access.interactive)
    if user.auth_provider is not None and not fixed.token:
        from kube_client.auth_provider import AuthProvider

        return AuthProvider(user.auth_provider, access.user_name, user.file, fixed)
    if user.token_file:
        return TokenFile(Path(user.token_file), fixed)
    return FixedCredential(fixed)


def _cluster_info(access: ClusterAccess) -> dict[str, Any]:
    """What a plugin may learn of the cluster, named as in a kubeconfig."""
    cluster = access.cluster
    trust = server_trust(cluster)
    settings = {
        "server": access.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode((trust or "").encode("latin-1")).decode(),
        "proxy-url": cluster.proxy_url,
        "disable-compression": cluster.disable_compression,
        "config": cluster.extensions.get("client.authentication.k8s.io/exec"),
    }
    return {name: value for name, value in settings.items() if value}
