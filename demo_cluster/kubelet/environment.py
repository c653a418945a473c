"""A container's environment, command and missing references, resolved from its spec. Reads only."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from demo_cluster.containers.images import SHELLS
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.quantities import quantity
from demo_cluster.store.storage import Storage

REFERENCE = re.compile(r"\$(?:\$|\(([^()]+)\))")
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class MissingReferenceError(Exception):
    """The container refers to what is not there; the text is the kubelet's."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` replaced where NAME is known; `$$` is a dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return variables.get(match[1], match[0])

    return REFERENCE.sub(value, text)


def environment_of(
    storage: Storage, pod: Obj, container: Obj, base: Mapping[str, str]
) -> dict[str, str]:
    """All variables that the container gets.

    Raises:
        MissingReferenceError: A config map, secret or key that is not optional is missing.
    """
    meta = pod["metadata"]
    variables = {"PATH": SEARCH_PATH, "HOSTNAME": meta["name"], "HOME": "/root", **base}
    variables |= _services(storage, meta["namespace"], pod)
    for source in container.get("envFrom") or ():
        variables |= _from(storage, meta["namespace"], source)
    for entry in container.get("env") or ():
        if "valueFrom" in entry:
            value = _value(storage, pod, container, entry["valueFrom"])
            if value is not None:
                variables[entry["name"]] = value
        else:
            variables[entry["name"]] = expand(entry.get("value") or "", variables)
    return variables


def _services(storage: Storage, namespace: str, pod: Obj) -> dict[str, str]:
    """Where the services are, as a kubelet tells it. Follows envvars.FromServices."""
    variables = _service("KUBERNETES", "10.96.0.1", [{"name": "https", "port": 443}])
    if pod["spec"].get("enableServiceLinks") is False:
        return variables
    for service in storage.list(kind_of("services"), namespace):
        spec = service.get("spec", {})
        address = spec.get("clusterIP")
        if address and address != "None" and spec.get("ports"):
            variables |= _service(_variable(service["metadata"]["name"]), address, spec["ports"])
    return variables


def _service(name: str, address: str, ports: list[Obj]) -> dict[str, str]:
    first = ports[0]
    protocol = first.get("protocol", "TCP").lower()
    variables = {
        f"{name}_SERVICE_HOST": address,
        f"{name}_SERVICE_PORT": str(first["port"]),
        f"{name}_PORT": f"{protocol}://{address}:{first['port']}",
    }
    for port in ports:
        number, protocol = str(port["port"]), port.get("protocol", "TCP")
        prefix = f"{name}_PORT_{number}_{protocol}"
        if port.get("name"):
            variables[f"{name}_SERVICE_PORT_{_variable(port['name'])}"] = number
        variables |= {
            prefix: f"{protocol.lower()}://{address}:{number}",
            f"{prefix}_PROTO": protocol.lower(),
            f"{prefix}_PORT": number,
            f"{prefix}_ADDR": address,
        }
    return variables


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def texts_of(obj: Obj) -> dict[str, bytes]:
    """The entries of a config map or secret."""
    if obj["kind"] == "Secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    texts = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    binary = obj.get("binaryData") or {}
    return texts | {key: base64.b64decode(value) for key, value in binary.items()}


def _from(storage: Storage, namespace: str, source: Obj) -> dict[str, str]:
    prefix = source.get("prefix") or ""
    for word, plural, singular in (
        ("configMapRef", "configmaps", "configmap"),
        ("secretRef", "secrets", "secret"),
    ):
        reference = source.get(word)
        if reference is None:
            continue
        found = storage.get(kind_of(plural), namespace, reference["name"])
        if found is None:
            if reference.get("optional"):
                return {}
            raise MissingReferenceError(f'{singular} "{reference["name"]}" not found')
        return {
            prefix + key: value.decode("utf-8", "replace") for key, value in texts_of(found).items()
        }
    return {}


def _value(storage: Storage, pod: Obj, container: Obj, source: Obj) -> str | None:
    if "fieldRef" in source:
        return field_text(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return resource_text(container, source["resourceFieldRef"])
    for word, plural, singular in (
        ("configMapKeyRef", "configmaps", "configmap"),
        ("secretKeyRef", "secrets", "secret"),
    ):
        if word in source:
            return _key(storage, pod["metadata"]["namespace"], source[word], plural, singular)
    return None


def _key(storage: Storage, namespace: str, reference: Obj, plural: str, word: str) -> str | None:
    found = storage.get(kind_of(plural), namespace, reference["name"])
    if found is None:
        if reference.get("optional"):
            return None
        raise MissingReferenceError(f'{word} "{reference["name"]}" not found')
    texts = texts_of(found)
    if reference["key"] not in texts:
        if reference.get("optional"):
            return None
        raise MissingReferenceError(
            f"couldn't find key {reference['key']} in {found['kind']} "
            f"{namespace}/{reference['name']}"
        )
    return texts[reference["key"]].decode("utf-8", "replace")


def field_text(pod: Obj, path: str) -> str:
    """The downward API: a field of the pod as text."""
    subscript = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if subscript:
        return str((pod["metadata"].get(subscript[1]) or {}).get(subscript[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = pod["metadata"].get(path.rpartition(".")[2]) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(entries.items()))
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def resource_text(container: Obj, reference: Obj) -> str:
    """The downward API: a request or limit as a plain number."""
    section, _, name = reference["resource"].partition(".")
    text = (container.get("resources", {}).get(section) or {}).get(name)
    if text is None:
        return "0"
    divisor = quantity(str(reference.get("divisor") or "1")) or 1
    return str(-(-int(quantity(text) * 1000) // int(divisor * 1000)))


def command_line(
    container: Obj, entrypoint: tuple[str, ...], variables: Mapping[str, str]
) -> list[str]:
    """What is run: the pod's command and arguments over the image's."""
    command, arguments = container.get("command"), container.get("args")
    if command:
        words = [*command, *(arguments or ())]
    elif arguments:
        program = () if entrypoint[:1] and entrypoint[0] in SHELLS else entrypoint[:1]
        words = [*program, *arguments]  # a shell is an image's CMD, which arguments replace
    else:
        words = list(entrypoint)
    return [expand(word, variables) for word in words]
