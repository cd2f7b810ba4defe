"""AWS clients: of the emulators on this machine, or of Amazon as boto3 would reach it.

They are botocore's, which boto3's clients are, too; importing boto3 itself would load S3's transfer machinery and
double the time that a command takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, cast, overload

from botocore.config import Config
from botocore.session import Session

from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

# An answer that never comes takes a call 65 seconds at most: three tries, and up to 3 seconds between two of them.
PATIENCE = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
# For thousands of calls in a row: where Amazon throttles them, they come slower, and one is not given up for minutes.
LONG_PATIENCE = PATIENCE.merge(Config(retries={"mode": "adaptive", "total_max_attempts": 10}))


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


class Options(TypedDict, total=False):
    region: str
    session: Session
    many_calls: bool


@overload
def amazon(service: Literal["cognito-idp"], **options: Unpack[Options]) -> CognitoIdentityProviderClient: ...
@overload
def amazon(service: Literal["lambda"], **options: Unpack[Options]) -> LambdaClient: ...
@overload
def amazon(service: Literal["dynamodb"], **options: Unpack[Options]) -> DynamoDBClient: ...
@overload
def amazon(service: Literal["cloudformation"], **options: Unpack[Options]) -> CloudFormationClient: ...
@overload
def amazon(service: Literal["s3"], **options: Unpack[Options]) -> S3Client: ...
@overload
def amazon(service: Literal["sts"], **options: Unpack[Options]) -> STSClient: ...
def amazon(service: Any, *, region: str = "", session: Session | None = None, many_calls: bool = False) -> Any:
    """Amazon's client, configured as boto3's: AWS_PROFILE, SSO, `~/.aws`, AWS_ENDPOINT_URL_… and the other variables
    of the process environment. `region` goes before AWS_DEFAULT_REGION and the profile's.
    Clients of one `session` share its credentials: where those need an MFA code, it is asked for once.

    Throttled and failed calls are tried again as botocore's standard mode does, or with `many_calls` its adaptive one.
    Raises StackError where the profile is unknown or no region is known; other troubles with credentials may show at
    the first call only.
    """
    with told(f"Reaching Amazon ({service})"):
        try:
            config = LONG_PATIENCE if many_calls else PATIENCE
            return (session or Session()).create_client(service, region_name=region or None, config=config)
        except ValueError as error:
            raise StackError(f"Reaching Amazon ({service}) failed: {error}.", "See AWS_ENDPOINT_URL.") from error
