"""AWS clients for an endpoint: an emulator's on this machine, or Amazon's.

They are botocore's, which boto3's clients are, too; importing boto3 itself would load S3's transfer machinery and
double the time that a command takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_lambda import LambdaClient


def cognito(*, endpoint: str, region: str) -> CognitoIdentityProviderClient:
    return cast("CognitoIdentityProviderClient", local_client("cognito-idp", endpoint=endpoint, region=region))


def awslambda(*, endpoint: str, region: str) -> LambdaClient:
    return cast("LambdaClient", local_client("lambda", endpoint=endpoint, region=region))


def local_client(service: str, *, endpoint: str, region: str) -> object:
    """A client of an emulator, which checks no signature; botocore wants something to sign with.

    No proxy of the environment may answer for localhost, and an error is told at once.
    """
    return Session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
        config=Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1}, proxies={}),
    )
