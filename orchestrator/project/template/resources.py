"""Which resource types are followed, which are passed over and why, and what `Ref` and `Fn::GetAtt` of each give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestrator.project.template.intrinsics import NO_VALUE, Scope, holds, names, resolve, unknown
from orchestrator.project.template.problems import Problem
from orchestrator.project.yaml_tree import Json

POOL = "AWS::Cognito::UserPool"
CLIENT = "AWS::Cognito::UserPoolClient"
DOMAIN = "AWS::Cognito::UserPoolDomain"
GROUP = "AWS::Cognito::UserPoolGroup"
PROVIDER = "AWS::Cognito::UserPoolIdentityProvider"
RESOURCE_SERVER = "AWS::Cognito::UserPoolResourceServer"
FUNCTION = "AWS::Lambda::Function"
FOLLOWED = (POOL, CLIENT, DOMAIN, GROUP, PROVIDER, RESOURCE_SERVER, FUNCTION)

# Each of these matters in AWS only; the reason is for whoever wonders why.
PASSED_OVER: Mapping[str, str] = {
    "AWS::CDK::Metadata": "statistics of the CDK",
    "AWS::CloudFormation::WaitConditionHandle": "deploys nothing",
    "AWS::CloudWatch::Alarm": "watches the deployed functions",
    "AWS::Cognito::ManagedLoginBranding": "the look of Amazon's pages",
    "AWS::Cognito::UserPoolUICustomizationAttachment": "the look of Amazon's pages",
    "AWS::DynamoDB::Table": "the public URL's register, which only a tunnel needs",
    "AWS::IAM::ManagedPolicy": "local calls need no permission",
    "AWS::IAM::Policy": "local calls need no permission",
    "AWS::IAM::Role": "local calls need no permission",
    "AWS::IAM::RolePolicy": "local calls need no permission",
    "AWS::KMS::Alias": "nothing is encrypted locally",
    "AWS::KMS::Key": "nothing is encrypted locally",
    "AWS::Lambda::EventInvokeConfig": "retries of asynchronous invocations",
    "AWS::Lambda::Permission": "local calls need no permission",
    "AWS::Logs::LogGroup": "local logs are files",
    "AWS::SNS::Topic": "takes alarms",
    "AWS::SQS::Queue": "takes failed events",
}
WAY_OUT = (
    "Give it a Condition that fails for the account 000000000000 of the local stack, "
    "or take a real user pool with STACK_IDENTITY=aws."
)

Told = Callable[[Scope, str], Json]


def active(scope: Scope) -> dict[str, Mapping[str, Any]]:
    """The resources whose condition holds. Raises Unfollowed for a condition that is missing."""
    return {
        name: resource
        for name, resource in scope.resources.items()
        if "Condition" not in resource or holds(str(resource["Condition"]), ("Resources", name, "Condition"), scope)
    }


def of_type(resources: Mapping[str, Mapping[str, Any]], kind: str) -> list[str]:
    """The logical ids of the resources of a type, in the template's order."""
    return [name for name, resource in resources.items() if resource["Type"] == kind]


def unsupported(scope: Scope, resources: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """A problem for each resource that the local stack can neither run nor pass over."""
    for name, resource in resources.items():
        kind = resource["Type"]
        if kind not in FOLLOWED and kind not in PASSED_OVER:
            place = scope.tree.place(("Resources", name, "Type"))
            yield Problem(place, f"the local stack has no {kind} ({name}).", WAY_OUT)


def undefined(scope: Scope) -> Iterator[Problem]:
    """A problem for each reference, in whatever part of the template, to a name that is not in it."""
    known = {*scope.section("Parameters"), *scope.resources, *scope.pseudo, "AWS::NoValue"}
    for section in ("Conditions", "Resources", "Outputs"):
        for name, steps in names(dict(scope.section(section)), (section,)):
            if name not in known:
                yield unknown(name, steps, scope).problem


def ref(scope: Scope, name: str) -> Json:
    """What `Ref` gives of the resource called `name`, or None."""
    told = REFS.get(str(scope.resources[name]["Type"]))
    return told(scope, name) if told else None


def attribute(scope: Scope, name: str, attribute: str) -> Json:
    """What `Fn::GetAtt` gives of the resource called `name`, or None."""
    told = ATTRIBUTES.get((str(scope.resources[name]["Type"]), attribute))
    return told(scope, name) if told else None


def property_of(scope: Scope, name: str, key: str, default: Json = None) -> Any:
    """A property of a resource, resolved."""
    properties = scope.resources[name].get("Properties") or {}
    if key not in properties:
        return default
    return resolve(properties[key], ("Resources", name, "Properties", key), scope)


def named(key: str) -> Told:
    """The name a resource has by its property `key`, else one as CloudFormation would make it up."""

    def told(scope: Scope, name: str) -> str:
        given = property_of(scope, name, key)
        return f"{scope.pseudo['AWS::StackName']}-{name}" if given in (None, NO_VALUE) else str(given)

    return told


def arn(service: str, prefix: str, told: Told, *, regional: bool = True) -> Told:
    """The ARN of a resource: `arn:aws:lambda:us-east-1:000000000000:function:NAME`."""

    def made(scope: Scope, name: str) -> str:
        region = scope.pseudo["AWS::Region"] if regional else ""
        return f"arn:aws:{service}:{region}:{scope.pseudo['AWS::AccountId']}:{prefix}{told(scope, name)}"

    return made


def _pool_id(scope: Scope, name: str) -> Json:
    del name  # there is one pool
    return scope.pool_id


def _client_id(scope: Scope, name: str) -> str:
    return scope.client_id if of_type(active(scope), CLIENT)[:1] == [name] else f"{scope.client_id}{name.lower()}"


def _provider(scope: Scope, name: str) -> str:
    return f"cognito-idp.{scope.pseudo['AWS::Region']}.amazonaws.com/{_pool_id(scope, name)}"


FUNCTION_NAME = named("FunctionName")
FUNCTION_ARN = arn("lambda", "function:", FUNCTION_NAME)

REFS: Mapping[str, Told] = {
    POOL: _pool_id,
    CLIENT: _client_id,
    DOMAIN: named("Domain"),
    GROUP: named("GroupName"),
    PROVIDER: named("ProviderName"),
    RESOURCE_SERVER: named("Identifier"),
    FUNCTION: FUNCTION_NAME,
    "AWS::IAM::Role": named("RoleName"),
    "AWS::Logs::LogGroup": named("LogGroupName"),
    "AWS::DynamoDB::Table": named("TableName"),
}
ATTRIBUTES: Mapping[tuple[str, str], Told] = {
    (POOL, "Arn"): arn("cognito-idp", "userpool/", _pool_id),
    (POOL, "UserPoolId"): _pool_id,
    (POOL, "ProviderName"): _provider,
    (POOL, "ProviderURL"): lambda scope, name: f"https://{_provider(scope, name)}",
    (CLIENT, "ClientId"): _client_id,
    (CLIENT, "Name"): named("ClientName"),
    (FUNCTION, "Arn"): FUNCTION_ARN,
    ("AWS::IAM::Role", "Arn"): arn("iam", "role/", named("RoleName"), regional=False),
    ("AWS::DynamoDB::Table", "Arn"): arn("dynamodb", "table/", named("TableName")),
}
