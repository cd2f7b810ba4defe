"""How the fake CloudFormation makes, changes and deletes resources: in our emulators, and tables in moto.

A role, a log group and the like are a name only.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Properties = Mapping[str, Any]

# Changes of these properties make a new resource in place of the old one. Here are the few that the tests change.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html
REPLACING = {
    "AWS::Cognito::UserPool": {"UsernameAttributes", "AliasAttributes", "UsernameConfiguration"},
    "AWS::Cognito::UserPoolClient": {"UserPoolId", "GenerateSecret"},
    "AWS::Cognito::UserPoolDomain": {"UserPoolId", "Domain"},
    "AWS::Lambda::Function": {"FunctionName"},
    "AWS::Lambda::Permission": {"FunctionName", "SourceArn", "SourceAccount", "Action", "Principal"},
    "AWS::DynamoDB::Table": {"TableName", "KeySchema"},
}


class Failed(Exception):
    """A resource could not be made, changed or deleted; the text is the reason that the event gives."""


@dataclass(frozen=True)
class Made:
    """A resource that is there: its id, which `Ref` gives, and its attributes."""

    physical_id: str
    attributes: Mapping[str, str]
    type: str
    properties: Properties


@dataclass(frozen=True)
class World:
    """Where resources are made: boto3 clients of the emulators and of moto."""

    cognito: Any
    awslambda: Any
    s3: Any
    dynamodb: Any
    account: str

    def make(self, kind: str, logical_id: str, properties: Properties) -> Made:
        maker = MAKERS.get(kind, nominal)
        try:
            physical_id, attributes = maker(self, logical_id, properties)
        except ClientError as error:
            raise Failed(error.response["Error"]["Message"]) from error
        return Made(physical_id, attributes, kind, properties)

    def change(self, made: Made, properties: Properties) -> Made:
        try:
            if made.type in CHANGERS:
                CHANGERS[made.type](self, made.physical_id, properties)
        except ClientError as error:
            raise Failed(error.response["Error"]["Message"]) from error
        return Made(made.physical_id, made.attributes, made.type, properties)

    def delete(self, made: Made) -> None:
        try:
            if made.type in DELETERS:
                DELETERS[made.type](self, made)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise Failed(error.response["Error"]["Message"]) from error


Told = tuple[str, Mapping[str, str]]


def nominal(world: World, logical_id: str, properties: Properties) -> Told:
    name = f"{logical_id}-{uuid.uuid4().hex[:8]}"
    return name, {"Arn": f"arn:aws:iam::{world.account}:role/{name}"}


def archive(world: World, properties: Properties) -> bytes:
    content: bytes = world.s3.get_object(Bucket=properties["Code"]["S3Bucket"], Key=properties["Code"]["S3Key"])[
        "Body"
    ].read()
    return content


def settings(world: World, properties: Properties) -> dict[str, Any]:
    """The function's settings; its environment also says where this AWS has its DynamoDB."""
    variables = properties["Environment"]["Variables"]
    here = {"AWS_ENDPOINT_URL_DYNAMODB": world.dynamodb.meta.endpoint_url}
    kept = {name: value for name, value in properties.items() if name not in ("Code", "FunctionName")}
    return {**kept, "Environment": {"Variables": {**variables, **here}}}


def make_function(world: World, logical_id: str, properties: Properties) -> Told:
    code = {"ZipFile": archive(world, properties)}
    made = world.awslambda.create_function(
        FunctionName=properties["FunctionName"], Code=code, **settings(world, properties)
    )
    return made["FunctionName"], {"Arn": made["FunctionArn"]}


def change_function(world: World, name: str, properties: Properties) -> None:
    world.awslambda.update_function_code(FunctionName=name, ZipFile=archive(world, properties))
    wait(world, name)
    world.awslambda.update_function_configuration(FunctionName=name, **settings(world, properties))
    wait(world, name)


