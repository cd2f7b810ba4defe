"""What docker-compose.yml says of the images and variables of its services, and what is added to it for a start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import StackError

NAME = "docker-compose.yml"
# Where a variable of Hasura's own begins.
PASSED_ON = "HASURA_GRAPHQL_"


def read(root: Path) -> str:
    """The file's text. Raises StackError where there is none."""
    try:
        return (root / NAME).read_text("utf-8")
    except OSError as error:
        raise StackError(
            f"{root / NAME} can't be read: {error.strerror}.", "Put it back, or set STACK_BACKEND=embedded."
        ) from error


def services(text: str) -> Mapping[str, Any]:
    """The services by name. Raises StackError where the text is no Compose file, or lacks one that is needed."""
    try:
        document = yaml.safe_load(text)
        found: Mapping[str, Any] = document["services"]
        return {name: found[name] for name in ("postgres", "hasura")}
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise StackError(f"{NAME} has no services postgres and hasura: {error}.", "Put it back.") from error


def image(service: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    """The image that a service is run from.

    >>> image({"image": "${HASURA_IMAGE:-hasura/graphql-engine:v2}"}, {})
    'hasura/graphql-engine:v2'
    """

    def value(match: re.Match[str]) -> str:
        return variables.get(match["name"]) or match["default"] or ""

    return re.sub(r"\$\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}", value, str(service.get("image", "")))


def additions(text: str, variables: Iterable[str]) -> str:
    """A Compose file that hands Hasura those of its variables which the first does not name.

    They have no value there: Compose takes it from its environment, where nothing is interpolated.
    """
    named = services(text)["hasura"].get("environment") or {}
    known = {str(each).partition("=")[0] for each in named}
    added = {name: None for name in sorted(variables) if name.startswith(PASSED_ON) and name not in known}
    return json.dumps({"services": {"hasura": {"environment": added}}}, indent=1)
