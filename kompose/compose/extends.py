"""Services that start from another service's definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kompose.compose.key_path import KeyPath, PathError, told_at
from kompose.compose.merge import merge_service
from kompose.compose.resets import apply_resets


class Base(NamedTuple):
    """The services of a file that others extend, its paths resolved."""

    file: str
    services: dict[str, Any]
    resets: tuple[KeyPath, ...]


class _Step(NamedTuple):
    """A service on the way, and the services it is among."""

    name: str
    base: Base
    definition: Any


LoadBase = Callable[[str], Base]
"""The services of a file, from its path as it is written."""


def apply_extends(
    tree: dict[str, Any], file: str, resets: Sequence[KeyPath], load: LoadBase
) -> dict[str, Any]:
    """The tree with every service complete.

    Raises:
        ComposeError: A base is missing, or services extend each other in a circle.
    """
    if "services" not in tree:
        return tree
    services = tree["services"]
    if not isinstance(services, dict):
        raise PathError("services must be a mapping", ("services",))
    if all(s is None or (isinstance(s, dict) and "extends" not in s) for s in services.values()):
        return tree
    here = Base(file, dict(services), tuple(resets))
    walk = _Extension(load)
    for name in services:
        here.services[name] = walk.complete(name, here)
    return {**tree, "services": here.services}


class _Extension:
    """Completes services, reading further files as they are named."""

    def __init__(self, load: LoadBase) -> None:
        self._load = load

    def complete(self, name: str, here: Base) -> Any:
        """The service with all that it extends under it."""
        chain = self._chain(name, here)
        complete = chain[-1].definition
        for step in reversed(chain[:-1]):
            complete = _over(complete, step)
            step.base.services[step.name] = complete
        return complete

    def _chain(self, name: str, here: Base) -> list[_Step]:
        """The service, the one it extends, and so on to one that extends none."""
        chain: list[_Step] = []
        seen: list[tuple[str, str]] = []
        while True:
            step = _Step(name, here, here.services[name])
            if step.definition is not None and not isinstance(step.definition, dict):
                raise PathError(f"services.{name} must be a mapping", ("services", name))
            chain.append(step)
            extends = (step.definition or {}).get("extends")
            if extends is None:
                return chain
            place = (here.file, name)
            if place in seen:
                raise PathError(_circle([*seen, place]), ("services", name, "extends"))
            seen.append(place)
            reference, file = _reference(name, extends)
            here = self._base(name, reference, file, here)
            name = reference

    def _base(self, name: str, reference: str, file: str | None, here: Base) -> Base:
        """The services among which the base is."""
        base = here
        if file is not None:
            with told_at(("services", name, "extends")):
                base = self._load(file)
        if reference not in base.services:
            where = "" if file is None else f" in {file}"
            raise PathError(
                f'cannot extend service "{name}" in {here.file}: '
                f'service "{reference}" not found{where}',
                ("services", name, "extends"),
            )
        return base


def _reference(name: str, extends: Any) -> tuple[str, str | None]:
    """Service and file that an ``extends`` names."""
    if isinstance(extends, str):
        return extends, None
    service = extends.get("service") if isinstance(extends, dict) else None
    if not isinstance(service, str):
        raise PathError(f"extends.{name}.service is required", ("services", name, "extends"))
    file = extends.get("file")
    if file is not None and not isinstance(file, str):
        raise PathError(f"extends.{name}.file must be a string", ("services", name, "extends"))
    return service, file


def _over(source: Any, step: _Step) -> Any:
    """A service over the completed one that it extends."""
    if source is None:
        return step.definition
    kept = apply_resets({"services": {step.name: source}}, step.base.resets)
    base = kept.get("services", {}).get(step.name, {})
    own = {key: value for key, value in step.definition.items() if key != "extends"}
    return merge_service(base, own)


def _circle(steps: list[tuple[str, str]]) -> str:
    (first_file, first), *rest = steps
    lines = [f"  {first} in {first_file}"]
    lines += [f"  extends {name} in {file}" for file, name in rest]
    return "Circular reference:\n" + "\n".join(lines)
