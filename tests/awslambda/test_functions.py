from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.awslambda.functions import Function, InvalidSetting, check, check_environment, parse_reference

SYNC = Function("sync", "app.handler", "python3.12", Path("/code"))
ARN = "arn:aws:lambda:us-east-1:000000000000:function:sync"


@pytest.mark.parametrize("text", ["sync", "function:sync", "000000000000:function:sync", ARN])
def test_a_reference_becomes_a_whole_arn(text):
    reference = parse_reference(text, "us-east-1", "000000000000")
    assert (reference.name, reference.arn, reference.qualifier) == ("sync", ARN, "")


def test_a_reference_may_name_a_version():
    assert parse_reference(f"{ARN}:$LATEST", "us-east-1", "000000000000").qualifier == "$LATEST"
    assert parse_reference("sync:PROD", "us-east-1", "000000000000").qualifier == "PROD"


def test_a_reference_keeps_the_region_and_account_it_names():
    other = "arn:aws:lambda:eu-west-1:111111111111:function:sync"
    assert parse_reference(other, "us-east-1", "000000000000").arn == other


@pytest.mark.parametrize("text", ["", "a/b", "arn:aws:s3:::bucket", f"{ARN}:a:b", "a" * 65, "sync\n"])
def test_what_cannot_name_a_function_is_none(text):
    assert parse_reference(text, "us-east-1", "000000000000") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a.b"},
        {"handler": "app handler"},
        {"runtime": "python2.7"},
        {"timeout": 901},
        {"memory": 127},
        {"handler": "app.handler\0"},
        {"handler": "a" * 129},
        {"environment": {"_X": "y"}},
        {"environment": {"KEY": "a\0b"}},
        {"environment": {"KEY": "\ud83d"}},
    ],
)
def test_settings_that_aws_refuses_are_invalid(changes):
    check(SYNC)
    with pytest.raises(InvalidSetting):
        check(replace(SYNC, **changes))


def test_the_environment_may_be_four_kilobytes_as_json():
    fits = {"KEY": "x" * (4096 - len('{"KEY":""}'))}
    check_environment(fits)
    with pytest.raises(InvalidSetting, match=r"4KB limit\. String measured: 4097 bytes"):
        check_environment({"KEY": fits["KEY"] + "x"})


def test_a_function_does_not_show_its_environment():
    assert "secret" not in repr(replace(SYNC, environment={"KEY": "secret"}))
