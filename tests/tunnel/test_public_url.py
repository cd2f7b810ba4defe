from __future__ import annotations

import pytest

from orchestrator.errors import StackError
from orchestrator.tunnel import public_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example.com", "https://a.example.com"),
        ("https://a.example.com/", "https://a.example.com"),
        ("https://a.example.com:8443/base//", "https://a.example.com:8443/base"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("http://[::1]:8090/", "http://[::1]:8090"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_servers_url_will_do(text: str, url: str) -> None:
    assert public_url.checked(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://example.com/?a=b",
        "https://example.com/#a",
        "https://example.com:99999",
        "https://example.com:x",
        "https://exa mple.com",
        "https://example.com/\n",
        "https://[::1",
        "http://example.com",
        "http://127.0.0.1.example.com",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(StackError, match="The public URL"):
        public_url.checked(text)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(StackError) as raised:
        public_url.checked("https://ada:hunter2@example.com")
    assert "hunter2" not in str(raised.value)


def test_without_https_it_has_to_be_said_so() -> None:
    assert public_url.checked("http://dev.example.com:8090", plain=True) == "http://dev.example.com:8090"


@pytest.mark.parametrize("url", ["https://a.example.com", "https://a.example.com/"])
@pytest.mark.parametrize("path", ["/sync", "sync"])
def test_a_path_is_joined_with_one_slash(url: str, path: str) -> None:
    assert public_url.joined(url, path) == "https://a.example.com/sync"
    assert public_url.joined(url + "base/" if url.endswith("/") else url + "/base", path).endswith("/base/sync")
