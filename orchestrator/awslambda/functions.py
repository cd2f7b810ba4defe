"""A function as a value: its settings, what AWS allows in them, and how the API describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RUNTIMES = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
ENVIRONMENT_BYTES = 4096
TIMEOUTS = range(1, 901)
MEMORY_SIZES = range(128, 10241)

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_HANDLER = re.compile(r"\S{1,128}")
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_REFERENCE = re.compile(
    r"(?:(?:arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?function:)?"
    r"(?P<name>[a-zA-Z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
_UNUSABLE = frozenset(map(chr, [0, *range(0xD800, 0xE000)]))  # NUL, and halves of characters
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


class InvalidSetting(ValueError):
    """A setting that AWS refuses. The message never quotes the value of a variable."""


@dataclass(frozen=True)
class Function:
    """The settings of one function. `timeout` is in seconds, `memory` in MB; `revision` changes with every update."""

    name: str
    handler: str
    runtime: str
    code: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: int = 3
    memory: int = 128
    role: str = ""
    description: str = ""
    revision: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Reference:
    """What a caller names: a function, by name, partial ARN or ARN, and perhaps a version of it."""

    name: str
    qualifier: str
    arn: str


def arn(region: str, account: str, name: str) -> str:
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def parse_reference(text: str, region: str, account: str) -> Reference | None:
    """The reference, or None for a text that cannot name a function.

    >>> parse_reference("000000000000:function:sync:$LATEST", "us-east-1", "000000000000")
    Reference(name='sync', qualifier='$LATEST', arn='arn:aws:lambda:us-east-1:000000000000:function:sync')
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    whole = arn(match["region"] or region, match["account"] or account, match["name"])
    return Reference(match["name"], match["qualifier"] or "", whole)


def check(function: Function) -> None:
    """Raises InvalidSetting for the first setting that AWS would refuse or that cannot run here."""
    if not _NAME.fullmatch(function.name):
        raise InvalidSetting("the name must be 1 to 64 letters, digits, hyphens or underscores")
    if function.runtime not in RUNTIMES:
        raise InvalidSetting(f"the runtime {function.runtime!r} cannot run locally; it can be {', '.join(RUNTIMES)}")
    if not _HANDLER.fullmatch(function.handler) or not function.handler.isprintable():
        raise InvalidSetting("the handler must be like app.handler, without spaces, of at most 128 characters")
    if function.timeout not in TIMEOUTS:
        raise InvalidSetting(f"the timeout must be 1 to 900 seconds, not {function.timeout}")
    if function.memory not in MEMORY_SIZES:
        raise InvalidSetting(f"the memory size must be 128 to 10240 MB, not {function.memory}")
    check_environment(function.environment)


def check_environment(environment: Mapping[str, str]) -> None:
    """Raises InvalidSetting, in AWS's words but without quoting the variables' values."""
    unusable = "Lambda was unable to configure your environment variables because the environment variables you have"
    for name, value in environment.items():
        if not _VARIABLE.fullmatch(name):
            raise InvalidSetting(f"the environment variable {name!r} must match [a-zA-Z]([a-zA-Z0-9_])+")
        if not _UNUSABLE.isdisjoint(value):
            raise InvalidSetting(f"the environment variable {name} has a character that no process can be given")
    if reserved := sorted(_RESERVED.intersection(environment)):
        raise InvalidSetting(
            f"{unusable} provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    size = len(json.dumps(dict(environment), ensure_ascii=False, separators=(",", ":")).encode())
    if size > ENVIRONMENT_BYTES:
        raise InvalidSetting(f"{unusable} provided exceeded the 4KB limit. String measured: {size} bytes")


def describe(function: Function, arn: str, *, size: int, digest: str, updating: bool) -> dict[str, Any]:
    """The FunctionConfiguration of the API. `digest` is the code's SHA-256 in base64."""
    return {
        "FunctionName": function.name,
        "FunctionArn": arn,
        "Runtime": function.runtime,
        "Role": function.role,
        "Handler": function.handler,
        "CodeSize": size,
        "Description": function.description,
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "LastModified": function.modified,
        "CodeSha256": digest,
        "Version": "$LATEST",
        "Environment": {"Variables": dict(function.environment)},
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": function.revision,
        "State": "Active",
        "LastUpdateStatus": "InProgress" if updating else "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": log_group(function.name)},
    }


def log_group(name: str) -> str:
    return f"/aws/lambda/{name}"
