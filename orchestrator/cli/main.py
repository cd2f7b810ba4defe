"""The entry point: finds the command, loads only its file, and turns errors into exit codes."""

from __future__ import annotations

import difflib
import importlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from orchestrator import __version__
from orchestrator.errors import StackError

# Where a command is, and its line in --help: kept here so that --help loads no command.
COMMANDS = {
    "up": ("orchestrator.cli.life:up", "Start the stack, apply the project, and prove that sign-in works."),
    "down": ("orchestrator.cli.life:down", "Stop everything; the data stays."),
    "status": ("orchestrator.cli.state:status", "Show services, URLs and ids."),
    "open": ("orchestrator.cli.pages:open_page", "Open a page of the running stack in the browser."),
    "logs": ("orchestrator.cli.state:logs", "Show the logs of the services."),
    "reset": ("orchestrator.cli.life:reset", "Stop everything and delete its data."),
    "verify": ("orchestrator.cli.state:verify", "Take a throwaway user the whole way."),
    "sign-up": ("orchestrator.cli.users:sign_up", "Register and confirm a user."),
    "sign-in": ("orchestrator.cli.users:sign_in", "Sign in and print the tokens."),
    "users": (
        "orchestrator.cli.users:users",
        "List, compare, sync, seed and delete users.",
    ),
    "migrate": ("orchestrator.cli.migrate:group", "Create, apply and take back migrations."),
    "metadata": ("orchestrator.cli.metadata:group", "Apply, export and compare Hasura's metadata."),
    "seed": ("orchestrator.cli.seed:group", "Apply and create seeds."),
    "aws": ("orchestrator.cli.aws:group", "Deploy, attach, share and take down a user pool in AWS."),
    "tunnel": ("orchestrator.cli.tunnel:tunnel", "Show the tunnel to this machine, and where it is registered."),
    "lambda": ("orchestrator.cli.lambdas:group", "List and invoke functions, read their logs."),
}

# When the command line was read, in the context's meta: before the command itself is loaded.
BEGAN = f"{__name__}.began"

EXAMPLES = """\b
Examples:
  hasura-cognito up                        start, print URLs and ids
  hasura-cognito sign-up ada@example.com   a user to try things with
  hasura-cognito status -o env > .env.local
  hasura-cognito logs -f hasura lambda
  hasura-cognito down
  hasura-cognito aws deploy                a real pool; then `STACK_TUNNEL=ngrok hasura-cognito up`

\b
Shell completion (bash; zsh_source and fish_source for the others):
  eval "$(_HASURA_COGNITO_COMPLETE=bash_source hasura-cognito)"
"""


class Commands(click.Group):
    """A group whose commands are imported when they are called, so that --help is quick."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            ctx.fail(f"No such command {cmd_name!r}. {f'Did you mean {near[0]}?' if near else 'See --help.'}")
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=Commands,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option(
    "-C",
    "--project",
    metavar="FOLDER",
    default=".",
    type=click.Path(path_type=Path),
    help="The project's folder, or one inside it.",
)
@click.version_option(__version__, message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, project: Path) -> None:
    """Hasura and Amazon Cognito on localhost: the whole sign-in flow from one command."""
    ctx.obj = project
    ctx.meta[BEGAN] = time.monotonic()


def fail(message: str, hint: str = "") -> int:
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(message, err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
    return 1


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        # A command that raises click's Exit ends here with its code; the others return None.
        return cli.main(arguments, prog_name="hasura-cognito", standalone_mode=False) or 0
    except StackError as error:
        return fail(error.message, error.hint)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return fail("Interrupted.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return fail(f"{where}{error.strerror or error}.", "Is there room on the disk, and may you write there?")
