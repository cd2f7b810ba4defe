"""PostgreSQL's URLs, which hold a password, in a shape that may be shown."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit


def is_well_formed(url: str) -> bool:
    """Whether the login ends where its writer meant it to: what else clients read would be part of a password.

    >>> is_well_formed("postgresql://me:a%2Fb@host/app"), is_well_formed("postgresql://me:a/b@host/app")
    (True, False)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    cut_short = "@" not in parts.netloc and parts.netloc and "@" in f"{parts.path}{parts.query}{parts.fragment}"
    return not cut_short and not parts.fragment


def without_password(url: str) -> tuple[str, str | None]:
    """The address without its password, and that.

    >>> without_password("postgresql://me:a%20b@host:5432/app?sslmode=disable")
    ('postgresql://me@host:5432/app?sslmode=disable', 'a b')
    >>> without_password("postgresql:///app?host=/my%20app&password=a")
    ('postgresql:///app?host=/my%20app', 'a')
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    hidden = dict(query).get("password")
    account, at, host = parts.netloc.rpartition("@")
    user, colon, password = account.partition(":")
    # libpq wants a space as %20. urlunsplit would leave out an empty host's slashes.
    rest = urlencode([(key, value) for key, value in query if key != "password"], quote_via=quote, safe="/")
    address = f"{parts.scheme}://{user}{at}{host}{parts.path}"
    return f"{address}?{rest}" if rest else address, unquote(password) if colon else hidden
