"""The flags about the cluster, as the client layer takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kube_client.kubeconfig import ConnectOptions, load_kubeconfig
from stern.errors import SternError, UsageError
from stern.flag_parser import ParsedFlags


def connect_options(flags: ParsedFlags) -> ConnectOptions:
    """How to connect, from the flags alone.

    Raises:
        UsageError: A flag about the cluster has no usable value.
    """
    return ConnectOptions(
        kubeconfig=flags.text("kubeconfig") or None,
        context=flags.text("context") or None,
        cluster=flags.text("cluster") or None,
        user=flags.text("user") or None,
        server=flags.text("server") or None,
        token=flags.text("token") or None,
        certificate_authority=flags.text("certificate-authority") or None,
        client_certificate=flags.text("client-certificate") or None,
        client_key=flags.text("client-key") or None,
        tls_server_name=flags.text("tls-server-name") or None,
        insecure_skip_tls_verify=flags.is_on("insecure-skip-tls-verify"),
        as_user=flags.text("as") or None,
        as_groups=flags.texts("as-group"),
        as_uid=flags.text("as-uid") or None,
        as_user_extra=tuple(_pair(text) for text in flags.texts("as-user-extra")),
        request_timeout=_timeout(flags.text("request-timeout")),
        disable_compression=flags.is_on("disable-compression"),
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--as-user-extra wants key=value, not {text!r}")
    return key, value


def _timeout(text: str) -> float | None:
    """Seconds: a bare number means seconds, 0 means no limit."""
    if text.isdecimal():
        return float(text) or None
    from kube_client.duration import DurationError, parse_duration

    try:
        return parse_duration(text).total_seconds() or None
    except DurationError as error:
        raise UsageError(
            f"Invalid timeout value. Timeout must be a single integer in seconds, or an integer "
            f"followed by a corresponding time unit (e.g. 1s | 2m | 3h): {error}"
        ) from error


def matching_contexts(
    patterns: Sequence[str], options: ConnectOptions, env: Mapping[str, str]
) -> list[str]:
    """The contexts of the kubeconfig whose whole name matches one of the patterns, in order.

    Raises:
        SternError: A pattern does not compile.
        ConfigError: The kubeconfig cannot be read.
    """
    if not patterns:
        return []
    from stern.regex.pattern import compile_any
    from stern.regex.syntax import PatternError

    try:
        compile_any(patterns)  # so that an error shows what was said
        pattern = compile_any([f"^(?:{text})$" for text in patterns])
    except PatternError as error:
        raise SternError(f"failed to compile regular expression for contexts: {error}") from error
    assert pattern is not None
    contexts = load_kubeconfig(options.kubeconfig, env).contexts
    return [name for name in contexts if pattern.search(name.encode())]
