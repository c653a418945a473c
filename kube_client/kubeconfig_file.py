"""One kubeconfig file as located sections: every complaint names its file and line."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kube_client.errors import ConfigError, one_line
from kube_client.plain_yaml import Node, read_plain

if TYPE_CHECKING:
    import yaml

_TRUE = frozenset({"true", "yes", "on", "y"})


class Section(msgspec.Struct, frozen=True):
    """A mapping of the file, with typed access to its entries; null counts as absent."""

    file: Path
    node: Node
    where: str

    def text(self, key: str) -> str:
        """The text under the key, or an empty one."""
        node = self._child(key)
        if node is None:
            return ""
        if node.id != "scalar":
            raise self.error(node, f"{self.where}{key} must be text")
        return str(node.value)

    def flag(self, key: str) -> bool:
        """The true or false under the key; false when absent."""
        node = self._child(key)
        if node is None:
            return False
        if node.id != "scalar" or node.tag != "tag:yaml.org,2002:bool":
            raise self.error(node, f"{self.where}{key} must be true or false")
        return node.value.lower() in _TRUE

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under the key."""
        found = []
        for node in self._items(key):
            if node.id != "scalar":
                raise self.error(node, f"{self.where}{key} must be a list of texts")
            found.append(str(node.value))
        return tuple(found)

    def section(self, key: str) -> "Section | None":
        """The mapping under the key, if there is one."""
        node = self._child(key)
        if node is None:
            return None
        if node.id != "mapping":
            raise self.error(node, f"{self.where}{key} must be a mapping")
        return Section(self.file, node, f"{self.where}{key}.")

    def sections(self, key: str) -> Iterator["Section"]:
        """The mappings in the list under the key."""
        for index, node in enumerate(self._items(key)):
            where = f"{self.where}{key}[{index}]"
            if node.id != "mapping":
                raise self.error(node, f"{where} must be a mapping")
            yield Section(self.file, node, f"{where}.")

    def mapping(self, key: str) -> dict[str, Any]:
        """The mapping under the key as plain values."""
        section = self.section(key)
        return {} if section is None else _plain_mapping(section.node, self, {})

    def text_lists(self, key: str) -> dict[str, tuple[str, ...]]:
        """The mapping of names to lists of texts under the key."""
        section = self.section(key)
        return {} if section is None else {name: section.texts(name) for name in section.names()}

    def names(self) -> list[str]:
        """The keys, in order."""
        return [str(key.value) for key, _ in self.node.value]

    def error(self, node: Node | None, why: str) -> ConfigError:
        """The complaint, with the place it is about."""
        line = (node or self.node).start_mark.line + 1
        return ConfigError(f"The kubeconfig {self.file} is malformed: {why} (line {line}).")

    def _child(self, key: str) -> Node | None:
        for name, node in self.node.value:
            if name.value == key:
                return None if node.tag == "tag:yaml.org,2002:null" else node
        return None

    def _items(self, key: str) -> list[Node]:
        node = self._child(key)
        if node is None:
            return []
        if node.id != "sequence":
            raise self.error(node, f"{self.where}{key} must be a list")
        return list(node.value)


def read_kubeconfig_file(path: Path, *, with_places: bool = False) -> Section | None:
    """The whole file as a section, or None when it holds nothing.

    With `with_places` complaints name the right line, which takes longer; without it they are to
    be taken as a reason to read the file again.

    Raises:
        ConfigError: The file is unreadable, no YAML, or no kubeconfig.
        FileNotFoundError: There is no such file.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(
            f"Cannot read the kubeconfig {path}: {error.strerror}. "
            "Check the file and its rights, or name another with --kubeconfig."
        ) from error
    node: Node | None = None if with_places else read_plain(text)
    if node is None:
        node = _composed(text, path)
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return None
    if node.id != "mapping":
        raise ConfigError(f"{path} is not a kubeconfig: it holds no mapping (line 1).")
    section = Section(path, node, "")
    kind = section.text("kind")
    if kind not in ("", "Config"):
        raise ConfigError(f"{path} is not a kubeconfig: its kind is {kind}, not Config.")
    return section


def _composed(text: bytes, path: Path) -> Node | None:
    """The root node by PyYAML; None when there is none."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node: Node | None = loader.get_single_node()
    except yaml.YAMLError as error:
        raise ConfigError(f"The kubeconfig {path} is malformed: {_yaml_trouble(error)}.") from error
    finally:
        loader.dispose()
    return node


def _yaml_trouble(error: "yaml.YAMLError") -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    where = f" (line {mark.line + 1})" if mark is not None else ""
    return one_line(str(problem)) + where


def _plain_mapping(node: Node, section: Section, seen: dict[int, Any]) -> dict[str, Any]:
    return {str(key.value): _plain(value, section, seen) for key, value in node.value}


def _plain(node: Node, section: Section, seen: dict[int, Any]) -> Any:
    """Shared nodes become shared values, so that nested aliases cannot multiply."""
    if node.id == "scalar":
        return _scalar(node)
    if id(node) in seen:
        if seen[id(node)] is None:
            raise section.error(node, "an alias contains itself")
        return seen[id(node)]
    seen[id(node)] = None
    value: Any
    if node.id == "mapping":
        value = _plain_mapping(node, section, seen)
    else:
        value = [_plain(item, section, seen) for item in node.value]
    seen[id(node)] = value
    return value


def _scalar(node: Node) -> Any:
    tag = node.tag.rpartition(":")[2]
    if tag == "null":
        return None
    if tag == "bool":
        return node.value.lower() in _TRUE
    if tag == "int" and node.value.lstrip("+-").isdecimal():
        return int(node.value)
    return str(node.value)
