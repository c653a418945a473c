"""The `kompose.*` labels of a compose service, checked and typed."""

from collections.abc import Mapping
from typing import NamedTuple

from kompose.compose.service import Service
from kompose.manifests.numbers import loose_number
from kompose.manifests.shell_words import label_words
from kompose.report import ConvertError
from kube_client.duration import DurationError, parse_nanoseconds

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_SERVICE_TYPES = {
    "": "ClusterIP",
    "clusterip": "ClusterIP",
    "nodeport": "NodePort",
    "loadbalancer": "LoadBalancer",
    "headless": "Headless",
}
_TRAFFIC_POLICIES = {"": "Cluster", "cluster": "Cluster", "local": "Local"}
_CONCURRENCY = ("", "Allow", "Forbid", "Replace")
_READINESS = "kompose.service.healthcheck.readiness."
NAME_OVERRIDE = "kompose.service.name_override"
"""The label by which a service is another name on the cluster."""
_LIVENESS = "kompose.service.healthcheck.liveness."


class ProbeLabels(NamedTuple):
    """What labels say about one probe; times in whole seconds."""

    test: tuple[str, ...] | None = None
    """The command to run; None for none at all."""
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
    controller: str | None = None
    """None without the label; an empty word creates nothing."""
    exposes_host_ports: bool = False
    pull_policy: str = ""
    pull_secret: str = ""
    fs_group: int = 0
    service_account: str = ""
    volume_kind: str | None = None
    volume_size: str | None = None
    """Both are None without the label: an empty one is wrong."""
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


def lenient_int(text: str, bits: int = 32) -> int:
    """A number as forgiving readers take it; what is none is 0."""
    return loose_number(text, bits) or 0


def read_labels(service: Service, port_count: int, readiness: ProbeLabels) -> ServiceLabels:
    """The typed labels of a service; those of its readiness are read before.

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
        traffic_policy=_traffic_policy(get("kompose.service.external-traffic-policy")),
        expose=get("kompose.service.expose", "").strip(" ,"),
        expose_tls_secret=get("kompose.service.expose.tls-secret", ""),
        expose_class=get("kompose.service.expose.ingress-class-name", ""),
        controller=get("kompose.controller.type"),
        exposes_host_ports=get("kompose.controller.port.expose", "") in _TRUE,
        pull_policy=get("kompose.image-pull-policy", ""),
        pull_secret=get("kompose.image-pull-secret", ""),
        fs_group=lenient_int(get("kompose.security-context.fsgroup", ""), 64),
        service_account=get("kompose.serviceaccount-name", ""),
        volume_kind=get("kompose.volume.type"),
        volume_size=get("kompose.volume.size"),
        volume_class=get("kompose.volume.storage-class-name", ""),
        volume_subpath=get("kompose.volume.subpath", ""),
        group=get("kompose.service.group", ""),
        name_override=get(NAME_OVERRIDE, ""),
        cron=_cron(labels),
        concurrency=get("kompose.cronjob.concurrency_policy", ""),
        liveness=ProbeLabels(
            http_path=get(_LIVENESS + "http_get_path", ""),
            http_port=lenient_int(get(_LIVENESS + "http_get_port", "")),
            tcp_port=lenient_int(get(_LIVENESS + "tcp_port", "")),
        ),
        readiness=readiness,
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


def _traffic_policy(text: str | None) -> str:
    if text is None:
        return ""
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
    limit = loose_number(backoff) if backoff else None
    if backoff and limit is None:
        raise ConvertError(
            f"handleCronJobBackoffLimit failed: invalid cronjob backoff limit: {backoff}"
        )
    if schedule is None:
        return None
    return CronLabels(schedule, concurrency, limit)


def readiness_labels(labels: Mapping[str, str]) -> ProbeLabels:
    """What the labels say about the readiness of a service.

    Raises:
        ConvertError: One of them should be a duration and is none.
    """
    get = labels.get
    line = get(_READINESS + "test", "")
    test = label_words(line)
    is_disabled = test[:1] == ["NONE"] or get(_READINESS + "disable", "") in _TRUE
    if test == ["NONE"]:
        raise ConvertError(
            f"The label {_READINESS}test is NONE with nothing after it. "
            f"To have no such check, say {_READINESS}disable: true",
            exit_code=2,
        )
    command = test[1:] if test[:1] == ["NONE"] else test
    command = command[1:] if command[:1] in (["CMD"], ["CMD-SHELL"]) else command
    return ProbeLabels(
        test=tuple(command) if line else None,
        http_path=get(_READINESS + "http_get_path", ""),
        http_port=lenient_int(get(_READINESS + "http_get_port", "")),
        tcp_port=lenient_int(get(_READINESS + "tcp_port", "")),
        interval=_seconds("interval", get(_READINESS + "interval")),
        timeout=_seconds("timeout", get(_READINESS + "timeout")),
        start_period=_seconds("startPeriod", get(_READINESS + "start_period")),
        retries=lenient_int(get(_READINESS + "retries", "")),
        is_disabled=is_disabled,
    )


def _seconds(what: str, text: str | None) -> int:
    """Whole seconds, cut towards zero."""
    if text is None:
        return 0
    try:
        nanoseconds = parse_nanoseconds(text)
    except DurationError as error:
        raise ConvertError(
            f"Unable to parse health check: unable to parse health check {what} variable: {error}"
        ) from error
    seconds = abs(nanoseconds) // 1_000_000_000
    return seconds if nanoseconds >= 0 else -seconds
