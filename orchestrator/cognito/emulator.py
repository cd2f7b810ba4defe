"""What every operation works with: the database, the keys, the way to Lambda, time and chance."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from . import triggers
from .auth.lockout import Lockouts
from .auth.passwords import Passwords
from .clock import MovableClock
from .config import Config, ConfigError
from .model import Clock, Json, Pool, Random
from .store import groups, pools, providers, resource_servers, secrets, users
from .store.database import Database
from .tokens import keys


@dataclass(frozen=True)
class Emulator:
    region: str
    account: str
    url: str
    database: Database
    invoke: triggers.Invoke
    clock: MovableClock
    random: Random
    passwords: Passwords
    lockouts: Lockouts
    id_key: keys.SigningKey
    access_key: keys.SigningKey
    refresh_key: bytes = field(repr=False)
    signing: Executor = field(repr=False)

    def close(self) -> None:
        self.signing.shutdown()
        self.database.close()

    def issuer(self, pool_id: str) -> str:
        return f"{self.url}/{pool_id}"

    async def trigger(self, pool: Pool, username: str, client_id: str, call: triggers.Call) -> Json | None:
        """The response of a pool's trigger, or None without one."""
        return await triggers.run(self.invoke, pool, self.region, username, client_id, call)


def assemble(config: Config, database: Database, invoke: triggers.Invoke, clock: Clock, random: Random) -> Emulator:
    """An emulator over a database that holds the configuration's pool; keys are made where there are none."""
    apply(config, database, clock, random)
    movable = MovableClock(clock)
    return Emulator(
        region=config.region,
        account=config.account,
        url=config.url,
        database=database,
        invoke=invoke,
        clock=movable,
        random=random,
        passwords=Passwords(random),
        lockouts=Lockouts(movable),
        id_key=keys.load(secrets.kept(database, "id token key", keys.generate)),
        access_key=keys.load(secrets.kept(database, "access token key", keys.generate)),
        refresh_key=secrets.kept(database, "refresh token key", lambda: random(32)),
        signing=ThreadPoolExecutor(1, "signing"),
    )


def apply(config: Config, database: Database, clock: Clock, random: Random) -> None:
    """Brings pool, clients, groups and providers to what the configuration says; users stay. Raises ConfigError."""
    at = clock()
    with database.transaction():
        _refuse_new_keys(config, database)
        pools.save(database, config.pool_id, {**config.pool, **config.mfa}, config.domain, at)
        named = {str(client["ClientId"]) for client in config.clients}
        pools.forget_configured_clients(database, config.pool_id, named)
        for given in config.clients:
            settings = {name: value for name, value in given.items() if name != "ClientId"}
            secret = _client_secret(given, database, random)
            pools.save_client(
                database, given["ClientId"], config.pool_id, settings, secret=secret, configured=True, at=at
            )
        for group in config.groups:
            groups.save(database, config.pool_id, group["GroupName"], group, at)
        _apply_providers(config, database, at)


def _apply_providers(config: Config, database: Database, at: float) -> None:
    """Identity providers and resource servers as the configuration says; those made through the API stay."""
    providers.forget_configured(database, config.pool_id, {each["ProviderName"] for each in config.providers})
    for given in config.providers:
        settings = {name: value for name, value in given.items() if name != "ProviderName"}
        providers.save(database, config.pool_id, given["ProviderName"], settings, at, configured=True)
    named = {each["Identifier"] for each in config.resource_servers}
    resource_servers.forget_configured(database, config.pool_id, named)
    for server in config.resource_servers:
        resource_servers.save(database, config.pool_id, server, configured=True)


def _refuse_new_keys(config: Config, database: Database) -> None:
    pool = pools.find(database, config.pool_id)
    if pool is None or not users.count(database, pool):
        return
    before, after = _keyed_by(pool), _keyed_by(replace(pool, settings=config.pool))
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        raise ConfigError(
            f"{changed[0]} of pool {pool.id} changed, but it has users, and Cognito can't change it after creation. "
            f"Restore it, or remove {config.database} to start afresh."
        )


def _keyed_by(pool: Pool) -> dict[str, object]:
    """The settings that decide under which keys a pool's users are stored."""
    return {
        "UsernameAttributes": set(pool.username_attributes),
        "AliasAttributes": set(pool.alias_attributes),
        "UsernameConfiguration": pool.case_sensitive,
    }


def _client_secret(given: Mapping[str, Any], database: Database, random: Random) -> str | None:
    if given.get("ClientSecret"):
        return str(given["ClientSecret"])
    if not given.get("GenerateSecret"):
        return None
    known = pools.client(database, given["ClientId"])
    return (known.secret if known else None) or random(26).hex()[:51]
