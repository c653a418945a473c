"""Services get their addresses and node ports as soon as they are there."""

from __future__ import annotations

import random

from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage, StorageEvent, key_of

SERVICES = kind_of("services")
_NODE_PORTS = (30000, 32768)


class ServiceController:
    """Allocates what a real API server allocates."""

    def __init__(self, storage: Storage, rng: random.Random) -> None:
        self._storage = storage
        self._rng = random.Random(rng.getrandbits(64))
        self._addresses: set[str] = {"10.96.0.1", "10.96.0.10"}
        self._ports: set[int] = set()

    def on_event(self, event: StorageEvent) -> None:
        """A service appeared, changed its type or went away."""
        if event.kind.storage_key != SERVICES.storage_key:
            return
        if event.type == "DELETED":
            self._addresses.discard(event.obj["spec"].get("clusterIP", ""))
            for port in event.obj["spec"].get("ports") or ():
                self._ports.discard(port.get("nodePort", 0))
            return
        self._ports.update(port.get("nodePort", 0) for port in event.obj["spec"].get("ports") or ())
        if self._is_incomplete(event.obj["spec"]):
            self._storage.modify(SERVICES, *key_of(event.obj), self._complete)

    @staticmethod
    def _is_incomplete(spec: Obj) -> bool:
        if spec.get("type") == "ExternalName":
            return False
        wants_ports = spec.get("type") in ("NodePort", "LoadBalancer")
        missing = any("nodePort" not in port for port in spec.get("ports") or ())
        return not spec.get("clusterIP") or (wants_ports and missing)

    def _complete(self, service: Obj) -> None:
        spec = service["spec"]
        if not spec.get("clusterIP"):
            spec["clusterIP"] = self._address()
        spec["clusterIPs"] = [spec["clusterIP"]]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            spec.setdefault("externalTrafficPolicy", "Cluster")
            for port in spec.get("ports") or ():
                if "nodePort" not in port and (number := self._port()):
                    port["nodePort"] = number

    def _address(self) -> str:
        while True:
            parts = (96, *self._rng.choices(range(1, 255), k=2))
            address = f"10.{parts[0]}.{parts[1]}.{parts[2]}"
            if address not in self._addresses:
                self._addresses.add(address)
                return address

    def _port(self) -> int:
        """A node port that no service has; 0 when none is left."""
        free = [port for port in range(*_NODE_PORTS) if port not in self._ports]
        if not free:
            return 0
        port = self._rng.choice(free)
        self._ports.add(port)
        return port
