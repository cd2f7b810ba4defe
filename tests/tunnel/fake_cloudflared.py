"""A cloudflared to install for a test: it logs as the real one does, and forwards for real.

Only Cloudflare's edge is played: the public URL of a named tunnel is a port of this machine, and that of a quick one
leads nowhere. The program does what `scenario.json` beside it says, and leaves there how it was called.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.tunnel.forwarding import forward

QUICK = "https://merry-old-fake.trycloudflare.com"


class FakeCloudflared:
    """`program` is what to run; `scenario` says what the next one does, `calls` how it was run, oldest first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.program = folder / "cloudflared"
        root = Path(__file__).parents[2]
        self.program.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
            f"from tests.tunnel.fake_cloudflared import main\nmain({str(folder)!r}, sys.argv[1:])\n"
        )
        self.program.chmod(0o755)
        self.scenario()

    def scenario(self, *, port: int = 0, lines: tuple[str, ...] = (), ends: bool = False) -> None:
        """`port` is where the edge listens. `lines` are said in place of connecting; then it `ends`, or does not."""
        text = json.dumps({"port": port, "lines": lines, "ends": ends})
        (self.folder / "scenario.json").write_text(text)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("call-*"))]


def main(folder: str, argv: list[str]) -> None:
    scenario = json.loads((Path(folder) / "scenario.json").read_text())
    call = {"argv": argv, "env": dict(os.environ), "pid": os.getpid()}
    (Path(folder) / f"call-{time.time_ns()}").write_text(json.dumps(call))
    for line in scenario["lines"]:
        log(line)
    if scenario["ends"]:
        sys.exit(1)
    if not scenario["lines"]:
        if "run" not in argv:
            log("INF |  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |")
            log(f"INF |  {QUICK}                                                        |")
        forward(argv[argv.index("--url") + 1], port=scenario["port"])
        log("INF Registered tunnel connection connIndex=0 connection=830bf962 event=0 location=lax08 protocol=quic")
    threading.Event().wait()


def log(line: str) -> None:
    print(f"2026-01-01T00:00:00Z {line}", file=sys.stderr, flush=True)  # noqa: T201
