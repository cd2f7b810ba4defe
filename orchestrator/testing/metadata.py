"""Hasura's metadata as the session began, and the way back to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.testing.database import connect

if TYPE_CHECKING:
    import asyncpg

VERSION = "SELECT resource_version FROM hdb_catalog.hdb_metadata"
SECONDS = 30.0


@dataclass
class MetadataTemplate:
    """Hasura counts the changes of its metadata, so that one number tells whether a test made any."""

    database_url: str = field(repr=False)
    url: str
    admin_secret: str = field(repr=False)
    metadata: Any = field(default=None, repr=False)
    version: int = 0
    _connection: asyncpg.Connection | None = field(default=None, repr=False)

    @classmethod
    async def take(cls, database_url: str, url: str, admin_secret: str) -> MetadataTemplate:
        template = cls(database_url, url, admin_secret)
        template.metadata = await template._ask("export_metadata")
        template.version = await template._version()
        return template

    async def put_back(self) -> None:
        if await self._version() != self.version:
            await self._ask("replace_metadata", **self.metadata)
            self.version = await self._version()

    async def reload(self) -> None:
        """Hasura looks at its databases anew."""
        await self._ask("reload_metadata", reload_sources=True)

    async def close(self) -> None:
        if self._connection:
            self._connection.terminate()

    async def _version(self) -> int:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self.database_url)
        version: int = await self._connection.fetchval(VERSION)
        return version

    async def _ask(self, kind: str, **arguments: Any) -> Any:
        import httpx

        headers = {"x-hasura-admin-secret": self.admin_secret}
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=SECONDS, headers=headers) as http:  # noqa: S501
            answer = await http.post(f"{self.url}/v1/metadata", json={"type": kind, "args": arguments})
        return answer.raise_for_status().json()
