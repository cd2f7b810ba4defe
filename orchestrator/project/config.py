"""`config.yaml`: where the project's migrations, metadata and seeds are, as the Hasura CLI reads it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError
from orchestrator.project.trust import SYSTEM, Trust

if TYPE_CHECKING:
    from orchestrator.project import yaml_tree

FILE = "config.yaml"
DIRECTORIES = {"metadata_directory": "metadata", "migrations_directory": "migrations", "seeds_directory": "seeds"}
# https://hasura.io/docs/2.0/hasura-cli/config-reference/
KEYS = (
    *("version", "endpoint", "admin_secret", "admin_secrets", "access_key", "api_paths", "disable_interactive"),
    *("certificate_authority", "insecure_skip_tls_verify", "metadata_file", "actions", *DIRECTORIES),
)
# Where Hasura has what we ask for.
API_PATHS = {"v1_metadata": "v1/metadata", "v2_query": "v2/query", "pg_dump": "v1alpha1/pg_dump"}
TRUE = ("true", "t", "1", "TRUE", "True", "T")


@dataclass(frozen=True)
class Config:
    """The project's folders, absolute, and the server that `config.yaml` names; the stack's own is in its record."""

    root: Path
    metadata: Path
    migrations: Path
    seeds: Path
    endpoint: str
    admin_secret: str = field(default="", repr=False)
    trust: Trust = SYSTEM


@dataclass(frozen=True)
class Values:
    """The file, over which the Hasura CLI's variables go: those of the process, then those of `.env`."""

    tree: yaml_tree.Tree
    variables: Mapping[str, str]

    def text(self, key: str, default: str = "") -> str:
        return self.variables.get(f"HASURA_GRAPHQL_{key.upper()}") or self.written(key, default)

    def written(self, key: str, default: str = "") -> str:
        """What the file itself says."""
        value = self.tree.at((key,))
        if value is None:
            return default
        if not isinstance(value, str) or not value:
            raise StackError(f"{self.tree.place((key,))}: {key} must be a text.")
        return value

    def truth(self, key: str) -> bool:
        value = self.variables.get(f"HASURA_GRAPHQL_{key.upper()}") or self.tree.at((key,))
        return value is True or value in TRUE


def find_root(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds a `config.yaml`. Raises StackError when there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    raise StackError(
        f"No {FILE} found: looked in {start.resolve()} and every folder above it.",
        "Run the command inside a project, or make one with `hasura init`.",
    )


def read(root: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The `config.yaml` in the folder `root`. Raises StackError with file and line for what it cannot follow."""
    # `status` finds the root only, and loading these takes a twentieth of the time that it may take.
    from orchestrator.project import yaml_tree
    from orchestrator.settings import read_env_file

    file = root / FILE
    if not file.is_file():
        raise StackError(
            f"No {FILE} in {root.resolve()}.", "Run the command inside a project, or make one with `hasura init`."
        )
    tree = yaml_tree.read(file, root)
    if not isinstance(tree.value, dict):
        raise StackError(f"{tree.place(())}: {FILE} must be a mapping such as `version: 3`.")
    if tree.value.get("version") not in (3, "3"):
        raise StackError(
            f"{tree.place(('version',))}: only `version: 3` of the Hasura CLI's configuration is supported.",
            "Let `hasura scripts update-project-v3` convert the project.",
        )
    values = Values(tree, {**read_env_file(root / ".env"), **environ})
    _refuse_what_is_not_followed(values)
    return _config(root.resolve(), values)


def _config(root: Path, values: Values) -> Config:
    # As the Hasura CLI has it, a folder that begins with a slash is one of the project, too.
    folders = {key: root / values.text(key, default).lstrip("/") for key, default in DIRECTORIES.items()}
    authority = values.text("certificate_authority")
    return Config(
        root=root,
        metadata=folders["metadata_directory"],
        migrations=folders["migrations_directory"],
        seeds=folders["seeds_directory"],
        endpoint=values.written("endpoint", "http://localhost:8080"),
        admin_secret=values.written("admin_secret") or _first_secret(values) or values.written("access_key"),
        trust=Trust(root / authority if authority else None, anyone=values.truth("insecure_skip_tls_verify")),
    )


def _first_secret(values: Values) -> str:
    found: Any = values.tree.at(("admin_secrets",)) or [""]
    if not isinstance(found, list) or not isinstance(found[0], str):
        raise StackError(f"{values.tree.place(('admin_secrets',))}: admin_secrets must be a list of texts.")
    return found[0]


def _refuse_what_is_not_followed(values: Values) -> None:
    tree = values.tree
    for key in tree.value if isinstance(tree.value, dict) else ():
        near = [] if key in KEYS else difflib.get_close_matches(key, KEYS, n=1, cutoff=0.8)
        if near:
            raise StackError(f"{tree.place((key,))}: unknown key {key}.", f"Did you mean {near[0]}?")
    if values.text("metadata_file"):
        raise StackError(
            f"{tree.place(('metadata_file',))}: metadata in one file (metadata_file) is not supported.",
            "Leave metadata_file out; `hasura metadata export` then writes the folder of metadata_directory.",
        )
    paths = tree.at(("api_paths",)) or {}
    for key, ours in API_PATHS.items():
        asked = paths.get(key) if isinstance(paths, dict) else None
        if asked is not None and str(asked).strip("/") != ours:
            raise StackError(
                f"{tree.place(('api_paths', key))}: {key} can't be another than {ours}.",
                "A Hasura below a path is reached by `endpoint`, such as https://example.com/hasura.",
            )
