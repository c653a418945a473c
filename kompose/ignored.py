"""Keys of a compose file that no rule turns into anything, each with its place and a way out.

The original drops them in silence. `convert --verbose` names them; so does `up`, which has no
original to be equal to.
"""

from collections.abc import Iterator

from kompose.compose.read import Model
from kompose.compose.service import SERVICE_KEYS
from kompose.diagnostics import Diagnostic

_NO_WAY = ""
_SERVICE_KEYS = {key.name: key.instead for key in SERVICE_KEYS if key.instead is not None}
_MENDED = ("pull_policy", "scale")
"""Keys that count in mended manifests."""
_VOLUME_KEYS = {
    "driver": "use the label kompose.volume.storage-class-name",
    "driver_opts": _NO_WAY,
    "external": "a claim of the name in the file is made",
}


def ignored_keys(model: Model, *, mends: bool = False) -> Iterator[Diagnostic]:
    """One finding for each key that changes nothing in the cluster, in the order of the model."""
    mended = _MENDED if mends else ()
    for section, table in (("services", _SERVICE_KEYS), ("volumes", _VOLUME_KEYS)):
        for name, tree in (model.tree.get(section) or {}).items():
            for key, value in (tree or {}).items():
                if key in table and key not in mended and value not in (None, "", [], {}):
                    yield _finding(model, (section, name, key), table[key])


def _finding(model: Model, path: tuple[str, str, str], way_out: str) -> Diagnostic:
    hint = f"; {way_out}" if way_out else ""
    return Diagnostic(f"{'.'.join(path)} is not converted{hint}", position=model.position(path))
