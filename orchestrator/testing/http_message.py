"""An HTTP/1.1 message as its bytes: a front passes them on unchanged, and reads what it needs to know of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

LONGEST_HEAD = 1 << 20
END_OF_HEAD = b"\r\n\r\n"
# Answers that have no body, whatever their head says.
BODILESS = (b"1", b"204", b"304")


@dataclass(frozen=True)
class Message:
    """`body` is as it was sent, chunk sizes included; `content` is without them."""

    head: bytes
    body: bytes
    content: bytes

    @property
    def start(self) -> list[bytes]:
        """The words of the first line."""
        return self.head.split(b"\r\n", 1)[0].split(b" ", 2)

    @property
    def path(self) -> str:
        """The target of a request, its query left out."""
        return self.start[1].split(b"?", 1)[0].decode("latin-1")

    @property
    def status(self) -> bytes:
        """Of an answer."""
        return self.start[1]

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return ""


async def read_request(reader: asyncio.StreamReader) -> Message | None:
    """The next request; None at the end of the connection."""
    head = await _head(reader)
    return None if head is None else await _with_body(reader, head, until_the_end=False)


async def read_answer(reader: asyncio.StreamReader, *, to: Message) -> Message | None:
    """The answer to a request; None if the connection ends instead."""
    head = await _head(reader)
    if head is None:
        return None
    status = head.split(b" ", 2)[1]
    if to.start[0] == b"HEAD" or status.startswith(BODILESS):
        return Message(head, b"", b"")
    return await _with_body(reader, head, until_the_end=True)


async def _head(reader: asyncio.StreamReader) -> bytes | None:
    try:
        return await reader.readuntil(END_OF_HEAD)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None


async def _with_body(reader: asyncio.StreamReader, head: bytes, *, until_the_end: bool) -> Message | None:
    bare = Message(head, b"", b"")
    try:
        if "chunked" in bare.header("transfer-encoding").lower():
            return Message(head, *await _chunks(reader))
        if length := bare.header("content-length"):
            body = await reader.readexactly(int(length))
        else:
            body = await reader.read() if until_the_end else b""
    except (asyncio.IncompleteReadError, ValueError, ConnectionError):
        return None
    return Message(head, body, body)


async def _chunks(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    raw, content = [], []
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        raw.append(line)
        if size == 0:
            break
        chunk = await reader.readexactly(size + 2)
        raw.append(chunk)
        content.append(chunk[:-2])
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        raw.append(line)
    return b"".join([*raw, line]), b"".join(content)


def answer(status: str, content: bytes, **headers: str) -> Message:
    """An answer of our own, in JSON; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Message("\r\n".join([*lines, "", ""]).encode("latin-1"), content, content)
