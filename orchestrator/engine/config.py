"""The engine's configuration: what the command line and HASURA_GRAPHQL_* variables say, as one frozen value."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

from orchestrator.engine.auth.session import FALSE, TRUE, AuthConfig
from orchestrator.engine.database_url import is_well_formed
from orchestrator.engine.options import Options

if TYPE_CHECKING:
    from orchestrator.engine.auth.auth_hook import AuthHook
    from orchestrator.engine.auth.jwt_config import JwtConfig

APIS: Final = ("metadata", "graphql", "pgdump", "developer", "config", "metrics")
DEFAULT_APIS: Final = ("metadata", "graphql", "pgdump", "config")
LOG_LEVELS: Final = ("debug", "info", "warn", "error")


# Hasura's own default, 100, makes ten statements of a thousand subscribers. PostgreSQL answers only what has changed.
BATCH_SIZE: Final = 10_000


class ConfigError(Exception):
    """What is wrong with the configuration and how to put it right, in one line without secrets."""


@dataclass(frozen=True)
class Config:
    """How the engine runs. `environ` answers the `from_env` of the metadata."""

    database_url: str | None = field(default=None, repr=False)
    metadata_database_url: str = field(default="", repr=False)
    database_url_from_env: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    auth: AuthConfig = field(default_factory=AuthConfig)
    cors_domains: tuple[str, ...] = ("*",)
    cors_disabled: bool = False
    console: bool = False
    options: Options = field(default_factory=Options)
    dev_mode: bool = False
    admin_internal_errors: bool = True
    enabled_apis: frozenset[str] = frozenset(DEFAULT_APIS)
    connections: int = 50
    live_queries_refetch_interval: float = 1.0
    live_queries_batch_size: int = BATCH_SIZE
    streaming_queries_refetch_interval: float = 1.0
    schema_sync_interval: float = 1.0
    streaming_queries_batch_size: int = BATCH_SIZE
    websocket_keepalive: float = 5.0
    websocket_init_timeout: float = 3.0
    websocket_compression: bool = False
    websocket_reads_cookie: bool = False
    close_websockets_on_metadata_change: bool = True
    log_level: str = "info"
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Option:
    """A flag and its variable; a `switch` may stand without a value and means true then."""

    flag: str
    variable: str
    switch: bool = False


SERVE: Final = (
    Option("--server-host", "HASURA_GRAPHQL_SERVER_HOST"),
    Option("--server-port", "HASURA_GRAPHQL_SERVER_PORT"),
    Option("--admin-secret", "HASURA_GRAPHQL_ADMIN_SECRET"),
    Option("--access-key", "HASURA_GRAPHQL_ACCESS_KEY"),
    Option("--admin-secrets", "HASURA_GRAPHQL_ADMIN_SECRETS"),
    Option("--jwt-secret", "HASURA_GRAPHQL_JWT_SECRET"),
    Option("--jwt-secrets", "HASURA_GRAPHQL_JWT_SECRETS"),
    Option("--auth-hook", "HASURA_GRAPHQL_AUTH_HOOK"),
    Option("--auth-hook-mode", "HASURA_GRAPHQL_AUTH_HOOK_MODE"),
    Option("--auth-hook-type", "HASURA_GRAPHQL_AUTH_HOOK_TYPE"),
    Option("--auth-hook-send-request-body", "HASURA_GRAPHQL_AUTH_HOOK_SEND_REQUEST_BODY", switch=True),
    Option("--unauthorized-role", "HASURA_GRAPHQL_UNAUTHORIZED_ROLE"),
    Option("--cors-domain", "HASURA_GRAPHQL_CORS_DOMAIN"),
    Option("--disable-cors", "HASURA_GRAPHQL_DISABLE_CORS", switch=True),
    Option("--enable-console", "HASURA_GRAPHQL_ENABLE_CONSOLE", switch=True),
    Option("--enable-telemetry", "HASURA_GRAPHQL_ENABLE_TELEMETRY", switch=True),
    Option("--stringify-numeric-types", "HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES", switch=True),
    Option("--infer-function-permissions", "HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS", switch=True),
    Option("--enable-allowlist", "HASURA_GRAPHQL_ENABLE_ALLOWLIST", switch=True),
    Option("--experimental-features", "HASURA_GRAPHQL_EXPERIMENTAL_FEATURES"),
    Option("--default-naming-convention", "HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION"),
    Option("--v1-boolean-null-collapse", "HASURA_GRAPHQL_V1_BOOLEAN_NULL_COLLAPSE", switch=True),
    Option("--no-null-unbound-variable-default", "HASURA_GRAPHQL_NO_NULL_UNBOUND_VARIABLE_DEFAULT", switch=True),
    Option(
        "--null-in-nonnullable-variables",
        "HASURA_GRAPHQL_BACKWARDS_COMPAT_NULL_IN_NONNULLABLE_VARIABLES",
        switch=True,
    ),
    Option("--dev-mode", "HASURA_GRAPHQL_DEV_MODE", switch=True),
    Option("--admin-internal-errors", "HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS", switch=True),
    Option("--enabled-apis", "HASURA_GRAPHQL_ENABLED_APIS"),
    Option("--connections", "HASURA_GRAPHQL_PG_CONNECTIONS"),
    Option("--live-queries-multiplexed-refetch-interval", "HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL"),
    Option("--live-queries-multiplexed-batch-size", "HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_BATCH_SIZE"),
    Option(
        "--streaming-queries-multiplexed-refetch-interval",
        "HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL",
    ),
    Option("--schema-sync-poll-interval", "HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL"),
    Option("--streaming-queries-multiplexed-batch-size", "HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_BATCH_SIZE"),
    Option("--websocket-keepalive", "HASURA_GRAPHQL_WEBSOCKET_KEEPALIVE"),
    Option("--websocket-connection-init-timeout", "HASURA_GRAPHQL_WEBSOCKET_CONNECTION_INIT_TIMEOUT"),
    Option("--websocket-compression", "HASURA_GRAPHQL_CONNECTION_COMPRESSION", switch=True),
    Option("--ws-read-cookie", "HASURA_GRAPHQL_WS_READ_COOKIE", switch=True),
    Option("--close-websockets-on-metadata-change", "HASURA_GRAPHQL_CLOSE_WEBSOCKETS_ON_METADATA_CHANGE", switch=True),
    Option("--log-level", "HASURA_GRAPHQL_LOG_LEVEL"),
)
GLOBAL: Final = (
    Option("--database-url", "HASURA_GRAPHQL_DATABASE_URL"),
    Option("--metadata-database-url", "HASURA_GRAPHQL_METADATA_DATABASE_URL"),
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are ConfigErrors."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}. See graphql-engine --help.")


def load(argv: Sequence[str], environ: Mapping[str, str]) -> Config:
    """The configuration of `graphql-engine [options] serve [options]`; a flag beats its variable."""
    flags = vars(parser().parse_args(argv))
    settings = {
        option.variable: flags.get(option.variable) or environ.get(option.variable) or ""
        for option in (*GLOBAL, *SERVE)
    }
    return from_settings(Settings(settings), environ, url_is_a_flag=bool(flags.get("HASURA_GRAPHQL_DATABASE_URL")))


def parser() -> Parser:
    top = Parser(prog="graphql-engine", description="A GraphQL server on PostgreSQL that takes Hasura's metadata.")
    for option in (*GLOBAL, *SERVE):
        add(top, option)
    serve = top.add_subparsers(dest="command", metavar="serve").add_parser("serve", help="start the server (default)")
    for option in SERVE:
        # SUPPRESS keeps a flag that stands before `serve` from being overwritten with None.
        add(serve, option, default=argparse.SUPPRESS)
    return top


def add(parser: argparse.ArgumentParser, option: Option, **more: Any) -> None:
    arguments: dict[str, Any] = {"nargs": "?", "const": "true"} if option.switch else {}
    parser.add_argument(
        option.flag, dest=option.variable, metavar="VALUE", help=f"or {option.variable}", **arguments, **more
    )


@dataclass(frozen=True)
class Settings:
    """The settings' texts by variable, empty where unset; the methods read them or raise ConfigError."""

    texts: Mapping[str, str] = field(repr=False)

    def text(self, name: str) -> str | None:
        return self.texts[f"HASURA_GRAPHQL_{name}"] or None

    def flag(self, name: str, default: bool) -> bool:
        value = (self.text(name) or str(default)).lower()
        if value not in (*TRUE, *FALSE):
            raise ConfigError(f"HASURA_GRAPHQL_{name} is '{value}': say true or false.")
        return value in TRUE

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name) or str(default)
        if not value.isdecimal() or not least <= int(value) <= most:
            raise ConfigError(f"HASURA_GRAPHQL_{name} is '{value}': say a number from {least} to {most}.")
        return int(value)

    def milliseconds(self, name: str, default: int, *, least: int = 1) -> float:
        """The setting in seconds."""
        return self.number(name, default, least=least, most=86_400_000) / 1000

    def batch_size(self, kind: str) -> int:
        return self.number(f"{kind}_MULTIPLEXED_BATCH_SIZE", BATCH_SIZE, least=1, most=1_000_000)

    def entries(self, name: str) -> tuple[str, ...]:
        return tuple(entry.strip() for entry in (self.text(name) or "").split(",") if entry.strip())

    def postgres_url(self, name: str) -> str | None:
        url = self.text(name)
        if url is None:
            return None
        if url.partition("://")[0] not in ("postgres", "postgresql"):
            raise ConfigError(f"HASURA_GRAPHQL_{name} is not a postgres:// or postgresql:// URL.")
        if not is_well_formed(url):
            raise ConfigError(
                f"HASURA_GRAPHQL_{name} is not a well-formed URL: in a user or a password, write / as %2F, ? as %3F, "
                "# as %23, [ as %5B, ] as %5D, @ as %40 and % as %25."
            )
        return url


