"""What `up` was asked to do, and the project as it is wanted by that."""

from collections.abc import Collection
from dataclasses import dataclass

from kompose.cluster.change import with_copies
from kompose.cluster.plan import without_workload
from kompose.cluster.up import UpOptions
from kompose.cluster.view import ProjectView
from kompose.images import PushError
from kompose.invocation import Invocation
from kompose.live.local_clusters import image_advice
from kompose.live.session import Loaded, context_name, load_project, service_keys, sizes_of
from kompose.options import BuildOptions
from kompose.report import ConvertError


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What `up` was asked to do; `sizes` are texts such as `web=3`."""

    services: tuple[str, ...] = ()
    attaches: bool = False
    waits: bool = True
    timeout: float | None = 300.0
    watches: bool = False
    builds: bool = False
    secrets: str = "plain"
    pushes: bool = True
    dry_run: bool = False
    prune: bool = False
    force: bool = False
    recreates: bool = False
    alone: bool = False
    sizes: tuple[str, ...] = ()
    timestamps: bool = False
    prefixes: bool = True
    colours: bool = False

    def for_cluster(self, namespace: str) -> UpOptions:
        """What of it the cluster hears."""
        return UpOptions(
            namespace,
            timeout=self.timeout,
            waits=self.waits,
            prune=self.prune,
            dry_run=self.dry_run,
            force=self.force,
            services=self.services,
            alone=self.alone and bool(self.services),
            recreates=self.recreates,
        )


def build_images(
    invocation: Invocation, services: tuple[str, ...], *, pushes: bool, alone: bool
) -> None:
    """Build the images of these services and what they need, of all when none is named.

    Raises:
        ComposeError, ConvertError: The files cannot be read, or a build or a push failed.
        ClusterError: There is no such service.
    """
    options = StartOptions(services=services, builds=True, pushes=pushes, alone=alone)
    loaded = load_sized(invocation, options)
    chosen = loaded.view.selected(services, alone=alone)
    if not any(service.image for service in chosen.services.values()):
        invocation.report.warn("No service has a build section, so nothing was built.")


def load_sized(invocation: Invocation, options: StartOptions) -> Loaded:
    """The project as this run wants it: images built, copies as the command line says.

    A dry run builds nothing.

    Raises:
        ComposeError, ConvertError: The files cannot be read or converted.
        ClusterError: There is no such service, or it runs no copies.
    """
    sizes = sizes_of(options.sizes)
    builds = options.builds and not options.dry_run
    build = BuildOptions("local", push=options.pushes) if builds else BuildOptions()

    def chosen(view: ProjectView) -> Collection[str]:
        service_keys(view, options.services)
        return view.selected(options.services, alone=options.alone).services

    try:
        loaded = load_project(invocation, build=build, secrets=options.secrets, chosen=chosen)
    except PushError as error:
        advice = image_advice(context_name(invocation), error.image)
        raise ConvertError(f"{error}. {advice}") from error
    for name in without_workload(loaded.objects, loaded.view):
        invocation.report.warn(
            f"The service {name} makes nothing that runs. See what it makes: kompose convert --mend"
        )
    keys = service_keys(loaded.view, list(sizes))
    copies = dict(zip(keys, sizes.values(), strict=True))
    return loaded._replace(objects=with_copies(loaded.objects, copies))
