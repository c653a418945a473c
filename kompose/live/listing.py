"""`ls` and `images`: the projects of a cluster, and what the containers of one run."""

import sys
from collections.abc import Sequence

from kompose.cluster.ownership import service_key
from kompose.cluster.pods import service_pods
from kompose.cluster.projects import ProjectRow, project_rows
from kompose.cluster.view import ProjectView
from kompose.live.act import chosen_workloads
from kompose.live.session import Session, require_project, say
from kube_client.codec import encode_json
from kube_client.errors import ForbiddenError

_ID_LENGTH = 12


async def list_projects(session: Session, *, everywhere: bool, form: str) -> int:
    """Print the projects of all namespaces, or of the one that is meant.

    Who may not look at all namespaces sees those of one.
    """
    try:
        rows = await project_rows(session.client, None if everywhere else session.namespace)
    except ForbiddenError:
        if not everywhere:
            raise
        say(f"You may not look at all namespaces; this is what is in {session.namespace}.")
        rows = await project_rows(session.client, session.namespace)
    sys.stdout.write(_projects(rows, form))
    return 0


def _projects(rows: Sequence[ProjectRow], form: str) -> str:
    if form == "names":
        return "".join(f"{name}\n" for name in dict.fromkeys(row.name for row in rows))
    if form == "json":
        records = [
            {"Name": row.name, "Namespace": row.namespace, "Status": row.status} for row in rows
        ]
        return encode_json(records).decode() + "\n"
    heading = ("NAME", "NAMESPACE", "STATUS")
    return table([heading, *((row.name, row.namespace, row.status) for row in rows)])


async def list_images(
    session: Session, view: ProjectView, services: Sequence[str], form: str
) -> int:
    """Print what the containers of services run, as the nodes know it.

    Raises:
        ClusterError: Nothing of the project is there.
    """
    workloads = await chosen_workloads(session, view, services)
    await require_project(session, workloads)
    records = []
    for key in dict.fromkeys(service_key(obj) for obj in workloads):
        for pod in await service_pods(session.client, session.namespace, key):
            for status in pod.status.container_statuses:
                repository, tag = _repository(status.image)
                digest = status.image_id.rpartition(":")[2][:_ID_LENGTH]
                records.append((pod.metadata.name, status.name, repository, tag, digest))
    headings = ("POD", "CONTAINER", "REPOSITORY", "TAG", "IMAGE ID")
    if form == "names":
        text = "".join(f"{one[4]}\n" for one in dict.fromkeys(records) if one[4])
    elif form == "json":
        names = ("Pod", "Container", "Repository", "Tag", "ID")
        found = [dict(zip(names, one, strict=True)) for one in records]
        text = encode_json(found).decode() + "\n"
    else:
        text = table([headings, *records])
    sys.stdout.write(text)
    return 0


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def _repository(image: str) -> tuple[str, str]:
    """Where an image comes from, and its tag."""
    name, _, _ = image.partition("@")
    path, slash, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    return f"{path}{slash}{base}", tag or "latest"
