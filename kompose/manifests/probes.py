"""Health checks as probes of a container."""

from typing import Any

from kompose.manifests.component import Component
from kompose.manifests.fields import fields
from kompose.manifests.labels import ProbeLabels
from kompose.report import ConvertError

_NOTHING = ProbeLabels()


def liveness_probe(component: Component, *, mends: bool = False) -> dict[str, Any]:
    """The probe of the health check in the file; empty without one."""
    check = component.service.healthcheck
    if check is None or (mends and (check.test or ())[:1] == ("NONE",)):
        return {}
    if check.test == () and not mends:
        raise _without_command(component.display_name)
    # The words after CMD-SHELL stay one argument, as the original has it; no program is named so.
    is_shell = mends and (check.test or ())[:1] == ("CMD-SHELL",)
    test = None if check.test is None else check.test[1:]
    said = component.labels.liveness._replace(
        test=("/bin/sh", "-c", *(test or ())) if is_shell else test,
        interval=check.interval,
        timeout=check.timeout,
        start_period=check.start_period,
        retries=check.retries,
    )
    return _probe(component.display_name, said)


def readiness_probe(component: Component, *, mends: bool = False) -> dict[str, Any]:
    """The probe that the readiness labels describe; empty without any or when disabled.

    Mended, a health check in the file says also when a container is ready, as it does in compose.
    A success counts at once, so there is no delay.
    """
    said = component.labels.readiness
    if said.is_disabled:
        return {}
    if said == _NOTHING and mends:
        alive = liveness_probe(component, mends=True)
        return {field: value for field, value in alive.items() if field != "initialDelaySeconds"}
    return _probe(component.display_name, said)


def _probe(name: str, said: ProbeLabels) -> dict[str, Any]:
    if said == _NOTHING:
        return {}
    if said.test:
        action: dict[str, Any] = {"exec": {"command": list(said.test)}}
    elif said.http_path and said.http_port:
        action = {"httpGet": {"path": said.http_path, "port": said.http_port}}
    elif said.tcp_port:
        action = {"tcpSocket": {"port": said.tcp_port}}
    else:
        raise _without_command(name)
    return action | fields(
        initialDelaySeconds=said.start_period or None,
        timeoutSeconds=said.timeout or None,
        periodSeconds=said.interval or None,
        failureThreshold=said.retries or None,
    )


def _without_command(name: str) -> ConvertError:
    return ConvertError(
        f"Health check must contain a command: that of service {name} has none to run",
        exit_code=2,
    )
