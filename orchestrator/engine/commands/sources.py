"""Commands about sources: add, drop, rename, update, and what tables a source has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from orchestrator.engine.commands.command import Call, Result, dropped, find_source, refusal, source_of
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.metadata.model import Customization, Source, without
from orchestrator.engine.metadata.reader import read_customization, read_source_configuration
from orchestrator.engine.metadata.remote_renaming import Renames, rename_remote


def add_source(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    source = Source(
        name,
        configuration=read_source_configuration(call.args["configuration"]),
        customization=call.args.optional("customization", read_customization, Customization()),
    )
    if name in call.metadata.sources:
        if not call.args.flag("replace_configuration"):
            raise refusal("already-exists", f'source with name "{name}" already exists')
        old = call.metadata.sources[name]
        source = replace(old, configuration=source.configuration, customization=source.customization)
    return Result(call.metadata.with_source(source), built=ObjectId(name))


def update_source(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    source = find_source(call, name)
    updated = replace(
        source,
        configuration=call.args.optional("configuration", read_source_configuration, source.configuration),
        customization=call.args.optional("customization", read_customization, source.customization),
    )
    return Result(call.metadata.with_source(updated), built=ObjectId(name))


def drop_source(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    cascade = call.args.flag("cascade")
    source = find_source(call, name)
    return dropped(call, ObjectId(source.name), cascade=cascade)


def rename_source(call: Call) -> Result:
    name, new_name = call.args["name"].non_empty_text(), call.args["new_name"].non_empty_text()
    source = find_source(call, name)
    if new_name in call.metadata.sources:
        raise refusal("already-exists", f'source with name "{new_name}" already exists')
    followed = rename_remote(call.metadata, Renames(name, new_name))
    source = replace(followed.sources[source.name], name=new_name)
    return Result(replace(followed, sources={**without(followed.sources, name), new_name: source}))


def set_source_customization(call: Call) -> Result:
    customization = read_customization(call.args["customization"])
    source = source_of(call)
    return Result(call.metadata.with_source(replace(source, customization=customization)))


def get_source_tables(call: Call) -> Result:
    """All tables of the source's database, tracked or not."""
    source = source_of(call)
    catalog = call.databases.catalogs.get(source.name)
    names = sorted(catalog.tables) if catalog else []
    return Result(call.metadata, [{"name": name.name, "schema": name.schema} for name in names])


def list_source_kinds(call: Call) -> Result:
    kinds = [{"kind": "pg", "display_name": "pg", "builtin": True, "available": True}]
    return Result(call.metadata, {"sources": kinds})


def database_url(configuration: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The address that a source's configuration names, straight, by variable or by its parts."""
    url = configuration["connection_info"]["database_url"]
    if isinstance(url, str):
        return url
    if "from_env" in url:
        return from_env(url["from_env"], environ)
    return from_parameters(url["connection_parameters"])


def from_env(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise refusal("not-found", f"environment variable '{name}' not set")
    return environ[name]


def from_parameters(parameters: Mapping[str, Any]) -> str:
    """The address of `{"host": …, "port": …, "username": …, "password": …, "database": …}`."""
    user, password, database = (
        quote(parameters.get(key) or "", safe="") for key in ("username", "password", "database")
    )
    account = f"{user}:{password}" if password else user
    return f"postgresql://{account}@{parameters['host']}:{parameters['port']}/{database}"
