"""Images of services with a build section: built, tagged and pushed by the tools that are here."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import which

from kompose.compose.keys.build import Build
from kompose.compose.service import Service
from kompose.options import BuildOptions
from kompose.project import Project
from kompose.report import ConvertError, Report

_TOOLS = ("docker", "podman", "buildah")


def make_images(
    project: Project, options: BuildOptions, report: Report, *, is_openshift: bool = False
) -> None:
    """Builds and pushes what the options ask for, before anything is written.

    Raises:
        ConvertError: A build or a push failed.
    """
    services = [project.services[name] for name in sorted(project.services)]
    if options.is_custom and not is_openshift:
        _run_own_commands(services, options)
    elif options.mode == "local":
        for service in services:
            if service.build is not None:
                if not is_openshift:
                    image = service.image or service.name
                    report.info(f"Build key detected. Attempting to build image '{image}'")
                _build_and_push(service, service.build, options, report)


def _run_own_commands(services: Iterable[Service], options: BuildOptions) -> None:
    """Runs the user's commands once for each service, without a shell."""
    for _ in services:
        _run_own(options.build_command, "build")
        _run_own(options.push_command, "push")


def _run_own(command: str, verb: str) -> None:
    problem = ""
    try:
        words = shlex.split(os.path.expandvars(command))
        code = subprocess.run(words, check=False).returncode
        problem = f"exit status {code}" if code else ""
    except FileNotFoundError:
        problem = (
            f"fork/exec {words[0]}: no such file or directory"
            if "/" in words[0]
            else f'exec: "{words[0]}": executable file not found in $PATH'
        )
    except (OSError, ValueError) as error:
        problem = str(error)
    if problem:
        raise ConvertError(f"error while trying to {verb} a custom container image: {problem}")


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


def _build_and_push(service: Service, build: Build, options: BuildOptions, report: Report) -> None:
    build_image(service, build, report)
    if options.push:
        image = service.image or service.name
        report.info(f"Push image is enabled. Attempting to push image '{image}'")
        push_image(image, options.registry, report)
    elif options.registry:
        report.warn(
            f"Push image registry '{options.registry}' is specified but push image is disabled, "
            "skipping pushing to repository"
        )


def build_image(service: Service, build: Build, report: Report) -> None:
    """Builds the image of one service.

    Raises:
        ConvertError: The context is missing or the build failed.
    """
    image = service.image or service.name
    if "://" not in build.context and not Path(build.context).is_dir():
        raise ConvertError(
            f"Unable to build Docker image for service {service.name}: {build.context} is not a "
            f"valid path for building image {image}. Check if this dir exists.: "
            f"stat {build.context}: no such file or directory"
        )
    report.info(f"Building image '{image}' from directory '{Path(build.context).name}'")
    _run([image_tool(), "build", *build_arguments(image, build)], f"build the image {image}")
    report.info(f"Image '{image}' from directory '{Path(build.context).name}' built successfully")


def build_arguments(image: str, build: Build) -> list[str]:
    """What stands after `docker build`; a build argument without a value takes the one here."""
    words = ["--tag", image]
    if build.dockerfile:
        words += ["--file", os.path.join(build.context, build.dockerfile)]  # noqa: PTH118 - may be a URL
    if build.target:
        words += ["--target", build.target]
    for name in sorted(build.args):
        value = build.args[name]
        value = os.environ.get(name) if value is None else value
        if value is not None:
            words += ["--build-arg", f"{name}={value}"]
    return [*words, build.context]


def push_image(image: str, registry: str, report: Report) -> None:
    """Pushes an image, under the name of the registry when there is one.

    Raises:
        ConvertError: The push failed.
    """
    name = image
    if registry:
        report.info("Push image registry is specified. Tag the image into registry firstly.")
        name = f"{registry}/{image.rpartition('/')[2]}"
        _run([image_tool(), "tag", image, name], f"tag the image {image}")
    try:
        _run([image_tool(), "push", name], f"push the image {name}")
    except ConvertError as error:
        report.error(str(error))
        raise ConvertError(
            "unable to push docker image(s). "
            "Check that `docker login` works successfully on the command line"
        ) from error
    where = registry or "the default registry"
    report.info(f"Successfully pushed image '{name}' to registry '{where}'")


def _run(words: list[str], what: str) -> None:
    """Runs a program; a person at a terminal sees its output, others the last line of a failure.

    Stdout stays the manifests' in any case.
    """
    output = sys.stderr if sys.stderr.isatty() else subprocess.PIPE
    try:
        done = subprocess.run(words, check=False, stdout=output, stderr=subprocess.STDOUT)
    except OSError as error:
        raise ConvertError(f"Unable to {what}: {error}") from error
    if done.returncode:
        last = (done.stdout or b"").decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ConvertError(f"Unable to {what}: {last or f'exit status {done.returncode}'}")
