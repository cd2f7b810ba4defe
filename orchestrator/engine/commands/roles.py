"""Commands about inherited roles."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.engine.commands.command import Call, Result, refusal
from orchestrator.engine.metadata.model import without
from orchestrator.engine.metadata.reader import read_inherited_role


def add_inherited_role(call: Call) -> Result:
    name, roles = read_inherited_role(call.args)
    if name in call.metadata.inherited_roles:
        raise refusal("already-exists", f'inherited role "{name}" already exists')
    if name in roles:
        raise refusal("invalid-params", "an inherited role name cannot be in the role combination")
    return Result(replace(call.metadata, inherited_roles={**call.metadata.inherited_roles, name: roles}))


def drop_inherited_role(call: Call) -> Result:
    name = call.args["role_name"].non_empty_text()
    if name not in call.metadata.inherited_roles:
        raise refusal("not-exists", f"{name} inherited role doesn't exist")
    return Result(replace(call.metadata, inherited_roles=without(call.metadata.inherited_roles, name)))
