"""boto3 clients for an endpoint: an emulator's on this machine, or Amazon's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_lambda import LambdaClient


def cognito(*, endpoint: str, region: str) -> CognitoIdentityProviderClient:
    return local_session(region).client("cognito-idp", endpoint_url=endpoint, config=local_config())


def awslambda(*, endpoint: str, region: str) -> LambdaClient:
    return local_session(region).client("lambda", endpoint_url=endpoint, config=local_config())


def local_session(region: str) -> boto3.Session:
    """Credentials for the emulators, which check no signature; boto3 wants something to sign with."""
    return boto3.Session(region_name=region, aws_access_key_id="local", aws_secret_access_key="local")  # noqa: S106


def local_config() -> Config:
    """No proxy of the environment may answer for localhost, and an error is told at once."""
    return Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1}, proxies={})
