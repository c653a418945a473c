"""`python -m demo_cluster`: serve a simulated cluster until interrupted."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; `--version` answers before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        print(f"demo-cluster {version('kube-tui')}")
        return
    from demo_cluster.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
