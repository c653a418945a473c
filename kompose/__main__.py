"""`python -m kompose`, and the program `kompose`."""

import sys


def main() -> None:
    """Runs the command line; the version is said before anything is loaded."""
    if sys.argv[1:] == ["version"]:
        from kompose.flags import COMPATIBLE_VERSION

        sys.stdout.write(f"{COMPATIBLE_VERSION}\n")
        return
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write("kompose 0.1.0, behaves like 1.38.0\n")
        return
    try:
        from kompose.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the run itself could catch it
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
