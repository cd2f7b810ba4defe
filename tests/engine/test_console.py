"""The console over HTTP: where it is, what the page is told, and what browsers may do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.engine.conftest import Engine, start_engine, stop_engine

KEY = "0123456789abcdef0123456789abcdef"
SECRET = "</script>secret"


def facts(page: httpx.Response) -> dict[str, object]:
    """What the page is told of the engine."""
    found = re.search(r'<script id="engine" type="application/json">(.*?)</script>', page.text)
    assert found
    told: dict[str, object] = json.loads(found.group(1))
    return told


@pytest.fixture(scope="module")
def console(module_database: str) -> Iterator[Engine]:
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_ENABLE_CONSOLE="true",
        HASURA_GRAPHQL_ADMIN_SECRET=SECRET,
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE="</script>",
        HASURA_GRAPHQL_JWT_SECRET=json.dumps(
            {"type": "HS256", "key": KEY, "header": {"type": "CustomHeader", "name": "X-Token"}}
        ),
    )
    yield engine
    stop_engine(engine)


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/api/api-explorer"])
def test_the_page_is_at_hasura_s_addresses(console: Engine, path: str) -> None:
    page = console.client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "/console/assets/console.js" in page.text


def test_the_root_leads_to_it(console: Engine) -> None:
    answer = console.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/console")


def test_the_page_knows_how_the_engine_finds_out_who_asks_and_no_secret(console: Engine) -> None:
    page = console.client.get("/console")
    told = facts(page)
    assert told.pop("styleNonce")
    assert told == {
        "version": "v2.48.0",
        "adminSecret": True,
        "hook": False,
        "unauthorizedRole": "</script>",
        "tokens": [
            {
                "header": "x-token",
                "isBearer": False,
                "namespace": "https://hasura.io/jwt/claims",
                "issuer": None,
            }
        ],
    }
    assert SECRET not in page.text
    assert KEY not in page.text


def test_the_page_loads_nothing_from_elsewhere(console: Engine) -> None:
    page = console.client.get("/console")
    policy = page.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'self'; style-src 'self' 'nonce-{facts(page)['styleNonce']}'; ")
    assert "unsafe" not in policy
    assert "//" not in policy
    assert facts(page)["styleNonce"] != facts(console.client.get("/console"))["styleNonce"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("console.js", "text/javascript; charset=utf-8"),
        ("console.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("LICENSES.txt", "text/plain; charset=utf-8"),
    ],
)
def test_files_are_sent_again_only_when_they_changed(console: Engine, name: str, kind: str) -> None:
    first = console.client.get(f"/console/assets/{name}")
    assert (first.status_code, first.headers["content-type"]) == (200, kind)
    assert first.headers["cache-control"] == "no-cache"
    again = console.client.get(f"/console/assets/{name}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/console/assets/nothing.js", "/console/assets/..%2fpages.py", "/console/assets/"])
def test_what_is_no_file_of_the_page_is_not_there(console: Engine, path: str) -> None:
    assert console.client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/console", "/console/assets/console.js"])
def test_without_the_setting_there_is_no_console(blog: Engine, path: str) -> None:
    assert blog.client.get(path).json()["error"] == "resource does not exist"
