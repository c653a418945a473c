"""Images of services with a build section: built, tagged and pushed by the tools that are here."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple, TextIO

from kompose.compose.keys.build import Build
from kompose.compose.service import Service
from kompose.compose.shell_words import expanded_words
from kompose.manifests.component import MakeImage
from kompose.options import BuildOptions
from kompose.report import ConvertError, Report
from kompose.suspicion import looks_like_a_secret

_TOOLS = ("docker", "podman", "buildah")
_DEFAULT_REGISTRY = "docker.io"
_OLD_REGISTRY = "index.docker.io"


_WISHES = {
    "tags": "--tag",
    "labels": "--label",
    "network": "--network",
    "no_cache": "--no-cache",
    "pull": "--pull",
    "cache_from": "--cache-from",
    "cache_to": "--cache-to",
    "shm_size": "--shm-size",
    "ssh": "--ssh",
    "additional_contexts": "--build-context",
}
"""Keys of `build` that are a flag of every program that builds."""


class PushError(ConvertError):
    """An image was built, and no registry took it."""

    def __init__(self, message: str, image: str) -> None:
        super().__init__(message)
        self.image = image


class ImageName(NamedTuple):
    """A name of an image taken apart."""

    registry: str
    name: str
    """With its tag or digest, and with `library/` where the default registry needs it."""


def image_maker(options: BuildOptions, report: Report, *, is_openshift: bool) -> MakeImage:
    """What builds and pushes the image of a service as the options ask.

    It raises `ConvertError` when a build or a push fails.
    """

    def make(service: Service, key: str) -> None:
        if options.only is not None and service.name not in options.only:
            return
        if options.is_custom and not is_openshift:
            _run_own(options.build_command, "build")
            _run_own(options.push_command, "push")
        elif options.mode == "local" and service.build is not None:
            _build_and_push(service.image or key, key, service.build)

    def _build_and_push(image: str, key: str, build: Build) -> None:
        what = "container" if is_openshift else "image"
        if not is_openshift:
            report.info(f"Build key detected. Attempting to build image '{image}'")
        try:
            _build(image, key, build, report)
        except ConvertError as error:
            words = f"Unable to build Docker {what} for service {key}: {error}"
            raise ConvertError(words) from error
        if options.push:
            report.info(f"Push image is enabled. Attempting to push image '{image}'")
            try:
                push_image(image, options.registry, report)
            except ConvertError as error:
                words = f"Unable to push Docker image for service {key}: {error}"
                raise PushError(words, image) from error
        elif options.registry:
            report.warn(
                f"Push image registry '{options.registry}' is specified but push image is "
                "disabled, skipping pushing to repository"
            )

    return make


def _run_own(command: str, verb: str) -> None:
    """Runs a command of the user's own, without a shell; stdout stays the manifests'."""
    words = _own_words(command, verb)
    shown: TextIO | int = sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL
    problem = ""
    try:
        code = subprocess.run(
            words, check=False, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown
        ).returncode
        if code:
            problem = f"exit status {code}" if code > 0 else f"signal: {_signal_words(-code)}"
    except FileNotFoundError:
        problem = (
            f"fork/exec {words[0]}: no such file or directory"
            if "/" in words[0]
            else f'exec: "{words[0]}": executable file not found in $PATH'
        )
    except OSError as error:
        problem = f"fork/exec {words[0]}: {(error.strerror or str(error)).lower()}"
    if problem:
        raise ConvertError(f"error while trying to {verb} a custom container image: {problem}")


def _own_words(command: str, verb: str) -> list[str]:
    try:
        words = expanded_words(command, os.environ)
    except ValueError:
        words = []
    if not words:
        raise ConvertError(
            f"The command of --{verb}-command cannot be read: {command}. "
            "Close every quote, and put what needs a shell into a script",
            exit_code=2,
        )
    return words


def _signal_words(number: int) -> str:
    return (signal.strsignal(number) or f"signal {number}").lower()


def image_tool() -> str:
    """The program that builds images here.

    Raises:
        ConvertError: There is none.
    """
    for tool in _TOOLS:
        if found := which(tool):
            return found
    raise ConvertError(
        "No program to build images with: install docker, podman or buildah, "
        "or name your own with --build-command and --push-command"
    )


def _build(image: str, key: str, build: Build, report: Report) -> None:
    if "://" not in build.context and not Path(build.context).is_dir():
        raise ConvertError(
            f"{build.context} is not a valid path for building image {key}. "
            f"Check if this dir exists.: stat {build.context}: no such file or directory"
        )
    folder = build.context.rstrip("/").rpartition("/")[2]
    report.info(f"Building image '{image}' from directory '{folder}'")
    if build.wishes.get("secrets"):
        report.warn(f"The secrets of the build of {key} are not given to it")
    _run(
        [image_tool(), "build", *build_arguments(image, build)],
        f"build the image {image}",
        environment=hidden_arguments(build),
        stdin=build.wishes.get("dockerfile_inline") or "",
    )
    report.info(f"Image '{image}' from directory '{folder}' built successfully")


def build_arguments(image: str, build: Build) -> list[str]:
    """What stands after `docker build`; a build argument without a value takes the one here.

    Of an argument that looks like a secret only the name is there: every user of this machine can
    read command lines.
    """
    words = ["--tag", image]
    if build.wishes.get("dockerfile_inline"):
        words += ["--file", "-"]
    elif build.dockerfile:
        words += ["--file", os.path.join(build.context, build.dockerfile)]  # noqa: PTH118 - may be a URL
    if build.target:
        words += ["--target", build.target]
    hidden = hidden_arguments(build)
    for name in sorted(build.args):
        value = build.args[name]
        value = os.environ.get(name) if value is None else value
        if value is not None:
            words += ["--build-arg", name if name in hidden else f"{name}={value}"]
    for key, flag in _WISHES.items():
        words += _flags(flag, build.wishes.get(key))
    words += _flags("--platform", ",".join(build.wishes.get("platforms") or ()))
    hosts = build.wishes.get("extra_hosts") or ()
    words += _flags("--add-host", [host.replace("=", ":", 1) for host in hosts])
    return [*words, build.context]


def hidden_arguments(build: Build) -> dict[str, str]:
    """The build arguments that look like secrets: the program finds them in its environment."""
    return {
        name: value
        for name, value in build.args.items()
        if value is not None and looks_like_a_secret(name, value)
    }


def _flags(flag: str, value: Any) -> list[str]:
    """A flag as often as it has values; one that is true stands alone."""
    if not value:
        return []
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        value = [f"{name}={inner}" for name, inner in value.items()]
    many = value if isinstance(value, list) else [value]
    return [word for one in many for word in (flag, str(one))]


def image_name(text: str) -> ImageName:
    """Where an image is, and what it is called there.

    Follows the rules of docker: a first part that is no host belongs to the name, and a name
    without a tag has `latest`.
    """
    text = text.removeprefix("http://").removeprefix("https://")
    host, slash, rest = text.partition("/")
    if not slash or not (host == "localhost" or {".", ":"} & set(host)):
        host, rest = _DEFAULT_REGISTRY, text
    if host == _OLD_REGISTRY:
        host = _DEFAULT_REGISTRY
    if host == _DEFAULT_REGISTRY and "/" not in rest:
        rest = f"library/{rest}"
    if "@" in rest:
        name, _, digest = rest.partition("@")
        base, _, _ = name.partition(":")
        return ImageName(host, f"{base}@{digest}")
    return ImageName(host, rest if ":" in rest else f"{rest}:latest")


def push_image(image: str, registry: str, report: Report) -> None:
    """Pushes an image, under the name of the registry when there is one.

    Raises:
        ConvertError: The push failed.
    """
    place = image_name(image)
    name = image
    if registry:
        report.info("Push image registry is specified. Tag the image into registry firstly.")
        name = f"{registry.rstrip('/')}/{place.name}"
        place = image_name(name)
        _run([image_tool(), "tag", image, name], f"tag the image {image}")
    report.info(f"Pushing image '{place.name}' to registry '{place.registry}'")
    try:
        _run([image_tool(), "push", name], f"push the image {name}")
    except ConvertError as error:
        report.error(
            f"Unable to push image '{place.name}' to registry '{place.registry}'. Error: {error}"
        )
        raise ConvertError(
            "unable to push docker image(s). "
            "Check that `docker login` works successfully on the command line"
        ) from error
    report.info(f"Successfully pushed image '{place.name}' to registry '{place.registry}'")


def _run(
    words: list[str], what: str, *, environment: Mapping[str, str] = {}, stdin: str = ""
) -> None:
    """Runs a program; a person at a terminal sees its output, others the last line of a failure.

    Stdout stays the manifests' in any case.
    """
    output = sys.stderr if sys.stderr.isatty() else subprocess.PIPE
    try:
        done = subprocess.run(
            words,
            check=False,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            input=stdin.encode() if stdin else None,
        )
    except OSError as error:
        raise ConvertError(f"Unable to {what}: {error}") from error
    if done.returncode:
        last = (done.stdout or b"").decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ConvertError(f"Unable to {what}: {last or f'exit status {done.returncode}'}")
