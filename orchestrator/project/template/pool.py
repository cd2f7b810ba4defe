"""The user pool with its clients, groups, identity providers and domain, as the inputs of Cognito's own API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.project.template.intrinsics import NO_VALUE, Scope
from orchestrator.project.template.problems import Problem
from orchestrator.project.template.resources import (
    CLIENT,
    FUNCTION,
    FUNCTION_ARN,
    REFS,
    active,
    named,
    of_type,
    property_of,
)
from orchestrator.project.template.shapes import Shapes, fit
from orchestrator.project.yaml_tree import Steps

POOL_SHAPE = "CreateUserPoolRequest"
NOT_FIRED = {"CustomEmailSender", "CustomSMSSender", "InboundFederation", "KMSKeyID"}
TRIGGERS = {
    "CreateAuthChallenge", "CustomMessage", "DefineAuthChallenge", "PostAuthentication", "PostConfirmation",
    "PreAuthentication", "PreSignUp", "PreTokenGeneration", "PreTokenGenerationConfig", "UserMigration",
    "VerifyAuthChallengeResponse",
}  # fmt: skip
# A kind of second factor, as EnabledMfas names it, and the member of SetUserPoolMfaConfig that offers it.
FACTORS = {
    "SMS_MFA": "SmsMfaConfiguration",
    "SOFTWARE_TOKEN_MFA": "SoftwareTokenMfaConfiguration",
    "EMAIL_OTP": "EmailMfaConfiguration",
}
# The properties of a pool that CreateUserPool has no members for.
MFA_PROPERTIES = {"EnabledMfas", "EmailAuthenticationMessage", "EmailAuthenticationSubject"}
CHOOSE = "Choose it with `!If [Condition, …, !Ref AWS::NoValue]`, or use STACK_IDENTITY=aws."
FLAT_DOMAIN = {"Domain", "UserPoolId", "ManagedLoginVersion"}


def read_pool(scope: Scope, name: str, shapes: Shapes) -> tuple[Mapping[str, Any], list[Problem]]:
    """The CreateUserPool input of the pool called `name`. Raises Unfollowed for a value that cannot be told."""
    written = {"UserPoolName": named("UserPoolName")(scope, name)} | _properties(scope, name)
    written = {key: value for key, value in written.items() if key not in MFA_PROPERTIES}
    fitted, problems = _fitted(scope, name, written, POOL_SHAPE, _as_written(shapes))
    renamed = {"PoolName" if key == "UserPoolName" else key: value for key, value in fitted.items()}
    return renamed, [*problems, *_triggers(scope, name, written.get("LambdaConfig"))]


def read_mfa(scope: Scope, name: str) -> tuple[Mapping[str, Any], list[Problem]]:
    """The SetUserPoolMfaConfig input of the pool called `name`: which second factors there are."""
    written = _properties(scope, name)
    kinds = written.get("EnabledMfas") or []
    known = isinstance(kinds, list) and all(kind in FACTORS for kind in kinds)
    if not known:
        message = f"{name}.EnabledMfas: must be a list of {', '.join(FACTORS)}."
        return {}, [scope.unfollowed(_steps(name, "EnabledMfas"), message).problem]
    required = str(written.get("MfaConfiguration", "OFF"))
    if required != "OFF" and not kinds and "SmsConfiguration" not in written:
        message = f"{name}.MfaConfiguration is {required}, but no second factor is offered."
        hint = "Add EnabledMfas: [SOFTWARE_TOKEN_MFA]."
        return {}, [scope.unfollowed(_steps(name, "MfaConfiguration"), message, hint).problem]
    given = {
        "SMS_MFA": {"SmsConfiguration": written.get("SmsConfiguration") or {}},
        "SOFTWARE_TOKEN_MFA": {"Enabled": True},
        "EMAIL_OTP": {
            member: written[f"EmailAuthentication{member}"]
            for member in ("Message", "Subject")
            if f"EmailAuthentication{member}" in written
        },
    }
    return {**{FACTORS[kind]: given[kind] for kind in kinds}, "MfaConfiguration": required}, []


def _as_written(shapes: Shapes) -> Shapes:
    """The shapes with the pool's one member that has another name in CloudFormation."""
    shape = shapes[POOL_SHAPE]
    members = {"UserPoolName" if key == "PoolName" else key: member for key, member in shape["members"].items()}
    return {**shapes, POOL_SHAPE: {**shape, "members": members, "required": ["UserPoolName"]}}


