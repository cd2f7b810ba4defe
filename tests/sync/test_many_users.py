"""Many users at a time. SYNC_USERS=2000 makes them two thousand, for which the emulator's SRP takes its time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orchestrator.testing import Database, Stack
from orchestrator.testing.users import PASSWORD
from tests.sync.conftest import STAFF, NamesPool, until

USERS = int(os.environ.get("SYNC_USERS", "150"))
AT_A_TIME = 50


@pytest.mark.timeout(60 + USERS / 5)
def test_users_who_sign_up_and_in_fifty_at_a_time_have_a_row_each(
    names_pool: NamesPool, stack: Stack, database: Database
) -> None:
    def ask(operation: str, **request: Any) -> Any:
        """As boto3 does it, in a quarter of its time."""
        headers = {"x-amz-target": f"AWSCognitoIdentityProviderService.{operation}"}
        answer = stack.http.post(
            stack.urls.cognito, json={"ClientId": names_pool.client_id, **request}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign_up_and_in(number: int) -> tuple[str, str]:
        name, address = f"user-{number}", {"Name": "email", "Value": f"{number}@{STAFF}"}
        sub = ask("SignUp", Username=name, Password=PASSWORD, UserAttributes=[address])["UserSub"]
        parameters = {"USERNAME": name, "PASSWORD": PASSWORD}
        ask("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
        return sub, name

    with ThreadPoolExecutor(AT_A_TIME) as at_a_time:
        users = dict(at_a_time.map(sign_up_and_in, range(USERS)))
    query = "SELECT id, username, last_sign_in_at = synced_at AS signed_in FROM users"
    # What a function gave up waiting for, Hasura does all the same.
    until(lambda: sum(bool(each["signed_in"]) for each in database.rows(query)) == USERS, seconds=20)
    rows = database.rows(query)
    assert len(rows) == len(users) == USERS
    assert {each["id"]: each["username"] for each in rows} == users
    assert all(each["signed_in"] for each in rows)
