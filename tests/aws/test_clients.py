"""Amazon's clients are configured as boto3's are, and what is missing is said before or at the first call."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.aws.clients import amazon
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

from .conftest import REGION


def configure(home: Path, text: str) -> None:
    (home / ".aws" / "config").write_text(dedent(text))


def failure() -> StackError:
    """What a first call comes to."""
    with pytest.raises(StackError) as caught, told("Listing the tables"):
        amazon("dynamodb").list_tables()
    return caught.value


def test_the_region_asked_for_goes_before_that_of_the_environment(credentials: None) -> None:
    assert amazon("lambda", region="eu-west-1").meta.region_name == "eu-west-1"
    assert amazon("lambda").meta.region_name == REGION


def test_the_profile_gives_region_and_credentials(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(
        aws_home,
        """\
        [profile team]
        region = eu-central-1
        aws_access_key_id = AKIATEAM
        aws_secret_access_key = secret
        """,
    )
    monkeypatch.setenv("AWS_PROFILE", "team")
    client = amazon("cognito-idp")
    assert client.meta.endpoint_url == "https://cognito-idp.eu-central-1.amazonaws.com"
    assert client._request_signer._credentials.access_key == "AKIATEAM"


def test_an_endpoint_variable_of_boto3_leads_elsewhere(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:2")
    assert amazon("lambda").meta.endpoint_url == "http://127.0.0.1:1"
    assert amazon("dynamodb").meta.endpoint_url == "http://127.0.0.1:2"


def test_no_region_names_the_variable(aws_home: Path) -> None:
    error = failure()
    assert error.message == "Reaching Amazon (dynamodb) failed: no AWS region is set."
    assert "AWS_DEFAULT_REGION" in error.hint


def test_no_credentials_names_the_ways_to_have_some(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    error = failure()
    assert error.message == "Listing the tables failed: there are no AWS credentials."
    assert "AWS_PROFILE" in error.hint
    assert "AWS_ACCESS_KEY_ID" in error.hint


def test_half_the_credentials_names_the_other_half(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTS")
    assert failure().message.endswith("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY.")


def test_an_unknown_profile_is_named(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    error = failure()
    assert "profile (nobody) could not be found" in error.message
    assert "list-profiles" in error.hint


def test_an_sso_profile_that_is_not_signed_in_is_told_how(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(
        aws_home,
        """\
        [profile team]
        region = us-east-1
        sso_session = company
        sso_account_id = 000000000000
        sso_role_name = developer
        [sso-session company]
        sso_region = us-east-1
        sso_start_url = https://company.awsapps.com/start
        """,
    )
    monkeypatch.setenv("AWS_PROFILE", "team")
    error = failure()
    assert error.message == "Listing the tables failed: the SSO session of this profile has expired, or there is none."
    assert "aws sso login" in error.hint


def test_a_region_that_is_none_is_shown(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us@east")
    assert "'us@east'" in failure().message


def test_an_endpoint_that_is_no_url_names_the_variable(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    error = failure()
    assert "nowhere" in error.message
    assert "AWS_ENDPOINT_URL" in error.hint


def test_a_damaged_configuration_file_is_named(credentials: None, aws_home: Path) -> None:
    configure(aws_home, "[profile\nregion")
    error = failure()
    assert str(aws_home / ".aws" / "config") in error.message
    assert "~/.aws/config" in error.hint
