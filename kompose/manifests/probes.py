"""Health checks as probes of a container."""

import shlex
from typing import Any

from kompose.manifests.component import Component
from kompose.manifests.fields import fields
from kompose.report import ConvertError

_SHELL_WORDS = ("CMD", "CMD-SHELL")


def liveness_probe(component: Component, *, mends: bool = False) -> dict[str, Any]:
    """The probe of the health check in the file; empty without one."""
    check = component.service.healthcheck
    if check is None or (mends and check.test[:1] == ("NONE",)):
        return {}
    labels = component.labels.liveness
    if check.test:
        labels = labels._replace(http_path="", http_port=0, tcp_port=0)
    # The words after CMD-SHELL stay one argument, as the original has it; no program is named so.
    is_shell = mends and check.test[:1] == ("CMD-SHELL",)
    return _probe(
        component.display_name,
        ["/bin/sh", "-c", *check.test[1:]] if is_shell else list(check.test[1:]),
        labels.http_path,
        labels.http_port,
        labels.tcp_port,
        check.start_period,
        check.timeout,
        check.interval,
        check.retries,
    )


def readiness_probe(component: Component, *, mends: bool = False) -> dict[str, Any]:
    """The probe that the readiness labels describe; empty without any or when disabled.

    Mended, a health check in the file says also when a container is ready, as it does in compose.
    A success counts at once, so there is no delay.
    """
    labels = component.labels.readiness
    if labels.is_disabled:
        return {}
    if not any(labels):
        alive = liveness_probe(component, mends=True) if mends else {}
        return {field: value for field, value in alive.items() if field != "initialDelaySeconds"}
    try:
        command = shlex.split(labels.test)
    except ValueError as error:
        raise ConvertError(
            f"Unable to parse health check: unable to parse health check test variable: {error}"
        ) from error
    if command and command[0] in (*_SHELL_WORDS, "NONE"):
        command = command[1:]
    return _probe(
        component.display_name,
        command,
        labels.http_path,
        labels.http_port,
        labels.tcp_port,
        labels.start_period,
        labels.timeout,
        labels.interval,
        labels.retries,
    )


def _probe(
    name: str,
    command: list[str],
    http_path: str,
    http_port: int,
    tcp_port: int,
    delay: int,
    timeout: int,
    period: int,
    failures: int,
) -> dict[str, Any]:
    if command:
        action: dict[str, Any] = {"exec": {"command": command}}
    elif http_path and http_port:
        action = {"httpGet": {"path": http_path, "port": http_port}}
    elif tcp_port:
        action = {"tcpSocket": {"port": tcp_port}}
    else:
        raise ConvertError(
            f"Health check must contain a command: that of service {name} has none to run",
            exit_code=2,
        )
    return action | fields(
        initialDelaySeconds=delay or None,
        timeoutSeconds=timeout or None,
        periodSeconds=period or None,
        failureThreshold=failures or None,
    )
