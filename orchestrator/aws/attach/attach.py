"""Attaching our functions to a user pool, and detaching them: first a plan to be shown, then the change."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.aws.attach import functions, note, pools
from orchestrator.aws.attach.pool_update import differences
from orchestrator.aws.attach.pools import Pool
from orchestrator.aws.attach.triggers import Trigger, changed, functions_of, trigger
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class Change:
    """What a pool is and shall be.

    `functions` are those that it has to be permitted to call, or no longer; `left` are triggers that somebody else has
    set since they were attached.
    """

    before: Pool
    after: Pool
    functions: tuple[str, ...]
    left: tuple[str, ...] = ()

    @property
    def lines(self) -> Sequence[str]:
        return differences(self.before.described, self.after.described)


def plan_attach(pool: Pool, wanted: Mapping[str, Trigger]) -> Change:
    """The pool with these triggers. Raises StackError for a pool that calls another function at one of them.

    A newer version of the event with which a pool already calls our function stays.
    """
    now = {name: trigger(pool.triggers, name) for name in wanted}
    foreign = [f"{name} ({found.arn})" for name, found in now.items() if found and found.arn != wanted[name].arn]
    if foreign:
        raise StackError(
            f"The user pool {pool.id} has other functions at its triggers: {', '.join(foreign)}. They stay.",
            "Leave those triggers out by naming the others with --trigger, or take them out of the pool first.",
        )
    lasting = {
        name: found if (found := now[name]) and found.version > each.version else each for name, each in wanted.items()
    }
    earlier = note.parse(pool.tags[note.TAG]) if note.TAG in pool.tags else {}
    noted = {**earlier, **note.of_changes(pool.triggers, lasting)}
    after = pool.with_triggers(changed(pool.triggers, lasting))
    if noted:
        after = after.with_tags({**pool.tags, note.TAG: note.text(noted)})
    return Change(pool, after, tuple(dict.fromkeys(each.arn for name, each in lasting.items() if name in noted)))


def attach(cognito: CognitoIdentityProviderClient, awslambda: LambdaClient, change: Change) -> None:
    """Permits the pool to call the functions, then has it call them.

    Raises StackError; what was permitted for nothing is then taken back.
    """
    pool = change.before
    with contextlib.ExitStack() as undo:
        for function in change.functions:
            if functions.permit(
                awslambda, function, pool_id=pool.id, pool_arn=str(pool.described["Arn"]), account=pool.account
            ):
                undo.callback(forbid_unless_called, cognito, awslambda, function, pool.id)
        if change.lines:
            pools.update(cognito, pool, change.after)
        undo.pop_all()


def forbid_unless_called(
    cognito: CognitoIdentityProviderClient, awslambda: LambdaClient, function: str, pool_id: str
) -> None:
    """Takes a permission back, unless the update came through although it failed: sign-ins need it then."""
    with contextlib.suppress(StackError):
        if function not in functions_of(pools.describe(cognito, pool_id).triggers):
            functions.forbid(awslambda, function, pool_id)


def plan_detach(pool: Pool) -> Change:
    """The pool as it was before `attach`. Raises StackError for a pool that has no note of one."""
    if note.TAG not in pool.tags:
        raise StackError(
            f"The user pool {pool.id} is not attached: it has no tag {note.TAG}.", "There is nothing to take back."
        )
    noted = note.parse(pool.tags[note.TAG])
    back = note.taken_back(pool.triggers, noted)
    tags = {name: value for name, value in pool.tags.items() if name != note.TAG}
    after = pool.with_triggers(changed(pool.triggers, back)).with_tags(tags)
    still_called = {Trigger(arn).function for arn in functions_of(after.triggers)}
    unused = dict.fromkeys(each.function for each in noted.values() if each.function not in still_called)
    left = tuple(name for name in noted if name not in back and trigger(pool.triggers, name))
    return Change(pool, after, tuple(unused), left)


def detach(cognito: CognitoIdentityProviderClient, awslambda: LambdaClient, change: Change) -> None:
    """Takes out the triggers, then the permissions, and last the note, so that it can be done again if it fails."""
    pool = change.before
    still_noted = change.after.with_tags(pool.tags)
    if differences(pool.described, still_noted.described):
        pools.update(cognito, pool, still_noted)
    for function in change.functions:
        functions.forbid(awslambda, function, pool.id)
    with told(f"Taking the tag {note.TAG} off the user pool {pool.id}"):
        cognito.untag_resource(ResourceArn=str(pool.described["Arn"]), TagKeys=[note.TAG])