def from_settings(settings: Settings, environ: Mapping[str, str], *, url_is_a_flag: bool) -> Config:
    database = settings.postgres_url("DATABASE_URL")
    metadata = settings.postgres_url("METADATA_DATABASE_URL") or database
    if metadata is None:
        raise ConfigError(
            "No database: say HASURA_GRAPHQL_DATABASE_URL or HASURA_GRAPHQL_METADATA_DATABASE_URL "
            "(or --database-url, --metadata-database-url)."
        )
    return Config(
        database_url=database,
        metadata_database_url=metadata,
        database_url_from_env=database is not None and not url_is_a_flag,
        host=settings.text("SERVER_HOST") or "127.0.0.1",
        port=settings.number("SERVER_PORT", 8080, least=0, most=65535),
        auth=read_auth(settings),
        cors_domains=read_cors_domains(settings),
        cors_disabled=settings.flag("DISABLE_CORS", False),
        console=settings.flag("ENABLE_CONSOLE", False),
        options=read_options(settings),
        dev_mode=settings.flag("DEV_MODE", False),
        admin_internal_errors=settings.flag("ADMIN_INTERNAL_ERRORS", True),
        enabled_apis=read_apis(settings),
        connections=settings.number("PG_CONNECTIONS", 50, least=1, most=1000),
        live_queries_refetch_interval=settings.milliseconds("LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL", 1000),
        live_queries_batch_size=settings.batch_size("LIVE_QUERIES"),
        streaming_queries_refetch_interval=settings.milliseconds(
            "STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL", 1000
        ),
        schema_sync_interval=settings.milliseconds("SCHEMA_SYNC_POLL_INTERVAL", 1000, least=0),
        streaming_queries_batch_size=settings.batch_size("STREAMING_QUERIES"),
        websocket_keepalive=settings.number("WEBSOCKET_KEEPALIVE", 5, least=1, most=86_400),
        websocket_init_timeout=settings.number("WEBSOCKET_CONNECTION_INIT_TIMEOUT", 3, least=1, most=86_400),
        websocket_compression=settings.flag("CONNECTION_COMPRESSION", False),
        websocket_reads_cookie=settings.flag("WS_READ_COOKIE", False),
        close_websockets_on_metadata_change=settings.flag("CLOSE_WEBSOCKETS_ON_METADATA_CHANGE", True),
        log_level=read_log_level(settings),
        environ=environ,
    )


