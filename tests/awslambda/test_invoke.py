"""Invoke, through boto3, with real handlers."""

from __future__ import annotations

import base64
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from .conftest import wait_until_gone

ECHO = "def handler(event, context): return event"
REQUEST_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


@pytest.mark.parametrize("event", [{"a": [1, "zwei", None]}, [], "text", 0, None, {"emoji": "👩🏽‍🚀"}])
def test_the_handler_gets_the_event_and_its_result_comes_back(deploy, invoke, event):
    assert invoke(deploy(ECHO), event) == (None, event)


def test_no_payload_is_an_empty_event(deploy, client):
    answer = client.invoke(FunctionName=deploy(ECHO))
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.load(answer["Payload"]) == {}


@pytest.mark.parametrize(
    "reference",
    [
        "{}",
        "{}:$LATEST",
        "function:{}",
        "000000000000:function:{}",
        "arn:aws:lambda:us-east-1:000000000000:function:{}",
        "arn:aws:lambda:us-east-1:000000000000:function:{}:$LATEST",
    ],
)
def test_a_function_answers_to_its_name_and_to_its_arns(deploy, invoke, reference):
    assert invoke(reference.format(deploy(ECHO)), 1) == (None, 1)


@pytest.mark.parametrize(
    "reference",
    ["nobody", "{}:7", "arn:aws:lambda:eu-west-1:000000000000:function:{}", "999999999999:function:{}"],
)
def test_what_is_not_deployed_is_not_found(deploy, invoke, reference):
    with pytest.raises(ClientError, match="Function not found: arn:aws:lambda:") as error:
        invoke(reference.format(deploy(ECHO)))
    assert refusal(error) == (404, "ResourceNotFoundException")


def test_the_qualifier_can_only_be_latest(deploy, invoke):
    name = deploy(ECHO)
    assert invoke(name, 1, Qualifier="$LATEST") == (None, 1)
    with pytest.raises(ClientError) as error:
        invoke(name, 1, Qualifier="PROD")
    assert refusal(error) == (404, "ResourceNotFoundException")


def test_the_context_says_which_function_runs_and_how_long_it_may(deploy, invoke):
    name = deploy(
        """
        def handler(event, context):
            return [context.function_name, context.function_version, context.invoked_function_arn,
                    context.memory_limit_in_mb, context.get_remaining_time_in_millis(), context.aws_request_id]
        """,
        MemorySize=256,
    )
    _, (function, version, arn, memory, left, request) = invoke(name)
    assert (function, version, memory) == (name, "$LATEST", "256")
    assert arn == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert 10_000 < left <= 20_000
    assert re.fullmatch(REQUEST_ID, request)


def test_the_client_context_reaches_the_handler(deploy, invoke):
    name = deploy("def handler(event, context): return context.client_context.custom")
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    assert invoke(name, ClientContext=context) == (None, {"k": "v"})


def test_the_environment_is_the_functions_own_and_nothing_of_this_machine(deploy, invoke):
    name = deploy(
        "import os\ndef handler(event, context): return dict(os.environ)", Environment={"Variables": {"MINE": "ä b"}}
    )
    _, environment = invoke(name)
    assert environment["MINE"] == "ä b"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["TZ"] == ":UTC"
    assert "HOME" not in environment
    assert "VIRTUAL_ENV" not in environment
    assert not {"USER", "LOGNAME", "PWD", "PYTEST_CURRENT_TEST"} & set(environment)


def test_the_working_folder_is_the_code(deploy, invoke):
    name = deploy("import os, pathlib\ndef handler(event, context): return [os.getcwd(), os.listdir()]")
    _, (folder, files) = invoke(name)
    assert files == ["app.py"]
    assert Path(folder).is_absolute()


@pytest.mark.parametrize(("module", "there"), [("boto3", True), ("httpx", False), ("orchestrator", False)])
def test_only_the_libraries_that_aws_provides_can_be_imported(deploy, invoke, module, there):
    name = deploy(f"import importlib.util\ndef handler(e, c): return importlib.util.find_spec({module!r}) is not None")
    assert invoke(name) == (None, there)


