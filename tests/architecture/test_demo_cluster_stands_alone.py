"""The demo cluster imports none of us, runs nothing on the host, and listens on loopback."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from demo_cluster.cluster import ClusterOptions

PACKAGE = Path(__file__).parents[2] / "demo_cluster"
MODULES = sorted(PACKAGE.rglob("*.py"))
OURS = {"kube_client", "stern", "kompose", "kube_tui"}
RUNNERS = {"subprocess", "pty", "ctypes", "multiprocessing"}
RUNNING = {"system", "popen", "execv", "execve", "execvp", "fork", "posix_spawn", "spawnv"}


def imported(tree: ast.AST) -> set[str]:
    """The top-level names of everything that is imported, deferred imports too."""
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_none_of_ours_and_runs_nothing(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    calls = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "os"
    }

    assert not imported(tree) & OURS
    assert not calls & RUNNING
    if module.name != "launch.py":  # starts the demo cluster itself, for other programs
        assert not imported(tree) & RUNNERS


def test_it_listens_on_loopback_unless_it_is_told() -> None:
    assert ClusterOptions().host == "127.0.0.1"
