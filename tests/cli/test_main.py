"""The entry point: commands are found, --help loads none of them, and mistakes get an exit code."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from orchestrator.cli.main import COMMANDS, cli, run


def walk(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command and subcommand with its path."""
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            found += walk(child, (*path, name))
    return found


def test_every_command_of_the_table_is_there() -> None:
    assert {path[0] for path, _ in walk(cli)[1:]} == set(COMMANDS)


def test_every_command_says_what_it_does() -> None:
    for path, command in walk(cli):
        assert command.help, path


def test_the_line_in_the_list_of_commands_is_a_sentence() -> None:
    assert [line for _, line in COMMANDS.values() if not line.endswith(".")] == []


def test_help_names_every_command_and_loads_none() -> None:
    program = (
        "import sys; from orchestrator.cli.main import run; run(['--help']);"
        "print(sorted(name for name in sys.modules if name.startswith('orchestrator.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stderr.strip() == "['orchestrator.cli', 'orchestrator.cli.main', 'orchestrator.errors']"


def test_the_commands_about_aws_load_no_client_of_it_before_they_run() -> None:
    program = (
        "import sys; from orchestrator.cli.main import cli;"
        "cli.get_command(None, 'aws');"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'boto3', 'botocore'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["upp"], "No such command 'upp'. Did you mean up?"),
        (["frobnicate"], "No such command 'frobnicate'. See --help."),
        (["status", "-o", "xml"], "'xml' is not one of 'text', 'json', 'env'"),
        (["up", "--nonsense"], "No such option"),
    ],
)
def test_wrong_usage_is_told_with_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_completion_offers_the_commands() -> None:
    environ = {"_HASURA_COGNITO_COMPLETE": "bash_complete", "COMP_WORDS": "hasura-cognito st", "COMP_CWORD": "1"}
    program = "from orchestrator.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout.split() == ["plain,status"]
