"""`DemoCluster`: all the parts of one cluster, wired, started and stopped."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from demo_cluster.access.certificates import Certificates, make_certificates
from demo_cluster.access.kubeconfig_file import ContextEntry, kubeconfig_text, write_private
from demo_cluster.access.people import Person, rights_of
from demo_cluster.access.users import ADMIN, DEVELOPER, VIEWER, Tokens, User
from demo_cluster.api import Api
from demo_cluster.bootstrap import bind_first_users, make_first_objects
from demo_cluster.clock import Clock, RealClock
from demo_cluster.custom.kinds import CustomKinds
from demo_cluster.faults import EXPIRY, FaultPlan
from demo_cluster.kinds import KINDS, Kind, KindRegistry, kind_of
from demo_cluster.listener import Listener
from demo_cluster.scenarios.scenario import Scenario, load_scenario
from demo_cluster.state_file import FORMAT, Head, Kept, StateFile, read_state, restore_state
from demo_cluster.store.history import HistoryClock
from demo_cluster.store.storage import Storage
from demo_cluster.wire.reply import Backend
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
    """Where the cluster is kept between runs, its scenario too; None = nowhere."""
    reset: bool = False
    """Begin anew whatever `state` holds."""
    has_metrics: bool = True
    """Whether a metrics server is installed (`metrics.k8s.io`), as most clusters have one."""
    binds_first_users: bool = True
    """Whether viewers may look, and developers change what is in namespaces."""
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
        """Nothing is served yet.

        Raises:
            StateFileError: The state file is none, or another cluster's.
        """
        self.options = options or ClusterOptions()
        self._state, self._kept = self._take_state()
        kept = self._kept
        seed = self.options.seed if kept is None else hash((self.options.seed, kept.version))
        rng = random.Random(seed)
        self.clock = HistoryClock(self.options.clock)
        self.storage = Storage(self.clock, random.Random(rng.getrandbits(64)))
        self.tokens = Tokens(random.Random(random.SystemRandom().getrandbits(128)))
        self.backend = Backend(
            self.storage, self.clock, KindRegistry(_served(self.options)), rng, self.tokens
        )
        self.server = ""
        self._seed = seed
        self._scenario_name = self.options.scenario if kept is None else kept.head.scenario
        self._hosts = _hosts(self.options.host)
        self._certificates = self._own_certificates()
        self._listener = Listener(
            Api(self.backend),
            self._certificates,
            self.options.host,
            self.options.port,
            self.options.faults,
            self.clock,
        )
        self._start_in: dict[User, str] = {}
        self._user_tokens = {user: self._token_of(user) for user in (ADMIN, VIEWER, DEVELOPER)}
        self._token_files: dict[User, Path] = {}
        self._has_expiring_tokens = False
        self.tokens.on_expired = self._renew

    async def start(self) -> None:
        """Make the world, or take up the one that was kept, then listen.

        Raises:
            OSError: The port is taken.
            ScenarioError: The scenario is none.
            ValueError: A user has a role that is not there.
        """
        custom_kinds = CustomKinds(self.storage, self.clock, self.backend.registry)
        self.storage.subscribe(custom_kinds.on_event)
        scenario = self._scenario()
        options = WorldOptions(scenario, self._seed, self.options.faults)
        world = World(self.backend, self.clock, options, self._certificates)
        self.backend.world = world
        if self._kept is None:
            world.begin()
            served = self.backend.registry.groups()
            make_first_objects(self.storage, served, self.clock.now())
            if self.options.binds_first_users:
                bind_first_users(self.storage)
            self._let_in(scenario)
            world.start()
        else:
            world.listen()
            restore_state(self.storage, self.backend.registry, self._kept)
            self._let_in(scenario)
            world.resume(self._kept.head.begun, self._kept.told)
        self.storage.compact()
        for token in self._user_tokens.values():
            self.tokens.note_issue(token, self.clock.now())
        self.options.faults.begin(self.clock.now())
        port = await self._listener.start()
        self._keep(world)
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        self.server = f"https://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening, keep the state where one is kept, and end everything that runs."""
        await self._listener.stop()
        if self._state is not None:
            self._state.close(self.storage)
        if self.backend.world is not None:
            self.backend.world.stop()
        for path in self._token_files.values():
            path.unlink(missing_ok=True)

    # -- what is kept between runs

    def _take_state(self) -> tuple[StateFile | None, Kept | None]:
        path = self.options.state
        if path is None:
            return None, None
        state = StateFile(path)
        state.take()
        is_there = path.exists() and not self.options.reset
        return state, read_state(path) if is_there else None

    def _own_certificates(self) -> Certificates:
        if self._kept is not None and set(self._hosts) <= set(self._kept.head.hosts):
            return self._kept.head.certificates
        return make_certificates(self._hosts)

    def _token_of(self, user: User) -> str:
        token = self._kept.head.tokens.get(user.name) if self._kept is not None else None
        if token is None:
            return self.tokens.issue(user)
        self.tokens.accept(token, user)
        return token

    def _keep(self, world: World) -> None:
        if self._state is None:
            return
        shown = self._certificates
        head = Head(
            FORMAT,
            self._scenario_name,
            world.begun,
            shown.authority.decode(),
            shown.server.decode(),
            shown.server_key.decode(),
            list(self._hosts),
            {user.name: token for user, token in self._user_tokens.items()},
            shown.authority_key.decode(),
        )
        self._state.begin(head, self.storage, self._kept.told if self._kept else 0.0)
        world.story.on_told = self._state.tell

    # -- who comes in

    def _scenario(self) -> Scenario:
        """What lives here; what it says of faults and time holds where the options say nothing."""
        scenario = load_scenario(self._scenario_name, self.options.dials)
        faults = self.options.faults
        faults.latency_seconds = faults.latency_seconds or scenario.latency_seconds
        faults.change(faults.faults or scenario.faults)
        to_come = (step.value for step in scenario.steps if step.action == "faults")
        every = (*faults.faults, *(fault for later in to_come for fault in later))
        self._has_expiring_tokens = any(fault.kind == EXPIRY for fault in every)
        self.clock.skew = self.options.clock_skew or scenario.clock_skew
        return scenario

    def _let_in(self, scenario: Scenario) -> None:
        """Give tokens and rights to the users that the scenario and the options add.

        Raises:
            ValueError: One has a role that is not there.
        """
        for person in self.options.people:
            self._check_role(person, scenario)
        for person in (*scenario.people, *self.options.people):
            if person.user not in self._user_tokens:
                self._user_tokens[person.user] = self._token_of(person.user)
            for kind, obj in rights_of(person):
                meta = obj["metadata"]
                if self.storage.get(kind, meta.get("namespace", ""), meta["name"]) is None:
                    self.storage.create(kind, obj)
            self._start_in[person.user] = person.namespace or "default"

    def _check_role(self, person: Person, scenario: Scenario) -> None:
        roles = kind_of("clusterroles", "rbac.authorization.k8s.io")
        made = [step.value for step in scenario.steps if step.action == "create"]
        made = [obj for obj in made if obj["kind"] == roles.kind] + self.storage.list(roles)
        known = {obj["metadata"]["name"] for obj in made}
        if person.role and person.role not in known:
            shown = ", ".join(sorted(name for name in known if not name.startswith("system:")))
            raise ValueError(
                f"no ClusterRole {person.role!r} for the user {person.name!r}; "
                f"write one of {shown}, as {person.name}=view."
            )

    def kubeconfig(self, path: Path | None = None) -> str:
        """A kubeconfig with a context for each of the users; the admin's is the current one.

        Where tokens are to expire, and it is to be written to a path, they stand in files beside
        it; a new one is there as soon as an old one has expired.
        """
        if path is not None and self._has_expiring_tokens:
            folder = path.absolute().parent
            for user in self._user_tokens:
                name = f"{path.name}.{_user_name(self.options.name, user)}.token"
                self._token_files[user] = folder / name
                write_private(folder / name, self._user_tokens[user])
        contexts = [
            ContextEntry(
                self.options.name if user == ADMIN else _user_name(self.options.name, user),
                _user_name(self.options.name, user),
                token,
                self._start_in.get(user, "default"),
                self._token_files.get(user),
            )
            for user, token in self._user_tokens.items()
        ]
        return kubeconfig_text(
            self.server, self._certificates.authority, contexts, self.options.name
        )

    def write_kubeconfig(self, path: Path) -> None:
        """Write the kubeconfig; the file appears in one step and is its owner's alone."""
        write_private(path, self.kubeconfig(path))

    def _renew(self, token: str, user: User) -> None:
        """A token of the kubeconfig has expired: there is a new one."""
        if self._user_tokens.get(user) != token:
            return
        self._user_tokens[user] = self.tokens.issue(user)
        self.tokens.note_issue(self._user_tokens[user], self.clock.now())
        if user in self._token_files:
            write_private(self._token_files[user], self._user_tokens[user])

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
