"""What the flags of `convert` ask for, checked in the order of the original. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kompose.command_line import Parsed
from kompose.flags import COMPATIBLE_VERSION
from kompose.options import BuildOptions, ConvertOptions
from kompose.report import ConvertError

_VOLUME_KINDS = ("emptyDir", "hostPath", "configMap", "persistentVolumeClaim")
_SECRET_FORMS = ("plain", "external", "only")
_KUBERNETES_ONLY = {
    "chart": "--chart, -c is a Kubernetes only flag",
    "daemon-set": "--daemon-set is a Kubernetes only flag",
    "replication-controller": "--replication-controller is a Kubernetes only flag",
    "deployment": "--deployment, -d is a Kubernetes only flag",
}
_OPENSHIFT_ONLY = {
    "deployment-config": "--deployment-config is an OpenShift only flag",
    "build-repo": "--build-repo is an Openshift only flag",
    "build-branch": "--build-branch is an Openshift only flag",
}
_CONTROLLER_FLAGS = frozenset(("deployment", "daemon-set", "replication-controller"))
_KUBERNETES_CONTROLLERS = ("daemonset", "replicationcontroller", "deployment")


class Output(NamedTuple):
    """Where the objects go, and how they look."""

    out: str = ""
    """A file or directory; empty for the current directory."""
    is_stdout: bool = False
    is_json: bool = False
    is_chart: bool = False
    indent: int = 2


class Request(NamedTuple):
    """One conversion, as asked for."""

    options: ConvertOptions
    output: Output
    files: tuple[str, ...]
    profiles: tuple[str, ...]
    interpolates: bool


def check_provider(name: str) -> None:
    """Says whether the provider is one that we write for.

    Raises:
        ConvertError: It is not.
    """
    if name.lower() not in ("kubernetes", "openshift"):
        raise ConvertError(
            f"{name} is an unsupported provider. "
            "Supported providers are: 'kubernetes', 'openshift'."
        )


def convert_request(parsed: Parsed, line: Sequence[str]) -> Request:
    """The conversion that a command line asks for.

    Raises:
        ConvertError: Flags contradict each other or have meaningless values.
    """
    values = parsed.values
    for check in _CHECKS:
        check(parsed)
    out = "" if values["out"] == "-" else values["out"]
    controller = values["controller"].lower()
    is_openshift = values["provider"] != "kubernetes"
    return Request(
        options=ConvertOptions(
            is_openshift=is_openshift,
            namespace=values["namespace"],
            replicas=values["replicas"] if "replicas" in parsed.given else None,
            controller=controller,
            creates_deployment=values["deployment"],
            creates_daemon_set=values["daemon-set"],
            creates_replication_controller=values["replication-controller"],
            creates_deployment_config=values["deployment-config"]
            or values["provider"] == "openshift",
            has_controller_flag=bool(controller or parsed.given & _CONTROLLER_FLAGS),
            has_deployment_config_flag="deployment-config" in parsed.given,
            volume_kind="emptyDir" if values["emptyvols"] else values["volumes"],
            pvc_request_size=values["pvc-request-size"],
            network_policies=values["generate-network-policies"],
            with_kompose_annotation=values["with-kompose-annotation"],
            command_line=" ".join(["kompose", *line]),
            version=COMPATIBLE_VERSION,
            group_mode=values["service-group-mode"]
            or ("label" if values["multiple-container-mode"] else ""),
            group_name=values["service-group-name"],
            secrets_as_files=values["secrets-as-files"],
            insecure_repository=values["insecure-repository"],
            build=_build_options(values),
            mends=values["mend"],
            secrets=values["secrets"],
        ),
        output=Output(
            out=out,
            is_stdout=values["stdout"] or values["out"] == "-",
            is_json=values["json"],
            is_chart=values["chart"],
            indent=values["indent"],
        ),
        files=values["file"],
        profiles=values["profile"],
        interpolates=not values["no-interpolate"],
    )


def _build_options(values: dict[str, Any]) -> BuildOptions:
    return BuildOptions(
        mode=values["build"],
        push=values["push-image"],
        registry=values["push-image-registry"],
        build_command=values["build-command"],
        push_command=values["push-command"],
        repository=values["build-repo"],
        branch=values["build-branch"],
    )


def _check_provider_flags(parsed: Parsed) -> None:
    provider = parsed.values["provider"]
    controller = parsed.values["controller"].lower()
    check_provider(provider)
    if provider == "openshift":
        _refuse(parsed, _KUBERNETES_ONLY)
        if controller in _KUBERNETES_CONTROLLERS:
            raise ConvertError(
                "--controller= daemonset, replicationcontroller or deployment "
                "is a Kubernetes only flag"
            )
    if provider == "kubernetes":
        _refuse(parsed, _OPENSHIFT_ONLY)
        if controller == "deploymentconfig":
            raise ConvertError("--controller=deploymentConfig is an OpenShift only flag")


def _refuse(parsed: Parsed, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        if name in parsed.given:
            raise ConvertError(text)


def _check_output(parsed: Parsed) -> None:
    values = parsed.values
    is_stdout = values["stdout"] or values["out"] == "-"
    if values["stdout"] and values["out"] not in ("", "-"):
        raise ConvertError("Error: --out and --stdout can't be set at the same time")
    if values["chart"] and is_stdout:
        raise ConvertError("Error: chart cannot be generated when --stdout is specified")
    if values["replicas"] < 0:
        raise ConvertError("Error: --replicas cannot be negative")
    if parsed.words:
        raise ConvertError(f"Unknown Argument(s): {','.join(parsed.words)}")
    if values["json"] and values["yaml"]:
        raise ConvertError("YAML and JSON format cannot be provided at the same time")
    if values["indent"] < 0:
        raise ConvertError("Error: --indent cannot be negative", exit_code=2)


def _check_volumes(parsed: Parsed) -> None:
    kind = parsed.values["volumes"]
    if kind not in _VOLUME_KINDS:
        known = " ".join(f"'{name}'" for name in _VOLUME_KINDS)
        raise ConvertError(f"Unknown Volume type: {kind}, possible values are: {known}")


def _check_secrets(parsed: Parsed) -> None:
    form = parsed.values["secrets"]
    if form not in _SECRET_FORMS:
        known = ", ".join(_SECRET_FORMS)
        raise ConvertError(f"Unknown form of secrets: {form}, possible values are: {known}")


_CHECKS: tuple[Callable[[Parsed], None], ...] = (
    _check_provider_flags,
    _check_output,
    _check_volumes,
    _check_secrets,
)


def check_single_output(parsed: Parsed) -> None:
    """Says whether one stream or file can hold what was asked for.

    Raises:
        ConvertError: Several controllers would be written for each service.
    """
    values = parsed.values
    kinds = sum(values[name] for name in ("deployment", "daemon-set", "replication-controller"))
    if values["provider"] == "kubernetes" and kinds > 1 and (values["out"] or values["stdout"]):
        raise ConvertError(
            "Error: only one kind of Kubernetes resource can be generated "
            "when --out or --stdout is specified"
        )
