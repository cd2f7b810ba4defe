"""`up` takes the pool that `aws deploy` has made (here by a fake CloudFormation, in our emulators and in moto)."""

from __future__ import annotations

import shutil

import pytest

from orchestrator.launchers.ports import free_ports, held

from .conftest import OWN, Aws, Deployer

PORTS = ("POSTGRES_PORT", "HASURA_PORT", "COGNITO_PORT", "LAMBDA_PORT", "GATEWAY_PORT")


@pytest.mark.timeout(240)
def test_a_sign_in_at_a_pool_that_a_fake_cloudformation_deployed_writes_the_row_here(
    aws: Aws, project: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("metadata", "migrations"):
        shutil.copytree(OWN / part, project.root / part)
    free = free_ports(len(PORTS))
    ports = dict(zip(PORTS, map(str, free), strict=True))
    tunnel = {"STACK_TUNNEL": "static", "TUNNEL_URL": f"http://127.0.0.1:{ports['GATEWAY_PORT']}"}
    for name, value in {"STACK_BACKEND": "embedded", "COGNITO_CALLBACK_PORT": "0", **ports, **tunnel}.items():
        monkeypatch.setenv(name, value)
    project.ok("aws", "deploy", "--yes")
    try:
        with held(free):
            done = project.ok("up", "-o", "json")
        (lease,) = project.ok("aws", "status", "-o", "json").json["leases"]["items"]
    finally:
        project.ok("down")
    assert done.json["pool"]["id"] == aws.stack.made["UserPool"].physical_id
    assert done.json["urls"]["issuer"] == aws.stack.outputs["Issuer"]
    assert (lease["client_id"], lease["url"]) == (project.env["COGNITO_CLIENT_ID"], f"{tunnel['TUNNEL_URL']}/sync")
    assert "the sync Lambda upserted the row" in done.err
