"""Describing a user pool and changing it: no setting is lost, second factors are kept, and it is looked at again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchestrator.aws.attach.pool_update import Described, differences, request, without
from orchestrator.aws.failures import code_of, told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


@dataclass(frozen=True)
class Pool:
    """A user pool as DescribeUserPool and GetUserPoolMfaConfig tell of it."""

    described: Described
    mfa: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.described["Id"])

    @property
    def triggers(self) -> Mapping[str, Any]:
        return self.described.get("LambdaConfig") or {}

    @property
    def tags(self) -> Mapping[str, str]:
        return self.described.get("UserPoolTags") or {}

    @property
    def account(self) -> str:
        return str(self.described["Arn"].split(":")[4])

    def with_triggers(self, config: Mapping[str, Any]) -> Pool:
        return replace(self, described={**self.described, "LambdaConfig": config})

    def with_tags(self, tags: Mapping[str, str]) -> Pool:
        return replace(self, described={**self.described, "UserPoolTags": tags})


def describe(client: CognitoIdentityProviderClient, pool_id: str) -> Pool:
    """The pool as it is now. Raises StackError where there is none."""
    from botocore.exceptions import ClientError

    with told(f"Look-up of the user pool {pool_id}"):
        try:
            described = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
            mfa = client.get_user_pool_mfa_config(UserPoolId=pool_id)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise StackError(
                f"There is no user pool {pool_id} for these AWS credentials.",
                "See `aws cognito-idp list-user-pools --max-results 60`, and AWS_PROFILE for another account.",
            ) from error
    return Pool(described, without(mfa, "ResponseMetadata"))


def update(client: CognitoIdentityProviderClient, before: Pool, after: Pool) -> None:
    """Makes the pool that was `before` what `after` says, and looks whether it then is so.

    Raises StackError where the pool was changed by somebody else meanwhile, and where it is not what it should be.
    """
    if changed := differences(whole(before), whole(describe(client, before.id))):
        raise StackError(
            f"The user pool {before.id} was changed by somebody else just now ({changed[0][2:]}).",
            "Nothing was done. Do it again.",
        )
    try:
        send(client, after)
    finally:
        keep_mfa(client, before)
    verify(client, after)


def whole(pool: Pool) -> Described:
    return {**pool.described, "SecondFactors": pool.mfa}


def send(client: CognitoIdentityProviderClient, pool: Pool) -> None:
    """One UpdateUserPool with all settings."""
    from botocore.exceptions import ClientError

    shape = client.meta.service_model.operation_model("UpdateUserPool").input_shape
    settings = request(pool.described, shape.members if shape else ())
    with told(f"Update of the user pool {pool.id}"):
        try:
            client.update_user_pool(**settings)
        except ClientError as error:
            if code_of(error) == "ConcurrentModificationException":
                raise StackError(
                    f"The user pool {pool.id} is being changed by somebody else.", "Nothing was done. Do it again."
                ) from error
            if code_of(error) != "InvalidParameterException" or "MFA" not in str(error):
                raise
            # It demands SMS of a pool whose second factors are others. SetUserPoolMfaConfig knows those, so that the
            # pool is without for the moment between the two.
            client.update_user_pool(**without(settings, "MfaConfiguration"))


def keep_mfa(client: CognitoIdentityProviderClient, before: Pool) -> None:
    """Puts the second factors back where the update has reset them. Raises StackError that tells them if it can't."""
    try:
        if describe(client, before.id).mfa != before.mfa:
            with told("Restoring the second factors"):
                client.set_user_pool_mfa_config(UserPoolId=before.id, **before.mfa)
    except StackError as error:
        raise StackError(
            f"The second factors of the user pool {before.id} could not be restored: {error.message}",
            f"Set them with `aws cognito-idp set-user-pool-mfa-config`; they were {json.dumps(before.mfa)}.",
        ) from error


def verify(client: CognitoIdentityProviderClient, wanted: Pool) -> None:
    """Raises StackError that names what is not as it should be."""
    if wrong := differences(whole(wanted), whole(describe(client, wanted.id))):
        raise StackError(
            f"The user pool {wanted.id} is not as it should be after the update: " + "; ".join(wrong) + ".",
            "- is what it should be, + is what it is. Set it right in the AWS console.",
        )
