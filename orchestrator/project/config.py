"""`config.yaml`: where the project's migrations, metadata and seeds are, as the Hasura CLI reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project import yaml_tree

FILE = "config.yaml"
DIRECTORIES = {"metadata_directory": "metadata", "migrations_directory": "migrations", "seeds_directory": "seeds"}


@dataclass(frozen=True)
class Config:
    """The project's folders, absolute, and the server that `config.yaml` names; the stack's own is in its record."""

    root: Path
    metadata: Path
    migrations: Path
    seeds: Path
    endpoint: str
    admin_secret: str = field(default="", repr=False)


def find_root(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds a `config.yaml`. Raises StackError when there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    raise StackError(
        f"No {FILE} found: looked in {start.resolve()} and every folder above it.",
        "Run the command inside a project, or make one with `hasura init`.",
    )


def read(root: Path) -> Config:
    """The `config.yaml` in the folder `root`. Raises StackError with file and line for what it cannot follow."""
    file = root / FILE
    if not file.is_file():
        raise StackError(
            f"No {FILE} in {root.resolve()}.", "Run the command inside a project, or make one with `hasura init`."
        )
    tree = yaml_tree.read(file, root)
    if not isinstance(tree.value, dict):
        raise StackError(f"{tree.place(())}: {FILE} must be a mapping such as `version: 3`.")
    if tree.value.get("version") != 3:
        raise StackError(
            f"{tree.place(('version',))}: only `version: 3` of the Hasura CLI's configuration is supported.",
            "Let `hasura scripts update-project-v3` convert the project.",
        )
    folders = {key: root.resolve() / _text(tree, key, default) for key, default in DIRECTORIES.items()}
    return Config(
        root=root.resolve(),
        metadata=folders["metadata_directory"],
        migrations=folders["migrations_directory"],
        seeds=folders["seeds_directory"],
        endpoint=_text(tree, "endpoint", "http://localhost:8080"),
        admin_secret=_text(tree, "admin_secret", ""),
    )


def _text(tree: yaml_tree.Tree, key: str, default: str) -> str:
    value = tree.at((key,))
    if value is None:
        return default
    if not isinstance(value, str) or not value:
        raise StackError(f"{tree.place((key,))}: {key} must be a text.")
    return value
