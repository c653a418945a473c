"""`python -m demo_cluster`: serve a simulated cluster until interrupted."""

from __future__ import annotations

import gc
import os
import sys

from demo_cluster.version import VERSION


def main() -> None:
    """Run the command; `--version` answers before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        print(f"demo-cluster {VERSION}")
        return
    # aiohttp reads the machine's authorities when it is imported; this process calls nobody
    os.environ["SSL_CERT_FILE"] = os.devnull
    gc.disable()  # until the world stands: nothing of it is garbage
    try:
        from demo_cluster.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the run itself could catch it
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
