"""A person before the screen: presses keys, and waits for what should come."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from kube_client.kubeconfig import ConnectOptions
from kube_tui.app import KubeApp
from kube_tui.options import StartOptions

PATIENCE_SECONDS = 30.0


class Person:
    """Uses the program through its keys and its screen alone."""

    def __init__(self, app: KubeApp, pilot: Pilot[None]) -> None:
        self.app = app
        self._pilot = pilot

    @property
    def screen(self) -> str:
        """The lines on the screen now."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(s.text for s in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys, by Textual's names."""
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type characters, one key each."""
        names = {" ": "space", "/": "slash", ":": "colon", "-": "minus", "=": "equals_sign"}
        await self.press(*(names.get(c, c) for c in text))

    async def go(self, command: str) -> None:
        """Enter a command line."""
        await self.type(f":{command}")
        await self.press("enter")

    async def expect(self, pattern: str) -> re.Match[str]:
        """Wait until the screen matches."""
        found: list[re.Match[str]] = []

        def seen() -> bool:
            found.extend(re.finditer(pattern, self.screen, re.MULTILINE))
            return bool(found)

        await self.wait_for(seen, f"{pattern!r} to appear")
        return found[0]

    async def expect_gone(self, pattern: str) -> None:
        """Wait until the screen matches no more."""
        await self.wait_for(
            lambda: re.search(pattern, self.screen, re.MULTILINE) is None, f"{pattern!r} to go"
        )

    async def wait_for(self, claim: Callable[[], bool], words: str) -> None:
        """Let the program run until the claim holds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while not claim():
            if loop.time() > deadline:
                raise AssertionError(f"Waited for {words}:\n{self.screen}")
            await self._pilot.pause(0.02)


Sit = Callable[..., AbstractAsyncContextManager[Person]]


@pytest.fixture
def sit_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sit:
    """What starts the program before a person: `async with` its call with a kubeconfig."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    @asynccontextmanager
    async def sit(
        kubeconfig: Path,
        *,
        size: tuple[int, int] = (140, 40),
        as_user: str | None = None,
        **options: Any,
    ) -> AsyncIterator[Person]:
        connect = ConnectOptions(kubeconfig=str(kubeconfig), as_user=as_user)
        app = KubeApp(StartOptions(connect=connect, **options))
        async with app.run_test(size=size) as pilot:
            yield Person(app, pilot)

    return sit
