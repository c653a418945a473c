"""`TailOptions`: everything that a run of the tailer depends on, as one frozen value."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from stern.pod_state import Condition

DEFAULT_SINCE = timedelta(hours=48)
FOLLOW_LIMIT = 50
READ_LIMIT = 5


class TailOptions(msgspec.Struct, frozen=True):
    """Whose logs, from when, and for how long.

    A query is a regular expression on pod names (RE2 syntax, unanchored) or `kind/name`; no query
    means every pod. No namespace means the client's own. `tail_lines` None means no limit, and
    `since` None the whole log. `qps` above 0 is how many logs may be opened a second, after
    `burst` at once (10 where that is 0).
    """

    queries: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    all_namespaces: bool = False
    label_selector: str = ""
    field_selector: str = ""
    exclude_pods: tuple[str, ...] = ()
    container: str = ".*"
    exclude_containers: tuple[str, ...] = ()
    container_states: tuple[str, ...] = ("all",)
    init_containers: bool = True
    ephemeral_containers: bool = True
    condition: Condition | None = None
    since: timedelta | None = DEFAULT_SINCE
    tail_lines: int | None = None
    follow: bool = True
    previous: bool = False
    exit_on_complete: bool = False
    max_log_requests: int = FOLLOW_LIMIT
    exit_at_limit: bool = False
    qps: float = 0.0
    burst: int = 0
    context: str = ""
