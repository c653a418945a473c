"""What stands on the command line for every command that works on a cluster."""

from pathlib import Path
from typing import NamedTuple

from kompose.report import Report


class Where(NamedTuple):
    """Which project and which cluster are meant; None where nothing is said."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    project_name: str | None = None
    profiles: tuple[str, ...] = ()


class Invocation(NamedTuple):
    """The global flags, as a command finds them in its Typer context's `obj`."""

    files: tuple[str, ...]
    """Compose files in merge order; empty lets COMPOSE_FILE and the default names decide."""
    report: Report
    is_demo: bool = False
    """Whether KUBECONFIG names a demo cluster that lives as long as this run."""
    here: Path = Path()
    """Where relative file names start."""
    where: Where = Where()
