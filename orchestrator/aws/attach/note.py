"""What `aws attach` has changed, noted in a tag of the pool itself, so that any machine can take it back.

The note has the triggers that were set, each with its function, and the version where the same function was there
before: `PostConfirmation=user-sync PreTokenGeneration=claims/V1_0`. Other functions are never replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.aws.attach.triggers import LambdaConfig, Trigger, trigger
from orchestrator.errors import StackError

TAG = "hasura-cognito:attached"
# https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
LONGEST = 256
ENTRY = re.compile(r"(?P<trigger>\w+)=(?P<function>[\w:$-]+)(?:/(?P<before>V\d_\d))?")


@dataclass(frozen=True)
class Noted:
    """The function that a trigger was given; `before` is the version with which it had the same function already."""

    function: str
    before: str | None = None


Note = Mapping[str, Noted]


def text(note: Note) -> str:
    """The tag's value. Raises StackError for one that is too long."""
    entries = [
        f"{name}={noted.function}{f'/{noted.before}' if noted.before else ''}" for name, noted in sorted(note.items())
    ]
    value = " ".join(entries)
    if len(value) > LONGEST:
        raise StackError(
            f"The names of the functions are too long to be noted in a tag of the pool ({len(value)} characters).",
            "Give the functions, or their aliases, shorter names.",
        )
    return value


def parse(value: str) -> Note:
    """The note in a tag. Raises StackError for a value that is none."""
    found = [ENTRY.fullmatch(entry) for entry in value.split()]
    if not found or None in found:
        raise StackError(f"The pool's tag {TAG} is damaged: {value}.", "Take the triggers out in the AWS console.")
    return {each["trigger"]: Noted(each["function"], each["before"]) for each in found if each}


def of_changes(config: LambdaConfig, wanted: Mapping[str, Trigger]) -> Note:
    """What is to be noted when these triggers are set: only those that are not so already."""
    before = {name: trigger(config, name) for name in wanted}
    return {
        name: Noted(each.function, was.version if was else None)
        for name, each in wanted.items()
        if (was := before[name]) != each
    }


def taken_back(config: LambdaConfig, note: Note) -> Mapping[str, Trigger | None]:
    """What has to change for the triggers to be as before; those that somebody else has set since are not in it."""
    now = {name: trigger(config, name) for name in note}
    return {
        name: Trigger(found.arn, noted.before) if noted.before else None
        for name, noted in note.items()
        if (found := now[name]) and found.function == noted.function
    }
