"""What `kubectl get` prints of kinds that clusters have for themselves, by value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from demo_cluster.kinds import KINDS
from demo_cluster.tables.table import column_definitions, rows

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
META = {"name": "x", "creationTimestamp": "2026-01-01T11:59:00Z"}


def cells(plural: str, **obj: Any) -> dict[str, Any]:
    """The cells of one object by the names of their columns."""
    kind = next(each for each in KINDS if each.plural == plural)
    [row] = rows(kind, [{"metadata": META, **obj}], NOON, "None", "v1")
    names = [column["name"] for column in column_definitions(kind, None)]
    return dict(zip(names, row["cells"], strict=False))


@pytest.mark.parametrize("kind", [each for each in KINDS if "list" in each.verbs], ids=str)
def test_every_kind_has_columns_that_begin_with_a_name(kind: Any) -> None:
    columns = column_definitions(kind, None)

    assert "Name" in [column["name"] for column in columns]
    assert all(set(column) == set(columns[0]) for column in columns)


def test_a_kind_without_a_printer_shows_when_it_was_made() -> None:
    assert cells("roles") == {"Name": "x", "Created At": META["creationTimestamp"]}


@pytest.mark.parametrize(
    ("types", "certificate", "shown"),
    [
        ([], "", "Pending"),
        (["Approved"], "eA==", "Approved,Issued"),
        (["Approved", "Failed"], "", "Approved,Failed"),
        (["Denied", "Approved"], "", "Denied"),
    ],
)
def test_a_signing_request_shows_how_far_it_is(
    types: list[str], certificate: str, shown: str
) -> None:
    status = {"conditions": [{"type": each} for each in types], "certificate": certificate}
    spec = {"signerName": "s/n", "username": "jane", "expirationSeconds": 600}

    found = cells("certificatesigningrequests", spec=spec, status=status)

    assert (found["Requestor"], found["RequestedDuration"], found["Condition"]) == (
        "jane",
        "10m",
        shown,
    )


def test_a_csi_driver_shows_what_it_defaults_to() -> None:
    found = cells("csidrivers", spec={})

    assert found["AttachRequired"] is True
    assert (found["TokenRequests"], found["Modes"]) == ("<unset>", "<none>")


def test_a_flow_schema_does_not_know_yet_whether_its_level_is_there() -> None:
    found = cells("flowschemas", spec={"matchingPrecedence": 500})

    assert (found["MatchingPrecedence"], found["DistinguisherMethod"]) == (500, "<none>")
    assert found["MissingPL"] == "?"


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ([{}], "*"),
        ([{"host": "a"}, {}], "a"),
        ([{"host": "a"}, {"host": "b"}, {"host": "c"}], "a,b,c"),
        ([{"host": "a"}, {"host": "b"}, {"host": "c"}, {}, {}], "a,b,c + 2 more..."),
    ],
)
def test_an_ingress_shows_three_hosts(rules: list[dict[str, Any]], shown: str) -> None:
    assert cells("ingresses", spec={"rules": rules})["Hosts"] == shown


def test_a_load_balancer_shows_what_it_was_given_before_what_it_was_told() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "a.example"}]}}
    spec = {"type": "LoadBalancer", "clusterIPs": ["10.96.0.9"], "externalIPs": ["9.9.9.9"]}

    found = cells("services", spec=spec, status=status)

    assert found["External-IP"] == "2.2.2.2,a.example,9.9.9.9"
    assert found["Cluster-IP"] == "10.96.0.9"
