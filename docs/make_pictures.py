# ruff: noqa: INP001 - a script of the documentation, not a package
"""Draw the README's pictures: the real program on the demo cluster, as SVG.

`python docs/make_pictures.py` writes docs/pictures/; `--all FOLDER` writes every screen in several
sizes and themes, to be looked at before a change of the look is called done.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot

from demo_cluster.threaded import running_cluster
from kube_client.kubeconfig import ConnectOptions
from kube_tui.app import KubeApp
from kube_tui.options import StartOptions

PICTURES = Path(__file__).parent / "pictures"
SIZES = ((80, 24), (120, 40), (180, 50))
THEMES = ("night", "day")
PATIENCE_SECONDS = 30.0

# Each screen: its name, the first command, the keys that lead there, what it shows then.
SCREENS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("namespaces", "namespaces", (), r"monitoring"),
    ("pods", "pods shop", (), r"frontend-\S+ .*\d+Mi"),
    ("all-pods", "pods all", ("C",), r"↓CPU"),
    ("services", "svc shop", (), r"gateway"),
    ("containers", "pods shop /^checkout", ("enter",), r"envoy .*\d+m"),
    ("deployments", "deploy shop", (), r"gateway"),
    ("nodes", "nodes", (), r"worker-1 .*\d+m"),
    ("events", "events all", (), r"(?i)pulling|scheduled|backoff"),
    ("config-maps", "cm shop", (), r"DATA"),
    ("logs", "deploy shop /^gateway", ("l",), r"INFO"),
    ("describe", "pods shop /^checkout", ("d",), r"Kind:"),
    ("yaml", "pods shop /^checkout", ("y",), r"kind: Pod"),
    ("delete", "pods shop /^checkout", ("ctrl+d",), r"Delete pod"),
    ("scale", "deploy shop /^gateway", ("s",), r"Replicas"),
    ("help", "pods shop", ("question_mark",), r"EVERY TABLE"),
    ("nothing-matches", "pods shop /zzz", (), r"matches"),
    ("contexts", "ctx", (), r"here"),
)


def text_of(app: KubeApp) -> str:
    """What is on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(app: KubeApp, pilot: Pilot[None], pattern: str) -> None:
    """Wait until the screen shows this."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not re.search(pattern, text_of(app)):
        if loop.time() > deadline:
            raise TimeoutError(f"{pattern!r} never came:\n{text_of(app)}")
        await pilot.pause(0.05)


async def draw(
    kubeconfig: Path,
    screen: tuple[str, str, tuple[str, ...], str],
    size: tuple[int, int],
    theme: str,
) -> str:
    """One screen as SVG."""
    _, command, keys, pattern = screen
    options = StartOptions(
        connect=ConnectOptions(kubeconfig=str(kubeconfig)), command=command, theme=theme
    )
    app = KubeApp(options)
    async with app.run_test(size=size) as pilot:
        await until(app, pilot, r"● live")
        if size[0] >= 100:
            await until(app, pilot, r"MEM .*%")
        for key in keys:
            await pilot.pause(0.5)
            await pilot.press(key)
        await until(app, pilot, pattern)
        await pilot.pause(1.5)
        return without_web_fonts(app.export_screenshot(title="kube-tui"))


def without_web_fonts(picture: str) -> str:
    """The picture with the reader's own monospaced font: it asks no other server for one."""
    own = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    return own.replace("Fira Code", "monospace")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every screen, size and theme")
    parser.add_argument("--only", default="", help="with --all: screens whose name matches")
    chosen = parser.parse_args(arguments)
    with running_cluster() as cluster:
        if chosen.all is None:
            PICTURES.mkdir(parents=True, exist_ok=True)
            pods = ("browser", "pods shop", ("G",), r"search-\S+: ")
            picture = asyncio.run(draw(cluster.kubeconfig, pods, (120, 32), "night"))
            (PICTURES / "browser.svg").write_text(picture, encoding="utf-8")
            return
        chosen.all.mkdir(parents=True, exist_ok=True)
        for screen in SCREENS:
            if not re.search(chosen.only, screen[0]):
                continue
            for size in SIZES:
                for theme in THEMES:
                    picture = asyncio.run(draw(cluster.kubeconfig, screen, size, theme))
                    name = f"{screen[0]}-{size[0]}x{size[1]}-{theme}.svg"
                    (chosen.all / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
