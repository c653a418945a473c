"""Start-up stays quick: what a program does not need at its start it does not load."""

import subprocess
import sys

import pytest

HEAVY = {"textual", "rich", "pydantic", "kubernetes", "aiohttp", "cryptography", "watchfiles"}


def loaded_after(statement: str) -> set[str]:
    """The top-level modules that a fresh Python has after this statement."""
    script = f"import sys\n{statement}\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    ["stern.cli", "stern.tailer", "kompose.cli", "kompose.convert", "kube_client.connect"],
)
def test_a_front_door_loads_nothing_heavy(module: str) -> None:
    assert loaded_after(f"import {module}") & HEAVY == set()


@pytest.mark.parametrize("package", ["stern", "kompose", "kube_tui", "demo_cluster"])
def test_a_main_module_loads_nothing_of_ours_until_it_runs(package: str) -> None:
    ours = {"kube_client", "demo_cluster", "stern", "kompose", "kube_tui"} - {package}

    assert loaded_after(f"import {package}.__main__") & (ours | HEAVY | {"typer"}) == set()


@pytest.mark.parametrize("package", ["kube_client", "demo_cluster", "stern", "kompose", "kube_tui"])
def test_a_package_itself_is_a_charter_and_loads_nothing(package: str) -> None:
    before = loaded_after("pass")

    assert loaded_after(f"import {package}") - before == {package}


def test_a_conversion_loads_neither_the_tailer_nor_what_talks_to_a_cluster() -> None:
    loaded = loaded_after("import kompose.cli, kompose.convert")

    assert loaded & {"stern", "asyncio", "ssl", "httptools", "typer"} == set()
