"""Values that look like secrets and would be readable in a manifest.

A finding names the variable, never its value.
"""

import re
from collections.abc import Iterator

from kompose.compose.read import Model
from kompose.diagnostics import Diagnostic

_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY"
    r"|CREDENTIALS?|AUTH_KEY|ENCRYPTION_KEY|SIGNING_KEY)(?:_[0-9]+)?$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk_live_[A-Za-z0-9]{16,}|://[^/\s:@]+:[^/\s:@]{3,}@"
)
_HARMLESS = frozenset(("", "true", "false", "yes", "no", "0", "1", "none"))


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


def looks_like_a_secret(name: str, value: str) -> bool:
    """Whether a variable should not stand in a manifest, by its name or by its value's form.

    A path, such as that of a mounted secret, is none.
    """
    if value.lower() in _HARMLESS or value.startswith(("/", "./")):
        return False
    return bool(_NAME.search(name) or _VALUE.search(value))


def _finding(model: Model, path: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        f"{'.'.join(path)} looks like a secret and would be readable by all who see the manifest; "
        "put it in a file and mount it through `secrets`",
        position=model.position(path),
    )
