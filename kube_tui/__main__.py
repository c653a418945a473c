"""`python -m kube_tui`, and the `kube-tui` command."""

from __future__ import annotations

import sys

from kube_tui.version import VERSION


def main() -> None:
    """Answer `--version` before anything is imported; else open the front door."""
    if sys.argv[1:] in (["--version"], ["-V"], ["version"]):
        sys.stdout.write(f"kube-tui {VERSION}\n")
        return
    try:
        from kube_tui.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the run itself could catch it
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
