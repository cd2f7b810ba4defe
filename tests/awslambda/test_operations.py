"""The operations on functions, through boto3."""

from __future__ import annotations

import io
import json
import os
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError

from .conftest import zipped

ECHO = "def handler(event, context): return event"


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def settle(client, name):
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})


def test_get_function_describes_it(deploy, client):
    name = deploy(ECHO, Description="echoes", MemorySize=256, Environment={"Variables": {"AB": "c"}})
    answer = client.get_function(FunctionName=name)
    configuration = answer["Configuration"]
    assert configuration["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert configuration["Environment"] == {"Variables": {"AB": "c"}}
    assert (configuration["Timeout"], configuration["MemorySize"]) == (20, 256)
    assert (configuration["Handler"], configuration["Runtime"]) == ("app.handler", "python3.12")
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert configuration["CodeSize"] == len(ECHO)
    assert answer["Code"]["Location"].startswith("file:///")
    only = client.get_function_configuration(FunctionName=name)
    assert {**only, "ResponseMetadata": None} == {**configuration, "ResponseMetadata": None}


def test_functions_are_listed_page_by_page(deploy, client):
    names = sorted(deploy(ECHO) for _ in range(3))
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    listed = [function["FunctionName"] for page in pages for function in page["Functions"]]
    assert [name for name in listed if name in names] == names
    assert listed == sorted(set(listed))


def test_an_update_replaces_the_whole_environment(deploy, client, invoke):
    name = deploy(ECHO, Environment={"Variables": {"A1": "x", "B1": "y"}})
    before = client.get_function_configuration(FunctionName=name)
    after = client.update_function_configuration(FunctionName=name, Environment={"Variables": {"B1": "z"}})
    assert after["Environment"]["Variables"] == {"B1": "z"}
    assert after["RevisionId"] != before["RevisionId"]
    assert (after["Timeout"], after["Handler"]) == (before["Timeout"], before["Handler"])


def test_the_next_event_sees_the_new_environment(deploy, client, invoke):
    source = "import os\ndef handler(event, context): return os.environ.get('MODE')"
    name = deploy(source, Environment={"Variables": {"MODE": "old"}})
    assert invoke(name) == (None, "old")
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"MODE": "new"}})
    settle(client, name)
    assert invoke(name) == (None, "new")


def test_an_update_lasts_when_the_worker_is_replaced(deploy, client, invoke):
    source = "import os\ndef handler(event, context):\n    if event: os._exit(1)\n    return os.environ.get('MODE')"
    name = deploy(source)
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"MODE": "new"}})
    settle(client, name)
    assert invoke(name, 1)[0] == "Unhandled"
    assert invoke(name, 0) == (None, "new")


def test_a_stale_revision_is_refused_and_changes_nothing(deploy, client):
    name = deploy(ECHO)
    stale = client.get_function_configuration(FunctionName=name)["RevisionId"]
    client.update_function_configuration(FunctionName=name, Timeout=7, RevisionId=stale)
    settle(client, name)
    with pytest.raises(ClientError, match="does not match the latest Revision Id") as error:
        client.update_function_configuration(FunctionName=name, Timeout=9, RevisionId=stale)
    assert refusal(error) == (412, "PreconditionFailedException")
    assert client.get_function_configuration(FunctionName=name)["Timeout"] == 7


