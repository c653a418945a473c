"""Values that look like secrets and would be readable in a manifest.

A finding names the variable, never its value.
"""

from collections.abc import Iterator

from kompose.compose.read import Model
from kompose.diagnostics import Diagnostic
from kompose.suspicion import looks_like_a_secret


def exposed_values(model: Model) -> Iterator[Diagnostic]:
    """One finding for each variable or build argument whose value looks like a secret."""
    for service, tree in model.tree["services"].items():
        places = {
            ("environment",): tree.get("environment"),
            ("build", "args"): (tree.get("build") or {}).get("args"),
        }
        for place, variables in places.items():
            for name, value in (variables or {}).items():
                if value is not None and looks_like_a_secret(name, value):
                    yield _finding(model, ("services", service, *place, name))


def _finding(model: Model, path: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        f"{'.'.join(path)} looks like a secret and would be readable by all who see the manifest; "
        "put it in a file and mount it through `secrets`",
        position=model.position(path),
    )
