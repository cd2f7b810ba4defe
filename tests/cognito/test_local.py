"""The messages that were "sent", for programs and for people."""

from __future__ import annotations

import httpx

from .conftest import Running


def test_programs_get_json_and_people_a_page(cognito: Running) -> None:
    cognito.sign_up("<b>ann</b>", email="ann@example.com")
    url, code = f"{cognito.url}/_local/messages?username=ann@example.com", cognito.code("ann@example.com")
    assert httpx.get(url).json()[0]["code"] == code
    answer = httpx.get(url, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    assert code in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    empty = httpx.get(f"{cognito.url}/_local/messages?username=<i>nobody</i>", headers={"accept": "text/html"})
    assert "There is no message to &lt;i&gt;nobody" in empty.text
