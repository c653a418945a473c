"""`KubeApp`: composition and the way between clusters. It makes no calls to a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from msgspec import structs
from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType

from kube_client.connect import connect
from kube_client.errors import KubeError
from kube_client.kubeconfig import KubeConfig, load_kubeconfig
from kube_tui.commands.grammar import parse_command
from kube_tui.commands.interpret import Intent, OpenKind, interpret
from kube_tui.forwards import Forwards
from kube_tui.options import StartOptions
from kube_tui.plugin_files import load_plugins, plugin_places
from kube_tui.rows.context import ContextLine
from kube_tui.rows.row import Tone
from kube_tui.screens.browser import BrowserOptions, BrowserScreen
from kube_tui.session import Session
from kube_tui.theme import FALLBACK_VARIABLES, PALETTES


class KubeApp(App[None]):
    """The program: one browser on one session at a time."""

    TITLE = "kube-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", show=False, priority=True),
        Binding("ctrl+q", "quit", show=False, priority=True),
    ]

    def __init__(self, options: StartOptions) -> None:
        super().__init__()
        self._options = options
        self._config: KubeConfig = load_kubeconfig(options.connect.kubeconfig)
        self._session = Session(connect(options.connect), measured=self._measured)
        self._forwards = Forwards(lambda: None)
        self._shelf = load_plugins(plugin_places(), options.connect.kubeconfig or "")
        for palette in PALETTES:
            self.register_theme(palette.theme())
        self.theme = options.theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """For themes that know nothing of our tones."""
        return dict(FALLBACK_VARIABLES)

    def on_mount(self) -> None:
        """Open the first browser."""
        self._session.start()
        browser = self._browser(self._start_intent(), self._start_namespace())
        self.push_screen(browser)
        if notice := self._options.notice or self._left_out():
            browser.call_after_refresh(browser.say, notice, Tone.ATTENTION)

    def _left_out(self) -> str:
        """That plugins could not be loaded; empty when all could."""
        match len(self._shelf.problems):
            case 0:
                return ""
            case 1:
                return "A plugin was not loaded; the end of ? says why."
            case count:
                return f"{count} plugins were not loaded; the end of ? says why."

    async def on_unmount(self) -> None:
        """End what still runs."""
        await self._forwards.aclose()
        await self._session.aclose()

    def _start_namespace(self) -> str | None:
        """As said; else the context's own, when it names one; else all."""
        if self._options.namespace is not None:
            return self._options.namespace or None
        access = self._session.client.access
        context = self._config.contexts.get(access.context_name)
        names_one = context is not None and context.namespace not in ("", "default")
        return access.namespace if names_one else None

    def _start_intent(self) -> Intent:
        if self._options.command:
            return interpret(parse_command(self._options.command))
        says_where = self._options.namespace is not None or self._start_namespace()
        return _open("pods" if says_where else "namespaces")

    def _browser(self, start: Intent, namespace: str | None) -> BrowserScreen:
        return BrowserScreen(
            self._session,
            BrowserOptions(
                start=start,
                namespace=namespace,
                contexts=self._contexts,
                forwards=self._forwards,
                shelf=self._shelf,
                read_only=self._options.read_only,
                is_production=_looks_like_production(self._session.context),
            ),
        )

    def _contexts(self) -> Sequence[ContextLine]:
        here = self._session.client.access.context_name
        return [
            ContextLine(name, context.cluster, context.user, context.namespace, name == here)
            for name, context in self._config.contexts.items()
        ]

    def _measured(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, BrowserScreen):
                screen.measured()

    @on(BrowserScreen.QuitWanted)
    def _quit(self) -> None:
        self.exit()

    @on(BrowserScreen.ThemeWanted)
    def _use_theme(self, event: BrowserScreen.ThemeWanted) -> None:
        names = [palette.name for palette in PALETTES]
        if not event.name:
            here = names.index(self.theme) if self.theme in names else -1
            self.theme = names[(here + 1) % len(names)]
        elif event.name in self.available_themes:
            self.theme = event.name
        elif isinstance(self.screen, BrowserScreen):
            words = f"There is no theme {event.name!r}; there are {', '.join(names)}."
            self.screen.say(words, Tone.ATTENTION)

    @on(BrowserScreen.ContextWanted)
    def _use_context(self, event: BrowserScreen.ContextWanted) -> None:
        self._connect_to(event.name, event.then)

    @work(exclusive=True, group="connect")
    async def _connect_to(self, name: str, then: Intent | None) -> None:
        """Leave this cluster for another; stay when it cannot be connected to."""
        options = structs.replace(self._options.connect, context=name, namespace=None)
        try:
            self._config = load_kubeconfig(options.kubeconfig)
            client = connect(options)
        except KubeError as error:
            if isinstance(self.screen, BrowserScreen):
                self.screen.say(str(error), Tone.BROKEN)
            return
        old, self._session = self._session, Session(client, measured=self._measured)
        self._options = replace(self._options, connect=options, namespace=None)
        self._session.start()
        self.switch_screen(self._browser(then or self._start_intent(), self._start_namespace()))
        await self._forwards.aclose()
        await old.aclose()


def _open(word: str) -> OpenKind:
    return OpenKind(word, None, keeps_namespace=True, labels="", filter="")


def _looks_like_production(context: str) -> bool:
    """Whether the context's name says that real people depend on it."""
    parts = context.lower().replace("/", "-").replace("_", "-").replace(".", "-").split("-")
    return any(part in ("prod", "production", "prd", "live") for part in parts)
