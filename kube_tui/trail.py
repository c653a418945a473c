"""The way down: tables that were gone through, the one shown last. Knows no terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kube_tui.level import Level, LocalLevel
from kube_tui.rows.row import Item
from kube_tui.rows.view import Place, View
from kube_tui.session import Session

Readers = Mapping[str, Callable[[], Sequence[Item]]]
"""Who reads the rows of the views that are not the cluster's, by the view's name."""


class Trail:
    """A stack of levels; those below keep following, so that the way back is instant."""

    def __init__(self, session: Session, readers: Readers, namespace: str | None) -> None:
        self._session = session
        self._readers = readers
        self._levels: list[Level] = []
        self._before: tuple[View[Any], Place] | None = None
        self.namespace = namespace
        """Where kinds are opened when nothing else is said; None: everywhere."""

    @property
    def here(self) -> Level:
        """The level shown."""
        return self._levels[-1]

    @property
    def is_open(self) -> bool:
        """Whether there is a level to show."""
        return bool(self._levels)

    @property
    def is_deep(self) -> bool:
        """Whether there is a way back."""
        return len(self._levels) > 1

    def enter(self, view: View[Any], place: Place) -> Level:
        """One level down."""
        level = self._level(view, place)
        level.open()
        self._levels.append(level)
        if place.namespace is not None and place.namespace == place.subject:
            self.namespace = place.namespace  # the step went into a namespace
        return level

    def start_at(self, view: View[Any], place: Place) -> Level:
        """A new way down, from this table."""
        if self._levels:
            root = self._levels[0]
            self._before = (root.full_view, root.place)
        level = self._level(view, place)
        level.open()
        self.close()
        self._levels = [level]
        if view.is_namespaced:
            self.namespace = place.namespace
        return level

    def back(self) -> bool:
        """One level up; False at the top."""
        if not self.is_deep:
            return False
        self._levels.pop().close()
        return True

    def previous(self) -> bool:
        """The way down before this one; False when there was none."""
        if self._before is None:
            return False
        self.start_at(*self._before)
        return True

    def close(self) -> None:
        """Follow none of them any more; what they show stays."""
        for level in self._levels:
            level.close()

    def crumbs(self) -> tuple[str, ...]:
        """The way as a sentence: shop › service checkout › pods."""
        root, *rest = self._levels
        first = self._scope(root)
        if root.place.labels:
            first.append(root.place.labels)
        subjects = [level.place.subject for level in rest if level.place.subject]
        if first == subjects[:1]:
            first = []
        return (*first, *subjects, self.here.view.name)

    def _scope(self, root: Level) -> list[str]:
        if not root.full_view.is_namespaced:
            return []
        return [root.place.namespace or "all namespaces"]

    def _level(self, view: View[Any], place: Place) -> Level:
        reader = self._readers.get(view.name)
        if reader is not None:
            return LocalLevel(self._session, view, reader)
        return Level(self._session, view, place)
