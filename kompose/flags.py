"""Every flag of the original's commands, in one table."""

from typing import NamedTuple

COMPATIBLE_VERSION = "1.38.0 (a8f5d1cbd)"
"""What `kompose version` says: whose behaviour this is."""

GLOBAL = "global"
COMMON = "convert"
KUBERNETES = "kubernetes"
OPENSHIFT = "openshift"


class Flag(NamedTuple):
    """One flag: how it is spelled, what it takes, and what it is for."""

    name: str
    kind: str
    """`bool`, `string`, `int`, `list` (split on commas) or `array`."""
    help: str
    short: str = ""
    default: bool | int | str | tuple[str, ...] = ""
    section: str = COMMON
    deprecated: str = ""
    """What to use instead; a deprecated flag is hidden and says so when used."""


def _bool(name: str, text: str, *, short: str = "", default: bool = False, section: str = COMMON,
          deprecated: str = "") -> Flag:  # fmt: skip
    return Flag(name, "bool", text, short, default, section, deprecated)


FLAGS = (
    Flag("file", "list", "Compose files, later ones over earlier; - is stdin", "f", (), GLOBAL),
    Flag("provider", "string", "kubernetes or openshift", "", "kubernetes", GLOBAL),
    _bool("verbose", "Say more", short="v", section=GLOBAL),
    _bool("suppress-warnings", "Say neither warnings nor information", section=GLOBAL),
    _bool("error-on-warning", "Take any warning as an error", section=GLOBAL),
    _bool("demo", "Work on a demo cluster that ends with this run", section=GLOBAL),
    Flag("build", "string", "How to build images: local, build-config, none", "", "none"),
    Flag("build-command", "string", "Command of your own that builds an image"),
    Flag("controller", "string", "deployment, daemonSet or statefulSet, for all"),
    _bool("generate-network-policies", "Write a NetworkPolicy for each network"),
    Flag("indent", "int", "Blanks per level of YAML", "", 2),
    _bool("json", "Write JSON files", short="j"),
    _bool("mend", "Write what a cluster accepts and compose means where the original does not"),
    _bool("multiple-container-mode", "Put services of one group into one pod",
          deprecated="use --service-group-mode=label"),
    Flag("namespace", "string", "Namespace of all objects", "n"),
    _bool("no-interpolate", "Leave ${VARIABLES} in the model as they are"),
    Flag("out", "string", "File or directory to write to; - is stdout", "o"),
    Flag("profile", "array", "Profile to enable; * for all", "", ()),
    Flag("push-command", "string", "Command of your own that pushes an image"),
    _bool("push-image", "Push the images that were built"),
    Flag("push-image-registry", "string", "Registry to push to"),
    Flag("pvc-request-size", "string", "Size of each claim that has none of its own"),
    Flag("replicas", "int", "Copies of each service", "", 1),
    Flag("secrets", "string", "plain; external: leave Secrets out, and say which must be there; "
         "only: write nothing but Secrets", "", "plain"),
    _bool("secrets-as-files", "Mount each secret at its own path"),
    Flag("service-group-mode", "string", "Group services into pods: by label or by volume"),
    Flag("service-group-name", "string", "Name of the group, with the mode volume"),
    _bool("stdout", "Write to stdout"),
    Flag("volumes", "string", "persistentVolumeClaim, emptyDir, hostPath or configMap", "",
         "persistentVolumeClaim"),
    _bool("with-kompose-annotation", "Say in annotations how the objects were made", default=True),
    _bool("yaml", "Write YAML files", short="y", deprecated="YAML is the default format now"),
    _bool("emptyvols", "Use empty directories for volumes",
          deprecated="emptyvols has been marked as deprecated. Use --volumes emptyDir"),
    _bool("chart", "Write a Helm chart", short="c", section=KUBERNETES),
    _bool("daemon-set", "Write DaemonSets", section=KUBERNETES, deprecated="use --controller"),
    _bool("deployment", "Write Deployments", short="d", section=KUBERNETES,
          deprecated="use --controller"),
    _bool("replication-controller", "Write ReplicationControllers", section=KUBERNETES,
          deprecated="use --controller"),
    Flag("build-branch", "string", "Branch of the source, for a BuildConfig", section=OPENSHIFT),
    Flag("build-repo", "string", "Repository of the source, for a BuildConfig", section=OPENSHIFT),
    _bool("deployment-config", "Write DeploymentConfigs", default=True, section=OPENSHIFT,
          deprecated="use --controller"),
    _bool("insecure-repository", "Let the ImageStream use an insecure registry", section=OPENSHIFT),
)  # fmt: skip

HELP = _bool("help", "Say how to use it", short="h", section=GLOBAL)
GLOBAL_FLAGS = tuple(flag for flag in FLAGS if flag.section == GLOBAL)
PLACE_FLAGS = (
    Flag("project-name", "string", "Project, instead of the files' own name", "p"),
    Flag("profile", "array", "Profile to enable; * for all", "", ()),
    Flag("namespace", "string", "Namespace to work in", "n"),
    Flag("context", "string", "Context of the kubeconfig"),
    Flag("kubeconfig", "string", "Kubeconfig file to use"),
)
"""Which project and which cluster the commands on a cluster mean."""


COMMANDS = {
    "build": "Build the images of services",
    "completion": "Print the script that completes commands in a shell",
    "config": "Print the compose files as one canonical model",
    "convert": "Write Kubernetes manifests from compose files",
    "cp": "Copy files into or out of a service",
    "diff": "Show what up would change",
    "down": "Remove what up made",
    "events": "Show what happens to the services",
    "exec": "Run a command in a service",
    "help": "Say how to use a command",
    "images": "List what the containers run",
    "logs": "Follow the logs of the services",
    "ls": "List the projects of the cluster",
    "port": "Say where a port of a service is reached",
    "ps": "List the services and how they are",
    "restart": "Restart services",
    "run": "Run a command in a pod of its own",
    "scale": "Run more or fewer copies of a service",
    "start": "Start what was stopped",
    "stop": "Stop services, and keep them",
    "top": "Show what runs in the containers",
    "up": "Run the compose files on a cluster",
    "version": "Print the version",
}
ORIGINAL_COMMANDS = frozenset(("completion", "convert", "help", "version"))
