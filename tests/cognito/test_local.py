"""The messages that were "sent", for programs and for people; and the clock."""

from __future__ import annotations

import httpx
import jwt
import pytest

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


def test_the_clock_can_be_moved_and_with_it_all_that_time_decides(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    issued = jwt.decode(cognito.sign_in("ann")["IdToken"], options={"verify_signature": False})["iat"]
    moved = httpx.put(f"{cognito.url}/_local/clock", json={"offset": -7200}).json()
    assert moved["offset"] == -7200
    past = jwt.decode(cognito.sign_in("ann")["IdToken"], options={"verify_signature": False})
    assert past["iat"] == pytest.approx(issued - 7200, abs=5)
    assert past["exp"] == past["iat"] + 3600
    access_token = cognito.sign_in("ann")["AccessToken"]
    httpx.put(f"{cognito.url}/_local/clock", json={"offset": 0})
    assert httpx.get(f"{cognito.url}/_local/clock").json()["offset"] == 0
    with pytest.raises(cognito.api.exceptions.NotAuthorizedException, match="expired"):
        cognito.api.get_user(AccessToken=access_token)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"offset": "1"}', '{"offset": true}', '{"offset": 1e12}', '{"offset": null}']
)
def test_the_clock_is_moved_by_a_number_of_seconds_only(cognito: Running, body: str) -> None:
    answer = httpx.put(f"{cognito.url}/_local/clock", content=body)
    assert (answer.status_code, answer.json()["message"][:17]) == (400, 'Send {"offset": s')
    assert httpx.get(f"{cognito.url}/_local/clock").json()["offset"] == 0


def test_a_page_may_not_move_the_clock(cognito: Running) -> None:
    answer = httpx.put(f"{cognito.url}/_local/clock", json={"offset": 1}, headers={"origin": "http://localhost:3000"})
    assert answer.status_code == 403
    assert httpx.get(f"{cognito.url}/_local/clock").json()["offset"] == 0
