"""What a user can set: the table of variables, and `load`, which turns them into frozen values."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dotenv.parser import parse_stream

from orchestrator.errors import StackError

Backend = Literal["auto", "docker", "embedded"]
OnFailure = Literal["allow", "deny"]


@dataclass(frozen=True)
class Ports:
    """The wanted port of each service; with `free`, any free one is taken instead.

    `callback` is the testing web page's: None where it is not said, 0 where the page is not wanted.
    """

    postgres: int
    hasura: int
    cognito: int
    awslambda: int
    callback: int | None
    free: bool


@dataclass(frozen=True)
class Postgres:
    """`image` is Docker's; empty for the one that docker-compose.yml names."""

    user: str
    password: str = field(repr=False)
    database: str
    bin: Path | None
    image: str = ""


@dataclass(frozen=True)
class Hasura:
    """`passed_on` are the HASURA_GRAPHQL_* variables that Hasura gets as they are; `image` as PostgreSQL's."""

    admin_secret: str = field(repr=False)
    unauthorized_role: str
    passed_on: Mapping[str, str] = field(repr=False)
    image: str = ""


@dataclass(frozen=True)
class Cognito:
    pool_id: str
    client_id: str

    @property
    def region(self) -> str:
        """The part of the pool id before the underscore: clients read the region from there, too."""
        return self.pool_id.partition("_")[0]


@dataclass(frozen=True)
class Sync:
    on_failure: OnFailure


@dataclass(frozen=True)
class Settings:
    backend: Backend
    host: str
    wait_seconds: int
    ports: Ports
    postgres: Postgres
    hasura: Hasura
    cognito: Cognito
    sync: Sync


Parse = Callable[[str], Any]


@dataclass(frozen=True)
class Variable:
    """One variable of `.env`. `default` is as written there; a secret without a value is made at the first `up`."""

    name: str
    default: str
    parse: Parse
    secret: bool = False


def one_of(*values: str) -> Parse:
    def parse(text: str) -> str:
        if text not in values:
            near = difflib.get_close_matches(text, values, n=1)
            raise ValueError(f"must be one of {', '.join(values)}{f' (did you mean {near[0]}?)' if near else ''}")
        return text

    return parse


def number(low: int, high: int) -> Parse:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def optional_number(low: int, high: int) -> Parse:
    parse = number(low, high)
    return lambda text: parse(text) if text else None


def matching(pattern: str, description: str) -> Parse:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {description}")
        return text

    return parse


