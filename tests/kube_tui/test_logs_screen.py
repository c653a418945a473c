"""Logs on screen: followed by stern's tailer, filtered, kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo_cluster.threaded import RunningCluster
    from tests.kube_tui.conftest import Sit


async def test_logs_of_a_workload_follow_all_its_pods(sit_down: Sit, demo: RunningCluster) -> None:
    async with sit_down(demo.kubeconfig, command="deploy shop /^gateway") as person:
        await person.expect(r"gateway +\d/\d")

        await person.press("l")
        await person.expect(r"deployment gateway in shop › logs")
        await person.expect(r"[2-9] followed")
        await person.expect(r"● live")
        await person.expect(r"gateway-\S+|gateway")

        await person.press("escape")
        await person.expect(r"shop › deployments")


async def test_a_filter_shows_only_lines_that_match_and_counts_them(
    sit_down: Sit, demo: RunningCluster
) -> None:
    async with sit_down(demo.kubeconfig, command="po shop /^checkout") as person:
        await person.expect(r"checkout-\S+ +2/2")
        await person.press("l")
        await person.expect(r"[1-9]\d* lines")

        await person.type("/zzz")
        await person.expect(r"0 of [\d,]+ match /zzz")
        await person.press("enter", "escape")
        await person.expect(r"[1-9][\d,]* lines")


async def test_scrolling_up_pauses_and_the_end_follows_again(
    sit_down: Sit, demo: RunningCluster
) -> None:
    async with sit_down(demo.kubeconfig, command="po shop /^checkout", size=(100, 20)) as person:
        await person.expect(r"checkout-\S+ +2/2")
        await person.press("l")
        await person.expect(r"[3-9]\d[\d,]* lines|\d,\d+ lines")

        await person.press("pageup")
        await person.expect(r"‖ paused")
        await person.press("G")
        await person.expect(r"● live")
