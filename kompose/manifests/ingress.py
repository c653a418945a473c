"""`kompose.service.expose`: a component seen from outside, by Ingress or by Route."""

import re
from typing import Any

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields, metadata
from kompose.manifests.service import service_type

_EVERY_HOST = "true"
_SEPARATOR = re.compile("[ ,]*,[ ,]*")


def outside(component: Component, scope: Scope, selected: str = "") -> list[dict[str, Any]]:
    """The Ingress or the Route that the label asks for, if any.

    `selected` is the name of the group whose pods run the component, if it is not its own.
    """
    if not component.labels.expose or not component.ports:
        return []
    if service_type(component, scope, is_member=bool(selected)) == "LoadBalancer":
        return []
    port = component.ports[0].service_port
    if scope.options.is_openshift:
        return [route(component, port)]
    return [ingress(component, port, selected, mends=scope.options.mends)]


def ingress(
    component: Component, port: int, selected: str = "", *, mends: bool = False
) -> dict[str, Any]:
    """One rule for each host of the label, all to the given port of the Service."""
    name = selected or component.key
    rules, hosts = [], []
    for part in _SEPARATOR.split(component.labels.expose):
        host, slash, path = part.partition("/")
        host = "" if host == _EVERY_HOST else host
        hosts.append(host)
        backend = {"service": {"name": name, "port": fields(number=port or None)}}
        paths = [{"path": slash + path or "/", "pathType": "Prefix", "backend": backend}]
        rules.append({**fields(host=host), "http": {"paths": paths}})
    return {
        "kind": "Ingress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": metadata(
            name,
            labels={"io.kompose.service": name},
            annotations=dict(component.annotations),
        ),
        "spec": fields(
            ingressClassName=component.labels.expose_class,
            tls=_tls(component, [host for host in hosts if host] if mends else hosts),
            rules=rules,
        ),
        "status": {"loadBalancer": {}},
    }


def _tls(component: Component, hosts: list[str]) -> list[dict[str, Any]]:
    secret = component.labels.expose_tls_secret
    if not secret:
        return []
    return [fields(hosts=hosts, secretName="" if secret == _EVERY_HOST else secret)]


def route(component: Component, port: int) -> dict[str, Any]:
    """The same for OpenShift; the whole label is one host."""
    host = component.labels.expose
    return {
        "kind": "Route",
        "apiVersion": "v1",
        "metadata": metadata(component.key, labels={"io.kompose.service": component.key}),
        "spec": {
            **fields(host="" if host == _EVERY_HOST else host),
            "to": {"kind": "Service", "name": component.key, "weight": None},
            "port": {"targetPort": port},
        },
        "status": {},
    }
