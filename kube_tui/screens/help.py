"""Every key of this place, generated from what the keys do."""

from __future__ import annotations

from collections.abc import Iterable

from kube_tui.screens.document import DocumentScreen
from kube_tui.screens.keys import MOVING_KEYS, KeyEntry
from kube_tui.text.document import Document, Line, Piece, Role

_LINES: tuple[tuple[str, str], ...] = (
    (":pods shop", "a kind (any name, short name, plural.group), and a namespace or all"),
    (":pods /web -l app=web", "with a filter, with labels"),
    (":ctx  :ctx NAME", "the contexts; go to another one"),
    (":ns  :ns NAME", "the namespaces; stay here in another one"),
    (":theme NAME", "night, day, contrast, plain"),
    (":q", "leave"),
    ("/text", "rows that match the regular expression"),
    ("/!text", "rows that do not"),
    ("/-l app=web", "rows with the label"),
    ("/-f wb", "names with these letters in this order"),
    ("/restarts>5  /mem>500Mi", "rows by the value of a column"),
)


def help_document(entries: Iterable[KeyEntry], problems: Iterable[str] = ()) -> Document:
    """The keys by where they come from, and the grammar of the two lines."""
    sections: dict[str, list[KeyEntry]] = {}
    for entry in entries:
        sections.setdefault(entry.source, []).append(entry)
    lines: list[Line] = []
    for source, keys in sections.items():
        lines.append((Piece(source.upper(), Role.HEADING),))
        keys.sort(key=lambda each: (each.rank, each.key))
        lines.extend(_row(entry.shown, entry.words) for entry in keys)
        lines.append(())
    lines.append((Piece("MOVING", Role.HEADING),))
    lines += [_row(keys, words) for keys, words in MOVING_KEYS]
    lines += [(), (Piece("LINES", Role.HEADING),)]
    lines += [_row(typed, words) for typed, words in _LINES]
    complaints = list(problems)
    if complaints:
        lines += [(), (Piece("PLUGINS THAT WERE NOT LOADED", Role.HEADING),)]
        lines += [(Piece(f"  {problem}", Role.BROKEN),) for problem in complaints]
    return Document(lines)


def _row(keys: str, words: str) -> Line:
    return (Piece(f"  {keys:<26} ", Role.NAME), Piece(words))


def help_screen(entries: Iterable[KeyEntry], problems: Iterable[str] = ()) -> DocumentScreen:
    """The help as a document: searchable like any other."""
    document = help_document(entries, problems)

    async def read() -> Document:
        return document

    return DocumentScreen("keys", read)
