"""A file system in memory: directories, files, links, and files that are computed when read."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, islice

MAX_BYTES = 16 * 1024 * 1024
LINK_LIMIT = 16
MOST_MATCHES = 10_000


class FileError(OSError):
    """What a command prints after the path: `No such file or directory`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass
class File:
    """A regular file."""

    content: bytes = b""
    mode: int = 0o644
    modified: float = 0.0
    owner: str = "root"

    def read(self) -> bytes:
        """Its bytes."""
        return self.content


@dataclass
class Computed:
    """A file of /proc or /sys: its bytes are made when it is read, and its size is 0."""

    make: Callable[[], bytes]
    mode: int = 0o444
    modified: float = 0.0
    owner: str = "root"

    def read(self) -> bytes:
        """Its bytes now."""
        return self.make()


@dataclass
class Link:
    """A symbolic link."""

    target: str
    mode: int = 0o777
    modified: float = 0.0
    owner: str = "root"


@dataclass
class Device:
    """A character device, by its name in /dev."""

    name: str
    mode: int = 0o666
    modified: float = 0.0
    owner: str = "root"


@dataclass
class Directory:
    """Names and what they stand for."""

    entries: dict[str, Node] = field(default_factory=dict)
    mode: int = 0o755
    modified: float = 0.0
    owner: str = "root"
    compute: Callable[[], dict[str, Node]] | None = None
    compute_one: Callable[[str], Node | None] | None = None
    """One of the computed entries, where that costs less than all of them."""

    def child(self, name: str) -> Node | None:
        """The entry of this name."""
        if self.compute_one is not None:
            return self.compute_one(name)
        return self.children().get(name)

    def children(self) -> dict[str, Node]:
        """Its entries, computed ones included."""
        return {**self.entries, **self.compute()} if self.compute else self.entries


Node = File | Computed | Link | Device | Directory