def read_client(scope: Scope, name: str, shapes: Shapes) -> tuple[Mapping[str, Any], list[Problem]]:
    """The CreateUserPoolClient input of a client, with its `ClientId` and `logical_id`."""
    members = {"ClientName": f"{scope.pseudo['AWS::StackName']}-{name}"} | _properties(scope, name)
    fitted, problems = _fitted(scope, name, members, "CreateUserPoolClientRequest", shapes)
    return {"logical_id": name, "ClientId": REFS[CLIENT](scope, name), **fitted}, problems


def read_group(scope: Scope, name: str, shapes: Shapes) -> tuple[Mapping[str, Any], list[Problem]]:
    """The CreateGroup input of a group."""
    members = {"GroupName": f"{scope.pseudo['AWS::StackName']}-{name}"} | _properties(scope, name)
    return _fitted(scope, name, members, "CreateGroupRequest", shapes)


def read_provider(scope: Scope, name: str, shapes: Shapes) -> tuple[Mapping[str, Any], list[Problem]]:
    """The CreateIdentityProvider input of an identity provider."""
    return _fitted(scope, name, _properties(scope, name), "CreateIdentityProviderRequest", shapes)


def read_resource_server(scope: Scope, name: str, shapes: Shapes) -> tuple[Mapping[str, Any], list[Problem]]:
    """The CreateResourceServer input of a resource server."""
    return _fitted(scope, name, _properties(scope, name), "CreateResourceServerRequest", shapes)


def read_domain(scope: Scope, name: str) -> tuple[str | None, list[Problem]]:
    """The prefix of the hosted UI's domain."""
    properties = _properties(scope, name)
    problems = [
        scope.unfollowed(_steps(name, key), f"the local hosted UI has no {key}.").problem
        for key in properties
        if key not in FLAT_DOMAIN
    ]
    domain = properties.get("Domain")
    if not isinstance(domain, str) or not domain:
        problems.append(scope.unfollowed(_steps(name, "Domain"), f"{name} needs a Domain.").problem)
        return None, problems
    return domain, problems


def _properties(scope: Scope, name: str) -> dict[str, Any]:
    properties = scope.resources[name].get("Properties") or {}
    found = {key: property_of(scope, name, key) for key in properties}
    return {key: value for key, value in found.items() if value is not NO_VALUE}


def _steps(name: str, *inside: str | int) -> Steps:
    return ("Resources", name, "Properties", *inside)


def _fitted(
    scope: Scope, name: str, members: Mapping[str, Any], shape: str, shapes: Shapes
) -> tuple[Mapping[str, Any], list[Problem]]:
    fitted, misfits = fit(members, shape, shapes)
    problems = []
    for misfit in misfits:
        dotted = ".".join(str(step) for step in (name, *misfit.steps))
        problems.append(
            scope.unfollowed(_steps(name, *misfit.steps), f"{dotted}: {misfit.message}", misfit.hint).problem
        )
    return fitted, problems


def _triggers(scope: Scope, name: str, config: Any) -> Iterator[Problem]:
    """A problem for each trigger that the emulator does not fire, and each that no function of the template serves."""
    functions = {FUNCTION_ARN(scope, each) for each in of_type(active(scope), FUNCTION)}
    for trigger, value in (config if isinstance(config, dict) else {}).items():
        steps = _steps(name, "LambdaConfig", trigger)
        arn = value.get("LambdaArn") if isinstance(value, dict) else value
        if trigger in NOT_FIRED:
            yield scope.unfollowed(steps, f"the local Cognito does not fire {trigger}.", CHOOSE).problem
        elif trigger in TRIGGERS and str(arn) not in functions:
            yield scope.unfollowed(
                steps, f"{trigger} names a function that is not in this template.", "Use !GetAtt Function.Arn."
            ).problem
