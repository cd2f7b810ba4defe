"""Applying metadata: sources, and then the whole document at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.errors import StackError
from orchestrator.project import inconsistencies
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.inconsistencies import reason_of
from orchestrator.project.metadata import Metadata, as_list


def ensure_sources(hasura: Hasura, metadata: Metadata) -> tuple[str, ...]:
    """Adds the sources that Hasura lacks, without their tables, so that migrations can run; returns their names."""
    known = {source["name"] for source in hasura.metadata("export_metadata").get("sources", [])}
    missing = [source for source in metadata.sources if source["name"] not in known]
    for source in missing:
        wanted = {key: source[key] for key in ("name", "configuration", "customization") if key in source}
        try:
            hasura.metadata(f"{_prefix(source)}_add_source", wanted)
        except HasuraError as error:
            place = metadata.tree.place(("sources", metadata.sources.index(source)))
            raise StackError(f"{place}: the source {source['name']} cannot be added. {reason_of(error)}") from error
    return tuple(str(source["name"]) for source in missing)


def _prefix(source: Mapping[str, Any]) -> str:
    kind = str(source.get("kind", "postgres"))
    return "pg" if kind == "postgres" else kind


def apply(hasura: Hasura, metadata: Metadata, *, allow_inconsistent: bool = False) -> bool:
    """Replaces Hasura's metadata by ours, whole or not at all; False when it was the same and as good as it gets.

    Raises StackError that lists each inconsistent object: the object, its file and line, and Hasura's reason. With
    `allow_inconsistent`, Hasura takes the rest and leaves those out, as the Hasura CLI has it.
    """
    if hasura.metadata("export_metadata") == metadata.document and not _is_wrong(hasura):
        return False
    args = {"allow_inconsistent_metadata": allow_inconsistent, "metadata": metadata.document}
    try:
        hasura.metadata("replace_metadata", args, version=2)
    except HasuraError as error:
        raise inconsistencies.refused(metadata, error) from error
    return True


def without_effect(hasura: Hasura) -> tuple[str, ...]:
    """What the embedded engine keeps of the metadata without acting on it, such as `event_trigger x in table y`."""
    found = as_list(hasura.metadata("get_inconsistent_metadata").get("inconsistent_objects"))
    return tuple(str(each["name"]) for each in found if _is_unserved(each))


def _is_wrong(hasura: Hasura) -> bool:
    answer = hasura.metadata("get_inconsistent_metadata")
    found = as_list(answer.get("inconsistent_objects"))
    return not answer["is_consistent"] and not (found and all(map(_is_unserved, found)))


def _is_unserved(inconsistent: Mapping[str, Any]) -> bool:
    return inconsistent.get("code") == "not-supported"
