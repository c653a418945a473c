"""Mended: what a service says, as far as a cluster can take it.

What no object can hold is left out, and the report says so. A label of our own whose value no
object can have is refused: what was meant by it cannot be guessed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kompose.compose.keys.deploy import Deploy, Resources
from kompose.compose.service import Service
from kompose.manifests.names import (
    dns_label,
    is_host,
    is_label_key,
    is_label_value,
    is_object_name,
)
from kompose.manifests.numbers import loose_number
from kompose.report import ConvertError, Report
from kube_client.quantity import QuantityError, parse_quantity

_VARIABLE = re.compile(r"[ -<>-~]+")
_SCHEDULE = re.compile(r"@[a-z]+(?: \S+)?|\s*(?:[\w*/,?#-]+\s+){4}[\w*/,?#-]+\s*", re.ASCII)
_LARGEST_ID = 2**31 - 1
_LARGEST_PORT = 65_535
_PROBES = "kompose.service.healthcheck."


def _is_between(low: int, high: int) -> Callable[[str], bool]:
    def is_so(text: str) -> bool:
        number = loose_number(text)
        return number is None or low <= number <= high

    return is_so


def _is_below(text: str) -> bool:
    return not text.startswith("/") and ".." not in text.split("/")


def _is_size(text: str) -> bool:
    try:
        return parse_quantity(text) > 0
    except QuantityError:
        return True  # the rule for claims says what is wrong with it


def _are_hosts(text: str) -> bool:
    hosts = (part.partition("/")[0].strip() for part in text.split(","))
    return all(not host or host == "true" or is_host(host) for host in hosts)


_NAME = (is_object_name, "the name of an object: small letters, digits, '-' and '.'")
_PORT = (_is_between(0, _LARGEST_PORT), "the number of a port")
_POSITIVE = (lambda text: not text.lstrip().startswith("-"), "not negative")
_LABELS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "kompose.cronjob.schedule": (
        lambda text: bool(_SCHEDULE.fullmatch(text)),
        "five fields, such as '*/10 * * * *'",
    ),
    "kompose.cronjob.backoff_limit": _POSITIVE,
    "kompose.image-pull-secret": _NAME,
    "kompose.security-context.fsgroup": (_is_between(0, _LARGEST_ID), "the number of a group"),
    "kompose.service.expose": (_are_hosts, "'true' or the names of hosts, in small letters"),
    "kompose.service.expose.ingress-class-name": _NAME,
    "kompose.service.expose.tls-secret": _NAME,
    "kompose.service.nodeport.port": _PORT,
    "kompose.serviceaccount-name": _NAME,
    "kompose.volume.size": (_is_size, "more than nought"),
    "kompose.volume.storage-class-name": _NAME,
    "kompose.volume.subpath": (_is_below, "a path within the volume"),
    "kompose.hpa.replicas.min": (_is_between(1, _LARGEST_ID), "at least 1"),
    f"{_PROBES}liveness.http_get_port": _PORT,
    f"{_PROBES}liveness.tcp_port": _PORT,
    f"{_PROBES}readiness.http_get_port": _PORT,
    f"{_PROBES}readiness.tcp_port": _PORT,
    f"{_PROBES}readiness.interval": _POSITIVE,
    f"{_PROBES}readiness.timeout": _POSITIVE,
    f"{_PROBES}readiness.retries": _POSITIVE,
    f"{_PROBES}readiness.start_period": _POSITIVE,
}
"""Which values an object can have, and what to write instead of others."""


def fitted(service: Service, report: Report) -> Service:
    """The service without what no object can hold.

    Raises:
        ConvertError: A label asks for what cannot be.
    """
    _check_labels(service, report)
    out = _LeftOut(service.name, report)
    return service._replace(
        labels=out.rest("label", service.labels, lambda key, _: is_label_key(key.lower())),
        environment=out.rest(
            "variable", service.environment, lambda key, _: bool(_VARIABLE.fullmatch(key))
        ),
        user=out.one("user", service.user, is_possible=not re.search(r"(?:^|:)-", service.user)),
        group_add=tuple(
            out.those("group", service.group_add, lambda group: not group.startswith("-"))
        ),
        domainname=out.one(
            "domainname",
            service.domainname,
            is_possible=service.domainname == dns_label(service.domainname),
        ),
        stop_grace_period=None
        if service.stop_grace_period is None
        else max(service.stop_grace_period, 0),
        deploy=None if service.deploy is None else _fitted_deploy(service.deploy, out),
    )


def _check_labels(service: Service, report: Report) -> None:
    faults = [
        f"The label {label} of service {service.name} is {value!r}. It must be {wanted}"
        for label, (is_possible, wanted) in _LABELS.items()
        if (value := service.labels.get(label)) and not is_possible(value)
    ]
    for fault in faults[1:]:
        report.error(fault)
    if faults:
        raise ConvertError(faults[0])


def _fitted_deploy(deploy: Deploy, out: "_LeftOut") -> Deploy:
    place = deploy.placement
    return deploy._replace(
        labels=out.rest(
            "deploy label",
            deploy.labels,
            lambda key, value: is_label_key(key) and is_label_value(value),
        ),
        placement=place._replace(
            constraints=tuple(out.those("constraint", place.constraints, _is_constraint)),
            spreads=tuple(out.those("preference", place.spreads, _is_spread)),
        ),
        reservations=_within(deploy.reservations, deploy.limits, out),
    )


def _is_constraint(text: str) -> bool:
    key, _, value = re.sub(" (==|!=) ", "\0", text, count=1).partition("\0")
    return _is_spread(key) and is_label_value(value)


def _is_spread(text: str) -> bool:
    return is_label_key(text.removeprefix("node.labels."))


def _within(kept: Resources, most: Resources, out: "_LeftOut") -> Resources:
    """What is kept for a container, which cannot be more than it may use."""
    cpus, memory = kept.cpus, kept.memory_bytes
    if most.cpus and (cpus or 0) > most.cpus:
        out.lower("cpus", f"{cpus:g}", f"{most.cpus:g}")
        cpus = most.cpus
    if most.memory_bytes and (memory or 0) > most.memory_bytes:
        out.lower("memory", f"{memory} bytes", f"{most.memory_bytes} bytes")
        memory = most.memory_bytes
    return Resources(cpus, memory)


class _LeftOut:
    """Tells what of one service is left out."""

    def __init__(self, service: str, report: Report) -> None:
        self._service = service
        self._report = report

    def tell(self, what: str, value: str) -> None:
        """Says that something cannot be as it stands."""
        self._report.warn(
            f"The {what} {value!r} of service {self._service} is left out: no object can have it"
        )

    def lower(self, what: str, asked: str, most: str) -> None:
        """Says that a container cannot have more kept for it than it may use."""
        self._report.warn(
            f"The reservation of {what} of service {self._service} is {asked}, "
            f"which is more than its limit: {most} is kept"
        )

    def one(self, what: str, value: str, *, is_possible: bool) -> str:
        """The value, or an empty text in its place."""
        if value and not is_possible:
            self.tell(what, value)
            return ""
        return value

    def those(
        self, what: str, values: Iterable[str], is_possible: Callable[[str], bool]
    ) -> Iterator[str]:
        """The values that can be."""
        for value in values:
            if is_possible(value):
                yield value
            else:
                self.tell(what, value)

    def rest(
        self, what: str, pairs: Mapping[str, Any], is_possible: Callable[[str, Any], bool]
    ) -> dict[str, Any]:
        """The pairs that can be."""
        found = {}
        for key, value in pairs.items():
            if is_possible(key, value):
                found[key] = value
            else:
                self.tell(what, key)
        return found
