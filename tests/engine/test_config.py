import subprocess
import sys

import pytest

from orchestrator.engine.auth.auth_hook import AuthHook
from orchestrator.engine.auth.jwt_config import JwtConfig
from orchestrator.engine.config import ConfigError, load

URL = "postgresql://user:secret@localhost/db"
JWT = '{"type": "HS256", "key": "0123456789abcdef0123456789abcdef"}'


HOOK = "http://localhost:9/hook"


def environ(**variables):
    return {f"HASURA_GRAPHQL_{name}": value for name, value in {"DATABASE_URL": URL, **variables}.items()}


def test_one_database_is_enough_and_serves_for_the_metadata_too():
    config = load([], environ())
    assert (config.database_url, config.metadata_database_url) == (URL, URL)
    assert (config.host, config.port) == ("127.0.0.1", 8080)
    assert config.database_url_from_env


def test_the_command_line_of_the_official_binary():
    config = load(
        [
            "--metadata-database-url",
            URL,
            "serve",
            "--enable-telemetry=false",
            "--server-port",
            "9999",
            "--stringify-numeric-types",
            "--admin-secret",
            "hidden",
        ],
        {},
    )
    assert (config.database_url, config.metadata_database_url, config.port) == (None, URL, 9999)
    assert config.options.stringify
    assert config.auth.admin_secrets == ("hidden",)


def test_the_environment_alone_starts_it_too():
    variables = environ(
        SERVER_HOST="0.0.0.0",
        SERVER_PORT="9999",
        ADMIN_SECRET="hidden",
        JWT_SECRET=JWT,
        UNAUTHORIZED_ROLE="anonymous",
        CORS_DOMAIN="https://*.example.com, http://localhost:3000/, capacitor://localhost",
        ENABLE_CONSOLE="TRUE",
        STRINGIFY_NUMERIC_TYPES="yes",
        ENABLED_APIS="graphql, metadata",
        DEV_MODE="t",
        INFER_FUNCTION_PERMISSIONS="false",
        LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL="250",
        SOMETHING_UNKNOWN="ignored",
    )
    config = load(["serve"], variables)
    assert (config.host, config.port) == ("0.0.0.0", 9999)
    assert (config.auth.admin_secrets, config.auth.unauthorized_role) == (("hidden",), "anonymous")
    assert isinstance(config.auth.jwts[0], JwtConfig)
    assert config.cors_domains == ("https://*.example.com", "http://localhost:3000", "capacitor://localhost")
    assert config.console
    assert config.dev_mode
    assert config.options.stringify
    assert not config.options.infer_function_permissions
    assert config.enabled_apis == {"graphql", "metadata"}
    assert config.live_queries_refetch_interval == 0.25


def test_there_may_be_several_secrets_and_then_the_single_ones_do_not_count():
    secrets = environ(ADMIN_SECRET="old", ADMIN_SECRETS='["a", "b"]', JWT_SECRET=JWT, JWT_SECRETS=f"[{JWT}]")
    config = load([], secrets)
    assert config.auth.admin_secrets == ("a", "b")
    assert len(config.auth.jwts) == 1
    assert load([], environ(ACCESS_KEY="hidden")).auth.admin_secrets == ("hidden",)


def test_an_authentication_hook_is_asked_with_get_unless_the_mode_is_post():
    assert load([], environ(ADMIN_SECRET="hidden", AUTH_HOOK=HOOK)).auth.hook == AuthHook(HOOK)
    posts = environ(ADMIN_SECRET="hidden", AUTH_HOOK=HOOK, AUTH_HOOK_MODE="POST", AUTH_HOOK_SEND_REQUEST_BODY="false")
    assert load([], posts).auth.hook == AuthHook(HOOK, posts=True, sends_request=False)


def test_subscriptions_and_their_connections_are_paced_as_the_variables_say():
    config = load([], environ())
    assert (config.live_queries_refetch_interval, config.streaming_queries_refetch_interval) == (1, 1)
    assert (config.live_queries_batch_size, config.streaming_queries_batch_size) == (10_000, 10_000)
    assert (config.websocket_keepalive, config.websocket_init_timeout) == (5, 3)
    assert (config.websocket_reads_cookie, config.websocket_compression) == (False, False)
    assert config.close_websockets_on_metadata_change
    said = environ(
        LIVE_QUERIES_MULTIPLEXED_BATCH_SIZE="100",
        STREAMING_QUERIES_MULTIPLEXED_BATCH_SIZE="50",
        STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL="500",
        WEBSOCKET_KEEPALIVE="30",
        WEBSOCKET_CONNECTION_INIT_TIMEOUT="10",
        WS_READ_COOKIE="true",
        CONNECTION_COMPRESSION="true",
        CLOSE_WEBSOCKETS_ON_METADATA_CHANGE="false",
    )
    config = load([], said)
    assert (config.live_queries_batch_size, config.streaming_queries_batch_size) == (100, 50)
    assert config.streaming_queries_refetch_interval == 0.5
    assert (config.websocket_keepalive, config.websocket_init_timeout) == (30, 10)
    assert (config.websocket_reads_cookie, config.websocket_compression) == (True, True)
    assert not config.close_websockets_on_metadata_change


def test_a_flag_beats_its_variable_on_either_side_of_the_command():
    for argv in (["--server-port", "1", "serve"], ["serve", "--server-port", "1"], ["--server-port=1"]):
        assert load(argv, environ(SERVER_PORT="2")).port == 1


