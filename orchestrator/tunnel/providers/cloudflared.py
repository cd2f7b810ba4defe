"""A tunnel of Cloudflare's, by a cloudflared that is installed: a quick one, or with a token a named one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError, writing
from orchestrator.private_file import write_private
from orchestrator.tunnel import public_url
from orchestrator.tunnel.agent import Agent, find
from orchestrator.tunnel.providers.provider import Dropped, Here, Moved

OPEN_SECONDS = 25.0
DOWNLOAD = "https://developers.cloudflare.com/tunnel/downloads/"

# What cloudflared logs: https://github.com/cloudflare/cloudflared. The second is that of versions up to 2022.
QUICK_URL = re.compile(r"https://[a-z0-9-]+\.trycloudflare\.com\b")
CONNECTED = re.compile(r"Registered tunnel connection|Connection \S+ registered")

# What a line that it prints means, and what to do; cloudflared itself would often try again for ever.
FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        r"token is not valid",
        "CLOUDFLARED_TOKEN is no token of a tunnel.",
        "Copy it whole from the tunnel's page in the Cloudflare dashboard.",
    ),
    (
        r"Unauthorized: ",
        "Cloudflare does not accept CLOUDFLARED_TOKEN.",
        "The tunnel may have been deleted, or its token renewed: see the Cloudflare dashboard.",
    ),
    (
        r"429 Too Many Requests|error code: 1015",
        "Cloudflare gives this network no more quick tunnels for now.",
        "Wait some minutes, or use a named tunnel: CLOUDFLARED_TOKEN and TUNNEL_URL.",
    ),
    (
        r"failed to request quick Tunnel|no such host|Couldn't resolve SRV",
        "cloudflared does not reach Cloudflare.",
        "Is this machine online, and does its firewall let cloudflared out?",
    ),
)
# Only after some time: it tries another protocol by itself.
BLOCKED = re.compile(r"failed to dial to edge|Unable to establish connection|TLS handshake with edge")


@dataclass(frozen=True)
class Options:
    """`path` is where cloudflared is, empty to look for it; `url` the public URL of a named tunnel."""

    path: str = ""
    url: str = ""


class Cloudflared:
    def __init__(self, options: Options, here: Here) -> None:
        self._options = options
        self._here = here
        self._token = here.environ.get("CLOUDFLARED_TOKEN", "")
        self._agent: Agent | None = None

    @property
    def hint(self) -> str:
        if self._token:
            return f"In the Cloudflare dashboard, the tunnel's public hostname has to lead to {self._here.target}."
        return "A new name can take a minute: try again. See `hasura-cognito logs tunnel`."

    async def open(self) -> str:
        given = self._given_url()
        program = self._program()
        env = {"TUNNEL_TOKEN": self._token} if self._token else {}
        agent = self._agent = await Agent.start(self._command(program), env=env)
        found = given

        def sees(line: str) -> str | None:
            nonlocal found
            if failure := known_failure(line):
                raise failure
            if not self._token and (url := QUICK_URL.search(line)):
                found = url[0]
            return found if found and CONNECTED.search(line) else None

        try:
            return await agent.until(sees, seconds=OPEN_SECONDS)
        except (TimeoutError, EOFError) as error:
            raise unknown_failure(list(agent.last)) from error

    async def watch(self, seconds: float) -> Moved | Dropped | None:
        if self._agent is None or not await self._agent.lives(seconds):
            return Dropped("cloudflared ended")
        return None

    async def close(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.stop()

    def _given_url(self) -> str | None:
        """The URL of a named tunnel; it is not cloudflared that knows it. None for a quick one."""
        if not self._token:
            return None
        if not self._options.url:
            raise StackError(
                "A named cloudflared tunnel needs its public URL.",
                "Set TUNNEL_URL to the public hostname that the tunnel has in the Cloudflare dashboard.",
            )
        return public_url.checked(self._options.url)

    def _program(self) -> Path:
        given = Path(self._options.path) if self._options.path else None
        home = Path(self._here.environ.get("HOME", "/"))
        usual = (
            *(Path(folder) / "cloudflared" for folder in ("/usr/local/bin", "/opt/homebrew/bin")),
            *(home / folder / "cloudflared" for folder in ("bin", ".local/bin")),
        )
        found = find("cloudflared", given, usual, self._here.environ.get("PATH"))
        if found is None and given:
            raise StackError(f"CLOUDFLARED_PATH={given} is no program.", "Set it to where cloudflared is.")
        if found is None:
            raise StackError(
                "There is no cloudflared on this machine.", f"Install it from {DOWNLOAD}, or set CLOUDFLARED_PATH."
            )
        return found

    def _command(self, program: Path) -> tuple[str, ...]:
        return (
            *(str(program), "tunnel", "--config", str(self._config()), "--no-autoupdate"),
            # So long it waits for requests that are under way; it would be half a minute.
            *("--grace-period", "1s", "--metrics", "127.0.0.1:0"),
            *(("run",) if self._token else ()),
            *("--url", self._here.target),
        )

    def _config(self) -> Path:
        """A configuration of our own: with the user's there would be no quick tunnel."""
        path = self._here.folder / "cloudflared.yml"
        with writing(path.parent):
            write_private(path, json.dumps({"no-autoupdate": True}))
        return path


def known_failure(line: str) -> StackError | None:
    """What a line means that cloudflared does not recover from; None for any other line."""
    for pattern, message, hint in FAILURES:
        if re.search(pattern, line):
            return StackError(message, hint)
    return None


def unknown_failure(said: list[str]) -> StackError:
    """What to say of a cloudflared that ended, or did not connect in time."""
    if any(BLOCKED.search(line) for line in said):
        return StackError(
            "cloudflared does not reach Cloudflare's edge.", "Does the firewall let out TCP and UDP on port 7844?"
        )
    last = said[-1].rstrip(".") if said else "it said nothing"
    return StackError(f"cloudflared did not open the tunnel: {last}.", "Try cloudflared tunnel --url by hand.")
