"""Why Hasura, or the PostgreSQL under it, gives up at its start: what its log says, in one line with the next step."""

from __future__ import annotations

import re

LONGEST = 200

# What a log line has, what that means, what to do. The first that fits tells: what follows stands last.
CAUSES = (
    (
        r"jwk-refresh-log|Fetching the JWK set|[Ee]rror.*(?:fetch|download)ing.*JWK|http_exception.*jwks\.json",
        "it can't reach the keys of the user pool (jwk_url)",
        "Is Cognito running (`hasura-cognito logs cognito`)? A firewall may keep containers from this machine.",
    ),
    (
        r"requires? .*(?:admin-secret|ADMIN_SECRET|admin secret)",
        "it wants an admin secret",
        "Set HASURA_GRAPHQL_ADMIN_SECRET, or leave it out of .env: one is made then.",
    ),
    (
        r"HASURA_GRAPHQL_JWT_SECRET|--jwt-secret|Invalid JWK|jwt secret",
        "HASURA_GRAPHQL_JWT_SECRET is not one that it takes",
        "Correct it in .env, or leave it out: it is made from the user pool.",
    ),
    (
        r"password authentication failed|no password supplied|InvalidPasswordError|28P01",
        "PostgreSQL refused its login",
        "The volume keeps the password that it was made with: set POSTGRES_PASSWORD to it, or `hasura-cognito reset`.",
    ),
    (
        r'database "[^"]*" does not exist|3D000',
        "its database does not exist",
        "Run `hasura-cognito up` again, which makes it; by hand, create the one that the message names.",
    ),
    (
        r"connect to server|[Cc]onnection refused|translate host name|connection error|database .* be reached",
        "it can't reach PostgreSQL",
        "See `hasura-cognito logs postgres`.",
    ),
    (
        r"database files are incompatible with server",
        "the data is of another major version of PostgreSQL",
        "Set POSTGRES_IMAGE to the version that made it, or `hasura-cognito reset`.",
    ),
    (
        r"exec format error",
        "the image is for another kind of processor",
        "Set POSTGRES_IMAGE and HASURA_IMAGE to images for this machine.",
    ),
)
TROUBLE = re.compile(
    r"error|fatal|fail|refused|invalid|incompatible|not (?:exist|found)|graphql-engine:", re.IGNORECASE
)
# A log may quote the secret or a login.
SECRETS = re.compile(r'(?<=://)[^/@\s"]+(?=@)|\{.*"key".*\}|(?<="key":)\s*"[^"]*"')


def explain(log: str) -> tuple[str, str] | None:
    """The reason with the line that gives it, and what to do; None where no line is known.

    >>> explain('FATAL:  password authentication failed for user "postgres"')[0]
    'PostgreSQL refused its login (FATAL:  password authentication failed for user "postgres").'
    """
    lines = [line.strip() for line in log.splitlines() if TROUBLE.search(line)]
    for pattern, reason, hint in CAUSES:
        for line in reversed(lines):
            if re.search(pattern, line):
                return f"{reason} ({shown(line)}).", hint
    return None


def shown(line: str) -> str:
    """The line without secrets, cut to what can be read at a glance."""
    without = SECRETS.sub("***", line)
    return without if len(without) <= LONGEST else f"{without[:LONGEST]}…"
