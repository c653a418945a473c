"""Where we answer otherwise than the Go program, why, and what happens instead.

The tests that show the better behaviour are named; each key is the beginning of `area: name`.
"""

from __future__ import annotations

_NO_STAMP = (
    "What is no time is never remembered here, so nothing has to be cut off it and no log starts "
    "over: a line without a stamp is the server's word, and the mark stays at the last stamped "
    "line: tests/kube_client/test_log_lines.py."
)
_OTHER_VERSION = (
    "The released 1.34.0 differs from its successor here; we follow the successor, which keeps "
    "messages as they are."
)

DIFFERENT = {
    "config-file/load: bad value message (v1.34.0 tag)": _OTHER_VERSION,
    "stream/timestamps: v1.34.0 tag glues time to message": _OTHER_VERSION,
    "stream/resume: unparsable remembered time": _NO_STAMP,
    "stream/truncate-seconds: '1.1'": _NO_STAMP,
    "stream/truncate-seconds: '10.1'": _NO_STAMP,
    "stream/truncate-seconds: ''": _NO_STAMP,
    "stream/truncate-seconds: '.'": _NO_STAMP,
    "stream/truncate-seconds: '.1'": _NO_STAMP,
    "stream/truncate-seconds: numeric offset is lost": (
        "The Go program loses the offset, and with it its place: every reconnect doubles what the "
        "window holds. We ask in UTC: tests/kube_client/test_log_lines.py."
    ),
    "stream/line: error text loses its first word": (
        "A line without a stamp is the server's own word about the log; we show all of it, "
        "marked as the Go program marks it with -t: test_stern_pipeline.py."
    ),
    "run/max-log-requests: follow mode over the limit": (
        "Ending the program helps nobody: further streams wait for their turn, and one sentence "
        "says so. --exit-at-limit has the Go program's exit: test_stern_slots.py."
    ),
    "run/request: watch": (
        "We list in pages, then watch from that version with bookmarks, so that deletions are "
        "noticed after a cut: tests/kube_client. The selectors are sent as there."
    ),
    "run/retry: ": (
        "No 20 seconds of silence, and a clean end of the stream of a container that lives is a "
        "cut like any other: reconnect within a second, exactly where it ended: "
        "tests/kube_client/test_logs.py, test_stern_cuts.py."
    ),
    "run/errors: watch forbidden": (
        "Who may list but not watch still gets logs: pods are polled, and the missing verb is "
        "named once: test_stern_follower.py."
    ),
    "run/errors: -A with a deployment query": (
        "The object is looked for in all namespaces and followed where it is; when it is nowhere, "
        "that is the error: test_stern_selection.py."
    ),
}


def reason_for(case_id: str) -> str | None:
    """Why a case is answered differently; None when it is not."""
    return next((why for start, why in DIFFERENT.items() if case_id.startswith(start)), None)
