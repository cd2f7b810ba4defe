"""A registration is built from its JSON description, and what is missing in it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.aws.register import FunctionEnvironment, Lease, from_config
from orchestrator.errors import StackError

LEASE = {"kind": "lease", "region": "us-east-1", "table": "t", "client_id": "c", "owner": "o", "holder": "h"}
ENV = {
    "kind": "env",
    "region": "us-east-1",
    "endpoint": "http://localhost:9001",
    "function": "f",
    "url_variable": "U",
    "key_variable": "K",
    "before_file": "/nowhere/before.json",
}
ENVIRON = {"GATEWAY_KEY": "0" * 64}


def test_a_lease_is_renewed_and_an_environment_is_not(credentials: None) -> None:
    lease, env = from_config(LEASE, ENVIRON), from_config(ENV, ENVIRON)
    assert (type(lease), lease.renew_seconds) == (Lease, 40.0)
    assert (type(env), env.renew_seconds) == (FunctionEnvironment, None)


def test_a_function_of_amazons_needs_no_endpoint(credentials: None, tmp_path: Path) -> None:
    before_file = tmp_path / "before.json"
    amazons = from_config({**ENV, "endpoint": None, "before_file": str(before_file)}, ENVIRON)
    assert amazons.release() == "nothing was registered with the function f"


@pytest.mark.parametrize(
    ("config", "environ", "message"),
    [
        ({"kind": "pigeon"}, ENVIRON, "There is no registration of the kind 'pigeon'."),
        ({}, ENVIRON, "There is no registration of the kind 'None'."),
        (LEASE, {}, "GATEWAY_KEY is not set."),
        ({"kind": "lease", "region": "us-east-1"}, ENVIRON, "The registration lease lacks 'table'."),
    ],
)
def test_what_is_wrong_is_named(
    credentials: None, config: dict[str, Any], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(StackError) as caught:
        from_config(config, environ)
    assert caught.value.message == message
