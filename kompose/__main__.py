"""`python -m kompose`, and the program `kompose`."""

import gc
import os
import sys


def _open_closed_streams() -> None:
    """A stream that the shell closed (`2>&-`) says nothing and takes everything.

    No file that is opened later then stands where one of them should.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end


def main() -> None:
    """Runs the command line; the version is said before anything is loaded."""
    _open_closed_streams()
    try:
        code = _say_version(sys.argv[1:])
        if code is None:
            from kompose.cli import run

            code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the run itself could catch it
        code = 130
    gc.freeze()  # all that is left goes with the process: nothing to look through
    sys.exit(code)


def _say_version(line: list[str]) -> int | None:
    """The version, when that is all that was asked for."""
    if line == ["version"]:
        from kompose.flags import COMPATIBLE_VERSION

        text = COMPATIBLE_VERSION
    elif line == ["--version"]:
        text = "kompose 0.1.0, behaves like 1.38.0"
    else:
        return None
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"Unable to write to stdout: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    main()