def test_a_second_update_while_the_first_is_in_progress_is_a_conflict(deploy, client, invoke, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    source = "import os\nif 'WAIT' in os.environ: open(os.environ['WAIT']).read()\ndef handler(e, c): return 'ready'"
    name = deploy(source)
    assert invoke(name) == (None, "ready")
    waiting = {"Variables": {"WAIT": str(tmp_path / "fifo")}}
    first = client.update_function_configuration(FunctionName=name, Environment=waiting)
    assert first["LastUpdateStatus"] == "InProgress"
    with pytest.raises(ClientError, match="An update is in progress") as error:
        client.update_function_configuration(FunctionName=name, Timeout=4)
    assert refusal(error) == (409, "ResourceConflictException")
    with (tmp_path / "fifo").open("w"):
        pass
    settle(client, name)
    assert client.update_function_configuration(FunctionName=name, Timeout=4)["Timeout"] == 4


BAD_SETTINGS = {
    "reserved": ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys used in this request: AWS_REGION"),
    "too large": ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "exceeded the 4KB limit"),
    "bad name": ({"Environment": {"Variables": {"1A": "x"}}}, "must match"),
    "runtime": ({"Runtime": "nodejs22.x"}, "'nodejs22.x' cannot run locally"),
    "timeout": ({"Timeout": 901}, "1 to 900 seconds"),
    "layers": ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:x:1"]}, "has no setting Layers"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_a_setting_that_cannot_be_had_is_refused_and_changes_nothing(deploy, client, case):
    settings, message = BAD_SETTINGS[case]
    name = deploy(ECHO)
    before = client.get_function_configuration(FunctionName=name)["RevisionId"]
    with pytest.raises(ClientError, match=message) as error:
        client.update_function_configuration(FunctionName=name, **settings)
    assert refusal(error) == (400, "InvalidParameterValueException")
    assert client.get_function_configuration(FunctionName=name)["RevisionId"] == before


def test_an_error_about_the_environment_never_quotes_a_value(deploy, client):
    with pytest.raises(ClientError) as error:
        client.update_function_configuration(
            FunctionName=deploy(ECHO), Environment={"Variables": {"S1": "secret" * 999}}
        )
    assert "secret" not in str(error.value)


def test_new_code_serves_the_next_event(deploy, client, invoke):
    name = deploy("def handler(event, context): return 'old'")
    before = client.get_function_configuration(FunctionName=name)
    after = client.update_function_code(FunctionName=name, ZipFile=zipped("def handler(event, context): return 'new'"))
    assert after["CodeSha256"] != before["CodeSha256"]
    settle(client, name)
    assert invoke(name) == (None, "new")


def test_a_dry_run_of_new_code_changes_nothing(deploy, client, invoke):
    name = deploy("def handler(event, context): return 'old'")
    new = zipped("def handler(event, context): return 'new'")
    client.update_function_code(FunctionName=name, ZipFile=new, DryRun=True)
    assert invoke(name) == (None, "old")


@pytest.mark.parametrize("archive", [b"", b"PK not really", zipped(ECHO)[:60]], ids=["empty", "not one", "cut off"])
def test_code_that_is_no_archive_is_refused(deploy, client, invoke, archive):
    name = deploy(ECHO)
    with pytest.raises(ClientError, match="Could not unzip uploaded file") as error:
        client.update_function_code(FunctionName=name, ZipFile=archive)
    assert refusal(error) == (400, "InvalidParameterValueException")
    assert invoke(name, 1) == (None, 1)


def test_an_archive_stays_in_its_folder(deploy, client, invoke, tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", "import os\ndef handler(event, context): return sorted(os.listdir('..'))")
        files.writestr("../outside.py", "")
    name = deploy(ECHO)
    client.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    settle(client, name)
    assert invoke(name) == (None, ["code"])


def test_code_from_s3_is_refused_clearly(deploy, client):
    with pytest.raises(ClientError, match="takes code as ZipFile only"):
        client.update_function_code(FunctionName=deploy(ECHO), S3Bucket="b" * 5, S3Key="k")


def test_a_name_can_be_taken_once(deploy, client):
    name = deploy(ECHO)
    with pytest.raises(ClientError) as error:
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="app.handler",
            Role="arn:aws:iam::000000000000:role/none",
            Code={"ZipFile": zipped(ECHO)},
        )
    assert refusal(error) == (409, "ResourceConflictException")


def test_a_deleted_function_is_gone(client, deploy):
    name = deploy(ECHO)
    client.delete_function(FunctionName=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=name)
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/none",
        Code={"ZipFile": zipped(ECHO)},
    )


def permission(**more):
    return {
        "StatementId": "cognito",
        "Action": "lambda:InvokeFunction",
        "Principal": "cognito-idp.amazonaws.com",
        **more,
    }


def test_a_permission_is_kept_in_the_policy(deploy, client):
    name = deploy(ECHO)
    source = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_LocalDev1"
    added = client.add_permission(FunctionName=name, **permission(SourceArn=source))
    statement = json.loads(added["Statement"])
    assert statement["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": source}}
    assert json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"] == [statement]


def test_a_statement_id_can_be_used_once_until_it_is_removed(deploy, client):
    name = deploy(ECHO)
    client.add_permission(FunctionName=name, **permission())
    with pytest.raises(ClientError, match="already exists") as error:
        client.add_permission(FunctionName=name, **permission())
    assert refusal(error) == (409, "ResourceConflictException")
    client.remove_permission(FunctionName=name, StatementId="cognito")
    client.add_permission(FunctionName=name, **permission())


def test_what_the_policy_lacks_is_not_found(deploy, client):
    name = deploy(ECHO)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Statement cognito is not found"):
        client.remove_permission(FunctionName=name, StatementId="cognito")


def test_an_operation_that_is_missing_says_so(client, deploy):
    with pytest.raises(ClientError, match=r"has no operation GET /2015-03-31/functions/.*/versions") as error:
        client.list_versions_by_function(FunctionName=deploy(ECHO))
    assert refusal(error) == (501, "UnsupportedOperationException")


def test_it_tells_when_it_is_ready(emulator):
    with urllib.request.urlopen(f"{emulator.url}/_local/health") as answer:
        assert json.load(answer) == {"status": "ok"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_request_that_is_not_an_object_is_refused(deploy, emulator, body):
    url = f"{emulator.url}/2015-03-31/functions/{deploy(ECHO)}/configuration"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(url, body, method="PUT"))
    with error.value as answer:
        assert answer.status == 400
        assert set(json.load(answer)) == {"Type", "Message", "message"}
