"""The `kompose.*` labels of a compose service, checked and typed."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from kompose.project import Service
from kompose.report import ConvertError
from kube_client.duration import DurationError, parse_nanoseconds

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)")
_ZERO_FRACTION = re.compile(r"\.0*$")
_SERVICE_TYPES = {
    "": "ClusterIP",
    "clusterip": "ClusterIP",
    "nodeport": "NodePort",
    "loadbalancer": "LoadBalancer",
    "headless": "Headless",
}
_TRAFFIC_POLICIES = {"": "", "cluster": "Cluster", "local": "Local"}
_CONCURRENCY = ("", "Allow", "Forbid", "Replace")
_READINESS = "kompose.service.healthcheck.readiness."
_LIVENESS = "kompose.service.healthcheck.liveness."


class ProbeLabels(NamedTuple):
    """What labels say about one probe; times in whole seconds."""

    test: str = ""
    http_path: str = ""
    http_port: int = 0
    tcp_port: int = 0
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    retries: int = 0
    is_disabled: bool = False


class CronLabels(NamedTuple):
    """A schedule, for a service that runs now and then."""

    schedule: str
    concurrency: str = ""
    backoff_limit: int | None = None


class ServiceLabels(NamedTuple):
    """The labels of one service, as values. Empty where a label is not there."""

    service_type: str | None = None
    """`ClusterIP`, `NodePort`, `LoadBalancer`, `Headless`; None without the label."""
    node_port: int = 0
    traffic_policy: str = ""
    expose: str = ""
    expose_tls_secret: str = ""
    expose_class: str = ""
    controller: str = ""
    exposes_host_ports: bool = False
    pull_policy: str = ""
    pull_secret: str = ""
    fs_group: int = 0
    service_account: str = ""
    volume_kind: str = ""
    volume_size: str = ""
    volume_class: str = ""
    volume_subpath: str = ""
    group: str = ""
    name_override: str = ""
    cron: CronLabels | None = None
    concurrency: str = ""
    """The cron job's concurrency policy, also without a schedule."""
    liveness: ProbeLabels = ProbeLabels()
    readiness: ProbeLabels = ProbeLabels()
    init_name: str = ""
    init_image: str = ""
    init_command: str = ""


_NONE = ServiceLabels()


def lenient_int(text: str) -> int:
    """A number as forgiving readers take it: `80.0` is 80, `0x50` is 80, garbage is 0."""
    if not text:
        return 0
    match = _INTEGER.fullmatch(_ZERO_FRACTION.sub("", text))
    if match is None:
        return 0
    digits = match.group()
    if digits.lstrip("+-").startswith("0") and digits.lstrip("+-0_").isdigit():
        return int(digits.replace("o", "").replace("O", ""), 8)
    return int(digits, 0) if digits.strip("+-0") else 0


def read_labels(service: Service, port_count: int) -> ServiceLabels:
    """The typed labels of a service.

    Raises:
        ConvertError: A label has a value that means nothing, or contradicts another.
    """
    labels = service.labels
    if not any(name.startswith("kompose.") for name in labels):
        return _NONE
    get = labels.get
    found = ServiceLabels(
        service_type=_service_type(get("kompose.service.type")),
        node_port=lenient_int(get("kompose.service.nodeport.port", "")),
        traffic_policy=_traffic_policy(get("kompose.service.external-traffic-policy", "")),
        expose=get("kompose.service.expose", "").strip(" ,"),
        expose_tls_secret=get("kompose.service.expose.tls-secret", ""),
        expose_class=get("kompose.service.expose.ingress-class-name", ""),
        controller=get("kompose.controller.type", ""),
        exposes_host_ports=get("kompose.controller.port.expose", "") in _TRUE,
        pull_policy=get("kompose.image-pull-policy", ""),
        pull_secret=get("kompose.image-pull-secret", ""),
        fs_group=lenient_int(get("kompose.security-context.fsgroup", "")),
        service_account=get("kompose.serviceaccount-name", ""),
        volume_kind=get("kompose.volume.type", ""),
        volume_size=get("kompose.volume.size", ""),
        volume_class=get("kompose.volume.storage-class-name", ""),
        volume_subpath=get("kompose.volume.subpath", ""),
        group=get("kompose.service.group", ""),
        name_override=get("kompose.service.name_override", ""),
        cron=_cron(labels),
        concurrency=get("kompose.cronjob.concurrency_policy", ""),
        liveness=ProbeLabels(
            http_path=get(_LIVENESS + "http_get_path", ""),
            http_port=lenient_int(get(_LIVENESS + "http_get_port", "")),
            tcp_port=lenient_int(get(_LIVENESS + "tcp_port", "")),
        ),
        readiness=_readiness(labels),
        init_name=get("kompose.init.containers.name", ""),
        init_image=get("kompose.init.containers.image", ""),
        init_command=get("kompose.init.containers.command", ""),
    )
    _check(found, port_count)
    return found


