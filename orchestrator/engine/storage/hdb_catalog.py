"""The tables of hdb_catalog, laid out as Hasura's catalogue version 48, and whether one that is there can be used."""

from __future__ import annotations

from typing import Any, Final, Protocol

from orchestrator.engine.errors import EngineError, not_supported

VERSION: Final = 48
# Version 43 is the first of Hasura v2, which keeps the metadata as one document.
OLDEST: Final = 43

FIND_VERSION: Final = "select to_regclass('hdb_catalog.hdb_version') is not null"
READ_VERSION: Final = "select version from hdb_catalog.hdb_version"

# An advisory lock, since two engines that start at once would race in CREATE … IF NOT EXISTS.
PREPARE: Final = """
select pg_advisory_xact_lock(7083472917652);
create schema if not exists hdb_catalog;
do $$ begin
  if to_regprocedure('hdb_catalog.gen_hasura_uuid()') is null then
    create function hdb_catalog.gen_hasura_uuid() returns uuid language sql as 'select gen_random_uuid()';
  end if;
end $$;
create table if not exists hdb_catalog.hdb_version (
  hasura_uuid uuid primary key default hdb_catalog.gen_hasura_uuid(),
  version text not null,
  upgraded_on timestamptz not null,
  cli_state jsonb not null default '{}',
  console_state jsonb not null default '{}',
  ee_client_id text,
  ee_client_secret text
);
create unique index if not exists hdb_version_one_row on hdb_catalog.hdb_version ((version is not null));
create table if not exists hdb_catalog.hdb_metadata (
  id integer primary key,
  metadata json not null,
  resource_version integer not null default 1 unique
);
create table if not exists hdb_catalog.hdb_schema_notifications (
  id integer primary key check (id = 1),
  notification json not null,
  resource_version integer not null default 1,
  instance_id uuid not null,
  updated_at timestamptz default now()
);
create table if not exists hdb_catalog.hdb_action_log (
  id uuid primary key default hdb_catalog.gen_hasura_uuid(),
  action_name text,
  input_payload jsonb not null,
  request_headers jsonb not null,
  session_variables jsonb not null,
  response_payload jsonb,
  errors jsonb,
  created_at timestamptz not null default now(),
  response_received_at timestamptz,
  status text not null check (status in ('created', 'processing', 'completed', 'error'))
);
create table if not exists hdb_catalog.hdb_cron_events (
  id text primary key default hdb_catalog.gen_hasura_uuid(),
  trigger_name text not null,
  scheduled_time timestamptz not null,
  status text not null default 'scheduled'
    constraint valid_status check (status in ('scheduled', 'locked', 'delivered', 'error', 'dead')),
  tries integer not null default 0,
  created_at timestamptz default now(),
  next_retry_at timestamptz
);
create index if not exists hdb_cron_event_status on hdb_catalog.hdb_cron_events (status);
create unique index if not exists hdb_cron_events_unique_scheduled
  on hdb_catalog.hdb_cron_events (trigger_name, scheduled_time) where status = 'scheduled';
create table if not exists hdb_catalog.hdb_cron_event_invocation_logs (
  id text primary key default hdb_catalog.gen_hasura_uuid(),
  event_id text references hdb_catalog.hdb_cron_events (id) on update cascade on delete cascade,
  status integer,
  request json,
  response json,
  created_at timestamptz default now()
);
create index if not exists hdb_cron_event_invocation_event_id
  on hdb_catalog.hdb_cron_event_invocation_logs (event_id);
create table if not exists hdb_catalog.hdb_scheduled_events (
  id text primary key default hdb_catalog.gen_hasura_uuid(),
  webhook_conf json not null,
  scheduled_time timestamptz not null,
  retry_conf json,
  payload json,
  header_conf json,
  status text not null default 'scheduled'
    constraint valid_status check (status in ('scheduled', 'locked', 'delivered', 'error', 'dead')),
  tries integer not null default 0,
  created_at timestamptz default now(),
  next_retry_at timestamptz,
  comment text
);
create index if not exists hdb_scheduled_event_status on hdb_catalog.hdb_scheduled_events (status);
create table if not exists hdb_catalog.hdb_scheduled_event_invocation_logs (
  id text primary key default hdb_catalog.gen_hasura_uuid(),
  event_id text references hdb_catalog.hdb_scheduled_events (id) on update cascade on delete cascade,
  status integer,
  request json,
  response json,
  created_at timestamptz default now()
);
insert into hdb_catalog.hdb_version (version, upgraded_on) values ('48', now()) on conflict do nothing;
"""

UPGRADE: Final = """
alter table hdb_catalog.hdb_version add column if not exists ee_client_id text;
alter table hdb_catalog.hdb_version add column if not exists ee_client_secret text;
update hdb_catalog.hdb_version set version = '48', upgraded_on = now();
"""


class Connection(Protocol):
    """What is needed of a connection to the metadata database; asyncpg's has it."""

    async def execute(self, query: str, *args: Any) -> Any: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...


async def prepare(connection: Connection) -> None:
    """Makes what is missing; raises not-supported for the catalogue of another Hasura, which stays as it is."""
    found = await read_version(connection)
    if found is not None:
        refuse_other(found)
    await connection.execute(PREPARE)
    if found is not None and float(found) < VERSION:
        await connection.execute(UPGRADE)


async def read_version(connection: Connection) -> str | None:
    """The catalogue's version, or None where there is no catalogue yet."""
    if not await connection.fetchval(FIND_VERSION):
        return None
    version: str | None = await connection.fetchval(READ_VERSION)
    return version


def refuse_other(version: str) -> None:
    try:
        number = float(version)
    except ValueError as error:
        raise not_supported(f"hdb_catalog.hdb_version says '{version}', which is no version of Hasura's") from error
    if number > VERSION:
        raise newer(version)
    if number < OLDEST:
        raise older(version)


def newer(version: str) -> EngineError:
    return not_supported(
        "cannot use database previously used with a newer version of graphql-engine "
        f"(expected a catalog version <={VERSION}, but the current version is {version})"
    )


def older(version: str) -> EngineError:
    return not_supported(
        f"its hdb_catalog is of Hasura v1 (catalog version {version}); start graphql-engine v2 on it once, "
        "which upgrades it, or use another metadata database"
    )
