"""Becomes a tunnel's agent: `python -I -S with_parent.py PARENT PROGRAM ARGUMENT…`.

On Linux the kernel kills the agent when the keeper, whose pid is PARENT, is gone, however it went. Elsewhere a keeper
that is killed by itself leaves the agent behind; the supervisor kills both, for they are one process group.

The agent gets none of the stack's secrets: only these variables, one of which may hold a secret of its own.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

PR_SET_PDEATHSIG = 1
SIGKILL = 9

KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CONFIG_HOME"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "TUNNEL_TOKEN", "NGROK_AUTHTOKEN"),
)


def main(parent: int, argv: list[str]) -> NoReturn:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The tunnel's keeper is gone.")
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        os.execve(argv[0], argv, env)  # noqa: S606
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
