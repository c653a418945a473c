"""Recorded versions, uids and tokens, and what they are here."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Translation:
    """Recorded versions and uids, and what they are here; learned from answers."""

    versions: dict[str, str] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)

    def learn(self, recorded: Any, found: Any) -> None:
        """Take pairs from two answers that belong together."""
        if isinstance(recorded, dict) and isinstance(found, dict):
            for name, value in recorded.items():
                other = found.get(name)
                if name == "resourceVersion" and isinstance(other, str):
                    self.versions[str(value)] = other
                elif name == "uid" and isinstance(other, str):
                    self.uids[str(value)] = other
                else:
                    self.learn(value, other)
        elif isinstance(recorded, list) and isinstance(found, list):
            for value, other in zip(recorded, _aligned(recorded, found), strict=False):
                self.learn(value, other)

    def value(self, given: Any, key: str = "") -> Any:
        """A recorded request part with our versions, uids and tokens."""
        if isinstance(given, dict):
            return {name: self.value(inner, name) for name, inner in given.items()}
        if isinstance(given, list):
            return [self.value(inner, key) for inner in given]
        text = str(given)
        if key == "continue":
            return self._token(text)
        if key == "resourceVersion" and isinstance(given, str | int):
            return self.version(text)
        if isinstance(given, str):
            return self.uids.get(given, given)
        return given

    def version(self, text: str) -> str:
        """A recorded version, or the nearest older one that is known, as it is here."""
        if text in self.versions or not text.isdigit() or int(text) in (0, 1, 5):
            return self.versions.get(text, text)
        if int(text) > 10_000_000:
            return text
        known = [int(version) for version in self.versions if version.isdigit()]
        older = [version for version in known if version <= int(text)]
        return self.versions[str(max(older))] if older else text

    def _token(self, token: str) -> str:
        try:
            parts = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError:
            return token
        if parts.get("rv", 0) > 0:
            parts["rv"] = int(self.version(str(parts["rv"])))
        text = json.dumps(parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _aligned(recorded: list[Any], found: list[Any]) -> list[Any]:
    """The found items in the order of the recorded ones, by name where they have one."""
    names = [
        (item.get("metadata") or {}).get("name") if isinstance(item, dict) else None
        for item in found
    ]
    aligned = []
    for index, item in enumerate(recorded):
        name = (item.get("metadata") or {}).get("name") if isinstance(item, dict) else None
        if name in names and name is not None:
            aligned.append(found[names.index(name)])
        else:
            aligned.append(found[index] if index < len(found) else None)
    return aligned
