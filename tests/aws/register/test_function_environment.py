"""The variables of a function are set while the stack runs and are afterwards as they were, whoever else changes it.

The Lambda emulator is AWS here: it has RevisionId, 409 and 412, which moto's has not.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orchestrator.aws.clients import amazon
from orchestrator.aws.register import FunctionEnvironment
from orchestrator.errors import StackError
from tests.aws.conftest import FakeAmazon
from tests.awslambda.conftest import ROLE, running, write_config, zipped

URL = "https://one.example/sync"
KEY = "0123456789abcdef" * 4
HANDLER = """
import os, time
time.sleep(float(os.environ.get("IMPORT_SECONDS", "0")))
def handler(event, _): return {"url": os.environ.get("SYNC_GATEWAY_URL")}
"""


@pytest.fixture(scope="module")
def lambda_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(write_config(tmp_path_factory.mktemp("register"))) as emulator:
        yield emulator.url


@pytest.fixture
def api(lambda_url: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", lambda_url)
    return amazon("lambda")


@pytest.fixture
def function(api: Any) -> Iterator[str]:
    """The name of a function that is not ours, with an environment of its own."""
    name = f"f-{uuid.uuid4().hex[:12]}"
    api.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": zipped(HANDLER)},
        Environment={"Variables": {"LEVEL": "debug", "HOOK": "https://old.example"}},
    )
    yield name
    api.delete_function(FunctionName=name)


@pytest.fixture
def before_file(tmp_path: Path) -> Path:
    return tmp_path / "before.json"


def registration(
    function: str, before_file: Path, *, url: str = "SYNC_GATEWAY_URL", key: str = "SYNC_GATEWAY_KEY", **more: Any
) -> FunctionEnvironment:
    client = more.pop("client", None) or amazon("lambda")
    return FunctionEnvironment(
        client, function, url_variable=url, key_variable=key, key=KEY, before_file=before_file, **more
    )


def environment(api: Any, function: str) -> Mapping[str, str]:
    found: Mapping[str, str] = api.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    return found


def set_variables(api: Any, function: str, **variables: str) -> None:
    """Somebody else's update of these variables, as careful as ours; None takes one out."""
    while True:
        found = api.get_function_configuration(FunctionName=function)
        merged = {**found["Environment"]["Variables"], **variables}
        try:
            api.update_function_configuration(
                FunctionName=function, Environment={"Variables": merged}, RevisionId=found["RevisionId"]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceConflictException", "PreconditionFailedException"):
                raise
            time.sleep(0.002)
        else:
            return


def test_both_variables_are_set_and_the_next_event_sees_them(api: Any, function: str, before_file: Path) -> None:
    said = registration(function, before_file).register(URL, proved_at=1)
    assert said == f"SYNC_GATEWAY_URL and SYNC_GATEWAY_KEY of the function {function}"
    assert environment(api, function) == {
        "LEVEL": "debug",
        "HOOK": "https://old.example",
        "SYNC_GATEWAY_URL": URL,
        "SYNC_GATEWAY_KEY": KEY,
    }
    assert json.load(api.invoke(FunctionName=function)["Payload"]) == {"url": URL}


def test_release_leaves_exactly_what_was_there_before(api: Any, function: str, before_file: Path) -> None:
    before = environment(api, function)
    mine = registration(function, before_file, url="HOOK", key="")
    mine.register(URL, proved_at=1)
    mine.register("https://two.example/sync", proved_at=2)
    assert environment(api, function) == {"LEVEL": "debug", "HOOK": "https://two.example/sync"}
    assert stat.S_IMODE(before_file.stat().st_mode) == 0o600
    assert mine.release() == f"restored the environment of the function {function}"
    assert environment(api, function) == before
    assert not before_file.exists()


def test_another_process_restores_what_a_killed_one_has_set(api: Any, function: str, before_file: Path) -> None:
    before = environment(api, function)
    program = f"""
from pathlib import Path
from orchestrator.aws.clients import amazon
from orchestrator.aws.register import FunctionEnvironment
FunctionEnvironment(amazon("lambda"), {function!r}, url_variable="HOOK", key_variable="KEY", key={KEY!r},
                    before_file=Path({str(before_file)!r})).register({URL!r}, proved_at=1)
print("done", flush=True)
input()
"""
    argv = [sys.executable, "-c", program]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "done\n"
        process.kill()
    assert environment(api, function)["HOOK"] == URL
    registration(function, before_file, url="HOOK", key="KEY").release()
    assert environment(api, function) == before


def test_what_somebody_else_has_set_meanwhile_is_left_and_said(api: Any, function: str, before_file: Path) -> None:
    mine = registration(function, before_file, url="HOOK")
    mine.register(URL, proved_at=1)
    set_variables(api, function, HOOK="https://theirs.example", NEW="x")
    said = mine.release()
    assert said == f"left HOOK of the function {function}: somebody else has set it meanwhile"
    assert environment(api, function) == {"LEVEL": "debug", "HOOK": "https://theirs.example", "NEW": "x"}


def test_updates_of_somebody_else_at_the_worst_moments_lose_nothing_on_either_side(
    api: Any, function: str, before_file: Path
) -> None:
    """The other one updates between our reading and our writing (412), and is not done when we try again (409)."""
    set_variables(api, function, IMPORT_SECONDS="0.2")  # An update is done when the new code is imported.
    before = environment(api, function)
    client, met = amazon("lambda"), set()
    reading, updated, updates = threading.Event(), threading.Event(), 0

    def update_when_we_have_read() -> None:
        nonlocal updates
        other = amazon("lambda")
        while reading.wait(timeout=30) and not stop.is_set():
            updates += 1
            set_variables(other, function, COUNT=str(updates))
            reading.clear()
            updated.set()

    def before_our_update(**_: Any) -> None:
        if updates < number:
            updated.clear()
            reading.set()
            assert updated.wait(timeout=30)

    def after_our_update(parsed: Mapping[str, Any], **_: Any) -> None:
        met.add(parsed.get("Error", {}).get("Code"))

    client.meta.events.register("before-call.lambda.UpdateFunctionConfiguration", before_our_update)
    client.meta.events.register("after-call.lambda.UpdateFunctionConfiguration", after_our_update)
    stop, number = threading.Event(), 0
    mine = registration(function, before_file, client=client)
    updater = threading.Thread(target=update_when_we_have_read)
    updater.start()
    try:
        while not {"ResourceConflictException", "PreconditionFailedException"} <= met:
            number += 1
            assert number < 20, f"only met {met}"
            mine.register(f"https://{number}.example/sync", proved_at=number)
            now = environment(api, function)
            assert (now["SYNC_GATEWAY_URL"], now["COUNT"]) == (f"https://{number}.example/sync", str(number))
    finally:
        stop.set()
        reading.set()
        updater.join()
    mine.release()
    assert environment(api, function) == {**before, "COUNT": str(updates)}


def test_a_function_that_is_never_free_is_given_up_with_a_deadline(
    fake_amazon: Callable[..., FakeAmazon], before_file: Path
) -> None:
    """A fake Amazon, whose function is being updated for ever."""
    fake_amazon(*[(200, "", ""), (409, "ResourceConflictException", "An update is in progress")] * 50)
    mine = registration("f", before_file, seconds=0.5)
    started = time.monotonic()
    with pytest.raises(StackError, match=r"was busy with other updates for 0\.5 s"):
        mine.register(URL, proved_at=1)
    assert time.monotonic() - started < 30


def test_too_much_for_the_environment_is_told_in_bytes_and_without_values(
    api: Any, function: str, before_file: Path
) -> None:
    set_variables(api, function, BIG="s3cret" * 670)
    with pytest.raises(StackError) as caught:
        registration(function, before_file).register(URL, proved_at=1)
    assert f"The environment of the function {function} would be 4" in caught.value.message
    assert "Lambda takes 4096" in caught.value.message
    assert "s3cret" not in str(caught.value)
    assert "SYNC_GATEWAY_URL" not in environment(api, function)
    assert registration(function, before_file).release() == f"restored the environment of the function {function}"


def test_a_function_that_would_look_nowhere_but_for_leases_is_not_told_in_vain(
    api: Any, function: str, before_file: Path
) -> None:
    set_variables(api, function, SYNC_LEASE_TABLE="leases")
    before = environment(api, function)
    with pytest.raises(StackError, match="finds this stack by a lease in the table leases") as refused:
        registration(function, before_file).register(URL, proved_at=0)
    assert "STACK_REGISTRATION=lease" in refused.value.hint
    assert environment(api, function) == before
    assert not before_file.exists()


def test_a_function_that_is_not_there_is_named(api: Any, before_file: Path) -> None:
    with pytest.raises(StackError) as caught:
        registration("nobody", before_file).register(URL, proved_at=1)
    assert caught.value.message == "There is no Lambda function nobody in us-east-1."
    assert "SYNC_FUNCTION" in caught.value.hint
    assert not before_file.exists()


def test_a_function_that_is_gone_has_nothing_to_restore(api: Any, before_file: Path) -> None:
    before_file.write_text(json.dumps({"us-east-1 gone": {"values": {"HOOK": None}, "ours": {"HOOK": ["x"]}}}))
    assert registration("gone", before_file).release() == "the function gone is gone, and its environment with it"
    assert not before_file.exists()


def test_a_fake_amazon_denies_the_update_and_the_action_is_named(
    fake_amazon: Callable[..., FakeAmazon], before_file: Path
) -> None:
    said = "User: x is not authorized to perform: lambda:UpdateFunctionConfiguration on resource: y"
    fake_amazon((200, "", ""), (403, "AccessDeniedException", said))
    with pytest.raises(StackError, match="may not lambda:UpdateFunctionConfiguration"):
        registration("f", before_file).register(URL, proved_at=1)


def test_a_fake_amazon_that_quotes_the_environment_is_not_quoted(
    fake_amazon: Callable[..., FakeAmazon], before_file: Path
) -> None:
    fake_amazon((200, "", ""), (400, "InvalidParameterValueException", f"String measured: {{'K': '{KEY}'}}"))
    with pytest.raises(StackError, match="InvalidParameterValueException") as caught:
        registration("f", before_file).register(URL, proved_at=1)
    assert KEY not in str(caught.value)
