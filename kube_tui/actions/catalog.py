"""Which actions there are, on which keys, for which views: one visible table."""

from __future__ import annotations

from kube_client.resource import ResourceType
from kube_tui.actions import delete, edit, forward, look, rollout, shell
from kube_tui.actions.action import Action, views

_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "replicasets", "jobs")
_LOGGED = views("pods", "containers", "services", *_WORKLOADS)
_RUNNING = views("pods", "containers")
_SCALED = views("deployments", "statefulsets", "replicasets")
_ROLLED = views("deployments", "statefulsets", "daemonsets")

ACTIONS: tuple[Action, ...] = (
    Action("l", "logs", look.show_logs, _LOGGED, rank=1),
    Action("p", "previous", look.show_previous_logs, _RUNNING, rank=2),
    Action("s", "shell", shell.shell, _RUNNING, changes=True, rank=1),
    Action("b", "shell", shell.shell, _RUNNING, changes=True, rank=9),
    Action("a", "attach", shell.attach, _RUNNING, changes=True, rank=4),
    Action("s", "scale", rollout.scale, _SCALED, changes=True, each=True, rank=2, verb="patch"),
    Action("s", "scale", rollout.scale, needs_subresource="scale", changes=True, each=True, rank=2,
           verb="patch"),
    Action("r", "restart", rollout.restart, _ROLLED, changes=True, each=True, rank=2,
           verb="patch"),
    Action("s", "suspend", rollout.suspend, views("cronjobs"), changes=True, rank=2, verb="patch"),
    Action("t", "run now", rollout.trigger, views("cronjobs"), changes=True, rank=2),
    Action("c", "cordon", rollout.cordon, views("nodes"), changes=True, each=True, rank=3,
           verb="patch"),
    Action("u", "uncordon", rollout.uncordon, views("nodes"), changes=True, each=True, rank=3,
           verb="patch"),
    Action("d", "describe", look.show_description, rank=1, verb="get"),
    Action("y", "yaml", look.show_yaml, rank=1, verb="get"),
    Action("x", "decode", look.show_revealed, views("secrets"), rank=2, verb="get"),
    Action("e", "edit", edit.edit, changes=True, rank=3, verb="update"),
    Action("ctrl+d", "delete", delete.delete, changes=True, each=True, rank=3, verb="delete"),
    Action("ctrl+k", "kill", delete.kill, views("pods"), changes=True, each=True, rank=6,
           verb="delete"),
    Action("F", "forward", forward.forward_port, views("pods", "containers", "services",
           "deployments", "statefulsets"), changes=True, rank=4),
    Action("f", "forwards", forward.list_forwards, rank=8),
    Action("ctrl+d", "stop", forward.stop_forwards, views("portforwards"), each=True, rank=1),
    Action("J", "owner", look.go_to_owner, rank=6),
    Action("o", "node", look.go_to_node, views("pods"), rank=7),
    Action("c", "copy name", look.copy_names, each=True, rank=8),
    Action("n", "copy namespace", look.copy_namespaces, rank=9),
)  # fmt: skip


def actions_for(
    view_name: str, subject_type: ResourceType | None, *, read_only: bool
) -> dict[str, Action]:
    """The actions of a view by key; the first in the table has the key."""
    offered: dict[str, Action] = {}
    for action in ACTIONS:
        if action.is_for(view_name, subject_type) and not (read_only and action.changes):
            offered.setdefault(action.key, action)
    return offered
