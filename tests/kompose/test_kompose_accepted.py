"""Mended manifests of every recorded compose file, as an API server sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kube_client.connect import connect
from kube_client.kubeconfig import ConnectOptions
from tests.kompose.accepted import refusal
from tests.kompose.kompose_run import lay_out, run_kompose
from tests.kompose.observed_cases import observed

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster

REFUSED_FOR_A_REASON = {
    "fx-service-label-docker-compose-k8s": "the file itself asks for a node port out of range",
    "fx-service-label-docker-compose-os": "the same file",
}


def _cases() -> dict[str, list[dict[str, Any]]]:
    """The recorded inputs that convert, by area, each set of files once."""
    found: dict[str, list[dict[str, Any]]] = {}
    seen = set()
    for case in observed():
        files = json.dumps(case["files"], sort_keys=True)
        if files not in seen and case["rc"] == 0 and case["id"] not in REFUSED_FOR_A_REASON:
            seen.add(files)
            found.setdefault(case["area"], []).append(case)
    return found


@pytest.mark.parametrize("area", sorted(_cases()))
async def test_every_mended_object_is_accepted(
    area: str, shared_demo: RunningCluster, tmp_path: Path
) -> None:
    refused = []
    async with connect(ConnectOptions(kubeconfig=str(shared_demo.kubeconfig))) as client:
        for case in _cases()[area]:
            refused += [
                f"{case['id']}: {why}"
                for obj in _mended(case, tmp_path / case["id"] / "case")
                if (why := await refusal(client, obj))
            ]

    assert refused == []


def _mended(case: dict[str, Any], directory: Path) -> list[dict[str, Any]]:
    directory.mkdir(parents=True)
    lay_out(directory, case["files"])
    words = case["args"]
    files = [
        word for place, word in enumerate(words) if "-f" in words[max(place - 1, 0) : place + 1]
    ]
    outcome = run_kompose(
        [*files, "convert", "--stdout", "--mend"],
        directory=directory,
        environment=case["env"],
        stdin=case["stdin"],
    )
    return [each for each in yaml.safe_load_all(outcome.stdout) if each is not None]