@pytest.mark.parametrize(
    ("argv", "variables", "says"),
    [
        ([], {"DATABASE_URL": ""}, "HASURA_GRAPHQL_METADATA_DATABASE_URL"),
        ([], {"DATABASE_URL": "mysql://user:secret@localhost/db"}, "HASURA_GRAPHQL_DATABASE_URL is not a postgres://"),
        ([], {"DATABASE_URL": "postgres://me:hid/den@localhost/db"}, "DATABASE_URL is not a well-formed URL"),
        ([], {"DATABASE_URL": "postgres://me:hid?den@localhost/db"}, "in a user or a password, write / as %2F"),
        ([], {"DATABASE_URL": "postgres://me:hid#den@localhost/db"}, "# as %23"),
        ([], {"DATABASE_URL": "postgres://me:hid[den@localhost/db"}, "[ as %5B"),
        ([], {"SERVER_PORT": "http"}, "HASURA_GRAPHQL_SERVER_PORT is 'http': say a number from 0 to 65535."),
        ([], {"SERVER_PORT": "65536"}, "HASURA_GRAPHQL_SERVER_PORT"),
        ([], {"ENABLE_CONSOLE": "maybe"}, "HASURA_GRAPHQL_ENABLE_CONSOLE is 'maybe': say true or false."),
        ([], {"ENABLED_APIS": "graphql,rest"}, "HASURA_GRAPHQL_ENABLED_APIS has 'rest'"),
        ([], {"CORS_DOMAIN": "example.com"}, "HASURA_GRAPHQL_CORS_DOMAIN has 'example.com'"),
        ([], {"CORS_DOMAIN": "http://a.test, *"}, "HASURA_GRAPHQL_CORS_DOMAIN has '*': say * alone"),
        ([], {"LOG_LEVEL": "loud"}, "HASURA_GRAPHQL_LOG_LEVEL is 'loud'"),
        ([], {"JWT_SECRET": JWT}, "--jwt-secret (HASURA_GRAPHQL_JWT_SECRET) requires --admin-secret"),
        ([], {"UNAUTHORIZED_ROLE": "anonymous"}, "(HASURA_GRAPHQL_UNAUTHORIZED_ROLE) requires --admin-secret"),
        ([], {"AUTH_HOOK": HOOK}, "--auth-hook (HASURA_GRAPHQL_AUTH_HOOK) requires --admin-secret"),
        (
            [],
            {"AUTH_HOOK": HOOK, "ADMIN_SECRET": "hidden", "UNAUTHORIZED_ROLE": "anonymous"},
            "is not allowed when --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) is set",
        ),
        (
            [],
            {"AUTH_HOOK": HOOK, "ADMIN_SECRET": "hidden", "JWT_SECRET": JWT},
            "Both webhook and JWT mode cannot be enabled at the same time",
        ),
        ([], {"AUTH_HOOK": "ftp://hook", "ADMIN_SECRET": "hidden"}, "HASURA_GRAPHQL_AUTH_HOOK is not an http"),
        ([], {"AUTH_HOOK": HOOK, "AUTH_HOOK_MODE": "PUT"}, "HASURA_GRAPHQL_AUTH_HOOK_MODE is 'PUT'"),
        ([], {"ADMIN_SECRETS": "hidden"}, "HASURA_GRAPHQL_ADMIN_SECRETS is not a JSON list"),
        ([], {"ADMIN_SECRETS": '["", "hidden"]'}, "HASURA_GRAPHQL_ADMIN_SECRETS is not a JSON list"),
        ([], {"ADMIN_SECRET": "hidden", "JWT_SECRETS": JWT}, "HASURA_GRAPHQL_JWT_SECRETS can't be used"),
        ([], {"ADMIN_SECRET": "hidden", "JWT_SECRET": "{"}, "HASURA_GRAPHQL_JWT_SECRET can't be used"),
        (["--fly"], {}, "--fly"),
        (["migrate"], {}, "migrate"),
    ],
)
def test_a_bad_configuration_is_one_line_that_names_the_setting(argv, variables, says):
    with pytest.raises(ConfigError) as caught:
        load(argv, environ(**variables))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret@" not in str(caught.value)
    assert "hid" not in str(caught.value)


def test_a_configuration_does_not_show_its_secrets():
    shown = repr(load([], environ(ADMIN_SECRET="hidden", JWT_SECRET=JWT)))
    assert "hidden" not in shown
    assert "secret" not in shown.replace("admin_secrets", "")
    assert "0123456789" not in shown


def test_a_url_that_makes_no_sense_is_told_at_once_and_without_its_password():
    program = [sys.executable, "-m", "orchestrator.engine", "serve", "--server-port", "0"]
    url = "postgresql://me:hidden@localhost:1/db?sslmode=perhaps"
    ended = subprocess.run(program, env={"HASURA_GRAPHQL_DATABASE_URL": url}, capture_output=True, text=True)
    assert ended.returncode == 1
    where = "postgresql://me@localhost:1/db?sslmode=perhaps"
    assert ended.stderr.startswith(f"graphql-engine: the metadata database {where} can't be used: `sslmode` parameter")
    assert "hidden" not in ended.stderr


def test_the_program_ends_with_one_line_and_status_1():
    program = [sys.executable, "-m", "orchestrator.engine", "serve", "--server-port", "http"]
    ended = subprocess.run(program, env={"HASURA_GRAPHQL_DATABASE_URL": URL}, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "graphql-engine: HASURA_GRAPHQL_SERVER_PORT is 'http': say a number from 0 to 65535.\n"
