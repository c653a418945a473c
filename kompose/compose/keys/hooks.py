"""``post_start`` and ``pre_stop``: commands at the ends of a container's life."""

from __future__ import annotations

from kompose.compose.form import list_of, record
from kompose.compose.values import COMMAND, FLAG, TEXT, VARIABLES

HOOK = record(
    {
        "command": COMMAND,
        "user": TEXT,
        "privileged": FLAG,
        "working_dir": TEXT,
        "environment": VARIABLES,
    },
    required=("command",),
    always={"command": None},
)
HOOKS = list_of(HOOK)
