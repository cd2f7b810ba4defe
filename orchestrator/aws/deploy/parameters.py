"""Which value each parameter of the template gets: a given one, the one it has, or the template's default (pure)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.errors import StackError


class Declared(Protocol):
    """A parameter as a template declares it; a secret one is never shown (NoEcho)."""

    @property
    def name(self) -> str: ...
    @property
    def has_default(self) -> bool: ...
    @property
    def secret(self) -> bool: ...


Ask = Callable[[str], str]


@dataclass(frozen=True)
class Given:
    """`values` were written in the command line, `asked` are names for which a hidden question is wanted there;
    `variables` are `.env` and the environment, where secrets stand."""

    values: Mapping[str, str]
    asked: frozenset[str]
    variables: Mapping[str, str] = field(repr=False)


def variable(name: str) -> str:
    """The variable that holds a secret parameter.

    >>> variable("HasuraAdminSecret")
    'DEPLOY_HASURA_ADMIN_SECRET'
    """
    return "DEPLOY_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def parse(texts: Iterable[str], variables: Mapping[str, str]) -> Given:
    """`NAME=VALUE` gives a value, `NAME` alone asks for one. The value may hold further equals signs.

    >>> parse(["DomainPrefix=my-app"], {}).values
    {'DomainPrefix': 'my-app'}
    """
    pairs = [text.partition("=") for text in texts]
    return Given(
        values={name: value for name, equals, value in pairs if equals},
        asked=frozenset(name for name, equals, _ in pairs if not equals),
        variables=variables,
    )


def choose(
    declared: Iterable[Declared],
    given: Given,
    *,
    ours: Mapping[str, str],
    before: Collection[str],
    ask: Ask,
) -> Mapping[str, str | None]:
    """The value of each parameter; None for the one that it has had `before`, and nothing for the template's default.

    `ours` are those that the deployment itself decides. `ask` is called for the secrets that are nowhere.
    Raises StackError for a parameter that the template has not, a secret in the command line, a value that is missing.
    """
    parameters = {each.name: each for each in declared}
    for name in (*given.values, *given.asked):
        _check(name, parameters, ours, secret_value=name in given.values)
    chosen: dict[str, str | None] = {}
    for name, parameter in parameters.items():
        secret = given.variables.get(variable(name)) if parameter.secret else None
        if name in ours:
            chosen[name] = ours[name]
        elif name in given.values:
            chosen[name] = given.values[name]
        elif name in given.asked:
            chosen[name] = ask(name)
        elif secret:
            chosen[name] = secret
        elif name in before:
            chosen[name] = None
        elif parameter.has_default:
            continue
        elif parameter.secret:
            chosen[name] = ask(name)
        else:
            raise StackError(
                f"The template's parameter {name} has no value.", f"Give it one with --parameter {name}=VALUE."
            )
    return chosen


def _check(name: str, parameters: Mapping[str, Declared], ours: Mapping[str, str], *, secret_value: bool) -> None:
    if name not in parameters:
        near = difflib.get_close_matches(name, parameters, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(parameters) or 'none'}."
        raise StackError(f"The template has no parameter {name}.", hint)
    if name in ours:
        raise StackError(f"The parameter {name} is chosen by `aws deploy` itself.", "Leave it out.")
    if parameters[name].secret and secret_value:
        raise StackError(
            f"{name} is a secret, and everybody on this machine can read a command line.",
            f"Write --parameter {name} to be asked for it, or set {variable(name)} in .env.",
        )
