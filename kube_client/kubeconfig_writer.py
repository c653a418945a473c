"""Changes to a kubeconfig that a person owns: comments, order and quotes survive."""

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from kube_client.errors import ConfigError


def save_auth_provider(file: Path, user: str, changes: Mapping[str, str]) -> None:
    """Write new settings of a user's auth provider; a read-only kubeconfig is left as it is."""

    def change(document: Any) -> bool:
        for entry in document.get("users") or ():
            if entry.get("name") == user:
                provider = entry["user"]["auth-provider"]
                if provider.get("config") is None:
                    provider["config"] = {}
                provider["config"].update(changes)
                return True
        return False

    with suppress(PermissionError):
        rewrite(file, change)


def use_context(file: Path, name: str) -> None:
    """Make the context the current one.

    Raises:
        ConfigError: The file cannot be written.
    """

    def change(document: Any) -> bool:
        document["current-context"] = name
        return True

    try:
        rewrite(file, change)
    except OSError as error:
        raise ConfigError(f"Cannot write the kubeconfig {file}: {error.strerror}.") from error


def rewrite(file: Path, change: Callable[[Any], bool]) -> None:
    """Read the file, change it in place, and put it back whole; kubectl's lock is respected.

    Raises:
        ConfigError: Another program holds the lock.
        OSError: The file cannot be read or written.
    """
    from ruamel.yaml import YAML

    lock = file.with_name(file.name + ".lock")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
    except FileExistsError as error:
        raise ConfigError(
            f"Another program is changing {file}. If none is, remove {lock}."
        ) from error
    try:
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 1 << 20
        document = yaml.load(file.read_bytes())
        if document is not None and change(document):
            content = BytesIO()
            yaml.dump(document, content)
            _put_back(file, content.getvalue())
    finally:
        lock.unlink(missing_ok=True)


def _put_back(file: Path, content: bytes) -> None:
    """Replace the file in one step, links followed, rights kept."""
    target = file.resolve()
    mode = target.stat().st_mode
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(content)
        Path(name).chmod(mode & 0o7777)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
