"""The keys of a service: each has one place, and all passes take it from there."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter

from kompose.compose import keys
from kompose.compose.key import Key
from kompose.compose.service import SERVICE_KEYS, Service, read_service


def test_every_key_stands_once() -> None:
    twice = [name for name, times in Counter(key.name for key in SERVICE_KEYS).items() if times > 1]

    assert twice == []


def test_every_key_with_a_file_of_its_own_has_its_line() -> None:
    listed = {key.name for key in SERVICE_KEYS}
    modules = [
        importlib.import_module(f"{keys.__name__}.{module.name}")
        for module in pkgutil.iter_modules(keys.__path__)
    ]

    written = {
        value.name
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Key)
    }

    assert {"ports", "deploy", "gpus"} <= written
    assert written - listed == set()


def test_a_service_of_which_nothing_is_said_is_a_name() -> None:
    assert read_service("web", {}) == Service("web")


def test_a_field_reads_the_key_that_its_line_names() -> None:
    service = read_service(
        "web",
        {
            "privileged": True,
            "stop_grace_period": "1m30s",
            "mem_limit": "1048576",
            "volumes": [{"type": "volume", "source": "data", "target": "/data"}],
            "depends_on": {"db": {"condition": "service_healthy", "required": True}},
        },
    )

    assert service.is_privileged
    assert service.stop_grace_period == 90
    assert service.memory_limit == 1024 * 1024
    assert [mount.target for mount in service.mounts] == ["/data"]
    assert [dependency.condition for dependency in service.dependencies] == ["service_healthy"]