def _check(labels: ServiceLabels, port_count: int) -> None:
    if not labels.expose and labels.expose_tls_secret:
        raise ConvertError(
            "kompose.service.expose.tls-secret was specified without kompose.service.expose"
        )
    if not labels.expose and labels.expose_class:
        raise ConvertError(
            "kompose.service.expose.ingress-class-name was specified without kompose.service.expose"
        )
    if labels.node_port and labels.service_type != "NodePort":
        raise ConvertError("kompose.service.type must be nodeport when assign node port value")
    if labels.node_port and port_count > 1:
        raise ConvertError(
            "cannot set kompose.service.nodeport.port when service has multiple ports"
        )


def _service_type(text: str | None) -> str | None:
    if text is None:
        return None
    if (known := _SERVICE_TYPES.get(text.lower())) is None:
        raise ConvertError(
            f"handleServiceType failed: Unknown value {text} , supported values are "
            "'nodeport, clusterip, headless or loadbalancer'"
        )
    return known


def _traffic_policy(text: str) -> str:
    if (known := _TRAFFIC_POLICIES.get(text.lower())) is None:
        raise ConvertError(
            f"handleServiceExternalTrafficPolicy failed: Unknown value {text} , "
            "supported values are 'local, cluster'"
        )
    return known


def _cron(labels: Mapping[str, str]) -> CronLabels | None:
    schedule = labels.get("kompose.cronjob.schedule")
    concurrency = labels.get("kompose.cronjob.concurrency_policy", "")
    backoff = labels.get("kompose.cronjob.backoff_limit")
    if schedule == "":
        raise ConvertError("handleCronJobSchedule failed: cronjob schedule cannot be empty")
    if concurrency not in _CONCURRENCY:
        raise ConvertError(
            "handleCronJobConcurrencyPolicy failed: invalid cronjob concurrency policy: "
            + concurrency
        )
    if backoff is not None and not re.fullmatch(r"[-+]?[0-9]+", backoff):
        raise ConvertError(
            f"handleCronJobBackoffLimit failed: invalid cronjob backoff limit: {backoff}"
        )
    if schedule is None:
        return None
    return CronLabels(schedule, concurrency, None if backoff is None else int(backoff))


def _readiness(labels: Mapping[str, str]) -> ProbeLabels:
    get = labels.get
    return ProbeLabels(
        test=get(_READINESS + "test", ""),
        http_path=get(_READINESS + "http_get_path", ""),
        http_port=lenient_int(get(_READINESS + "http_get_port", "")),
        tcp_port=lenient_int(get(_READINESS + "tcp_port", "")),
        interval=_seconds("interval", get(_READINESS + "interval")),
        timeout=_seconds("timeout", get(_READINESS + "timeout")),
        start_period=_seconds("startPeriod", get(_READINESS + "start_period")),
        retries=lenient_int(get(_READINESS + "retries", "")),
        is_disabled=get(_READINESS + "disable", "") in _TRUE,
    )


def _seconds(what: str, text: str | None) -> int:
    if not text:
        return 0
    try:
        return parse_nanoseconds(text) // 1_000_000_000
    except DurationError as error:
        raise ConvertError(
            f"Unable to parse health check: unable to parse health check {what} variable: {error}"
        ) from error
