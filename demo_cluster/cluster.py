"""`DemoCluster`: all the parts of one cluster, wired, started and stopped."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from demo_cluster.api import Api
from demo_cluster.bootstrap import bind_first_users, make_first_objects
from demo_cluster.certificates import make_certificates
from demo_cluster.clock import Clock, RealClock
from demo_cluster.custom_kinds import CustomKinds
from demo_cluster.faults import FaultPlan
from demo_cluster.history import HistoryClock
from demo_cluster.kinds import KINDS, Kind, KindRegistry, Obj
from demo_cluster.kubeconfig_file import ContextEntry, kubeconfig_text, write_private
from demo_cluster.listener import Listener
from demo_cluster.people import Person, rights_of
from demo_cluster.reply import Backend
from demo_cluster.scenario import Scenario, load_scenario
from demo_cluster.state_file import read_state, restore_state, save_state
from demo_cluster.storage import Storage
from demo_cluster.users import ADMIN, DEVELOPER, VIEWER, Tokens, User
from demo_cluster.world import World, WorldOptions


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a cluster starts as. `scenario` is a shipped name or a path, "empty" for none."""

    scenario: str = "shop"
    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    clock: Clock = field(default_factory=RealClock)
    faults: FaultPlan = field(default_factory=FaultPlan)
    state: Path | None = None
    """Where the objects are kept between runs; None = nowhere."""
    has_metrics: bool = True
    """Whether a metrics server is installed (`metrics.k8s.io`), as most clusters have one."""
    dials: dict[str, Any] = field(default_factory=dict)
    """Settings for what lives on the cluster: nodes, pods, namespaces, churn, log_rate."""
    clock_skew: timedelta = timedelta()
    """How far the cluster's clock is ahead of the machine's."""
    people: tuple[Person, ...] = ()
    """Users besides those of every demo cluster and of the scenario."""
    name: str = "demo"
    """What the kubeconfig calls the cluster and the administrator's context."""


class DemoCluster:
    """A simulated cluster: its API listens on `server` between `start` and `stop`."""

    def __init__(self, options: ClusterOptions | None = None) -> None:
        self.options = options or ClusterOptions()
        rng = random.Random(self.options.seed)
        self.clock = HistoryClock(self.options.clock)
        self.storage = Storage(self.clock, random.Random(rng.getrandbits(64)))
        self.tokens = Tokens(random.Random(random.SystemRandom().getrandbits(128)))
        self.backend = Backend(
            self.storage, self.clock, KindRegistry(_served(self.options)), rng, self.tokens
        )
        self.server = ""
        self._certificates = make_certificates(_hosts(self.options.host))
        self._listener = Listener(
            Api(self.backend),
            self._certificates,
            self.options.host,
            self.options.port,
            self.options.faults,
        )
        self._start_in: dict[User, str] = {}
        self._user_tokens = {user: self.tokens.issue(user) for user in (ADMIN, VIEWER, DEVELOPER)}

    async def start(self) -> None:
        """Make the world, then listen.

        Raises:
            OSError: The port is taken.
            StateFileError: The state file is none.
        """
        custom_kinds = CustomKinds(self.storage, self.clock, self.backend.registry)
        self.storage.subscribe(custom_kinds.on_event)
        kept = self._kept_state()
        scenario = self._scenario()
        options = WorldOptions(scenario, self.options.seed, self.options.faults)
        world = World(self.backend, self.clock, options, self._certificates.authority)
        self.backend.world = world
        world.begin()
        make_first_objects(self.storage, self.clock.now())
        if self.options.scenario != "empty":
            bind_first_users(self.storage)
        self._let_in(scenario)
        world.start()
        if kept:
            restore_state(self.storage, self.backend.registry, *kept)
        self.storage.compact()
        port = await self._listener.start()
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        self.server = f"https://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening, keep the state where one is kept, and end everything that runs."""
        await self._listener.stop()
        if self.options.state is not None:
            save_state(self.storage, self.options.state)
        if self.backend.world is not None:
            self.backend.world.stop()

    def _scenario(self) -> Scenario:
        """What lives here; what it says of faults and time holds where the options say nothing."""
        scenario = load_scenario(self.options.scenario, self.options.dials)
        faults = self.options.faults
        faults.latency_seconds = faults.latency_seconds or scenario.latency_seconds
        faults.change(faults.faults or scenario.faults)
        self.clock.skew = self.options.clock_skew or scenario.clock_skew
        return scenario

    def _let_in(self, scenario: Scenario) -> None:
        """Give tokens and rights to the users that the scenario and the options add."""
        for person in (*scenario.people, *self.options.people):
            if person.user not in self._user_tokens:
                self._user_tokens[person.user] = self.tokens.issue(person.user)
            for kind, obj in rights_of(person):
                self.storage.create(kind, obj)
            self._start_in[person.user] = person.namespace or "default"

    def _kept_state(self) -> tuple[int, list[Obj]] | None:
        path = self.options.state
        return read_state(path) if path is not None and path.exists() else None

    def kubeconfig(self) -> str:
        """A kubeconfig with a context for each of the users; the admin's is the current one."""
        contexts = [
            ContextEntry(
                self.options.name if user == ADMIN else _user_name(self.options.name, user),
                _user_name(self.options.name, user),
                token,
                self._start_in.get(user, "default"),
            )
            for user, token in self._user_tokens.items()
        ]
        return kubeconfig_text(
            self.server, self._certificates.authority, contexts, self.options.name
        )

    def write_kubeconfig(self, path: Path) -> None:
        """Write the kubeconfig; the file appears in one step and is its owner's alone."""
        write_private(path, self.kubeconfig())

    def token(self, user: User = ADMIN) -> str:
        """The bearer token of one of the first users."""
        return self._user_tokens[user]


def _served(options: ClusterOptions) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if options.has_metrics or kind.group != "metrics.k8s.io")


def _hosts(host: str) -> tuple[str, ...]:
    names = ("127.0.0.1", "::1", "localhost")
    return names if host in names else (*names, host)


def _user_name(cluster: str, user: User) -> str:
    return f"{cluster}-{user.name}"
