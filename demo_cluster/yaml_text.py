"""YAML as Go's library writes it. PyYAML is loaded when the first text is wanted."""

from __future__ import annotations

from functools import cache
from typing import Any


def yaml_text(value: Any) -> bytes:
    """The value as YAML as Go writes it: keys in order, equal parts written out, its own quotes."""
    import yaml

    text: str = yaml.dump(
        value, Dumper=_dumper(), default_flow_style=False, sort_keys=True, width=1 << 30
    )
    return text.encode()


_ONCE_TRUE_OR_FALSE = frozenset("yYnN")
"""Words that old YAML read as truths, and PyYAML does not."""


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # chosen as it runs
        def ignore_aliases(self, _data: object) -> bool:
            return True

        def represent_text(self, text: str) -> Any:
            read = self.resolve(yaml.ScalarNode, text, (True, False))
            style = "|" if "\n" in text else None
            if read != "tag:yaml.org,2002:str" or text in _ONCE_TRUE_OR_FALSE:
                style = '"'
            return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, Dumper.represent_text)
    return Dumper
