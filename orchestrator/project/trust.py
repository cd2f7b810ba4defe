"""Whose certificates count when a server is asked by https."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import StackError

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Trust:
    """Which certificates of a server count: what the system trusts, or what the authorities in a file sign, or any."""

    authorities: Path | None = None
    anyone: bool = False

    def context(self) -> ssl.SSLContext | bool:
        """For httpx. Raises StackError for a file that can't be read."""
        import ssl

        if self.anyone:
            return False
        if self.authorities is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.authorities)
        except OSError as error:  # An SSLError is one, too.
            raise StackError(
                f"The certificate authority {self.authorities} can't be read: {error.strerror or error}.",
                "Correct certificate_authority in config.yaml; it is a file in PEM form.",
            ) from error


SYSTEM = Trust()
