"""What reaching a developer's stack from AWS costs a sign-in."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.row import Row
from benchmarks.tunnel import gateway, handler, ssh


def rows() -> Iterator[Row]:
    yield from gateway.rows()
    yield from ssh.rows()
    yield from handler.rows()
