"""What the keeper asks of whoever opens tunnels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Here:
    """The URL on this machine that a tunnel leads to, a folder for files, and the environment with its secrets."""

    target: str
    folder: Path
    environ: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Moved:
    """The tunnel is open, but at another URL than before."""

    url: str


@dataclass(frozen=True)
class Dropped:
    """The tunnel is gone; `why` is a part of a sentence, in the provider's own words where it has any."""

    why: str


class Provider(Protocol):
    """`hint` says where to look when the public URL does not lead to the gateway."""

    @property
    def hint(self) -> str: ...

    async def open(self) -> str:
        """The public URL of a tunnel to the target. Raises StackError, within a deadline of its own."""
        ...

    async def watch(self, seconds: float) -> Moved | Dropped | None:
        """What happens to the open tunnel, as soon as it does; None if that many seconds pass without anything."""
        ...

    async def close(self) -> None:
        """Ends the tunnel and all that runs for it; there may be none."""
        ...
