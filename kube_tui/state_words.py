"""How the rows stand to the cluster, in words. Pure."""

from __future__ import annotations

from kube_client.errors import ForbiddenError, KubeError, NotFoundError
from kube_client.reflector import ReflectorState
from kube_tui.rows.row import Tone
from kube_tui.rows.view import Place


def freshness_words(state: ReflectorState) -> tuple[str, Tone]:
    """The mark at the right of line 1."""
    match state.phase:
        case "live":
            return "● live", Tone.DONE
        case "polling":
            return "◌ asking again and again", Tone.BUSY
        case "refused":
            return "✕ refused", Tone.BROKEN
        case "loading":
            return _loading(state), Tone.BUSY
    when = f", next try in {state.retry_in:.0f} s" if state.retry_in else ""
    return f"✕ reconnecting{when}", Tone.BROKEN


def _loading(state: ReflectorState) -> str:
    if not state.loaded:
        return "◌ loading"
    if state.remaining is None:
        return f"◌ loading {state.loaded:,}"
    return f"◌ loading {state.loaded:,} of {state.loaded + state.remaining:,}"


def empty_words(
    what: str, place: Place, state: ReflectorState, *, filter_text: str, total: int
) -> str:
    """Why there are no rows, and what can be done; '' while the first are on their way."""
    if total and filter_text:
        return f"None of {total:,} {what} matches {filter_text!r}. Escape shows all."
    if state.error is not None:
        return trouble_words(state.error)
    if state.phase == "loading":
        return f"Loading {what} ..."
    where = f" in {place.namespace}" if place.namespace else ""
    of = f" of {place.subject}" if place.subject and place.subject != place.namespace else ""
    more = " Press 0 for all namespaces." if place.namespace and not of else ""
    return f"There are no {what}{of}{where}.{more}"


def trouble_words(error: KubeError) -> str:
    """What went wrong, and which keys help."""
    if isinstance(error, ForbiddenError):
        return f"{error} (:ns or :ctx goes elsewhere; r asks again.)"
    if isinstance(error, NotFoundError):
        return f"{error} (r asks again.)"
    return f"{error} (r tries again; :ctx shows the other contexts.)"


def counts_words(shown: int, total: int, filter_text: str, sort: str, *, descending: bool) -> str:
    """The right of line 2: how many of how many, the filter, the sort."""
    parts = [f"{shown:,} of {total:,}" if filter_text else f"{total:,}"]
    if filter_text:
        parts.append(f"/{filter_text}")
    parts.append(f"{'↓' if descending else '↑'}{sort}")
    return " · ".join(parts)
