"""The table of variables: each with its default as `.env.example` has it, and what it may be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Parse = Callable[[str], Any]


@dataclass(frozen=True)
class Variable:
    """One variable of `.env`. `default` is as written there; the first `up` makes a value for a `made` one without."""

    name: str
    default: str
    parse: Parse
    secret: bool = False
    made: bool = False


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


def optional_path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def columns(text: str) -> tuple[str, ...]:
    """
    >>> columns("id, email")
    ('id', 'email')
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name) for name in names) or "id" not in names:
        raise ValueError("must be names of columns with commas between, id among them")
    return names


def optional_url(text: str) -> str:
    """
    >>> optional_url("https://ada.example.com/")
    'https://ada.example.com'
    """
    if text:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be a URL such as https://ada.example.com")
    return text.rstrip("/")


port = number(1, 65535)
name = matching(r"[A-Za-z_][A-Za-z0-9_]{0,62}", "a plain PostgreSQL name: letters, digits and underscores")
image = matching(r"\S*", "the name of an image")
variable = matching(r"[A-Za-z][A-Za-z0-9_]*", "the name of an environment variable: letters, digits and underscores")
secret = matching(r"[^\x00\r\n]*", "one line of text")

SYNC_COLUMNS = "id,username,email,email_verified,synced_at,deleted_at,last_sign_in_at"

VARIABLES = (
    Variable("STACK_BACKEND", "auto", one_of("auto", "docker", "embedded")),
    Variable("STACK_IDENTITY", "local", one_of("local", "aws")),
    Variable("STACK_TUNNEL", "none", one_of("none", "ngrok", "ngrok-sdk", "ssh", "cloudflared", "static")),
    Variable("STACK_HOST", "127.0.0.1", matching(r"[0-9a-fA-F.:]+", "an IP address")),
    Variable("STACK_PORTS", "fixed", one_of("fixed", "free")),
    Variable("STACK_WAIT_SECONDS", "60", number(1, 3600)),
    Variable("POSTGRES_PORT", "5433", port),
    Variable("POSTGRES_USER", "postgres", name),
    Variable("POSTGRES_PASSWORD", "", secret, secret=True, made=True),
    Variable("POSTGRES_DB", "app", name),
    Variable("PG_BIN", "", optional_path),
    Variable("POSTGRES_IMAGE", "", image),
    Variable("HASURA_PORT", "8080", port),
    Variable("HASURA_IMAGE", "", image),
    Variable("HASURA_GRAPHQL_ADMIN_SECRET", "", secret, secret=True, made=True),
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
    Variable(
        "DEPLOY_STACK_NAME",
        "hasura-cognito",
        matching(r"[A-Za-z][A-Za-z0-9-]{0,127}", "the name of a CloudFormation stack: letters, digits and hyphens"),
    ),
    Variable("LAMBDA_PORT", "9001", port),
    Variable("SYNC_ON_FAILURE", "allow", one_of("allow", "deny")),
    Variable("SYNC_COLUMNS", SYNC_COLUMNS, columns),
    Variable("STACK_REGISTRATION", "auto", one_of("auto", "lease", "env", "none")),
    Variable(
        "SYNC_LEASE_TABLE",
        "hasura-cognito-leases",
        matching(r"[A-Za-z0-9_.-]{3,255}", "the name of a DynamoDB table: letters, digits, _ . and -"),
    ),
    Variable(
        "SYNC_FUNCTION",
        "hasura-cognito-user-sync",
        matching(r"[A-Za-z0-9_:-]{1,170}", "the name or the ARN of a Lambda function"),
    ),
    Variable("SYNC_URL_VARIABLE", "SYNC_GATEWAY_URL", variable),
    Variable("SYNC_KEY_VARIABLE", "SYNC_GATEWAY_KEY", variable),
    Variable("GATEWAY_PORT", "8090", port),
    Variable(
        "GATEWAY_KEY", "", matching(r"|[!-~]{32,}", "at least 32 letters, digits and signs"), secret=True, made=True
    ),
    Variable("TUNNEL_URL", "", optional_url),
    Variable("NGROK_AUTHTOKEN", "", secret, secret=True),
    Variable("NGROK_PATH", "", optional_path),
    Variable("NGROK_DOMAIN", "", matching(r"[A-Za-z0-9.*-]*", "a domain, such as ada.ngrok.app")),
    Variable("NGROK_REGION", "", matching(r"[a-z-]*", "a region of ngrok's, such as eu")),
    Variable("NGROK_POLICY", "", optional_path),
    Variable("SSH_TUNNEL_HOST", "", matching(r"|[^\s-]\S*", "user@host, as ssh takes it")),
    Variable("SSH_TUNNEL_PORT", "22", port),
    Variable("SSH_TUNNEL_KEY", "", optional_path),
    Variable("SSH_TUNNEL_KNOWN_HOSTS", "", optional_path),
    Variable("SSH_TUNNEL_REMOTE_PORT", "0", number(0, 65535)),
    Variable("SSH_TUNNEL_BIND", "localhost", matching(r"[A-Za-z0-9.:*-]+", "an address of the server's, or *")),
    Variable("CLOUDFLARED_PATH", "", optional_path),
    Variable("CLOUDFLARED_TOKEN", "", secret, secret=True),
)
SECRETS = tuple(variable.name for variable in VARIABLES if variable.made)

OURS = (
    "STACK_", "POSTGRES_", "HASURA_", "COGNITO_", "LAMBDA_", "SYNC_", "GATEWAY_", "TUNNEL_", "NGROK_", "SSH_TUNNEL_",
    "CLOUDFLARED_",
)  # fmt: skip
