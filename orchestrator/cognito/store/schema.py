"""The tables, in steps: a file's version is the number of steps it has had, and an older one gets the rest."""

from __future__ import annotations

_USERS = """
create table secret (name text primary key, value blob not null) strict, without rowid;
create table pool (
    id text primary key, settings text not null, domain text, created_at real not null, modified_at real not null
) strict, without rowid;
create table client (
    id text primary key, pool_id text not null references pool on delete cascade, settings text not null, secret text,
    configured integer not null, created_at real not null, modified_at real not null
) strict, without rowid;
create table user (
    number integer primary key, pool_id text not null references pool on delete cascade,
    sub text not null unique, username text not null, username_key text not null,
    email_key text, phone_number_key text, preferred_username_key text,
    attributes text not null, status text not null, enabled integer not null,
    salt text, verifier text, password_set_at real not null, signed_out_at real not null,
    created_at real not null, modified_at real not null,
    unique (pool_id, username_key)
) strict;
create index user_pool on user (pool_id);
create index user_email on user (pool_id, email_key);
create index user_phone_number on user (pool_id, phone_number_key);
create index user_preferred_username on user (pool_id, preferred_username_key);
create table "group" (
    pool_id text not null references pool on delete cascade, name text not null, settings text not null,
    created_at real not null, modified_at real not null, primary key (pool_id, name)
) strict, without rowid;
create table membership (
    sub text not null references user (sub) on delete cascade, pool_id text not null, group_name text not null,
    primary key (sub, group_name),
    foreign key (pool_id, group_name) references "group" (pool_id, name) on delete cascade
) strict, without rowid;
create index membership_group on membership (pool_id, group_name);
create table code (
    sub text not null references user (sub) on delete cascade, purpose text not null, code text not null,
    expires_at real not null, failures integer not null, primary key (sub, purpose)
) strict, without rowid;
create table message (
    number integer primary key autoincrement, pool_id text not null,
    sub text not null references user (sub) on delete cascade, username text not null, medium text not null,
    "to" text not null, purpose text not null, subject text not null, body text not null, code text not null,
    sent_at real not null
) strict;
create index message_sub on message (sub);
create table challenge (
    id text primary key, client_id text not null references client on delete cascade,
    sub text not null, name text not null, data text not null, expires_at real not null
) strict, without rowid;
create table revoked_session (id text primary key, expires_at real not null) strict, without rowid;
"""

_HOSTED_UI = """
create table identity_provider (
    pool_id text not null references pool on delete cascade, name text not null, settings text not null,
    configured integer not null, created_at real not null, modified_at real not null, primary key (pool_id, name)
) strict, without rowid;
create table resource_server (
    pool_id text not null references pool on delete cascade, identifier text not null, settings text not null,
    configured integer not null, primary key (pool_id, identifier)
) strict, without rowid;
create table customization (
    pool_id text not null references pool on delete cascade, client_id text not null, css text, image blob,
    created_at real not null, modified_at real not null, primary key (pool_id, client_id)
) strict, without rowid;
create table identity (
    pool_id text not null references pool on delete cascade, provider text not null, attribute text not null,
    value text not null, sub text not null references user (sub) on delete cascade,
    primary key (pool_id, provider, attribute, value)
) strict, without rowid;
create index identity_sub on identity (sub);
create table browser_session (
    digest text primary key, pool_id text not null references pool on delete cascade,
    sub text not null references user (sub) on delete cascade, session text not null, auth_time integer not null,
    expires_at real not null
) strict, without rowid;
create table ticket (digest text primary key, kind text not null, data text not null, expires_at real not null)
strict, without rowid;
"""

_FACTORS_AND_DEVICES = """
alter table user add column factors text;
create table device (
    sub text not null references user (sub) on delete cascade, key text not null, group_key text not null,
    name text, salt text not null, verifier text not null, remembered integer not null, created_at real not null,
    modified_at real not null, used_at real not null, primary key (sub, key)
) strict, without rowid;
create table rotated_token (id text primary key, at real not null, expires_at real not null) strict, without rowid;
create table pending_attribute (
    sub text not null references user (sub) on delete cascade, name text not null, value text not null,
    primary key (sub, name)
) strict, without rowid;
"""

# Never change a step that was published; append one.
STEPS = (_USERS, _HOSTED_UI, _FACTORS_AND_DEVICES)
