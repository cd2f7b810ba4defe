"""What botocore raises, as the error that a user gets: what failed, why, and the next step."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

SIGN_IN = "Sign in with `aws sso login` (or `aws login`), or choose another profile with AWS_PROFILE."
CREDENTIALS = "Set AWS_PROFILE to a profile of ~/.aws/config, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
FILES = "Mend ~/.aws/config or ~/.aws/credentials; `aws configure list` shows what is in use."
NETWORK = "Is the network up, the region right, and a proxy set (HTTPS_PROXY) where one is needed?"
EMULATOR = "Is the stack up? See `hasura-cognito status`."
CLOCK = "Set this machine's clock: Amazon refuses a time that is more than five minutes off."

# By botocore's name of the exception, or of one that it extends: what is wrong, where its own words are not enough;
# and what to do.
RAISED: Mapping[str, tuple[str, str]] = {
    "NoCredentialsError": ("there are no AWS credentials", CREDENTIALS),
    "NoAuthTokenError": ("there is no SSO token", SIGN_IN),
    "PartialCredentialsError": ("", CREDENTIALS),
    "SSOError": ("the SSO session of this profile has expired, or there is none", SIGN_IN),
    "TokenRetrievalError": ("the SSO session of this profile has expired, or there is none", SIGN_IN),
    "LoginError": ("the AWS sign-in of this profile has expired, or there is none", SIGN_IN),
    "CredentialRetrievalError": ("", FILES),
    "ProfileNotFound": ("", "Known profiles: `aws configure list-profiles`. Set AWS_PROFILE to one of them."),
    "NoRegionError": ("no AWS region is set", "Set AWS_DEFAULT_REGION, or `region` in the profile."),
    "InvalidRegionError": ("", "Write it as us-east-1, in AWS_DEFAULT_REGION or in the profile."),
    "InvalidConfigError": ("", FILES),
    "ConfigParseError": ("", FILES),
    "MissingDependencyException": ("", "Install it beside hasura-cognito, or use another kind of credentials."),
    "SSLError": ("", "Does a proxy change the certificates? Set AWS_CA_BUNDLE to its certificate."),
    "ProxyConnectionError": ("the proxy cannot be reached", "See HTTPS_PROXY, and NO_PROXY for what needs none."),
}
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
# Amazon's words for these quote the signed request, with the session's token in it.
REFUSED_CREDENTIALS = (
    "AuthFailure", "IncompleteSignature", "IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId",
    "InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
)  # fmt: skip
DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")
THROTTLED = (
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottledException", "SlowDown",
    "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
)  # fmt: skip


class Denied(StackError):
    """These credentials may not do that."""


@contextlib.contextmanager
def told(doing: str) -> Iterator[None]:
    """Turns what botocore raises into a StackError, `{doing} failed: {reason}.`, with a hint."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise answered(doing, error) from error
    except BotoCoreError as error:
        raise unanswered(doing, error) from error


def code_of(error: ClientError) -> str:
    """AWS's name for the error, such as ResourceNotFoundException."""
    return str(error.response.get("Error", {}).get("Code", ""))


def answered(doing: str, error: ClientError) -> StackError:
    """AWS's refusal."""
    code, said = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    if code in DENIED:
        action = denied_action(said) or error.operation_name
        return Denied(
            f"{doing} failed: these AWS credentials may not {action}. {said}".strip(),
            f"Have {action} allowed, or choose another profile with AWS_PROFILE.",
        )
    if code in EXPIRED:
        return StackError(f"{doing} failed: the AWS credentials have expired ({code}).", SIGN_IN)
    if code == "RequestTimeTooSkewed" or re.search(r"[Ss]ignature (expired|not yet current)", said):
        return StackError(f"{doing} failed: Amazon refuses the time of this machine's clock.", CLOCK)
    if code in REFUSED_CREDENTIALS:
        return StackError(f"{doing} failed: Amazon does not accept these credentials ({code}).", CREDENTIALS)
    if code in THROTTLED:
        return StackError(
            f"{doing} failed: Amazon throttles these calls, also after several tries ({code}).",
            "Wait a minute, then do it again.",
        )
    hint = "The trigger's own words are in `hasura-cognito logs lambda`." if "Lambda" in code else ""
    return StackError(f"{doing} failed: {code}: {said}", hint)


def denied_action(said: str) -> str:
    """The action that AWS names in its refusal, or nothing.

    >>> denied_action("User: arn:aws:iam::1:user/a is not authorized to perform: lambda:GetFunction on resource: …")
    'lambda:GetFunction'
    """
    found = re.search(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)", said)
    return found[1] if found else ""


def unanswered(doing: str, error: BotoCoreError) -> StackError:
    """No answer, or no question: what botocore itself has to complain of."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    reason, hint = next((RAISED[kind] for kind in kinds if kind in RAISED), ("", ""))
    known: Mapping[str, Any] = getattr(error, "kwargs", {})
    if "endpoint_url" in known and not hint:
        local = urlsplit(str(known["endpoint_url"])).hostname in ("localhost", "127.0.0.1", "::1")
        hint = EMULATOR if local else NETWORK
    return StackError(f"{doing} failed: {reason or str(error).rstrip('.')}.", hint)
