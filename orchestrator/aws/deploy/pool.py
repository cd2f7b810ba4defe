"""A user pool: whether it is there, how many users it has, its triggers, and what `aws attach` noted in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.aws.attach import note
from orchestrator.aws.attach.triggers import Trigger
from orchestrator.aws.failures import code_of, told

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


@dataclass(frozen=True)
class Pool:
    """`users` is Cognito's estimate; `triggers` are the functions by the trigger's name; `attached` is the note."""

    id: str
    name: str
    users: int
    mfa: str
    triggers: Mapping[str, str]
    attached: str | None


def find(client: CognitoIdentityProviderClient, pool_id: str) -> Pool | None:
    """The pool with this id, or None where there is none (any more)."""
    from botocore.exceptions import ClientError

    with told(f"Describing the user pool {pool_id}"):
        try:
            described = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return Pool(
        id=pool_id,
        name=described.get("Name", ""),
        users=described.get("EstimatedNumberOfUsers", 0),
        mfa=described.get("MfaConfiguration", "OFF"),
        triggers=triggers(described.get("LambdaConfig", {})),
        attached=described.get("UserPoolTags", {}).get(note.TAG),
    )


def triggers(config: Mapping[str, Any]) -> Mapping[str, str]:
    """The function of each trigger; the version of its event stands behind it, where there are several.

    >>> triggers({"PostConfirmation": "arn:aws:lambda:us-east-1:000000000000:function:sync"})
    {'PostConfirmation': 'sync'}
    """
    found: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, str) and value.startswith("arn:"):
            found.setdefault(name, str(Trigger(value)))
        elif isinstance(value, dict) and "LambdaArn" in value:
            found[name.removesuffix("Config")] = str(Trigger(value["LambdaArn"], value.get("LambdaVersion", "")))
    return found
