from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.awslambda.environment import Runtime, environment, provide_runtime
from orchestrator.awslambda.functions import Function


@pytest.fixture
def of():
    def of(*, portable=False, **variables):
        function = Function("f", "app.handler", "python3.13", Path("/code"), variables, memory=256)
        runtime = Runtime("/usr/bin/python", Path("/runtime"), portable)
        return environment(runtime, function, region="eu-central-1", api="127.0.0.1:1")

    return of


def test_lambda_says_who_and_where_the_function_is(of):
    variables = of()
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert (variables["LAMBDA_TASK_ROOT"], variables["LAMBDA_RUNTIME_DIR"]) == ("/code", "/runtime")


def test_credentials_of_no_use_keep_a_handler_off_the_developers_account(of):
    assert of()["AWS_ACCESS_KEY_ID"] == "local"
    assert of(AWS_ENDPOINT_URL="http://127.0.0.1:5")["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5"


def test_nothing_comes_from_this_process(of, monkeypatch):
    monkeypatch.setenv("A_VARIABLE_OF_THIS_MACHINE", "x")
    assert "A_VARIABLE_OF_THIS_MACHINE" not in of()
    assert of()["PATH"] == os.defpath


def test_modules_come_from_the_code_before_the_runtime(of):
    assert of()["PYTHONPATH"] == "/code:/runtime"
    assert of(PYTHONPATH="/own")["PYTHONPATH"] == "/own:/code:/runtime"


def test_without_a_native_client_the_portable_one_is_found_first(of):
    paths = of(portable=True)["PYTHONPATH"].split(":")
    assert (Path(paths[1]) / "runtime_client.py").is_file()


def test_the_runtime_folder_has_what_aws_provides_and_can_be_made_twice(tmp_path):
    for _ in range(2):
        runtime = provide_runtime(tmp_path / "runtime")
    names = {path.name for path in runtime.libraries.iterdir()}
    assert {"awslambdaric", "boto3", "botocore"} <= names
    assert "orchestrator" not in names
    assert all(path.exists() for path in runtime.libraries.iterdir())
