"""A real OpenSSH server on loopback, with keys, a configuration and a port of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from orchestrator.launchers import processes
from orchestrator.launchers.ports import free_ports

PROGRAM = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
USER = getpass.getuser()
START_SECONDS = 10

needs_sshd = pytest.mark.skipif(PROGRAM is None, reason="no sshd on this machine: apt-get install openssh-server")


@dataclass(frozen=True)
class Keys:
    """Private keys: two of servers, one of a client that is let in, one of a client that is not."""

    host: Path
    other_host: Path
    client: Path
    stranger: Path


def make_keys(folder: Path) -> Keys:
    keys = Keys(folder / "host", folder / "other_host", folder / "client", folder / "stranger")
    for path in (keys.host, keys.other_host, keys.client, keys.stranger):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    return keys


class Sshd:
    """`known_hosts` is a client's file that knows this server; `lines` are added to its configuration at a start."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        folder.mkdir(mode=0o700)
        (self.port,) = free_ports(1)
        self.keys = keys
        self.folder = folder
        self.known_hosts = folder / "known_hosts"
        self.know(keys.host)
        self._process: subprocess.Popen[bytes] | None = None

    def know(self, host_key: Path) -> None:
        public = host_key.with_suffix(".pub").read_text()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}")

    def options(self, **changed: object) -> dict[str, object]:
        """The options of a tunnel through this server."""
        return {
            "host": f"{USER}@127.0.0.1",
            "port": self.port,
            "key": str(self.keys.client),
            "known_hosts": str(self.known_hosts),
            **changed,
        }

    @property
    def environ(self) -> dict[str, str]:
        """The settings of a stack with a tunnel through this server."""
        return {
            "STACK_TUNNEL": "ssh",
            "SSH_TUNNEL_HOST": f"{USER}@127.0.0.1",
            "SSH_TUNNEL_PORT": str(self.port),
            "SSH_TUNNEL_KEY": str(self.keys.client),
            "SSH_TUNNEL_KNOWN_HOSTS": str(self.known_hosts),
        }

    def start(self, *lines: str) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"HostKey {self.keys.host}\nAuthorizedKeysFile {self.keys.client}.pub\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n" + "".join(f"{line}\n" for line in lines)
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(PROGRAM), "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends the server and its connections, which are processes of their own."""
        if self._process is not None:
            processes.kill(processes.with_descendants([psutil.Process(self._process.pid)]))
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