NEEDS_ADMIN: Final = (
    " requires --admin-secret (HASURA_GRAPHQL_ADMIN_SECRET) or --access-key (HASURA_GRAPHQL_ACCESS_KEY) to be set"
)


def read_options(settings: Settings) -> Options:
    return Options(
        stringify=settings.flag("STRINGIFY_NUMERIC_TYPES", False),
        infer_function_permissions=settings.flag("INFER_FUNCTION_PERMISSIONS", True),
        null_collapses=settings.flag("V1_BOOLEAN_NULL_COLLAPSE", False),
        unset_is_null=not settings.flag("NO_NULL_UNBOUND_VARIABLE_DEFAULT", False),
        allowlist=settings.flag("ENABLE_ALLOWLIST", False),
        conventions="naming_convention" in settings.entries("EXPERIMENTAL_FEATURES"),
        default_convention=settings.text("DEFAULT_NAMING_CONVENTION"),
        null_in_non_null=settings.flag("BACKWARDS_COMPAT_NULL_IN_NONNULLABLE_VARIABLES", False),
    )


def read_auth(settings: Settings) -> AuthConfig:
    config = AuthConfig(
        read_admin_secrets(settings), read_jwts(settings), read_hook(settings), settings.text("UNAUTHORIZED_ROLE")
    )
    is_open, role = not config.admin_secrets, config.unauthorized_role
    if role is not None and (is_open or config.hook is not None):
        raise ConfigError(
            f"--unauthorized-role (HASURA_GRAPHQL_UNAUTHORIZED_ROLE){NEEDS_ADMIN}"
            " and is not allowed when --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) is set"
        )
    if config.hook is not None and config.jwts:
        raise ConfigError("Both webhook and JWT mode cannot be enabled at the same time")
    if is_open and config.hook is not None:
        raise ConfigError(f"--auth-hook (HASURA_GRAPHQL_AUTH_HOOK){NEEDS_ADMIN}")
    if is_open and config.jwts:
        raise ConfigError(f"--jwt-secret (HASURA_GRAPHQL_JWT_SECRET){NEEDS_ADMIN}")
    return config


