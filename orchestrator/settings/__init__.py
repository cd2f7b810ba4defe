"""What a user can set: the table of variables, and `load`, which turns them into frozen values."""

from orchestrator.settings.load import load, read_env_file, unknown
from orchestrator.settings.values import (
    Aws,
    Backend,
    Cloudflared,
    Cognito,
    Hasura,
    Identity,
    Ngrok,
    OnFailure,
    Ports,
    Postgres,
    Settings,
    Ssh,
    Sync,
    Tunnel,
)
from orchestrator.settings.variables import SECRETS, VARIABLES

__all__ = [
    "SECRETS",
    "VARIABLES",
    "Aws",
    "Backend",
    "Cloudflared",
    "Cognito",
    "Hasura",
    "Identity",
    "Ngrok",
    "OnFailure",
    "Ports",
    "Postgres",
    "Settings",
    "Ssh",
    "Sync",
    "Tunnel",
    "load",
    "read_env_file",
    "unknown",
]