def test_an_error_in_the_handler_comes_back_with_its_type_and_trace(deploy, invoke):
    name = deploy("def handler(event, context):\n    raise KeyError('sub')")
    kind, error = invoke(name)
    assert kind == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'sub'")
    assert "line 2, in handler" in error["stackTrace"][0]
    assert re.fullmatch(REQUEST_ID, error["requestId"])


INIT_ERRORS = {
    "import": (
        "import nothing_like_this",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named",
    ),
    "syntax": ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': invalid syntax"),
    "handler": ("other = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
    "raise": ("raise ValueError('at import')", "ValueError", "at import"),
}


@pytest.mark.parametrize("case", INIT_ERRORS)
def test_a_module_that_cannot_be_imported_is_told_in_lambdas_words_each_time(deploy, invoke, case):
    source, kind, message = INIT_ERRORS[case]
    name = deploy(source)
    for _ in range(2):
        failed, error = invoke(name)
        assert (failed, error["errorType"]) == ("Unhandled", kind)
        assert error["errorMessage"].startswith(message)


def test_a_handler_without_a_dot_is_malformed(deploy, invoke):
    _, error = invoke(deploy(ECHO, Handler="handler"))
    assert error["errorType"] == "Runtime.MalformedHandlerName"


def test_a_module_that_exits_at_import_is_an_exit_error(deploy, invoke):
    _, error = invoke(deploy("import os\nos._exit(3)"))
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(" Error: Runtime exited with error: exit status 3")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(1)", "Runtime exited with error: exit status 1"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("exit(2)", "Runtime exited with error: exit status 2"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_handler_that_ends_the_process_fails_alone(deploy, invoke, statement, reason):
    name = deploy(f"import os, sys\ndef handler(event, context):\n    if event: {statement}\n    return 'alive'")
    kind, error = invoke(name, 1)
    assert (kind, error["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert error["errorMessage"].endswith(f" Error: {reason}")
    assert invoke(name, 0) == (None, "alive")


def test_a_handler_that_takes_too_long_is_killed_with_all_it_started(deploy, client, tmp_path):
    pid = tmp_path / "pid"
    source = """
        import pathlib, subprocess
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            pathlib.Path(event).write_text(str(child.pid))
            child.wait()
        """
    name = deploy(source, Timeout=2)
    answer = client.invoke(FunctionName=name, Payload=json.dumps(str(pid)), LogType="Tail")
    error = json.load(answer["Payload"])
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert re.fullmatch(rf"RequestId: {REQUEST_ID} Error: Task timed out after 2\.00 seconds", error["errorMessage"])
    assert "Task timed out after 2.00 seconds" in base64.b64decode(answer["LogResult"]).decode()
    wait_until_gone(int(pid.read_text()))


@pytest.mark.parametrize("value", ["float('nan')", "[float('inf')]"])
def test_a_result_that_is_not_json_is_refused(deploy, invoke, value):
    kind, error = invoke(deploy(f"def handler(event, context): return {value}"))
    assert (kind, error["errorType"]) == ("Unhandled", "Runtime.MarshalError")


def test_a_result_that_cannot_be_encoded_is_refused(deploy, invoke):
    kind, error = invoke(deploy("def handler(event, context): return {1, 2}"))
    assert (kind, error["errorType"]) == ("Unhandled", "Runtime.MarshalError")
    assert error["errorMessage"].startswith("Unable to marshal response: Object of type set is not JSON serializable")


def test_a_result_of_six_megabytes_passes_and_a_larger_one_does_not(deploy, invoke):
    name = deploy("def handler(event, context): return 'x' * event")
    assert invoke(name, 6_291_554) == (None, "x" * 6_291_554)
    kind, error = invoke(name, 6_291_555)
    assert (kind, error["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert "exceeded maximum allowed payload size (6291556 bytes)" in error["errorMessage"]
    assert invoke(name, 1) == (None, "x")


def test_an_event_of_six_megabytes_passes_and_a_larger_one_does_not(deploy, invoke):
    name = deploy("def handler(event, context): return len(event)")
    assert invoke(name, "x" * (6_291_456 - 2)) == (None, 6_291_454)
    with pytest.raises(ClientError, match="Request must be smaller than 6291456 bytes") as error:
        invoke(name, "x" * (6_291_456 - 1))
    assert refusal(error) == (413, "RequestTooLargeException")


@pytest.mark.parametrize("payload", [b"{", b"NaN", b"\xff", b"[" * 200_000])
def test_an_event_that_is_not_json_never_reaches_the_handler(deploy, client, payload):
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName=deploy(ECHO), Payload=payload)
    assert refusal(error) == (400, "InvalidRequestContentException")


def test_the_tail_of_the_log_shows_what_the_handler_wrote(deploy, client):
    name = deploy(
        """
        import logging, sys
        def handler(event, context):
            print("to stdout")
            sys.stderr.write("to stderr\\n")
            logging.getLogger().warning("to the logger")
            sys.stdout.write("without a newline")
        """
    )
    for _ in range(2):
        answer = client.invoke(FunctionName=name, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request = answer["ResponseMetadata"]["RequestId"]
    assert lines[0] == f"START RequestId: {request} Version: $LATEST"
    assert lines[1:3] == ["to stdout", "to stderr"]
    assert re.fullmatch(rf"\[WARNING\]\t\S+Z\t{request}\tto the logger", lines[3])
    assert lines[4] == "without a newline"
    assert lines[5] == f"END RequestId: {request}"
    report = (
        rf"REPORT RequestId: {request}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory"
    )
    assert re.match(report, lines[6])


def test_the_tail_is_the_last_four_kilobytes_and_the_file_has_it_all(deploy, client, emulator):
    name = deploy("def handler(event, context):\n    for n in range(1000): print('line', n)")
    tail = base64.b64decode(client.invoke(FunctionName=name, LogType="Tail")["LogResult"])
    assert len(tail) == 4096
    text = (emulator.logs / f"{name}.log").read_text()
    assert all(f"Z line {n}\n" in text for n in (0, 500, 999))


def test_without_log_type_there_is_no_tail(deploy, client):
    assert "LogResult" not in client.invoke(FunctionName=deploy(ECHO))


def test_a_dry_run_runs_nothing(deploy, client, tmp_path):
    name = deploy("def handler(event, context): open(event, 'w').close()")
    answer = client.invoke(FunctionName=name, InvocationType="DryRun", Payload=json.dumps(str(tmp_path / "ran")))
    assert answer["StatusCode"] == 204
    assert not (tmp_path / "ran").exists()


def test_an_event_invocation_is_accepted_and_runs_later(deploy, client, invoke, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    name = deploy("def handler(event, context): open(event, 'w').write('ran')")
    payload = json.dumps(str(tmp_path / "fifo"))
    answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert (tmp_path / "fifo").read_text() == "ran"


def test_events_that_come_at_once_run_side_by_side(deploy, invoke, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    name = deploy(
        """
        def handler(event, context):
            with open(event["fifo"], event["mode"]) as fifo:
                return fifo.read() if event["mode"] == "r" else fifo.write("hello")
        """
    )
    fifo = str(tmp_path / "fifo")
    with ThreadPoolExecutor(2) as threads:
        reader = threads.submit(invoke, name, {"fifo": fifo, "mode": "r"})
        writer = threads.submit(invoke, name, {"fifo": fifo, "mode": "w"})
        assert (reader.result(), writer.result()) == ((None, "hello"), (None, 5))


def test_more_events_than_workers_wait_their_turn(deploy, invoke):
    name = deploy("import os\ndef handler(event, context): return [event, os.getpid()]")
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda number: invoke(name, number), range(40)))
    assert [answer[0] for _, answer in answers] == list(range(40))
    assert len({answer[1] for _, answer in answers}) <= 4


def test_a_warm_worker_serves_the_next_event(deploy, invoke):
    name = deploy(
        "import os\ncount = 0\ndef handler(e, c):\n    global count\n    count += 1\n    return [os.getpid(), count]"
    )
    first, second = invoke(name)[1], invoke(name)[1]
    assert second == [first[0], first[1] + 1]