def read_admin_secrets(settings: Settings) -> tuple[str, ...]:
    """The list, or else the one secret under either of its names."""
    listed = settings.text("ADMIN_SECRETS")
    if listed is None:
        one = settings.text("ADMIN_SECRET") or settings.text("ACCESS_KEY")
        return () if one is None else (one,)
    try:
        secrets = json.loads(listed)
    except ValueError:
        secrets = None
    if not isinstance(secrets, list) or not secrets or not all(isinstance(each, str) and each for each in secrets):
        raise ConfigError("HASURA_GRAPHQL_ADMIN_SECRETS is not a JSON list of secrets.")
    return tuple(secrets)


def read_jwts(settings: Settings) -> tuple[JwtConfig, ...]:
    """The list's configurations, or else the one's."""
    listed, one = settings.text("JWT_SECRETS"), settings.text("JWT_SECRET")
    if listed is None and one is None:
        return ()
    # Here, so that an engine without a JWT secret need not load the cryptography behind it.
    from orchestrator.engine.auth.jwt_config import JwtConfigError, read_jwt_config, read_jwt_configs

    name = "JWT_SECRET" if listed is None else "JWT_SECRETS"
    try:
        return (read_jwt_config(one or ""),) if listed is None else read_jwt_configs(listed)
    except JwtConfigError as error:
        raise ConfigError(f"HASURA_GRAPHQL_{name} can't be used: {error}.") from error


def read_hook(settings: Settings) -> AuthHook | None:
    url = settings.text("AUTH_HOOK")
    if url is None:
        return None
    # Here, so that an engine without a hook need not load an HTTP client.
    from orchestrator.engine.auth.auth_hook import AuthHook

    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ConfigError("HASURA_GRAPHQL_AUTH_HOOK is not an http or https address.")
    mode = settings.text("AUTH_HOOK_MODE") or settings.text("AUTH_HOOK_TYPE") or "GET"
    if mode not in ("GET", "POST"):
        raise ConfigError(f"HASURA_GRAPHQL_AUTH_HOOK_MODE is '{mode}': say GET or POST.")
    return AuthHook(url, posts=mode == "POST", sends_request=settings.flag("AUTH_HOOK_SEND_REQUEST_BODY", True))


def read_cors_domains(settings: Settings) -> tuple[str, ...]:
    domains = settings.entries("CORS_DOMAIN") or ("*",)
    for domain in () if domains == ("*",) else domains:
        parts = urlsplit(domain)
        # Of any scheme: applications on phones have origins such as capacitor://localhost.
        if not parts.scheme or not parts.netloc or parts.path not in ("", "/"):
            raise ConfigError(
                f"HASURA_GRAPHQL_CORS_DOMAIN has '{domain}': say * alone, or origins such as https://app.example.com."
            )
    return tuple(domain.rstrip("/") for domain in domains)


def read_apis(settings: Settings) -> frozenset[str]:
    apis = tuple(api.lower() for api in settings.entries("ENABLED_APIS")) or DEFAULT_APIS
    unknown = [api for api in apis if api not in APIS]
    if unknown:
        raise ConfigError(f"HASURA_GRAPHQL_ENABLED_APIS has '{unknown[0]}': say some of {', '.join(APIS)}.")
    return frozenset(apis)


def read_log_level(settings: Settings) -> str:
    level = (settings.text("LOG_LEVEL") or "info").lower()
    if level not in LOG_LEVELS:
        raise ConfigError(f"HASURA_GRAPHQL_LOG_LEVEL is '{level}': say one of {', '.join(LOG_LEVELS)}.")
    return level
