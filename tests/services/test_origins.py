"""Which origins a client's URLs have."""

from __future__ import annotations

import pytest

from orchestrator.services.origins import of_clients


@pytest.mark.parametrize(
    ("url", "origins"),
    [
        ("http://localhost:3000/cognito-callback?a=b", ["http://localhost:3000"]),
        ("https://App.Example.com:443/", ["https://app.example.com"]),
        ("https://app.example.com:8443/in", ["https://app.example.com:8443"]),
        ("http://[::1]:3000/in", ["http://[::1]:3000"]),
        ("myapp://callback", []),
        ("http://localhost:99999/", []),
        ("http://[::1", []),
        ("urn:ietf:wg:oauth:2.0:oob", []),
    ],
)
def test_a_url_has_the_origin_that_browsers_send(url: str, origins: list[str]) -> None:
    assert of_clients([{"CallbackURLs": [url]}]) == tuple(origins)


def test_all_clients_count_and_each_origin_once() -> None:
    clients = [{"CallbackURLs": ["http://a.test/x", "http://a.test/y"], "LogoutURLs": ["http://b.test/"]}, {}]
    assert of_clients([*clients, {"LogoutURLs": ["http://c.test"]}]) == (
        "http://a.test",
        "http://b.test",
        "http://c.test",
    )
