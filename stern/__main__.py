"""`python -m stern`, and the console script."""

import sys

from stern.version import version_text


def main() -> None:
    """Run stern; `--version` alone is answered before anything is imported."""
    if sys.argv[1:] in (["--version"], ["-v"]):
        sys.stdout.write(version_text())
        return
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends at once, as the signal does
    gc.disable()  # until all is loaded: nothing of that is garbage
    from stern.cli import run

    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while a demo cluster starts
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