def optional_folder(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


port = number(1, 65535)
name = matching(r"[A-Za-z_][A-Za-z0-9_]{0,62}", "a plain PostgreSQL name: letters, digits and underscores")
secret = matching(r"[^\x00\r\n]*", "one line of text")

VARIABLES = (
    Variable("STACK_BACKEND", "auto", one_of("auto", "docker", "embedded")),
    Variable("STACK_HOST", "127.0.0.1", matching(r"[0-9a-fA-F.:]+", "an IP address")),
    Variable("STACK_PORTS", "fixed", one_of("fixed", "free")),
    Variable("STACK_WAIT_SECONDS", "60", number(1, 3600)),
    Variable("POSTGRES_PORT", "5433", port),
    Variable("POSTGRES_USER", "postgres", name),
    Variable("POSTGRES_PASSWORD", "", secret, secret=True),
    Variable("POSTGRES_DB", "app", name),
    Variable("PG_BIN", "", optional_folder),
    Variable("POSTGRES_IMAGE", "", matching(r"\S*", "the name of an image")),
    Variable("HASURA_PORT", "8080", port),
    Variable("HASURA_IMAGE", "", matching(r"\S*", "the name of an image")),
    Variable("HASURA_GRAPHQL_ADMIN_SECRET", "", secret, secret=True),
    Variable("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "anonymous", matching(r"\S+", "a role name without spaces")),
    Variable("COGNITO_PORT", "9229", port),
    Variable(
        "COGNITO_POOL_ID",
        "us-east-1_LocalDev1",
        matching(r"[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+", "a user pool id, such as us-east-1_LocalDev1"),
    ),
    Variable("COGNITO_CALLBACK_PORT", "", optional_number(0, 65535)),
    Variable(
        "COGNITO_CLIENT_ID", "hasuralocalclient", matching(r"[A-Za-z0-9_+]{1,128}", "letters, digits, + and _ only")
    ),
    Variable("LAMBDA_PORT", "9001", port),
    Variable("SYNC_ON_FAILURE", "allow", one_of("allow", "deny")),
)
SECRETS = tuple(variable.name for variable in VARIABLES if variable.secret)

PASSED_ON = "HASURA_GRAPHQL_"
# The Hasura CLI's variable, and our commands': where a Hasura is, which is nothing to tell to Hasura itself.
NOT_PASSED_ON = ("HASURA_GRAPHQL_ENDPOINT",)
OURS = ("STACK_", "POSTGRES_", "HASURA_", "COGNITO_", "LAMBDA_", "SYNC_")


def read_env_file(path: Path) -> Mapping[str, str]:
    """The variables of a `.env` file, taken literally (no interpolation); none if there is no such file.

    Raises StackError with the line that can't be read.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise StackError(f"{path}: is not UTF-8 text.", "Save it as UTF-8.") from error
    found = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            line = binding.original.line + len(binding.original.string) - len(binding.original.string.lstrip("\n"))
            raise StackError(f"{path}:{line}: is not of the form NAME=value.", "Quote values that span lines.")
        if binding.key is not None and binding.value is not None:
            found[binding.key] = binding.value
    return found


def unknown(names: Iterable[str]) -> Mapping[str, str | None]:
    """Those names that look like ours and are not, each with the variable that was probably meant."""
    known = [variable.name for variable in VARIABLES]
    return {
        name: next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.75)), None)
        for name in names
        if name.startswith(OURS) and name not in known and not name.startswith(PASSED_ON)
    }


def load(environ: Mapping[str, str], env_file: Mapping[str, str], secrets: Mapping[str, str]) -> Settings:
    """The settings: the process environment beats `.env`, which beats the secrets made at the first `up`.

    Raises StackError that names the variable, where it was set and what it may be. A variable of `.env` that looks
    like ours and is not is an error; in the process environment, which others share, only a near miss is.
    """
    for name, meant in unknown(env_file).items():
        raise StackError(
            f".env sets {name}, which is unknown.", f"Did you mean {meant}?" if meant else "See .env.example."
        )
    for name, meant in unknown(name for name in environ if name.startswith("STACK_")).items():
        if meant:
            raise StackError(f"The environment sets {name}, which is unknown.", f"Did you mean {meant}?")

    def value(variable: Variable) -> Any:
        layers = (("the environment", environ), (".env", env_file), ("the made secrets", secrets))
        where, text = next(
            ((where, layer[variable.name]) for where, layer in layers if layer.get(variable.name)),
            ("the defaults", variable.default),
        )
        try:
            return variable.parse(text)
        except ValueError as error:
            shown = "" if variable.secret else f"={text}"
            raise StackError(f"{variable.name}{shown} in {where}: {error}.", "See .env.example.") from error

    values = {variable.name: value(variable) for variable in VARIABLES}
    return Settings(
        backend=values["STACK_BACKEND"],
        host=values["STACK_HOST"],
        wait_seconds=values["STACK_WAIT_SECONDS"],
        ports=Ports(
            postgres=values["POSTGRES_PORT"],
            hasura=values["HASURA_PORT"],
            cognito=values["COGNITO_PORT"],
            awslambda=values["LAMBDA_PORT"],
            callback=values["COGNITO_CALLBACK_PORT"],
            free=values["STACK_PORTS"] == "free",
        ),
        postgres=Postgres(
            user=values["POSTGRES_USER"],
            password=values["POSTGRES_PASSWORD"],
            database=values["POSTGRES_DB"],
            bin=values["PG_BIN"],
            image=values["POSTGRES_IMAGE"],
        ),
        hasura=Hasura(
            admin_secret=values["HASURA_GRAPHQL_ADMIN_SECRET"],
            unauthorized_role=values["HASURA_GRAPHQL_UNAUTHORIZED_ROLE"],
            passed_on={
                name: text
                for name, text in sorted({**env_file, **environ}.items())
                if name.startswith(PASSED_ON) and name not in (*values, *NOT_PASSED_ON)
            },
            image=values["HASURA_IMAGE"],
        ),
        cognito=Cognito(pool_id=values["COGNITO_POOL_ID"], client_id=values["COGNITO_CLIENT_ID"]),
        sync=Sync(on_failure=values["SYNC_ON_FAILURE"]),
    )
