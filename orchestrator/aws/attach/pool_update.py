"""Changing a user pool without losing settings: UpdateUserPool resets every one that it is not sent (pure)."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

Described = Mapping[str, Any]

# These change by themselves.
VOLATILE = ("EstimatedNumberOfUsers", "LastModifiedDate", "Status")
TEMPORARY_PASSWORDS = "TemporaryPasswordValidityDays"
# The older name of the same setting: Cognito describes both, and refuses to be sent both.
UNUSED_ACCOUNTS = "UnusedAccountValidityDays"


def request(pool: Described, members: Container[str]) -> dict[str, Any]:
    """The UpdateUserPool input that leaves this pool as it is. `members` are those of the operation's input shape."""
    kept = {name: value for name, value in pool.items() if name in members}
    passwords = pool.get("Policies", {}).get("PasswordPolicy", {})
    if TEMPORARY_PASSWORDS in passwords and "AdminCreateUserConfig" in kept:
        kept["AdminCreateUserConfig"] = without(kept["AdminCreateUserConfig"], UNUSED_ACCOUNTS)
    return {**kept, "UserPoolId": pool["Id"], "PoolName": pool["Name"]}


def differences(before: Described, after: Described) -> list[str]:
    """What changes, a setting a line.

    >>> differences({"LambdaConfig": {"A": "x"}, "Name": "n"}, {"LambdaConfig": {"B": "y"}, "Name": "n"})
    ['- LambdaConfig.A: x', '+ LambdaConfig.B: y']
    """
    old, new = dict(settings(before)), dict(settings(after))
    gone = [f"- {path}: {value}" for path, value in old.items() if new.get(path) != value]
    come = [f"+ {path}: {value}" for path, value in new.items() if old.get(path) != value]
    return gone + come


def settings(pool: Described) -> Iterator[tuple[str, Any]]:
    """Each setting that somebody has made, by its path."""
    lasting = without(pool, *VOLATILE)
    admin = without(lasting.get("AdminCreateUserConfig", {}), UNUSED_ACCOUNTS)
    return leaves({**lasting, "AdminCreateUserConfig": admin})


def leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from leaves(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", inner


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
