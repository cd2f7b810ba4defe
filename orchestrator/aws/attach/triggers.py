"""Triggers of a user pool as values: read from its LambdaConfig, put into it, taken out of it (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PRE_TOKEN = "PreTokenGeneration"  # noqa: S105 a trigger's name
SYNC = ("PostConfirmation", "PostAuthentication")
ALL = (PRE_TOKEN, *SYNC)
# Beside PreTokenGeneration, which has to name the same function, this one tells the version of the event.
VERSIONED = "PreTokenGenerationConfig"
ID_TOKEN_ONLY, BOTH_TOKENS = "V1_0", "V2_0"

LambdaConfig = Mapping[str, Any]


@dataclass(frozen=True)
class Trigger:
    """The function that is called, and of Pre Token Generation the version of the event."""

    arn: str
    version: str = ""

    @property
    def function(self) -> str:
        """The function's name, with its alias or version.

        >>> Trigger("arn:aws:lambda:us-east-1:000000000000:function:sync:live").function
        'sync:live'
        """
        return self.arn.partition(":function:")[2]

    def __str__(self) -> str:
        return f"{self.function} {self.version}".strip()


def trigger(config: LambdaConfig, name: str) -> Trigger | None:
    """What the pool calls at this trigger."""
    if name != PRE_TOKEN:
        return Trigger(config[name]) if config.get(name) else None
    versioned = config.get(VERSIONED) or {}
    arn = versioned.get("LambdaArn") or config.get(PRE_TOKEN)
    return Trigger(arn, versioned.get("LambdaVersion", ID_TOKEN_ONLY)) if arn else None


def changed(config: LambdaConfig, changes: Mapping[str, Trigger | None]) -> dict[str, Any]:
    """The LambdaConfig with these triggers, or without those that are None; all else in it stays."""
    kept = {name: value for name, value in config.items() if name not in changes}
    if PRE_TOKEN in changes:
        kept.pop(VERSIONED, None)
    for name, wanted in changes.items():
        if wanted:
            kept[name] = wanted.arn
            if wanted.version:
                kept[VERSIONED] = {"LambdaArn": wanted.arn, "LambdaVersion": wanted.version}
    return kept


def functions_of(config: LambdaConfig) -> frozenset[str]:
    """The ARNs of all functions that the pool calls, at whatever trigger."""
    nested = [value for value in config.values() if isinstance(value, Mapping)]
    texts = [value for each in (config, *nested) for value in each.values() if isinstance(value, str)]
    return frozenset(text for text in texts if ":function:" in text)


def for_hasura(names: Iterable[str], arns: Mapping[str, str], *, tier: str | None) -> Mapping[str, Trigger]:
    """The triggers of these names, with the function of each; `tier` is the pool's plan.

    The plan Lite has events that can change the ID token only.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
    """
    version = ID_TOKEN_ONLY if tier == "LITE" else BOTH_TOKENS
    return {name: Trigger(arns[name], version if name == PRE_TOKEN else "") for name in names}
