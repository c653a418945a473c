"""What the README promises first: `make demo`, and an installation that is tidy."""

import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.terminal import ENTER, Terminal

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("kube-tui", "stern", "kompose", "demo-cluster")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_demo_opens_the_browser_on_a_living_cluster() -> None:
    with Terminal(["make", "demo"], columns=140, cwd=ROOT) as person:
        person.expect(r"● live", within=300)
        person.expect(r"shop")
        person.send(f":q{ENTER}")

        assert person.wait_exit() == 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `pip install .` would build it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def test_an_installation_has_our_packages_and_nothing_called_plugins_or_tests(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    packages = {name for name in names if not name.endswith(".dist-info")}
    assert packages == {"kube_client", "demo_cluster", "stern", "kompose", "kube_tui"}


def test_an_installation_brings_the_plugins_and_the_scenarios(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert [n for n in names if n.startswith("kube_tui/shipped_plugins/") and n.endswith(".yaml")]
    assert "demo_cluster/scenarios/shop.yaml" in names


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_says_its_version_and_its_help(program: str) -> None:
    command = Path(sys.executable).parent / program
    words = [str(command), "version" if program == "kompose" else "--version"]

    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    help_text = subprocess.run([str(command), "--help"], capture_output=True, text=True, check=True)

    assert any(character.isdigit() for character in said)
    assert "usage" in help_text.stdout.lower()


@pytest.mark.parametrize("package", ["kube_tui", "stern", "demo_cluster"])
def test_the_version_that_a_program_knows_is_the_one_installed(package: str) -> None:
    assert version("kube-tui") == import_module(f"{package}.version").VERSION


@pytest.mark.parametrize("package", ["kube_tui", "stern", "kompose", "demo_cluster"])
def test_every_program_runs_as_a_module_too(package: str) -> None:
    command = [sys.executable, "-m", package, "--help"]

    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
