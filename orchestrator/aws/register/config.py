"""A registration as its JSON description has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.aws import clients
from orchestrator.aws.register.function_environment import FunctionEnvironment
from orchestrator.aws.register.lease import Lease
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from orchestrator.aws.register import Registration

KEY = "GATEWAY_KEY"


def from_config(config: Mapping[str, Any], environ: Mapping[str, str]) -> Registration:
    """The registration that this describes; the gateway's key comes from `environ`, AWS's settings as boto3 has them.

        {"kind": "lease", "region", "table", "client_id", "owner", "holder"}
        {"kind": "env", "region", "endpoint", "function", "url_variable", "key_variable", "before_file"}

    `endpoint` is that of an emulator on this machine, null or left out for Amazon. Raises StackError.
    """
    kind = str(config.get("kind"))
    if kind not in KINDS:
        raise StackError(f"There is no registration of the kind {kind!r}.", f"There are: {', '.join(KINDS)}.")
    if not environ.get(KEY):
        raise StackError(f"{KEY} is not set.", "It is the gateway's key, which the sync function signs with.")
    try:
        return KINDS[kind](config, environ[KEY])
    except KeyError as error:
        raise StackError(f"The registration {kind} lacks {error}.") from error


def lease(config: Mapping[str, Any], key: str) -> Lease:
    return Lease(
        clients.amazon("dynamodb", region=config["region"]),
        config["table"],
        config["client_id"],
        owner=config["owner"],
        holder=config["holder"],
        key=key,
        clock=time.time,
    )


def function_environment(config: Mapping[str, Any], key: str) -> FunctionEnvironment:
    region, endpoint = config["region"], config.get("endpoint")
    return FunctionEnvironment(
        clients.awslambda(endpoint=endpoint, region=region) if endpoint else clients.amazon("lambda", region=region),
        config["function"],
        url_variable=config["url_variable"],
        key_variable=config["key_variable"],
        key=key,
        before_file=Path(config["before_file"]),
    )


KINDS: Mapping[str, Callable[[Mapping[str, Any], str], Registration]] = {"lease": lease, "env": function_environment}
