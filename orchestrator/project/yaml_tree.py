"""YAML files as plain values which remember the file and the line each of them stands on, `!include` resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from orchestrator.errors import StackError
from orchestrator.project import yaml_nodes
from orchestrator.project.yaml_nodes import Json, Place

__all__ = ["Json", "Place", "Steps", "Tree", "read", "shown"]

Steps = tuple[str | int, ...]

INCLUDE = re.compile(r"!include\s+(?P<file>.+)")


@dataclass(frozen=True)
class Tree:
    """A value and the places its parts are written at.

    >>> tree.value["sources"][0]["name"], str(tree.place(("sources", 0, "name")))
    ('default', 'metadata/databases/databases.yaml:1')
    """

    value: Json
    places: Mapping[Steps, Place] = field(repr=False)

    def place(self, steps: Steps) -> Place:
        """Where the value at `steps` is written, or else the nearest one around it."""
        return next(self.places[steps[:end]] for end in range(len(steps), -1, -1) if steps[:end] in self.places)

    def at(self, steps: Steps) -> Json:
        """The part of the value at `steps`, or None."""
        found: Any = self.value
        for step in steps:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        value: Json = found
        return value


@dataclass(frozen=True)
class _Reading:
    """What stays the same while one tree is read."""

    root: Path
    tags: Mapping[str, str]
    includes: bool
    places: dict[Steps, Place]


def read(path: Path, root: Path, *, tags: Mapping[str, str] = MappingProxyType({}), includes: bool = True) -> Tree:
    """The tree of the file at `path`; its places are told relative to `root`.

    `tags` says for which keys the file's tags are short: `{"!Ref": "Ref"}` reads `!Ref Name` as `{"Ref": "Name"}`.
    With `includes`, both forms which the Hasura CLI writes are followed: the text `"!include file.yaml"` and the tag
    `!include file.yaml`.

    Raises StackError for what is not YAML, a key written twice, an unknown tag, a missing include or a cycle of them.
    """
    reading = _Reading(root, tags, includes, {})
    value = _file(path, (), (), reading)
    return Tree(value, reading.places)


def _file(path: Path, steps: Steps, parents: tuple[Path, ...], reading: _Reading) -> Json:
    chain = (*parents, path.resolve())
    name = shown(path, reading.root)
    node = yaml_nodes.parse(path, name)
    if node is None:
        reading.places[steps] = Place(name, 1)
        return None
    return _Builder(path, name, chain, reading).value(node, steps, ())


@dataclass(frozen=True)
class _Builder:
    """Turns the nodes of one file into values, and notes their places."""

    path: Path
    name: Path
    chain: tuple[Path, ...]
    reading: _Reading

    def value(self, node: yaml.Node, steps: Steps, inside: tuple[yaml.Node, ...]) -> Json:
        if included := self._included(node):
            return self._include(included, node, steps)
        self.reading.places[steps] = self._place(node)
        if any(node is outer for outer in inside):
            raise StackError(f"{self._place(node)}: the anchor contains itself.")
        inside = (*inside, node)
        if node.tag.startswith("!") and node.tag != "!":
            return self._tagged(node, steps, inside)
        return self._plain(node, steps, inside)

    def _plain(self, node: yaml.Node, steps: Steps, inside: tuple[yaml.Node, ...]) -> Json:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, steps, inside)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*steps, index), inside) for index, item in enumerate(node.value)]
        try:
            return yaml_nodes.scalar(node)
        except ValueError as error:
            raise StackError(f"{self._place(node)}: {node.value!r} does not fit its tag {node.tag}.") from error

    def _mapping(self, node: yaml.MappingNode, steps: Steps, inside: tuple[yaml.Node, ...]) -> dict[str, Json]:
        merged: dict[str, Json] = {}
        own: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = {**self._merge(value_node, steps, inside), **merged}
                continue
            key = self._key(key_node, own)
            own[key] = self.value(value_node, (*steps, key), inside)
            if not self._included(value_node):
                self.reading.places[(*steps, key)] = self._place(key_node)
        return {**merged, **own}

    def _merge(self, node: yaml.Node, steps: Steps, inside: tuple[yaml.Node, ...]) -> dict[str, Json]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        values = [self._plain(source, steps, (*inside, node)) for source in sources]
        merged: dict[str, Json] = {}
        for value in values:
            if not isinstance(value, dict):
                raise StackError(f"{self._place(node)}: `<<` merges mappings only.")
            merged = {**value, **merged}
        return merged

    def _key(self, node: yaml.Node, seen: Mapping[str, Json]) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise StackError(f"{self._place(node)}: a key must be a plain text.")
        key: str = node.value
        if key in seen:
            raise StackError(f"{self._place(node)}: the key {key!r} is written twice.", "Remove one of the two.")
        return key

    def _tagged(self, node: yaml.Node, steps: Steps, inside: tuple[yaml.Node, ...]) -> Json:
        key = self.reading.tags.get(node.tag)
        if key is None:
            raise StackError(f"{self._place(node)}: the tag {node.tag} means nothing here.")
        plain = node
        if isinstance(node, yaml.ScalarNode):
            plain = yaml.ScalarNode("tag:yaml.org,2002:str", node.value, node.start_mark, node.end_mark)
        self.reading.places[(*steps, key)] = self._place(node)
        return {key: self._plain(plain, (*steps, key), inside)}

    def _included(self, node: yaml.Node) -> str | None:
        if not self.reading.includes or not isinstance(node, yaml.ScalarNode):
            return None
        if node.tag == "!include":
            return str(node.value).strip()
        match = INCLUDE.fullmatch(node.value)
        return match["file"].strip() if match else None

    def _include(self, file: str, node: yaml.Node, steps: Steps) -> Json:
        path = self.path.parent / file
        if not path.is_file():
            raise StackError(
                f"{self._place(node)} includes {shown(path, self.reading.root)}, which does not exist.",
                "Write it or drop the line.",
            )
        if path.resolve() in self.chain:
            circle = " → ".join(str(shown(each, self.reading.root)) for each in (*self.chain, path.resolve()))
            raise StackError(f"{self._place(node)}: the includes form a cycle: {circle}.")
        return _file(path, steps, self.chain, self.reading)

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.name, node.start_mark.line + 1)


def shown(path: Path, root: Path) -> Path:
    """The path as a reader of the project would write it; files elsewhere keep their full one."""
    resolved, base = path.resolve(), root.resolve()
    return resolved.relative_to(base) if resolved.is_relative_to(base) else resolved
