"""What could come next on the `:` line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

CONTEXT_WORDS = ("ctx", "context", "contexts")
NAMESPACE_WORDS = ("ns", "namespace", "namespaces")


def complete(
    line: str,
    kinds: Sequence[str],
    namespaces: Iterable[str],
    contexts: Iterable[str],
    themes: Iterable[str] = (),
) -> str:
    """The whole line with its last word completed; '' when nothing fits.

    The shortest word wins, so that `po` is pods and not podtemplates.
    """
    head, blank, last = line.rpartition(" ")
    if not blank:
        return _best(last.lower(), kinds) if last else ""
    first = head.split(maxsplit=1)[0].lower() if head.strip() else ""
    if not last or last.startswith(("/", "-")):
        return ""
    if last.startswith("@"):
        word = _best(last[1:], contexts)
        return f"{head} @{word}" if word else ""
    choices = contexts if first in CONTEXT_WORDS else themes if first == "theme" else namespaces
    word = _best(last, choices)
    return f"{head} {word}" if word else ""


def _best(prefix: str, words: Iterable[str]) -> str:
    return min((word for word in words if word.startswith(prefix)), key=_rank, default="")


def _rank(word: str) -> tuple[int, str]:
    return len(word), word
