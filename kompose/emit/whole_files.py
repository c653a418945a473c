"""Files that appear whole or not at all: all of them, or none.

Each text is written beside its place first; only when every one is there, all are moved to
where they belong. A link stays a link, and what is no file, such as `/dev/stdout`, is written to.
"""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_MODE = 0o644


class _Draft(NamedTuple):
    """A text on its way to a path; without an unfinished file it goes there directly."""

    path: str
    target: Path
    text: str
    unfinished: Path | None

    def finish(self) -> None:
        if self.unfinished is None:
            self.target.write_text(self.text, encoding="utf-8", newline="")
        else:
            self.unfinished.replace(self.target)

    def forget(self) -> None:
        if self.unfinished is not None:
            self.unfinished.unlink(missing_ok=True)


def write_files(texts: Mapping[str, str]) -> None:
    """Puts each text at its path, or leaves every path as it was.

    Raises:
        OSError: One cannot be written; its `filename` is the path as it was given.
    """
    drafts: list[_Draft] = []
    path = ""
    try:
        for path, text in texts.items():
            drafts.append(_draft(path, text))
        for draft in drafts:
            path = draft.path
            draft.finish()
    except OSError as error:
        error.filename = path
        raise
    finally:
        for draft in drafts:
            draft.forget()


def _draft(path: str, text: str) -> _Draft:
    facts = _facts(path)
    if facts is None:
        target, mode = Path(os.path.realpath(path)), _MODE
    elif stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    elif stat.S_ISREG(facts.st_mode):
        target, mode = Path(os.path.realpath(path)), stat.S_IMODE(facts.st_mode)
    else:
        return _Draft(path, Path(path), text, None)
    unfinished = target.with_name(f".{target.name[:40]}.{os.urandom(4).hex()}")
    draft = _Draft(path, target, text, unfinished)
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if facts is not None:
            unfinished.chmod(mode)
    except BaseException:
        draft.forget()
        raise
    return draft


def _facts(path: str) -> os.stat_result | None:
    """What stands at a path, behind its links; nothing may."""
    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None
