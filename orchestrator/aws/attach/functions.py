"""Lambda functions that a user pool shall call: found by their names, and permitted to be called by the pool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.aws.failures import code_of, told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

COGNITO = "cognito-idp.amazonaws.com"


def arn_of(client: LambdaClient, function: str) -> str:
    """The ARN of the function with this name (or name:alias, or ARN). Raises StackError where there is none."""
    from botocore.exceptions import ClientError

    with told(f"Look-up of the function {function}"):
        try:
            return client.get_function_configuration(FunctionName=function)["FunctionArn"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise StackError(
                f"There is no Lambda function {function} in {client.meta.region_name}.",
                "`hasura-cognito aws deploy` makes them; --sync-function and --pre-token-function name others.",
            ) from error


def statement_id(pool_id: str) -> str:
    """The name of the statement with which a function lets this pool call it."""
    return f"hasura-cognito-{pool_id}"


def permit(client: LambdaClient, function: str, *, pool_id: str, pool_arn: str, account: str) -> bool:
    """Lets the pool call the function; False where it was allowed to already. Raises StackError."""
    from botocore.exceptions import ClientError

    with told(f"Permission to call the function {function}"):
        try:
            client.add_permission(
                FunctionName=function,
                StatementId=statement_id(pool_id),
                Action="lambda:InvokeFunction",
                Principal=COGNITO,
                SourceAccount=account,
                SourceArn=pool_arn,
            )
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
            if not allows(statement(client, function, pool_id), pool_arn):
                raise StackError(
                    f"The policy of the function {function} has a statement {statement_id(pool_id)} that allows "
                    "something else.",
                    f"Remove it: aws lambda remove-permission --function-name {function} "
                    f"--statement-id {statement_id(pool_id)}",
                ) from error
            return False
    return True


def forbid(client: LambdaClient, function: str, pool_id: str) -> None:
    """Takes the permission back, if the function still is there and has it."""
    from botocore.exceptions import ClientError

    with told(f"Taking back the permission to call the function {function}"):
        try:
            client.remove_permission(FunctionName=function, StatementId=statement_id(pool_id))
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise


def statement(client: LambdaClient, function: str, pool_id: str) -> Mapping[str, Any]:
    statements = json.loads(client.get_policy(FunctionName=function)["Policy"])["Statement"]
    return next((each for each in statements if each.get("Sid") == statement_id(pool_id)), {})


def allows(found: Mapping[str, Any], pool_arn: str) -> bool:
    """Whether a policy statement lets Cognito call the function for this pool."""
    conditions = {key.lower(): value for each in found.get("Condition", {}).values() for key, value in each.items()}
    return (
        found.get("Effect") == "Allow"
        and found.get("Principal") == {"Service": COGNITO}
        and found.get("Action") == "lambda:InvokeFunction"
        and conditions.get("aws:sourcearn") == pool_arn
    )
