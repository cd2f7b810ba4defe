"""What Hasura and PostgreSQL say when they give up at start-up."""

from __future__ import annotations

import pytest

from orchestrator.services.hasura_failures import explain

STARTUP = '{"type":"startup","timestamp":"2026-01-01T00:00:00.000+0000","level":"error","detail":'


@pytest.mark.parametrize(
    ("log", "reason", "hint"),
    [
        (
            '{"type":"jwk-refresh-log","level":"error","detail":{"http_error":{"url":"http://host.docker.internal:9229/"}}}',
            "can't reach the keys",
            "logs cognito",
        ),
        (
            "graphql-engine: Fetching the JWK set from http://h/jwks.json failed: refused",
            "can't reach the keys",
            "Cognito",
        ),
        (
            "graphql-engine: the metadata database postgresql://nohost:5432/x can't be reached: gaierror",
            "can't reach PostgreSQL",
            "logs postgres",
        ),
        (
            "Fatal Error:-  Environment variable HASURA_GRAPHQL_JWT_SECRET: Error in $: key 'type' not found",
            "HASURA_GRAPHQL_JWT_SECRET is not one that it takes",
            "leave it out",
        ),
        (
            "Fatal Error: HASURA_GRAPHQL_JWT_SECRET requires --admin-secret (HASURA_GRAPHQL_ADMIN_SECRET)",
            "wants an admin secret",
            "HASURA_GRAPHQL_ADMIN_SECRET",
        ),
        (
            STARTUP + '{"kind":"catalog_migrate","info":{"internal":"FATAL:  password authentication failed for user'
            ' \\"postgres\\"\\n","error":"connection error","code":"postgres-error"}}}',
            "PostgreSQL refused its login",
            "POSTGRES_PASSWORD",
        ),
        (
            STARTUP
            + '{"info":{"internal":"could not connect to server: Connection refused","error":"connection error"}}}',
            "can't reach PostgreSQL",
            "logs postgres",
        ),
        ('FATAL:  database "hasura_metadata" does not exist', "database does not exist", "up"),
        ("FATAL:  database files are incompatible with server", "another major version", "POSTGRES_IMAGE"),
        ("exec /usr/bin/graphql-engine: exec format error", "another kind of processor", "HASURA_IMAGE"),
    ],
)
def test_the_reason_is_told_in_one_line_with_the_next_step(log: str, reason: str, hint: str) -> None:
    found = explain(f"an ordinary line\n{log}\nbye\n")
    assert found
    assert reason in found[0]
    assert "\n" not in found[0]
    assert hint in found[1]


def test_the_cause_is_told_before_what_follows_from_it() -> None:
    log = "jwk-refresh-log error: no route\nInvalid HASURA_GRAPHQL_JWT_SECRET, error\n"
    assert "keys" in (explain(log) or ("", ""))[0]


def test_an_ordinary_log_explains_nothing() -> None:
    assert explain("listening on http://0.0.0.0:8080\nready\n") is None


def test_secrets_in_the_log_are_not_told() -> None:
    found = explain('Fatal Error: HASURA_GRAPHQL_JWT_SECRET: {"type":"HS256","key":"very-secret"} is invalid')
    assert found
    assert "very-secret" not in found[0]
    found = explain("connection error: postgres://me:very-secret@db/app refused")
    assert found
    assert "very-secret" not in found[0]
