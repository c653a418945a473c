"""`--condition Ready=false` and `--container-state running`: parse and match. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stern.errors import SternError

if TYPE_CHECKING:
    from kube_client.objects import ContainerState, ContainerStatus, Pod

CONDITIONS = (
    "ContainersReady",
    "Initialized",
    "Ready",
    "PodScheduled",
    "DisruptionTarget",
    "PodReadyToStartContainers",
)
CONDITION_VALUES = ("True", "False", "Unknown")
CONTAINER_STATES = ("running", "waiting", "terminated", "all")


def _quoted(choices: tuple[str, ...]) -> list[str]:
    return [f"'{choice}'" for choice in choices]


class Condition(msgspec.Struct, frozen=True):
    """A pod condition and the value that it must have."""

    name: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """`ready`, `Ready=false`, in any case; the value is True where none is given."""
        name, equals, value = text.lower().partition("=")
        known_names = {known.lower(): known for known in CONDITIONS}
        if name not in known_names:
            raise SternError(f"condition should be one of {', '.join(_quoted(CONDITIONS))}")
        known_values = {known.lower(): known for known in CONDITION_VALUES}
        if equals and value not in known_values:
            raise SternError(
                f"condition value should be one of {', '.join(_quoted(CONDITION_VALUES))}"
            )
        return cls(known_names[name], known_values[value] if equals else "True")

    def holds(self, pod: Pod) -> bool:
        """Whether the pod has the condition with this value; one without it never matches."""
        return any(
            condition.type == self.name and condition.status == self.value
            for condition in pod.status.conditions
        )


def parse_container_state(text: str) -> str:
    """The state as given, or a `SternError` that names the choices."""
    if text not in CONTAINER_STATES:
        *first, last = _quoted(CONTAINER_STATES)
        raise SternError(f"containerState should be one of {', '.join(first)}, or {last}")
    return text


def state_matches(state: ContainerState | None, wanted: tuple[str, ...]) -> bool:
    """Whether a container is in one of the wanted states."""
    if "all" in wanted:
        return True
    if state is None:
        return False
    return any(getattr(state, word) is not None for word in wanted)


def effective_container_id(status: ContainerStatus) -> str:
    """The container whose log there is to read: the present one, else the last that ended.

    Empty when nothing has run yet.
    """
    state = status.state
    if state is not None and state.running is not None:
        return status.container_id
    if state is not None and state.terminated is not None and state.terminated.container_id:
        return state.terminated.container_id
    last = status.last_state
    if last is not None and last.terminated is not None:
        return last.terminated.container_id
    return ""
