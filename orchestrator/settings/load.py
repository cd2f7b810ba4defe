"""Reads `.env` and the environment, and turns them into the frozen settings."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from orchestrator.errors import StackError
from orchestrator.settings import values as settings
from orchestrator.settings.values import Settings
from orchestrator.settings.variables import OURS, VARIABLES, Variable

PASSED_ON = "HASURA_GRAPHQL_"
# The Hasura CLI's variables, and our commands': where a Hasura and its project are, which is nothing to tell to Hasura.
NOT_PASSED_ON = tuple(
    f"HASURA_GRAPHQL_{name}"
    for name in (
        "ENDPOINT",
        "CERTIFICATE_AUTHORITY",
        "INSECURE_SKIP_TLS_VERIFY",
        "METADATA_DIRECTORY",
        "METADATA_FILE",
        "MIGRATIONS_DIRECTORY",
        "SEEDS_DIRECTORY",
    )
)


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

    return assembled({variable.name: value(variable) for variable in VARIABLES}, {**env_file, **environ})


def assembled(values: Mapping[str, Any], everything: Mapping[str, str]) -> Settings:
    """The settings from the value of each variable; of `everything` that is set, Hasura gets its own variables."""
    return Settings(
        backend=values["STACK_BACKEND"],
        identity=values["STACK_IDENTITY"],
        host=values["STACK_HOST"],
        wait_seconds=values["STACK_WAIT_SECONDS"],
        ports=settings.Ports(
            postgres=values["POSTGRES_PORT"],
            hasura=values["HASURA_PORT"],
            cognito=values["COGNITO_PORT"],
            awslambda=values["LAMBDA_PORT"],
            gateway=values["GATEWAY_PORT"],
            callback=values["COGNITO_CALLBACK_PORT"],
            free=values["STACK_PORTS"] == "free",
        ),
        postgres=settings.Postgres(
            user=values["POSTGRES_USER"],
            password=values["POSTGRES_PASSWORD"],
            database=values["POSTGRES_DB"],
            bin=values["PG_BIN"],
            image=values["POSTGRES_IMAGE"],
        ),
        hasura=settings.Hasura(
            admin_secret=values["HASURA_GRAPHQL_ADMIN_SECRET"],
            unauthorized_role=values["HASURA_GRAPHQL_UNAUTHORIZED_ROLE"],
            passed_on={
                name: text
                for name, text in sorted(everything.items())
                if name.startswith(PASSED_ON) and name not in (*values, *NOT_PASSED_ON)
            },
            image=values["HASURA_IMAGE"],
        ),
        cognito=settings.Cognito(pool_id=values["COGNITO_POOL_ID"], client_id=values["COGNITO_CLIENT_ID"]),
        aws=settings.Aws(stack_name=values["DEPLOY_STACK_NAME"]),
        sync=settings.Sync(
            on_failure=values["SYNC_ON_FAILURE"],
            columns=values["SYNC_COLUMNS"],
            registration=values["STACK_REGISTRATION"],
            lease_table=values["SYNC_LEASE_TABLE"],
            function=values["SYNC_FUNCTION"],
            url_variable=values["SYNC_URL_VARIABLE"],
            key_variable=values["SYNC_KEY_VARIABLE"],
            gateway_key=values["GATEWAY_KEY"],
        ),
        tunnel=settings.Tunnel(
            provider=values["STACK_TUNNEL"],
            url=values["TUNNEL_URL"],
            ngrok=settings.Ngrok(
                authtoken=values["NGROK_AUTHTOKEN"],
                path=values["NGROK_PATH"],
                domain=values["NGROK_DOMAIN"],
                region=values["NGROK_REGION"],
                policy=values["NGROK_POLICY"],
            ),
            ssh=settings.Ssh(
                host=values["SSH_TUNNEL_HOST"],
                port=values["SSH_TUNNEL_PORT"],
                key=values["SSH_TUNNEL_KEY"],
                known_hosts=values["SSH_TUNNEL_KNOWN_HOSTS"],
                remote_port=values["SSH_TUNNEL_REMOTE_PORT"],
                bind=values["SSH_TUNNEL_BIND"],
            ),
            cloudflared=settings.Cloudflared(path=values["CLOUDFLARED_PATH"], token=values["CLOUDFLARED_TOKEN"]),
        ),
    )
