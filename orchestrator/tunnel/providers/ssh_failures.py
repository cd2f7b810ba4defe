"""What ssh's last words mean, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from orchestrator.errors import StackError

# The first pattern that is found decides. {host} and {scan} are filled in, {0}, {1} … are the pattern's groups.
FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED[^\0]*?Offending \S+ key in (\S+)",
        "{host} has another host key than the one in {0}: it was set up anew, or another server answers in its place.",
        "If you know why, take the old key out of that file and put in the new one: {scan}",
    ),
    (
        r"Host key verification failed|No \S+ host key is known",
        "The host key of {host} is not known, so that ssh can't tell whether it is the right server.",
        "Compare what `{scan}` prints with the server's own key, and put it into your known hosts.",
    ),
    (
        r"UNPROTECTED PRIVATE KEY FILE[^\0]*?Permissions \S+ for '([^']+)'",
        "ssh does not take the key {0}, which others may read.",
        "Run chmod 600 on it.",
    ),
    (
        r'Load key "([^"]+)": (?!Permission)(.+)',
        "ssh can't read the key {0}: {1}.",
        "Set SSH_TUNNEL_KEY to a private key of OpenSSH's.",
    ),
    (
        r"Permission denied \(([^)]*)\)",
        "{host} lets us in with none of our keys (it takes: {0}).",
        "Set SSH_TUNNEL_KEY to one that is in its authorized_keys; if it has a passphrase, add it with ssh-add.",
    ),
    (
        r"Too many authentication failures",
        "{host} lets us in with none of our keys, and takes no more of them.",
        "Set SSH_TUNNEL_KEY to the right one.",
    ),
    (
        r"Could not resolve hostname (\S+?): (.+)",
        "There is no server named {0} ({1}).",
        "Look at SSH_TUNNEL_HOST, and whether this machine is online.",
    ),
    (
        r"connect to host (\S+) port (\d+): Connection refused",
        "No ssh server listens on port {1} of {0}.",
        "Look at SSH_TUNNEL_HOST and SSH_TUNNEL_PORT.",
    ),
    (
        r"connect to host (\S+) port (\d+): (.+)",
        "Port {1} of {0} can't be reached ({2}).",
        "Look at SSH_TUNNEL_HOST and SSH_TUNNEL_PORT, and whether this machine is online.",
    ),
    (
        r"Bad configuration option: (.+)|Bad remote forwarding specification",
        "ssh does not understand its settings ({0}).",
        "Look at SSH_TUNNEL_BIND and ~/.ssh/config.",
    ),
)

CHATTER = ("OpenSSH_", "Authenticated to", "Allocated port", "Transferred:", "Bytes per second:")


def failure(said: Iterable[str], host: str, *, port: int) -> StackError:
    """Why ssh gave up, from the lines that it printed."""
    text = "\n".join(said)
    server = host.rpartition("@")[2]
    scan = f"ssh-keyscan {f'-p {port} ' if port != 22 else ''}{server}"
    for pattern, message, hint in FAILURES:
        found = re.search(pattern, text)
        if found:
            groups = [(group or "").strip().rstrip(".") for group in found.groups()]
            return StackError(message.format(*groups, host=host, scan=scan), hint.format(*groups, host=host, scan=scan))
    return StackError(f"ssh to {host} ended: {last_word(said)}.", "Try the same with ssh by hand.")


def is_forward_refused(said: Iterable[str]) -> bool:
    return any("remote port forwarding failed" in line for line in said)


def port_taken(host: str, port: int) -> StackError:
    return StackError(
        f"Port {port} is taken on {host}, or not for ordinary users.",
        "Set SSH_TUNNEL_REMOTE_PORT to another one, or 0 for any. A tunnel that broke off can hold it for minutes.",
    )


def not_permitted(host: str, port: int) -> StackError:
    return StackError(
        f"{host} does not permit forwarding of {f'port {port}' if port else 'a port'}.",
        "Its sshd_config (AllowTcpForwarding, PermitListen) or your line in its authorized_keys has to allow it.",
    )


def last_word(said: Iterable[str]) -> str:
    """The last line that says anything of an end."""
    lines = [line for line in said if not line.startswith(CHATTER)]
    return lines[-1].rstrip(".") if lines else "without a word"
