"""Flags of docker compose's twins that a cluster has no use for, and what to do instead. Pure.

A flag stands here only when its command has no such flag: what makes sense is a flag.
"""

from collections.abc import Mapping, Sequence

_ENDS_TOGETHER = (
    "Kubernetes starts a container that ends again, so nothing ends with it. For a job, use "
    'restart: "no" and depends_on with service_completed_successfully'
)
_PULLED_BY_NODES = "The nodes pull images. Say it in the compose file: pull_policy: always"
_FOLLOWED = "Follow the logs of some services with: kompose up -d, then kompose logs -f SERVICE"

INSTEAD: Mapping[str, Mapping[str, str]] = {
    "up": {
        "--abort-on-container-exit": _ENDS_TOGETHER,
        "--abort-on-container-failure": _ENDS_TOGETHER,
        "--exit-code-from": _ENDS_TOGETHER,
        "--attach-dependencies": _FOLLOWED,
        "--no-start": "Nothing is made without being started; see what would be: --dry-run",
        "--no-recreate": "Pods are replaced when what they run has changed; see: kompose diff",
        "--always-recreate-deps": "Replace all pods with: --force-recreate",
        "--pull": _PULLED_BY_NODES,
        "--renew-anon-volumes": "Remove the data first with: kompose down --volumes",
        "-V": "Remove the data first with: kompose down --volumes",
    },
    "down": {
        "--rmi": "Images are in a registry and on the nodes, which clean up by themselves",
    },
    "ps": {
        "--orphans": "up names what the file no longer has, and up --prune removes it",
    },
    "exec": {
        "--user": "Kubernetes runs a command as the container's own user. Say user: in the "
        "compose file, or run: su USER -c COMMAND",
        "-u": "Kubernetes runs a command as the container's own user. Say user: in the "
        "compose file, or run: su USER -c COMMAND",
        "--privileged": "Kubernetes gives a command the rights of its container. Say privileged: "
        "true in the compose file",
        "--detach": "Kubernetes stays connected to a command. Leave it behind with: "
        "sh -c 'COMMAND &'",
        "-d": "Kubernetes stays connected to a command. Leave it behind with: sh -c 'COMMAND &'",
    },
    "run": {
        "--user": "Kubernetes runs a command as the container's own user. Say user: in the "
        "compose file",
        "-u": "Kubernetes runs a command as the container's own user. Say user: in the "
        "compose file",
        "--detach": "Start a service in the background with: kompose up -d SERVICE",
        "-d": "Start a service in the background with: kompose up -d SERVICE",
        "--publish": "Reach a port of the pod with: kubectl port-forward POD PORT",
        "-p": "Reach a port of the pod with: kubectl port-forward POD PORT",
        "--volume": "Say volumes: in the compose file",
        "-v": "Say volumes: in the compose file",
        "--build": "Build first with: kompose build SERVICE",
    },
    "restart": {
        "-t": "The time that containers get to stop is stop_grace_period in the compose file",
    },
    "stop": {
        "-t": "The time that containers get to stop is stop_grace_period in the compose file",
        "--timeout": "The time that containers get to stop is stop_grace_period in the compose "
        "file; how long to wait is --wait-timeout",
    },
    "cp": {
        "-a": "Files keep their mode; their owner is whoever unpacks them",
        "--archive": "Files keep their mode; their owner is whoever unpacks them",
        "-L": "Links are copied as links",
        "--follow-link": "Links are copied as links",
        "--all": "Copy to each pod by its number: --index 1",
    },
    "events": {
        "--since": "The cluster keeps events for an hour or so; all of these are shown",
        "--until": "Stop at what is known with: --no-follow",
    },
    "ls": {"--filter": "Choose with grep, or by --namespace"},
    "build": {
        "--no-cache": "Say it in the compose file: build: {no_cache: true}",
        "--pull": "Say it in the compose file: build: {pull: true}",
        "--build-arg": "Say it in the compose file: build: {args: {NAME: value}}",
    },
    "port": {
        "--index": "A port is one for all pods of a service",
    },
}
"""By command: a flag that it has not, and the sentence on what to do instead."""

ALWAYS_SO: Mapping[str, frozenset[str]] = {
    "up": frozenset(("--quiet-pull", "--quiet-build", "--menu")),
    "down": frozenset(("--remove-orphans",)),
    "ps": frozenset(("--all", "-a", "--no-trunc")),
    "restart": frozenset(("--no-deps",)),
    "scale": frozenset(("--no-deps",)),
    "run": frozenset(("--quiet-pull", "--service-ports", "-P", "--use-aliases")),
    "build": frozenset(("--quiet", "-q", "--with-dependencies")),
    "ls": frozenset(("--all", "-a")),
}
"""Switches that ask for what is the case anyway: they are taken and change nothing."""


COMMANDS_INSTEAD: Mapping[str, str] = {
    "attach": "kompose logs -f SERVICE, or kubectl attach",
    "create": "kompose up; --dry-run shows what it would do",
    "kill": "kompose down -t 0 SERVICE",
    "pause": "kompose stop SERVICE",
    "pull": "nothing: the nodes pull images",
    "push": "kompose build --push",
    "rm": "kompose down SERVICE",
    "stats": "kubectl top pods",
    "unpause": "kompose start SERVICE",
    "volumes": "kompose config --volumes",
    "wait": "kompose up --wait",
    "watch": "kompose up --watch",
}
"""Commands of docker compose that are none here, and what does their work."""


def without_needless(command: str, words: Sequence[str]) -> list[str]:
    """The words less the switches that ask for what is the case anyway."""
    needless = ALWAYS_SO.get(command, frozenset())
    return [word for word in words if word not in needless]


PASSES_WORDS_ON = frozenset(("exec", "run"))
"""Commands whose words from the service on belong to a command in a container."""


def refusal(command: str, words: Sequence[str]) -> str:
    """Why one of these words cannot be had on a cluster, and what can; empty when all can."""
    instead = INSTEAD.get(command, {})
    for word in words:
        if word == "--" or (command in PASSES_WORDS_ON and not word.startswith("-")):
            return ""
        flag = word.partition("=")[0]
        if flag in instead:
            return f"{command} has no {flag}. {instead[flag]}."
    return ""