class FileSystem:
    """One container's root file system."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.root = Directory(modified=now())
        self._size = 0

    def find(self, path: str, *, follow: bool = True) -> Node:
        """What is at an absolute path.

        Raises:
            FileError: Nothing is there, or a part of the way is no directory.
        """
        return self._walk(path, path, follow, 0)

    def _walk(self, path: str, named: str, follow: bool, depth: int) -> Node:
        if depth > LINK_LIMIT:
            raise FileError(named, "Too many levels of symbolic links")
        node: Node = self.root
        parts = [part for part in posixpath.normpath(path).split("/") if part]
        for position, part in enumerate(parts):
            if not isinstance(node, Directory):
                raise FileError(named, "Not a directory")
            child = node.child(part)
            if child is None:
                raise FileError(named, "No such file or directory")
            last = position == len(parts) - 1
            if isinstance(child, Link) and (follow or not last):
                here = "/" + "/".join(parts[:position])
                target = posixpath.join(here, child.target)
                child = self._walk(target, named, True, depth + 1)
            node = child
        return node

    def lookup(self, path: str, *, follow: bool = True) -> Node | None:
        """What is there, or nothing."""
        try:
            return self.find(path, follow=follow)
        except FileError:
            return None

    def directory(self, path: str) -> Directory:
        """The directory at a path."""
        node = self.find(path)
        if not isinstance(node, Directory):
            raise FileError(path, "Not a directory")
        return node

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        node = self.find(path)
        if isinstance(node, Directory):
            raise FileError(path, "Is a directory")
        return node.read() if isinstance(node, File | Computed) else b""

    def write(self, path: str, content: bytes, *, mode: int = 0o644, append: bool = False) -> None:
        """Make or change a file; its directory must be there."""
        node = self.lookup(path)
        if isinstance(node, Directory):
            raise FileError(path, "Is a directory")
        if isinstance(node, Computed):
            raise FileError(path, "Permission denied")
        if isinstance(node, Device | Link):
            return
        before = len(node.content) if node else 0
        grown = self._size + len(content) - (0 if append else before)
        if grown > MAX_BYTES:
            raise FileError(path, "No space left on device")
        self._size = grown
        if node:
            node.content = node.content + content if append else content
            node.modified = self.now()
        else:
            self._put(path, File(content, mode=mode, modified=self.now()))

    def _put(self, path: str, node: Node) -> None:
        folder, name = posixpath.split(posixpath.normpath(path))
        parent = self.find(folder or "/")
        if not isinstance(parent, Directory):
            raise FileError(path, "Not a directory")
        if parent.compute:
            raise FileError(path, "Permission denied")
        parent.entries[name] = node
        parent.modified = self.now()

    def place(self, path: str, node: Node) -> None:
        """Put a node where it belongs, with all directories on the way (for building images)."""
        at = self.root
        *folders, name = [part for part in path.split("/") if part]
        for part in folders:
            child = at.entries.setdefault(part, Directory(modified=self.now()))
            if isinstance(child, Link):
                child = self.directory("/" + part)
            if not isinstance(child, Directory):
                raise FileError(path, "Not a directory")
            at = child
        at.entries[name] = node

    def make_directory(self, path: str, *, parents: bool = False) -> None:
        """mkdir, or mkdir -p."""
        existing = self.lookup(path)
        if existing is not None:
            if parents and isinstance(existing, Directory):
                return
            raise FileError(path, "File exists")
        folder = posixpath.dirname(posixpath.normpath(path))
        if parents and self.lookup(folder) is None:
            self.make_directory(folder, parents=True)
        self._put(path, Directory(modified=self.now()))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        if self.lookup(path, follow=False) is not None:
            raise FileError(path, "File exists")
        self._put(path, Link(target, modified=self.now()))

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Take away a file, or a directory with all that is in it."""
        node = self.find(path, follow=False)
        if isinstance(node, Directory) and not recursive:
            raise FileError(path, "Is a directory")
        self._unlink(path)

    def remove_directory(self, path: str) -> None:
        """rmdir: only an empty one."""
        if self.directory(path).children():
            raise FileError(path, "Directory not empty")
        self._unlink(path)

    def _unlink(self, path: str) -> None:
        folder, name = posixpath.split(posixpath.normpath(path))
        parent = self.directory(folder or "/")
        if name not in parent.entries:
            raise FileError(path, "Operation not permitted")
        node = parent.entries.pop(name)
        if isinstance(node, File):
            self._size -= len(node.content)

    def move(self, source: str, target: str) -> None:
        """Rename."""
        node = self.find(source, follow=False)
        self._put(target, node)
        folder, name = posixpath.split(posixpath.normpath(source))
        self.directory(folder or "/").entries.pop(name, None)

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """The path and everything under it, parents first."""
        node = self.find(path, follow=False)
        yield path, node
        if isinstance(node, Directory):
            for name in sorted(node.children()):
                yield from self.walk(posixpath.join(path, name))

    def matches(self, pattern: str, directory: str) -> list[str]:
        """The paths that a wildcard stands for, sorted; relative as the pattern is.

        Raises:
            FileError: They are too many.
        """
        absolute = pattern.startswith("/")
        start = self.lookup("/" if absolute else directory)
        found = [("/" if absolute else "", start)]
        for part in [part for part in pattern.split("/") if part]:
            every = (self._expand(path, node, part, directory) for path, node in found)
            found = list(islice(chain.from_iterable(every), MOST_MATCHES + 1))
            if len(found) > MOST_MATCHES:
                raise FileError(pattern, "Argument list too long")
        return sorted(path for path, _ in found)

    def _expand(
        self, start: str, node: Node | None, part: str, directory: str
    ) -> Iterator[tuple[str, Node]]:
        if not isinstance(node, Directory):
            return
        for name, child in node.children().items():
            hidden = name.startswith(".") and not part.startswith(".")
            if not hidden and fnmatchcase(name, part):
                path = posixpath.join(start, name)
                yield path, self._followed(posixpath.join(directory, path), child)

    def _followed(self, path: str, node: Node) -> Node:
        return (self.lookup(path) or node) if isinstance(node, Link) else node
