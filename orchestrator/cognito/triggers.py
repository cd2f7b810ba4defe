"""Lambda triggers: the event each is called with, and what its answer or failure means to the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidLambdaResponse, UnexpectedLambda, UserLambdaValidation
from .model import Json, Pool, User

# Public sources disagree on which of the two a sign-in runs first.
AFTER_AUTHENTICATION = ("PreTokenGeneration", "PostAuthentication")

# What events say for a client when an administrator calls without one.
NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"

Invoke = Callable[[str, Json], Awaitable[Any]]


class FunctionRaised(Exception):
    """The function ran and raised; the text is its error message."""


class FunctionUnavailable(Exception):
    """The function could not be run, or not in time; the text is the reason."""


@dataclass(frozen=True)
class Call:
    """One run of a trigger: its name, the source within it, and what the event says beside the common members."""

    trigger: str
    source: str
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    version: str = "1"

    @property
    def trigger_source(self) -> str:
        prefix = "TokenGeneration" if self.trigger == "PreTokenGeneration" else self.trigger
        return f"{prefix}_{self.source}"


async def run(invoke: Invoke, pool: Pool, region: str, username: str, client_id: str, call: Call) -> Json | None:
    """The response a pool's trigger gives, or None if the pool has no such trigger.

    Raises UserLambdaValidation, UnexpectedLambda or InvalidLambdaResponse, as Cognito does.
    """
    function = pool.trigger(call.trigger)
    if function is None:
        return None
    try:
        answer = await invoke(function, event(pool, region, username, client_id, call))
    except FunctionRaised as error:
        raise UserLambdaValidation(f"{call.trigger} failed with error {error}.", call.trigger) from error
    except FunctionUnavailable as error:
        raise UnexpectedLambda(f"{call.trigger} invocation failed due to error {error}.", call.trigger) from error
    if not isinstance(answer, dict) or not isinstance(answer.get("response"), dict):
        raise InvalidLambdaResponse("Unrecognizable lambda output", call.trigger)
    response: Json = answer["response"]
    return response


def event(pool: Pool, region: str, username: str, client_id: str, call: Call) -> Json:
    return {
        "version": call.version,
        "triggerSource": call.trigger_source,
        "region": region,
        "userPoolId": pool.id,
        "userName": username,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "request": dict(call.request),
        "response": dict(call.response),
    }


def user_attributes(user: User) -> Json:
    """A user's attributes as triggers see them: with sub and status, all values texts."""
    return {"sub": user.sub, "cognito:user_status": user.status, **user.attributes}


def pre_sign_up(source: str, attributes: Mapping[str, str], validation: Json | None, metadata: Json | None) -> Call:
    request = {"userAttributes": dict(attributes), "validationData": validation, **_metadata(metadata)}
    response = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    return Call("PreSignUp", source, request, response)


def post_confirmation(source: str, user: User, metadata: Json | None) -> Call:
    return Call("PostConfirmation", source, {"userAttributes": user_attributes(user), **_metadata(metadata)}, {})


def pre_authentication(user: User | None, validation: Json | None) -> Call:
    return Call("PreAuthentication", "Authentication", {**_subject(user), "validationData": validation}, {})


def post_authentication(user: User, metadata: Json | None, *, new_device: bool = False) -> Call:
    request = {"userAttributes": user_attributes(user), "newDeviceUsed": new_device, **_metadata(metadata)}
    return Call("PostAuthentication", "Authentication", request, {})


def pre_token_generation(
    source: str, user: User, version: str, groups: Json, scopes: tuple[str, ...], metadata: Json | None
) -> Call:
    request: Json = {"userAttributes": user_attributes(user), "groupConfiguration": groups, **_metadata(metadata)}
    if version == "1":
        return Call("PreTokenGeneration", source, request, {"claimsOverrideDetails": None})
    request["scopes"] = list(scopes)
    return Call("PreTokenGeneration", source, request, {"claimsAndScopeOverrideDetails": None}, version)


def pre_token_generation_for_machine(scopes: tuple[str, ...], metadata: Json | None) -> Call:
    request = {"userAttributes": {}, "groupConfiguration": {}, "scopes": list(scopes), **_metadata(metadata)}
    return Call("PreTokenGeneration", "ClientCredentials", request, {"claimsAndScopeOverrideDetails": None}, "3")


def custom_message(source: str, user: User, code: str, username: str | None, metadata: Json | None) -> Call:
    request = {"userAttributes": user_attributes(user), "codeParameter": code, **_metadata(metadata)}
    if username is not None:
        request["usernameParameter"] = username
    return Call("CustomMessage", source, request, {"smsMessage": None, "emailMessage": None, "emailSubject": None})


def define_auth_challenge(user: User | None, steps: list[Json], metadata: Json | None) -> Call:
    request = {**_subject(user), "session": steps, **_metadata(metadata)}
    response = {"challengeName": None, "issueTokens": None, "failAuthentication": None}
    return Call("DefineAuthChallenge", "Authentication", request, response)


def create_auth_challenge(user: User | None, name: str, steps: list[Json], metadata: Json | None) -> Call:
    request = {**_subject(user), "challengeName": name, "session": steps, **_metadata(metadata)}
    response = {"publicChallengeParameters": None, "privateChallengeParameters": None, "challengeMetadata": None}
    return Call("CreateAuthChallenge", "Authentication", request, response)


def verify_auth_challenge(user: User | None, private: Json, answer: str, metadata: Json | None) -> Call:
    parameters = {"privateChallengeParameters": private, "challengeAnswer": answer}
    request = {**_subject(user), **parameters, **_metadata(metadata)}
    return Call("VerifyAuthChallengeResponse", "Authentication", request, {"answerCorrect": None})


def user_migration(source: str, password: str | None, validation: Json | None, metadata: Json | None) -> Call:
    """`source` is Authentication, which brings the password, or ForgotPassword."""
    request = {"validationData": validation, "userAttributes": None, **_metadata(metadata)}
    if password is not None:
        request["password"] = password
    response = {
        "userAttributes": None,
        "forceAliasCreation": None,
        "enableSMSMFA": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
    }
    return Call("UserMigration", source, request, response)


def _subject(user: User | None) -> Json:
    return {"userAttributes": user_attributes(user)} if user else {"userAttributes": {}, "userNotFound": True}


def _metadata(metadata: Json | None) -> Json:
    return {"clientMetadata": metadata} if metadata else {}
