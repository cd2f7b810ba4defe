"""The public URL of a tunnel: which ones will do, and how a path is put behind one."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from orchestrator.errors import StackError


def checked(text: str, *, plain: bool = False) -> str:
    """The URL without a slash at its end. With `plain`, or at a loopback address, http will do, too.

    Raises StackError for what is no URL of a server.

    >>> checked("https://dev.example.com/")
    'https://dev.example.com'
    """
    hint = "Give it as https://host or https://host/path."
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError as error:
        raise StackError(f"The public URL {text!r} cannot be read: {error}.", hint) from error
    if parts.username is not None or parts.password is not None:
        raise StackError("The public URL has a user or a password in it.", hint)
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid or not text.isprintable():
        raise StackError(f"The public URL {text!r} is not one of a web server.", hint)
    if parts.query or parts.fragment or " " in text:
        raise StackError(f"The public URL {text!r} has more to it than a host and a path.", hint)
    if parts.scheme == "http" and not plain and not is_loopback(parts.hostname):
        raise StackError(f"The public URL {text} is not https, so that anybody on its way could read it.", hint)
    return text.rstrip("/")


def joined(url: str, path: str) -> str:
    """The path below the URL, whatever slashes they come with.

    >>> joined("https://dev.example.com/ada", "/sync")
    'https://dev.example.com/ada/sync'
    """
    return f"{url.rstrip('/')}/{path.lstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether this name or address is that of this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
