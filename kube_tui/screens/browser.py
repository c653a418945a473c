"""The browser: any view in any place as a live table. It knows no kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from kube_client.resource import ObjectKey
from kube_tui.actions.action import Action, Subject
from kube_tui.actions.catalog import actions_for
from kube_tui.actions.question import Choice
from kube_tui.commands.grammar import CommandError, parse_command
from kube_tui.commands.interpret import (
    Intent,
    OpenKind,
    Quit,
    ShowHelp,
    UseContext,
    UseNamespace,
    UseTheme,
    interpret,
)
from kube_tui.commands.suggest import complete
from kube_tui.evidence import evidence_for
from kube_tui.forwards import Forwards
from kube_tui.level import Level
from kube_tui.plugin_files import Plugin, PluginShelf
from kube_tui.plugin_run import run_plugin
from kube_tui.rows import catalog
from kube_tui.rows.context import ContextLine
from kube_tui.rows.filters import FilterError
from kube_tui.rows.row import Item, Tone
from kube_tui.rows.table import Sort
from kube_tui.rows.view import Place, Said, Step, View
from kube_tui.screens.desk import ScreenDesk
from kube_tui.screens.help import help_screen
from kube_tui.screens.keys import KeyEntry, ScreenKey, key_table, menu
from kube_tui.screens.subjects import enter_words, plugin_values, subject_of
from kube_tui.session import Session
from kube_tui.state_words import counts_words, empty_words, freshness_words
from kube_tui.theme import PALETTES
from kube_tui.trail import Readers, Trail
from kube_tui.widgets.header import Capacity, Freshness, Header, Whereabouts
from kube_tui.widgets.prompt import FILTER, GO, Prompt
from kube_tui.widgets.resource_table import ResourceTable
from kube_tui.widgets.status_lines import Crumbs, Explanation, KeyMenu

FRAME_SECONDS = 0.06
FRESH_SECONDS = 2.0
WARM_SECONDS = 0.004
NEWS_SECONDS = 6.0
CLOSER_LOOK_SECONDS = 0.4


@dataclass(frozen=True)
class BrowserOptions:
    """What a browser is opened with."""

    start: Intent
    namespace: str | None
    contexts: Callable[[], Sequence[ContextLine]]
    forwards: Forwards
    shelf: PluginShelf
    read_only: bool = False
    is_production: bool = False


class BrowserScreen(Screen[None]):
    """Composition, navigation, and the worker that brings changes to the table."""

    DEFAULT_CSS = """
    BrowserScreen { layout: vertical; }
    BrowserScreen ResourceTable { border-top: solid $surface; border-bottom: solid $surface; }
    """
    AUTO_FOCUS = "ResourceTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, so that a line typed or pasted at one go arrives whole in the prompt.
        Binding("slash", "filter", show=False, priority=True),
        Binding("colon", "go_to", show=False, priority=True),
    ]

    class ContextWanted(Message):
        """Connect to another cluster, and go there."""

        def __init__(self, name: str, then: Intent | None) -> None:
            super().__init__()
            self.name = name
            self.then = then

    class ThemeWanted(Message):
        """Show other colours: these, or the next ones."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class QuitWanted(Message):
        """Leave the program."""

    def __init__(self, session: Session, options: BrowserOptions) -> None:
        super().__init__()
        self._session = session
        self._options = options
        readers: Readers = {
            catalog.CONTEXTS.name: options.contexts,
            catalog.FORWARDS.name: options.forwards.all,
        }
        self._trail = Trail(session, readers, options.namespace)
        self._desk = ScreenDesk(
            self, session, options.forwards, say=self.say, go=self._go_from_action
        )
        self._keys: dict[str, KeyEntry] = {}
        self._fresh: dict[ObjectKey, float] = {}
        self._wanted_cursor = ""
        self._waiting_word: OpenKind | None = None
        self._plain_words = ""
        self._quiet_until = 0.0

    # -- life ------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Two lines of where, the table, one line of why, one line of keys."""
        yield Header()
        yield Crumbs()
        yield ResourceTable(self._session.moment)
        yield Explanation()
        yield KeyMenu()
        yield Prompt(self._complete)

    def on_mount(self) -> None:
        """Open the first table."""
        self._run(self._options.start)
        self.set_interval(0.25, self._show_state)
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        """Follow nothing any more."""
        self._trail.close()

    @property
    def _table(self) -> ResourceTable:
        return self.query_one(ResourceTable)

    @property
    def _stands(self) -> bool:
        """Whether there is something to paint; the table is taken down before the workers end."""
        return self._trail.is_open and bool(self.query(ResourceTable))

    @property
    def _level(self) -> Level:
        return self._trail.here

    # -- going places ----------------------------------------------------------------------------

    def _run(self, intent: Intent) -> None:
        """Do what a command line wants."""
        match intent:
            case Quit():
                self.post_message(self.QuitWanted())
            case ShowHelp():
                self.action_help()
            case UseTheme(name):
                self.post_message(self.ThemeWanted(name))
            case UseContext(name, then):
                self.post_message(self.ContextWanted(name, interpret(then) if then else None))
            case UseNamespace(name):
                self._use_namespace(name)
            case OpenKind():
                self._open_kind(intent)

    def _open_kind(self, wanted: OpenKind) -> None:
        """Open the table of a kind, or wait until the server's kinds are known."""
        view = self._session.view(wanted.word)
        if view is None and self._session.discovery is None:
            self._waiting_word = wanted
            if not self._trail.is_open:
                self._start(catalog.CONTEXTS, Place())
            self.say(
                f"{wanted.word} is opened as soon as the server says which kinds it has.", Tone.BUSY
            )
            return
        if view is None:
            self._ask_for_kind(wanted)
            if not self._trail.is_open:
                self._start(catalog.NAMESPACES, Place())
            return
        namespace = self._trail.namespace if wanted.keeps_namespace else wanted.namespace
        self._start(view, Place(namespace if view.is_namespaced else None, labels=wanted.labels))
        if wanted.filter:
            self._narrow(wanted.filter)

    @work(exclusive=True, group="kind")
    async def _ask_for_kind(self, wanted: OpenKind) -> None:
        """The word names nothing that was there at the start: ask the server again."""
        await self._session.discover_again()
        if self._session.view(wanted.word) is not None:
            self._open_kind(wanted)
        else:
            self.say(
                f"The cluster has no kind {wanted.word!r}. :crd lists its own kinds.",
                Tone.ATTENTION,
            )

    def _use_namespace(self, name: str | None) -> None:
        self._trail.namespace = name
        view = self._level.full_view
        is_root = not self._trail.is_deep
        shown = view if view.is_namespaced and is_root else catalog.PODS
        self._start(shown, Place(namespace=name))

    def _go_from_action(self, word: str, namespace: str | None, cursor: str) -> None:
        view = self._session.view(word)
        if view is None:
            self.say(f"The cluster has no kind {word!r}.", Tone.ATTENTION)
            return
        self._wanted_cursor = cursor
        self._enter(view, Place(namespace=namespace if view.is_namespaced else None))

    def _start(self, view: View[Any], place: Place) -> None:
        if self._trail.is_open:
            self._level.cursor = self._table.cursor
        self._trail.start_at(view, place)
        self._show_level()

    def _enter(self, view: View[Any], place: Place) -> None:
        self._level.cursor = self._table.cursor
        self._trail.enter(view, place)
        self._show_level()

    def _show_level(self) -> None:
        """Show the level that the trail ends with."""
        level = self._level
        self._fresh.clear()
        level.pull(self._session.moment())
        self._table.show(level.model, cursor=level.cursor)
        self._table.focus()
        self._follow(level)
        self._warm(level)
        self._choose_keys()
        self._want_usage()
        self._show_state()

    def _want_usage(self) -> None:
        view = self._level.view
        if view.uses_usage and view.is_namespaced:
            self._session.poller.want_pods(self._level.place.namespace)
        else:
            self._session.poller.want_no_pods()

    # -- following the cluster -------------------------------------------------------------------

    @work(exclusive=True, group="follow")
    async def _follow(self, level: Level) -> None:
        """Bring what changes to the table, a few times a second, while it is shown."""
        while True:
            await level.wait()
            if not self._stands:
                return
            was_known = level.state.phase != "loading"
            fresh = level.pull(self._session.moment())
            self._paint(fresh if was_known else frozenset())
            await asyncio.sleep(FRAME_SECONDS)

    @work(exclusive=True, group="warm")
    async def _warm(self, level: Level) -> None:
        """Make ready for a filter what it will read, between other things."""
        while True:
            is_more = level.model.warm(WARM_SECONDS)
            await asyncio.sleep(2 * WARM_SECONDS if is_more else 1.0)

    def _paint(self, fresh: frozenset[ObjectKey]) -> None:
        now = asyncio.get_running_loop().time()
        self._fresh.update((key, now + FRESH_SECONDS) for key in fresh)
        self._table.changed(frozenset(self._fresh))
        if self._wanted_cursor:
            self._seek_cursor()
        self._show_state()
        self._explain()

    def _seek_cursor(self) -> None:
        for item in self._level.model.items():
            if item.key.name == self._wanted_cursor:
                self._table.move_to(item.key)
                self._wanted_cursor = ""
                return

    def _tick(self) -> None:
        """Once a second: ages go on, brightness goes, columns of server tables may be there."""
        if not self._stands:
            return
        now = asyncio.get_running_loop().time()
        self._fresh = {key: until for key, until in self._fresh.items() if until > now}
        fresh = self._level.pull(self._session.moment())
        if fresh or self._level.full_view.resource is None:
            self._table.changed(frozenset(self._fresh))
        else:
            self._table.tick(frozenset(self._fresh))
        if now > self._quiet_until:
            self.query_one(Explanation).news = ("", Tone.WELL)
        if self._waiting_word is not None and self._session.discovery is not None:
            wanted, self._waiting_word = self._waiting_word, None
            self._open_kind(wanted)

    def measured(self) -> None:
        """New numbers of use have come."""
        if not self._stands:
            return
        level = self._level
        if level.view.uses_usage:
            column = level.view.column(level.model.sort.column)
            if column is not None and column.name in USAGE_COLUMNS:
                level.model.refresh(self._session.moment())
                self._table.changed(frozenset(self._fresh))
            else:
                self._table.tick(frozenset(self._fresh))
        self._show_state()

    def _show_state(self) -> None:
        """Lines 1 and 2, and the sentence that stands where there are no rows."""
        if not self._stands:
            return
        level, session = self._level, self._session
        model, state = level.model, level.state
        header = self.query_one(Header)
        namespace = level.place.namespace or ("all namespaces" if level.view.is_namespaced else "")
        header.whereabouts = Whereabouts(session.context, namespace, self._options.is_production)
        nodes = session.nodes
        header.capacity = Capacity(
            session.server_version,
            len(nodes) if nodes else -1,  # none seen: not known, or not allowed to know
            tuple(session.cpu_percents),
            tuple(session.memory_percents),
        )
        header.freshness = Freshness(*freshness_words(state))
        crumbs = self.query_one(Crumbs)
        crumbs.trail = self._trail.crumbs()
        crumbs.counts = counts_words(
            len(model),
            model.total,
            model.filter_text,
            model.sort.column,
            descending=model.sort.descending,
        )
        self._table.sentence = (
            ""
            if len(model)
            else empty_words(
                level.view.name,
                level.place,
                state,
                filter_text=model.filter_text,
                total=model.total,
            )
        )

    # -- the row under the cursor ----------------------------------------------------------------

    @on(ResourceTable.Moved)
    def _moved(self, event: ResourceTable.Moved) -> None:
        event.stop()
        self._explain()

    def _explain(self) -> None:
        """Say why the row is not well; look closer when the cursor rests on it."""
        item = self._item()
        words = "" if item is None else self._level.view.explain(item, self._session.moment())
        line = self.query_one(Explanation)
        if words and item is not None:
            words = f"{item.key.name}: {words}"
        if words != self._plain_words:
            self._plain_words = words
            line.words = words
            if words:
                self._look_closer(words)

    @work(exclusive=True, group="closer")
    async def _look_closer(self, words: str) -> None:
        """Add what the pod said last, or the newest warning about it."""
        await asyncio.sleep(CLOSER_LOOK_SECONDS)
        if not self._stands:
            return
        subject = self._subject()
        if subject is None or subject.type.plural != "pods":
            return
        said = await evidence_for(self._session, subject.item_pod)
        if said and said.strip('"') not in words and self._plain_words == words:
            for line in self.query(Explanation):
                line.words = f"{words}: {said}"

    def _item(self) -> Item | None:
        key = self._table.cursor
        return self._level.model.get(key) if key is not None and self._trail.is_open else None

    def _subject(self) -> Subject | None:
        item = self._item()
        return subject_of(self._level.view, item, self._session) if item is not None else None

    def _subjects(self, *, each: bool) -> list[Subject]:
        """The marked rows, or the one under the cursor."""
        model = self._level.model
        keys = sorted(model.marked) if each and model.marked else [self._table.cursor]
        items = [model.get(key) for key in keys if key is not None]
        return [subject_of(self._level.view, item, self._session) for item in items if item]

    @on(ResourceTable.Chosen)
    def _chosen(self, event: ResourceTable.Chosen) -> None:
        """Enter: where the view says, or the description."""
        event.stop()
        item = self._item()
        if item is None:
            return
        level = self._level
        if isinstance(item, ContextLine):
            self.post_message(self.ContextWanted(item.name, None))
            return
        target = level.view.enter(item)
        if isinstance(target, Said):
            self.say(target.words, Tone.ATTENTION)
        elif isinstance(target, Step):
            self._step(target)
        else:
            self._press("l" if level.view.name == catalog.CONTAINERS.name else "d")

    def _step(self, step: Step) -> None:
        view = self._session.view(step.view)
        if view is None:
            self.say(f"The server does not say what {step.view} is.", Tone.ATTENTION)
            return
        place = step.place
        self._enter(view, place if place.subject else Place(subject=step.view))

    # -- keys ------------------------------------------------------------------------------------

    def _choose_keys(self) -> None:
        view = self._level.full_view
        type_ = view.resource
        if type_ is not None and self._session.discovery is not None:
            type_ = self._session.find(type_.full_name) or type_
        actions = actions_for(view.name, type_, read_only=self._options.read_only)
        words = frozenset(_names(view))
        plugins = [
            KeyEntry(plugin.key, plugin.description, f"plugin {plugin.name}", 6, plugin)
            for plugin in self._options.shelf.plugins
            if plugin.is_for(words) and not (plugin.dangerous and self._options.read_only)
        ]
        self._keys = key_table(
            view,
            actions,
            plugins,
            is_deep=self._trail.is_deep,
            is_narrowed=view.is_namespaced and self._level.place.namespace is not None,
        )
        self.query_one(KeyMenu).entries = menu(self._keys, enter_words(view))

    def on_key(self, event: events.Key) -> None:
        """Every key that the table itself does not take."""
        if self.query_one(Prompt).is_open or event.key not in self._keys:
            return
        event.stop()
        event.prevent_default()
        self._press(event.key)

    def _press(self, key: str) -> None:
        entry = self._keys.get(key)
        if entry is None:
            return
        target = entry.target
        if isinstance(target, Action):
            self._act(target)
        elif isinstance(target, ScreenKey):
            method = getattr(self, f"action_{target.method}")
            method(*([target.argument] if target.argument else []))
        elif isinstance(target, Plugin):
            self._run_plugin(target)
        elif isinstance(target, str):
            self._sort_by(target)

    @work(group="actions")
    async def _act(self, action: Action) -> None:
        """Run an action on the rows that it is for."""
        subjects = self._subjects(each=action.each)
        if not subjects and action.key != "f":
            self.say("There is no row to do this to.", Tone.ATTENTION)
            return
        await action.run(self._desk, subjects)

    @work(group="actions")
    async def _run_plugin(self, plugin: Plugin) -> None:
        item, subject = self._item(), self._subject()
        values = plugin_values(self._session, self._level, item, self._options.shelf.kubeconfig)
        await run_plugin(self._desk, plugin, values, subject)

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one(Prompt).open(FILTER, self._level.model.filter_text)

    def action_go_to(self) -> None:
        """Open the command line."""
        self.query_one(Prompt).open(GO)

    def action_help(self) -> None:
        """Every key."""
        self.app.push_screen(help_screen(self._keys.values(), self._options.shelf.problems))

    def action_back(self) -> None:
        """Forget the filter first; then one level up."""
        if self._level.model.filter_text:
            self._narrow("")
        elif self._level.model.marked:
            self.action_clear_marks()
        elif self._trail.back():
            self._show_level()
        else:
            self.say("This is the top. :q leaves.", Tone.QUIET)

    def action_previous(self) -> None:
        """The table before this way down."""
        if self._trail.previous():
            self._show_level()

    @work(group="actions")
    async def action_views(self) -> None:
        """Look at the same namespace through another view."""
        level = self._level
        names = [view.name for view in catalog.VIEWS if catalog.may_follow(level.full_view, view)]
        options = tuple((name, name) for name in names)
        where = level.place.namespace or "all namespaces"
        chosen = await self._desk.pick(Choice(f"Views in {where}", options))
        view = self._session.view(chosen) if chosen is not None else None
        if view is not None:
            namespace = level.place.namespace if view.is_namespaced else None
            self._enter(view, Place(namespace, subject=level.view.name))

    def action_all_namespaces(self) -> None:
        """The same kind everywhere."""
        level = self._level
        if level.view.is_namespaced and level.place.namespace is not None:
            self._start(level.full_view, Place())
        else:
            self._trail.namespace = None

    def action_retry(self) -> None:
        """Do not wait for the next try."""
        self._level.retry()
        self._show_level()

    def action_wide(self) -> None:
        """All columns, or those that fit."""
        self._table.wide = not self._table.wide

    def action_faults(self) -> None:
        """Only rows that are not well; again: all."""
        model = self._level.model
        model.only_faults(not model.shows_only_faults, self._session.moment())
        self._table.changed()
        self._show_state()

    def action_next_theme(self) -> None:
        """Other colours."""
        self.post_message(self.ThemeWanted(""))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, its sign is a character like any other."""
        if action in ("filter", "go_to"):
            return not self.query_one(Prompt).is_open
        return super().check_action(action, parameters)

    # -- marks, sort, filter ---------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the row, or take the mark away, and go on to the next."""
        key = self._table.cursor
        if key is not None:
            self._level.model.marked ^= {key}
            self._table.action_move(1)
            self._table.changed(frozenset(self._fresh))

    def action_mark_range(self) -> None:
        """Mark every row from the nearest marked one to here."""
        model, key = self._level.model, self._table.cursor
        here = model.position(key) if key is not None else None
        marked = [p for p in map(model.position, model.marked) if p is not None]
        if here is None or not marked:
            return
        nearest = min(marked, key=lambda position: abs(position - here))
        model.marked |= set(model.keys(min(here, nearest), max(here, nearest) + 1))
        self._table.changed(frozenset(self._fresh))

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self._level.model.marked.clear()
        self._table.changed(frozenset(self._fresh))

    def action_sort_step(self, step: str) -> None:
        """Sort by the column beside the present one."""
        columns = [column.name for column in self._level.view.columns]
        sort = self._level.model.sort
        here = columns.index(sort.column) if sort.column in columns else 0
        self._sort_by(columns[(here + int(step)) % len(columns)])

    @work(group="actions")
    async def action_choose_sort(self) -> None:
        """Pick the column to sort by from a list."""
        names = [column.name for column in self._level.view.columns]
        chosen = await self._desk.pick(Choice("Sort by", tuple((name, name) for name in names)))
        if chosen is not None:
            self._sort_by(chosen)

    @on(ResourceTable.HeadPressed)
    def _head_pressed(self, event: ResourceTable.HeadPressed) -> None:
        event.stop()
        self._sort_by(event.column)

    def _sort_by(self, column: str) -> None:
        """Sort by this column; again: the other way round. Amounts begin with the greatest."""
        model = self._level.model
        if model.sort.column == column:
            sort = Sort(column, not model.sort.descending)
        else:
            found = model.view.column(column)
            is_amount = found is not None and found.right and not found.ages
            sort = Sort(column, is_amount)
        model.order_by(sort, self._session.moment())
        self._table.changed(frozenset(self._fresh))
        self._show_state()

    def _narrow(self, text: str) -> None:
        prompt = self.query_one(Prompt)
        try:
            self._level.model.narrow(text, self._session.moment())
        except FilterError as error:
            prompt.complain(str(error))
            if not prompt.is_open:
                self.say(str(error), Tone.BROKEN)
            return
        prompt.complain("")
        self._table.reset_widths()
        self._table.changed(frozenset(self._fresh))
        self._show_state()
        self._explain()

    # -- the prompt ------------------------------------------------------------------------------

    def _complete(self, line: str) -> str:
        session = self._session
        contexts = [context.name for context in self._options.contexts()]
        themes = [palette.name for palette in PALETTES]
        return complete(line, session.kind_words(), session.namespace_names(), contexts, themes)

    @on(Prompt.Narrowed)
    def _narrowed(self, event: Prompt.Narrowed) -> None:
        event.stop()
        self._narrow(event.text)

    @on(Prompt.Entered)
    def _entered(self, event: Prompt.Entered) -> None:
        event.stop()
        self._close_prompt()
        if event.mode == FILTER:
            self._narrow(event.text)
            return
        try:
            self._run(interpret(parse_command(event.text)))
        except CommandError as error:
            self.say(str(error), Tone.ATTENTION)

    @on(Prompt.Closed)
    def _given_up(self, event: Prompt.Closed) -> None:
        event.stop()
        self._close_prompt()
        if event.mode == FILTER:
            self._narrow("")

    def _close_prompt(self) -> None:
        self.query_one(Prompt).close()
        self.set_focus(self._table)

    def say(self, words: str, tone: Tone = Tone.DONE) -> None:
        """One line of news; it goes by itself."""
        loop = asyncio.get_running_loop()
        self._quiet_until = loop.time() + NEWS_SECONDS * (2 if tone is Tone.BROKEN else 1)
        self.query_one(Explanation).news = (words, tone)


USAGE_COLUMNS = frozenset({"CPU", "%REQ", "%LIM", "MEM", "%MREQ", "%MLIM", "%CPU", "%MEM"})


def _names(view: View[Any]) -> set[str]:
    """Every word that a plugin's scope may call the view's kind."""
    names = {view.name, *view.aliases}
    if view.resource is not None and view.name != catalog.CONTAINERS.name:
        type_ = view.resource
        names |= {type_.plural, type_.singular, type_.kind.lower(), *type_.short_names}
        names |= {type_.full_name, f"{type_.group}/{type_.version}/{type_.plural}"}
    return names
