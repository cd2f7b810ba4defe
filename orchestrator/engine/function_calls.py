"""Calls of PostgreSQL functions as a request makes them: what its argument `args` gives, checked and put in place."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engine import given, scalars
from orchestrator.engine.boolexp import FunctionCall
from orchestrator.engine.catalog import Argument
from orchestrator.engine.computed import computed_call
from orchestrator.engine.errors import not_supported
from orchestrator.engine.given import Given
from orchestrator.engine.schema.bindings import ComputedOf, FunctionArguments
from orchestrator.engine.schema.role import RoleSchema
from orchestrator.engine.schema.types import Field, InputObject
from orchestrator.engine.sql import Literal, Param, SessionVariable
from orchestrator.engine.tracked import TrackedFunction

Passed = Mapping[str, Param]


def passed_to(schema: RoleSchema, field: Field, arguments: Mapping[str, Given], path: str) -> Passed:
    """The values of `args`, by their GraphQL names; raises where one that must be given isn't."""
    if "args" not in arguments:
        return {}
    argument = field.args["args"]
    binding: FunctionArguments = argument.binding
    type_, at = schema.type(argument.type.named), f"{path}.args.args"
    if not isinstance(type_, InputObject):
        return {}
    passed = {
        name: _value(binding.names[name], value, f"{at}.{name}")
        for name, value in given.as_object(arguments["args"], type_, at).items()
    }
    _check_omissions(binding.names, passed, at)
    return passed


def _value(argument: Argument, value: Given, path: str) -> Param:
    if value.value is None:
        return Param(Literal(None), argument.sql_type)
    return given.as_param(value, scalars.encoder(argument.type), argument.sql_type, path)


def _check_omissions(arguments: Mapping[str, Argument], passed: Passed, path: str) -> None:
    """Raises for an argument left out that has no default, and for one without a name behind one left out."""
    is_complete = True
    for name, argument in arguments.items():
        if name not in passed:
            is_complete = False
            if not argument.has_default:
                raise not_supported("Non default arguments cannot be omitted", path)
        elif not is_complete and not argument.name:
            raise not_supported("Only last set of positional arguments can be omitted", path)


def tracked_call(function: TrackedFunction, passed: Passed) -> FunctionCall:
    session = function.meta.configuration.session_argument
    names = {id(argument): name for name, argument in function.info.asked_for({session} if session else set()).items()}
    arguments: list[tuple[str | None, Param | None]] = []
    for argument in function.info.inputs:
        if session and argument.name == session:
            arguments.append((argument.name, Param(SessionVariable(None), argument.sql_type)))
        elif names[id(argument)] in passed:
            arguments.append((argument.name or None, passed[names[id(argument)]]))
    return FunctionCall(function.info.name, tuple(arguments))


def call_of_computed(
    schema: RoleSchema, field: Field, binding: ComputedOf, arguments: Mapping[str, Given], path: str
) -> FunctionCall:
    passed = passed_to(schema, field, arguments, path)
    names: Mapping[str, Argument] = field.args["args"].binding.names if passed else {}
    by_name = {names[name].name: value for name, value in passed.items()}
    return computed_call(binding.access.source, binding.access.table, binding.name, by_name)
