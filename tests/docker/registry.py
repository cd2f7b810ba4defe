"""A registry on loopback with one small image: enough of the protocol for Docker to pull it.

https://distribution.github.io/distribution/spec/api/
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
LAYER_BYTES = 3_000_000
PIECE_BYTES = 100_000


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image(seed: int) -> tuple[bytes, Mapping[str, bytes]]:
    """The manifest of an image with one layer, and its blobs by digest."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        # Not to be compressed, so that there is something to download.
        content = b"".join(hashlib.sha256(b"%d %d" % (seed, each)).digest() for each in range(LAYER_BYTES // 32))
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    layer = gzip.compress(written.getvalue(), mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(written.getvalue())]},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described("application/vnd.docker.container.image.v1+json", config),
        "layers": [described("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
    }
    return json.dumps(manifest).encode(), {digest(config): config, digest(layer): layer}


def described(kind: str, content: bytes) -> Mapping[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": digest(content)}


@contextlib.contextmanager
def serving(seed: int, *, seconds: float = 0) -> Iterator[str]:
    """The name under which Docker can pull the image, whose layer takes that long to come."""
    manifest, blobs = image(seed)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = self.path.rpartition("/")[2]
            if "/manifests/" in self.path:
                self.answer(manifest, MANIFEST)
            elif place in blobs:
                self.answer(blobs[place], "application/octet-stream")
            else:
                self.answer(b"{}", "application/json")

        do_HEAD = do_GET

        def answer(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", digest(content))
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.end_headers()
            if self.command == "GET":
                self.send(content, seconds if len(content) > LAYER_BYTES else 0)

        def send(self, content: bytes, seconds: float) -> None:
            for begin in range(0, len(content), PIECE_BYTES):
                self.wfile.write(content[begin : begin + PIECE_BYTES])
                time.sleep(seconds * PIECE_BYTES / len(content))

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}/small:v1"
        finally:
            server.shutdown()
