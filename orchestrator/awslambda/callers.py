"""Who may call: programs, but no web page that happens to be open in the developer's browser.

Whoever can call can run code, and read the secrets in a function's environment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from orchestrator.awslambda.errors import ApiError

_LOCAL_DOMAINS = (".localhost", ".internal", ".local", ".test")


def check_caller(headers: Mapping[str, str]) -> None:
    """Raises ApiError for a request of a web page, also of one whose name was made to lead here (DNS rebinding)."""
    if "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
        raise _refused("web pages")
    host = headers.get("host", "")
    if not is_local(host):
        raise _refused(f"requests for {host}")


def is_local(host: str) -> bool:
    """Whether a Host header names this machine, and not something on the Internet.

    >>> is_local("host.docker.internal:9001"), is_local("127.0.0.1"), is_local("evil.example:9001")
    (True, True, False)
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." not in name or name.endswith(_LOCAL_DOMAINS)
    return True


def _refused(what: str) -> ApiError:
    return ApiError(403, "AccessDeniedException", f"The local Lambda emulator does not answer {what}.")
