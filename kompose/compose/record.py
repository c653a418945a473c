"""A mapping whose keys compose defines, such as a service or a port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NONE: Mapping[str, Any] = {}


class Record(dict[str, Any]):
    """The values of the known keys.

    Apart from them, in ``extensions``, is what only YAML shows: the ``x-`` keys of the file.
    """

    __slots__ = ("extensions", "order")

    def __init__(
        self,
        values: Mapping[str, Any],
        order: tuple[str, ...],
        extensions: Mapping[str, Any] = _NONE,
    ) -> None:
        super().__init__(values)
        self.order = order
        self.extensions = extensions

    def having(self, values: Mapping[str, Any]) -> Record:
        """The same record with these values, and only these."""
        return Record(values, self.order, self.extensions)

    def in_order(self) -> Iterator[str]:
        """Its keys as a file has them that the original prints."""
        return (key for key in self.order if key in self)
