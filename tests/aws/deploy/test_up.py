"""`up` takes the pool that `aws deploy` has made (here by a fake CloudFormation, in our emulators)."""

from __future__ import annotations

import shutil

import pytest

from .conftest import OWN, Aws, Deployer


def test_up_takes_the_pool_that_a_fake_cloudformation_deployed(
    aws: Aws, project: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("metadata", "migrations"):
        shutil.copytree(OWN / part, project.root / part)
    monkeypatch.setenv("STACK_BACKEND", "embedded")
    monkeypatch.setenv("STACK_PORTS", "free")
    project.ok("aws", "deploy", "--yes")
    try:
        done = project.ok("up", "-o", "json")
    finally:
        project.ok("down")
    assert done.json["pool"]["id"] == aws.stack.made["UserPool"].physical_id
    assert done.json["urls"]["issuer"] == aws.stack.outputs["Issuer"]
    assert "Hasura takes the token" in done.err
