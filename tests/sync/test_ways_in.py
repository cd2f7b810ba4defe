"""Every way in which a user comes into the pool, changes there or signs in, and what the row says then."""

from __future__ import annotations

import uuid

import pytest

from orchestrator.testing import Database, HostedUi, Messages, SignIn, SignUp, Stack, Triggers
from orchestrator.testing.hosted_ui import Browser
from orchestrator.testing.users import PASSWORD
from tests.sync.conftest import STAFF, NamesPool, Row, RowOf, create

CONFIRMED, SIGNED_IN = "PostConfirmation_ConfirmSignUp", "PostAuthentication_Authentication"
SYNC = "user_sync"


def sources(triggers: Triggers) -> list[str]:
    """The events that the sync function got."""
    return [each.source for each in triggers.of(SYNC)]


def told(row: Row) -> tuple[str, str | None, bool]:
    return row["username"], row["email"], row["email_verified"]


@pytest.mark.on_docker_too
def test_a_confirmed_sign_up_makes_the_row_and_the_sign_in_dates_it(
    sign_up: SignUp, sign_in: SignIn, row: RowOf, database: Database, triggers: Triggers
) -> None:
    user = sign_up("ada@example.com", confirm=False)
    assert database.rows("SELECT id FROM users") == []
    user.stack.cognito.confirm_sign_up(
        ClientId=user.stack.pool.client_id,
        Username=user.username,
        ConfirmationCode=user.stack.accounts.code_for(user.username),
    )
    confirmed = row(user.sub)
    assert told(confirmed) == (user.sub, "ada@example.com", True)
    assert confirmed["last_sign_in_at"] is None
    sign_in(user)
    signed_in = row(user.sub)
    assert signed_in["last_sign_in_at"] == signed_in["synced_at"] > confirmed["synced_at"]
    assert sources(triggers) == [CONFIRMED, SIGNED_IN]


def test_a_sign_up_that_the_pre_sign_up_function_confirms_makes_the_row(
    sign_up: SignUp, row: RowOf, triggers: Triggers
) -> None:
    user = sign_up(f"ada@{STAFF}", confirm=False)
    assert told(row(user.sub)) == (user.sub, f"ada@{STAFF}", True)
    assert sources(triggers) == [CONFIRMED]


def test_a_sign_up_that_an_administrator_confirms_makes_the_row(
    sign_up: SignUp, row: RowOf, triggers: Triggers
) -> None:
    user = sign_up("ada@example.com", confirm=False)
    user.stack.cognito.admin_confirm_sign_up(UserPoolId=user.stack.pool.id, Username=user.username)
    assert told(row(user.sub)) == (user.sub, "ada@example.com", False)
    assert sources(triggers) == [CONFIRMED]


def test_a_user_whom_an_administrator_made_has_a_row_from_the_first_sign_in_on(
    stack: Stack, sign_in: SignIn, row: RowOf, database: Database, triggers: Triggers
) -> None:
    sub = create(stack, "ada@example.com")
    assert sources(triggers) == []
    assert database.rows("SELECT id FROM users") == []
    sign_in("ada@example.com")
    assert told(row(sub)) == (sub, "ada@example.com", True)
    assert sources(triggers) == [SIGNED_IN]


@pytest.mark.on_docker_too
def test_the_first_social_sign_in_makes_the_row_and_later_ones_date_it(
    hosted_ui: HostedUi, row: RowOf, database: Database, triggers: Triggers
) -> None:
    def sign_in() -> str:
        """The sub of who comes from Google."""
        with Browser(hosted_ui.stack.urls.cognito) as browser:
            browser.open(hosted_ui.authorize_url(identity_provider="Google"))
            browser.submit({"email": "grace@example.com", "name": "Grace"})
            given = browser.answer()
        return hosted_ui.users.from_tokens(given["id_token"], given["access_token"], "", expires_in=0, password="").sub

    sub = sign_in()
    first = row(sub)
    assert first["username"].startswith("Google_")
    assert (first["email"], first["email_verified"]) == ("grace@example.com", True)
    assert first["last_sign_in_at"] == first["synced_at"]
    assert sign_in() == sub
    later = row(sub)
    assert later["last_sign_in_at"] == later["synced_at"] > first["synced_at"]
    assert sources(triggers) == [CONFIRMED, SIGNED_IN]
    assert database.value("SELECT count(*) FROM users") == 1


def test_a_forgotten_password_syncs_when_the_new_one_is_set(
    sign_up: SignUp, sign_in: SignIn, row: RowOf, messages: Messages, triggers: Triggers
) -> None:
    user = sign_in(sign_up())
    before = row(user.sub)
    triggers.clear()
    cognito, client = user.stack.cognito, user.stack.pool.client_id
    cognito.forgot_password(ClientId=client, Username=user.username)
    cognito.confirm_forgot_password(
        ClientId=client, Username=user.username, ConfirmationCode=messages.code(user), Password=f"{PASSWORD}2"
    )
    after = row(user.sub)
    assert sources(triggers) == ["PostConfirmation_ConfirmForgotPassword"]
    assert after["synced_at"] > before["synced_at"]
    assert after["last_sign_in_at"] == before["last_sign_in_at"]


@pytest.mark.on_docker_too
def test_a_changed_address_follows_at_the_next_sign_in_and_so_does_its_verification(
    sign_up: SignUp, sign_in: SignIn, row: RowOf, messages: Messages, triggers: Triggers
) -> None:
    user = sign_in(sign_up())
    before = row(user.sub)
    cognito, token = user.stack.cognito, user.access_token
    triggers.clear()
    cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": "new@example.com"}])
    # No trigger tells of it.
    assert sources(triggers) == []
    assert row(user.sub) == before
    sign_in(user.sub, user.password)
    assert told(row(user.sub)) == (user.sub, "new@example.com", False)
    cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=messages.code(user.sub))
    sign_in("new@example.com", user.password)
    assert told(row(user.sub)) == (user.sub, "new@example.com", True)


def test_the_key_is_the_sub_where_users_choose_their_names(names_pool: NamesPool, row: RowOf) -> None:
    sub = names_pool.create("ada", email="ada@example.com")
    names_pool.sign_in("ada")
    assert uuid.UUID(sub)
    assert told(row(sub)) == ("ada", "ada@example.com", False)


def test_who_is_made_anew_under_the_same_name_gets_a_row_of_its_own(
    names_pool: NamesPool, row: RowOf, database: Database
) -> None:
    subs = []
    for _ in range(2):
        subs.append(names_pool.create("ada", email="ada@example.com"))
        names_pool.sign_in("ada")
        names_pool.api.admin_delete_user(UserPoolId=names_pool.id, Username="ada")
    assert [row(sub)["username"] for sub in subs] == ["ada", "ada"]
    assert database.value("SELECT count(*) FROM users") == 2


@pytest.mark.parametrize("flow", ["REFRESH_TOKEN_AUTH", "GetTokensFromRefreshToken"])
def test_a_refresh_syncs_nothing(flow: str, sign_up: SignUp, sign_in: SignIn, row: RowOf, triggers: Triggers) -> None:
    user = sign_in(sign_up())
    before = row(user.sub)
    triggers.clear()
    cognito, client = user.stack.cognito, user.stack.pool.client_id
    if flow == "GetTokensFromRefreshToken":
        cognito.get_tokens_from_refresh_token(ClientId=client, RefreshToken=user.refresh_token)
    else:
        cognito.initiate_auth(
            ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": user.refresh_token}
        )
    assert triggers.sources == ["TokenGeneration_RefreshTokens"]
    assert row(user.sub) == before