def wait(world: World, name: str) -> None:
    waiter = world.awslambda.get_waiter("function_updated_v2")
    waiter.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


def make_permission(world: World, logical_id: str, properties: Properties) -> Told:
    statement = f"{logical_id}-{uuid.uuid4().hex[:8]}"
    world.awslambda.add_permission(StatementId=statement, **properties)
    return statement, {}


def make_pool(world: World, logical_id: str, properties: Properties) -> Told:
    pool = world.cognito.create_user_pool(**pool_input(properties))["UserPool"]
    return pool["Id"], {
        "Arn": pool["Arn"],
        "ProviderURL": f"{world.cognito.meta.endpoint_url}/{pool['Id']}",
        "ProviderName": f"cognito-idp.us-east-1.amazonaws.com/{pool['Id']}",
    }


def change_pool(world: World, pool_id: str, properties: Properties) -> None:
    fixed = ("Schema", "UsernameAttributes", "UsernameConfiguration", "AliasAttributes")
    changeable = {name: value for name, value in pool_input(properties).items() if name not in fixed}
    world.cognito.update_user_pool(UserPoolId=pool_id, **changeable)


def pool_input(properties: Properties) -> dict[str, Any]:
    return {"PoolName" if name == "UserPoolName" else name: value for name, value in properties.items()}


def make_client(world: World, logical_id: str, properties: Properties) -> Told:
    made = world.cognito.create_user_pool_client(**properties)["UserPoolClient"]
    return made["ClientId"], {"ClientId": made["ClientId"], "Name": made["ClientName"]}


def make_domain(world: World, logical_id: str, properties: Properties) -> Told:
    world.cognito.create_user_pool_domain(Domain=properties["Domain"], UserPoolId=properties["UserPoolId"])
    return properties["Domain"], {}


def make_table(world: World, logical_id: str, properties: Properties) -> Told:
    members = {name: value for name, value in properties.items() if name in TABLE_MEMBERS}
    table = world.dynamodb.create_table(**members)["TableDescription"]
    return table["TableName"], {"Arn": table["TableArn"]}


TABLE_MEMBERS = {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode"}
MAKERS: Mapping[str, Callable[[World, str, Properties], Told]] = {
    "AWS::Lambda::Function": make_function,
    "AWS::Lambda::Permission": make_permission,
    "AWS::Cognito::UserPool": make_pool,
    "AWS::Cognito::UserPoolClient": make_client,
    "AWS::Cognito::UserPoolDomain": make_domain,
    "AWS::DynamoDB::Table": make_table,
}
CHANGERS: Mapping[str, Callable[[World, str, Properties], None]] = {
    "AWS::Lambda::Function": change_function,
    "AWS::Cognito::UserPool": change_pool,
    "AWS::Cognito::UserPoolClient": lambda world, client_id, properties: world.cognito.update_user_pool_client(
        ClientId=client_id, **properties
    ),
}
DELETERS: Mapping[str, Callable[[World, Made], None]] = {
    "AWS::Lambda::Function": lambda world, made: world.awslambda.delete_function(FunctionName=made.physical_id),
    "AWS::Lambda::Permission": lambda world, made: world.awslambda.remove_permission(
        FunctionName=made.properties["FunctionName"], StatementId=made.physical_id
    ),
    "AWS::Cognito::UserPool": lambda world, made: world.cognito.delete_user_pool(UserPoolId=made.physical_id),
    "AWS::Cognito::UserPoolClient": lambda world, made: world.cognito.delete_user_pool_client(
        UserPoolId=made.properties["UserPoolId"], ClientId=made.physical_id
    ),
    "AWS::Cognito::UserPoolDomain": lambda world, made: world.cognito.delete_user_pool_domain(
        Domain=made.physical_id, UserPoolId=made.properties["UserPoolId"]
    ),
    "AWS::DynamoDB::Table": lambda world, made: world.dynamodb.delete_table(TableName=made.physical_id),
}
