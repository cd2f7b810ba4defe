"""A tunnel over ssh: a port of a server that leads here (`ssh -N -R`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrator.errors import StackError
from orchestrator.tunnel import public_url
from orchestrator.tunnel.agent import Agent, find, require_file
from orchestrator.tunnel.providers import ssh_failures
from orchestrator.tunnel.providers.provider import Dropped, Here, Moved

OPEN_SECONDS = 20.0
CONNECT_SECONDS = 10
# The server counts as gone after two questions without an answer.
ALIVE_SECONDS = 10

# What `ssh -v` says: https://github.com/openssh/openssh-portable, ssh.c, client_input… and ssh_confirm_remote_forward.
AUTHENTICATED = re.compile(r"Authenticated to (\S+) ")
FORWARDED = re.compile(r"debug1: remote forward success for: ")
ALLOCATED = re.compile(r"Allocated port (\d+) for remote forward ")


@dataclass(frozen=True)
class Options:
    """`host` is as ssh takes it: user@server, or a name of ~/.ssh/config. `bind` is an address of the server's.

    With the remote port 0 the server chooses one. `url` is the public URL, where something stands before that port.
    """

    host: str
    port: int = 22
    key: str = ""
    known_hosts: str = ""
    remote_port: int = 0
    bind: str = "localhost"
    url: str = ""


def command(program: str, options: Options, remote_port: int, target: str) -> tuple[str, ...]:
    """The command line; `target` is host:port on this machine. No question is asked, no unknown server trusted."""
    settings = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "ExitOnForwardFailure": "yes",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": str(ALIVE_SECONDS),
        "ServerAliveCountMax": "2",
        # A connection that the user's ssh shares would keep the tunnel open after us.
        "ControlMaster": "no",
        "ControlPath": "none",
    }
    if options.known_hosts:
        # ssh splits its file names at spaces.
        settings["UserKnownHostsFile"] = f'"{options.known_hosts}"'
    if options.key:
        settings["IdentitiesOnly"] = "yes"
    return (
        *(program, "-v", "-N", "-T", "-a", "-x"),
        *(word for name, value in settings.items() for word in ("-o", f"{name}={value}")),
        *(("-i", options.key) if options.key else ()),
        *(("-p", str(options.port)) if options.port != 22 else ()),
        *("-R", f"{_bound(options.bind, remote_port)}:{remote_port}:{target}", "--", options.host),
    )


def _bound(bind: str, remote_port: int) -> str:
    """The address to ask for. sshd takes "localhost" for both loopback addresses, chooses a port that is free at one of
    them, and is content where somebody else has that port at the other; which we would then take for ours.
    """
    return "127.0.0.1" if bind == "localhost" and remote_port == 0 else bind


class Ssh:
    hint = "Look at SSH_TUNNEL_BIND and the server's GatewayPorts and firewall, or at what TUNNEL_URL leads to."

    def __init__(self, options: Options, here: Here) -> None:
        self._options = options
        self._target = urlsplit(here.target).netloc
        self._search_path = here.environ.get("PATH")
        self._agent: Agent | None = None

    async def open(self) -> str:
        options = self._options
        program = self._checked_program()
        given = public_url.checked(options.url, plain=True) if options.url else None
        server, port = await self._connect(program)
        if given:
            return given
        if options.bind == "localhost" and not public_url.is_loopback(server):
            raise StackError(
                f"Port {port} of {server} can be reached on {server} only.",
                "Set TUNNEL_URL to what leads there; or SSH_TUNNEL_BIND=*, with GatewayPorts clientspecified there.",
            )
        return public_url.checked(f"http://{f'[{server}]' if ':' in server else server}:{port}", plain=True)

    async def watch(self, seconds: float) -> Moved | Dropped | None:
        if self._agent is None:
            return Dropped("there is no ssh")
        if await self._agent.lives(seconds):
            return None
        return Dropped(f"ssh ended ({ssh_failures.last_word(self._agent.last)})")

    async def close(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.stop()

    def _checked_program(self) -> str:
        """Where ssh is. Raises StackError if it is not, or lacks what it needs."""
        if not self._options.host:
            raise StackError("STACK_TUNNEL=ssh needs a server.", "Set SSH_TUNNEL_HOST to user@server.")
        require_file(self._options.key, "SSH_TUNNEL_KEY")
        require_file(self._options.known_hosts, "SSH_TUNNEL_KNOWN_HOSTS")
        program = find("ssh", None, (), self._search_path)
        if program is None:
            raise StackError("There is no ssh on this machine.", "Install it: apt-get install openssh-client, say.")
        return str(program)

    async def _connect(self, program: str) -> tuple[str, int]:
        """The server's name and the port there, once it leads here. Raises StackError."""
        options = self._options
        agent = self._agent = await self._start(program, options.remote_port)
        server = options.host.rpartition("@")[2]

        def sees(line: str) -> int | None:
            nonlocal server
            if found := AUTHENTICATED.match(line):
                server = found[1]
            if options.remote_port:
                return options.remote_port if FORWARDED.match(line) else None
            found = ALLOCATED.match(line)
            return int(found[1]) if found else None

        try:
            port = await agent.until(sees, seconds=OPEN_SECONDS)
        except TimeoutError as error:
            raise StackError(
                f"ssh to {options.host} did not open the tunnel within {OPEN_SECONDS:g} s.", "Is the server reachable?"
            ) from error
        except EOFError as error:
            if ssh_failures.is_forward_refused(agent.last):
                raise await self._why_refused(program) from error
            raise ssh_failures.failure(agent.last, options.host, port=options.port) from error
        return server, port

    async def _why_refused(self, program: str) -> StackError:
        """The server does not say why it refuses a port. Whether it gives us another one does."""
        agent = await self._start(program, 0)
        try:
            await agent.until(ALLOCATED.match, seconds=OPEN_SECONDS)
        except (TimeoutError, EOFError):
            return ssh_failures.not_permitted(self._options.host, self._options.remote_port)
        finally:
            await agent.stop()
        return ssh_failures.port_taken(self._options.host, self._options.remote_port)

    async def _start(self, program: str, remote_port: int) -> Agent:
        return await Agent.start(command(program, self._options, remote_port, self._target), ignore="debug1:")
