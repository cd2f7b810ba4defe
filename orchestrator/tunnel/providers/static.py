"""A public URL that is already there: somebody else's tunnel, a reverse proxy, a port of the router."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from orchestrator.errors import StackError
from orchestrator.tunnel import public_url
from orchestrator.tunnel.providers.provider import Dropped, Here, Moved


@dataclass(frozen=True)
class Options:
    url: str


@dataclass(frozen=True)
class Static:
    options: Options
    here: Here

    @property
    def hint(self) -> str:
        return f"Make TUNNEL_URL lead to {self.here.target}."

    async def open(self) -> str:
        if not self.options.url:
            raise StackError("STACK_TUNNEL=static needs a public URL.", "Set TUNNEL_URL.")
        return public_url.checked(self.options.url)

    async def watch(self, seconds: float) -> Moved | Dropped | None:
        await asyncio.sleep(seconds)
        return None

    async def close(self) -> None:
        pass
