"""What to trust and which certificate to show, as one SSLContext."""

import base64
import binascii
import os
import ssl
from pathlib import Path

from kube_client.errors import ConfigError, CredentialsError
from kube_client.kubeconfig import Cluster


def server_trust(cluster: Cluster) -> str | None:
    """The certificate authorities to trust, as PEM text; None means the system's.

    Raises:
        ConfigError: The data is not base64, or the file is unreadable.
    """
    if cluster.certificate_authority_data:
        return pem_data(cluster.certificate_authority_data, "certificate-authority-data").decode(
            "latin-1"
        )
    if cluster.certificate_authority:
        return pem_file(cluster.certificate_authority, "certificate authority").decode("latin-1")
    return None


def make_context(
    trust: str | None, *, insecure: bool = False, certificate: bytes = b"", key: bytes = b""
) -> ssl.SSLContext:
    """A context that trusts these authorities and shows this certificate, both PEM.

    Not `ssl.create_default_context`: from Python 3.13 that refuses the authorities of many
    clusters (VERIFY_X509_STRICT), and it loads the system's store even when it is not needed.

    Raises:
        ConfigError: The authorities are not certificates.
        CredentialsError: The certificate and the key are malformed or no pair.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trust is None:
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(cadata=trust)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(
                "The certificate authority of this cluster is no PEM certificate. "
                "Check certificate-authority in the kubeconfig."
            ) from error
    if certificate:
        _load_pair(context, certificate, key)
    return context


def pem_data(text: str, name: str) -> bytes:
    """The bytes of a base64 entry of a kubeconfig.

    Raises:
        ConfigError: The text is not base64.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ConfigError(f"{name} in the kubeconfig is not base64: {error}.") from error


def pem_file(path: str, name: str) -> bytes:
    """The bytes of a file that a kubeconfig names.

    Raises:
        ConfigError: The file is unreadable.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"Cannot read the {name} {path}: {error.strerror}.") from error


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL reads pairs from files only; ours lives for the moment of the call."""
    import tempfile  # a third of the time of this module, and most users have tokens

    handle, path = tempfile.mkstemp(prefix="kube-client-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate.rstrip(b"\n") + b"\n" + key)
        context.load_cert_chain(path, password=_no_passphrase)
    except ssl.SSLError as error:
        raise CredentialsError(
            "The client certificate and key of this user do not work together: "
            f"{error.reason or error}. Check them in the kubeconfig."
        ) from error
    finally:
        Path(path).unlink(missing_ok=True)


def _no_passphrase() -> str:
    raise CredentialsError(
        "The client key of this user is encrypted, and there is no way to ask for its passphrase. "
        "Decrypt it: openssl pkey -in KEY -out KEY.plain"
    )
