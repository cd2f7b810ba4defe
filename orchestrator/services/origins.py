"""The pages that may call Hasura from a browser: HASURA_GRAPHQL_CORS_DOMAIN, unless the user sets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

# Where `hasura console` serves its page.
CLI_CONSOLE = "http://localhost:9695"
DEFAULT_PORTS = {"http": 80, "https": 443}


def of_clients(clients: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The origins that the app clients' callback and sign-out URLs have.

    >>> of_clients([{"CallbackURLs": ["https://app.example.com/in", "myapp://in"]}])
    ('https://app.example.com',)
    """
    urls = (url for client in clients for name in ("CallbackURLs", "LogoutURLs") for url in client.get(name) or ())
    return tuple(dict.fromkeys(_origins(urls)))


def cors_domain(apps: Iterable[str], *, hasura: str) -> str:
    """The applications' origins, and the consoles', in Hasura's syntax.

    https://hasura.io/docs/2.0/deployment/graphql-engine-flags/config-examples/#configure-cors
    """
    # A browser that was led to 127.0.0.1 says so, and Hasura takes no page's WebSocket for its own.
    consoles = (hasura, hasura.replace("//localhost:", "//127.0.0.1:"), CLI_CONSOLE)
    return ",".join(dict.fromkeys((*apps, *consoles)))


def _origins(urls: Iterable[str]) -> Iterator[str]:
    """The origin of each URL as browsers write it; an application's own scheme, or no URL at all, has none."""
    for url in urls:
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            continue
        if scheme in DEFAULT_PORTS and host:
            place = f"[{host}]" if ":" in host else host
            yield f"{scheme}://{place}{'' if port in (None, DEFAULT_PORTS[scheme]) else f':{port}'}"
