"""Cognito's trigger events, made by hand to try a function with.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import StackError
from orchestrator.stack.plan import Pool

NO_GROUPS: Mapping[str, Any] = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}
PRE_TOKEN_GENERATION = ({"groupConfiguration": NO_GROUPS, "clientMetadata": {}}, {"claimsOverrideDetails": None})

# What each source adds to request and response.
SOURCES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    **{
        f"PreSignUp_{kind}": (
            {"validationData": {}, "clientMetadata": {}},
            {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
        )
        for kind in ("SignUp", "AdminCreateUser", "ExternalProvider")
    },
    "PostConfirmation_ConfirmSignUp": ({"clientMetadata": {}}, {}),
    "PostConfirmation_ConfirmForgotPassword": ({"clientMetadata": {}}, {}),
    "PreAuthentication_Authentication": ({"validationData": {}, "userNotFound": False}, {}),
    "PostAuthentication_Authentication": ({"newDeviceUsed": False, "clientMetadata": {}}, {}),
    **{
        f"TokenGeneration_{kind}": PRE_TOKEN_GENERATION
        for kind in ("HostedAuth", "Authentication", "NewPasswordChallenge", "AuthenticateDevice", "RefreshTokens")
    },
}


def trigger_event(source: str, user: Mapping[str, Any], pool: Pool) -> Mapping[str, Any]:
    """The event that Cognito would send for this user, who is as `Accounts.get` gives it.

    Raises StackError for a source that Cognito does not have.
    """
    if source not in SOURCES:
        near = difflib.get_close_matches(source, SOURCES, n=1)
        raise StackError(
            f"There is no trigger {source}.",
            f"Did you mean {near[0]}?" if near else f"There are: {', '.join(SOURCES)}.",
        )
    request, response = SOURCES[source]
    return {
        "version": "1",
        "triggerSource": source,
        "region": pool.region,
        "userPoolId": pool.id,
        "userName": user["username"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": pool.client_id},
        "request": {
            "userAttributes": {**user["attributes"], "cognito:user_status": user["status"]},
            **request,
        },
        "response": response,
    }
