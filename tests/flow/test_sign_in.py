"""The whole flow as an application goes it: boto3 against the pool, HTTP against Hasura."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest

from tests.flow.conftest import Running

PASSWORD = "Correct-Horse-1"
NAMESPACE = "https://hasura.io/jwt/claims"


@dataclass(frozen=True)
class User:
    email: str
    sub: str
    tokens: dict[str, Any]

    @property
    def token(self) -> str:
        token: str = self.tokens["IdToken"]
        return token


def sign_in(stack: Running, email: str) -> dict[str, Any]:
    answer = stack.cognito.initiate_auth(
        ClientId=stack.facts["pool"]["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )
    result: dict[str, Any] = answer["AuthenticationResult"]
    return result


def code_for(stack: Running, email: str) -> str:
    url = f"{stack.facts['urls']['cognito']}/_local/messages"
    code: str = httpx.get(url, params={"username": email}, trust_env=False).json()[-1]["code"]
    return code


def sign_up(stack: Running) -> User:
    email = f"{uuid.uuid4().hex}@example.com"
    client_id = stack.facts["pool"]["client_id"]
    sub = stack.cognito.sign_up(
        ClientId=client_id, Username=email, Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": email}]
    )["UserSub"]
    stack.cognito.confirm_sign_up(ClientId=client_id, Username=email, ConfirmationCode=code_for(stack, email))
    return User(email, sub, sign_in(stack, email))


@pytest.fixture
def user(stack: Running) -> User:
    return sign_up(stack)


def row(stack: Running, sub: str) -> Any:
    query = f'{{ users_by_pk(id: "{sub}") {{ id username email email_verified last_sign_in_at }} }}'
    return stack.as_admin(query)["users_by_pk"]


def test_the_row_is_there_after_sign_up_and_knows_the_sign_in(stack: Running, user: User) -> None:
    synced = row(stack, user.sub)
    assert (synced["email"], synced["email_verified"]) == (user.email, True)
    assert synced["last_sign_in_at"] is not None


def test_an_older_event_leaves_what_a_newer_one_has_written(stack: Running, user: User) -> None:
    newer = '{email: "new@example.com", synced_at: "2999-01-01T00:00:00Z"}'
    stack.as_admin(f'mutation {{ update_users_by_pk(pk_columns: {{id: "{user.sub}"}}, _set: {newer}) {{ id }} }}')
    sign_in(stack, user.email)
    assert row(stack, user.sub)["email"] == "new@example.com"


def test_a_row_that_is_marked_as_deleted_is_nobodys_until_the_user_signs_in_again(stack: Running, user: User) -> None:
    stack.as_admin(
        f'mutation {{ update_users(where: {{id: {{_eq: "{user.sub}"}}}}, _set: {{deleted_at: "now"}}) '
        "{ affected_rows } }"
    )
    assert stack.graphql("{ users { id } }", user.token) == {"data": {"users": []}}
    sign_in(stack, user.email)
    assert stack.graphql("{ users { id } }", user.token) == {"data": {"users": [{"id": user.sub}]}}


def test_the_id_token_verifies_against_the_published_keys_and_carries_the_claims(stack: Running, user: User) -> None:
    urls = stack.facts["urls"]
    keys = {key["kid"]: key for key in httpx.get(urls["jwks"], trust_env=False).json()["keys"]}
    key = jwt.PyJWK(keys[jwt.get_unverified_header(user.token)["kid"]])
    claims = jwt.decode(
        user.token, key, algorithms=["RS256"], audience=stack.facts["pool"]["client_id"], issuer=urls["issuer"]
    )
    assert json.loads(claims[NAMESPACE]) == {
        "x-hasura-user-id": user.sub,
        "x-hasura-default-role": "user",
        "x-hasura-allowed-roles": ["user"],
    }


def test_a_user_reads_the_own_row_only(stack: Running, user: User) -> None:
    other = sign_up(stack)
    assert stack.graphql("{ users { id email } }", user.token) == {
        "data": {"users": [{"id": user.sub, "email": user.email}]}
    }
    assert stack.graphql(f'{{ users_by_pk(id: "{other.sub}") {{ id }} }}', user.token) == {
        "data": {"users_by_pk": None}
    }


def test_a_user_changes_a_few_columns_of_the_own_row_only(stack: Running, user: User) -> None:
    other = sign_up(stack)
    change = "mutation {{ update_users(where: {{}}, _set: {{{}}}) {{ affected_rows returning {{ id }} }} }}"
    changed = stack.graphql(change.format('display_name: "Ada"'), user.token)
    assert changed == {"data": {"update_users": {"affected_rows": 1, "returning": [{"id": user.sub}]}}}
    refused = stack.graphql(change.format('email: "x@example.com"'), user.token)
    assert "field 'email' not found in type: 'users_set_input'" in refused["errors"][0]["message"]
    assert row(stack, other.sub)["email"] == other.email


def test_a_user_neither_inserts_nor_deletes(stack: Running, user: User) -> None:
    inserted = stack.graphql('mutation { insert_users_one(object: {id: "x", username: "x"}) { id } }', user.token)
    assert "field 'insert_users_one' not found in type: 'mutation_root'" in inserted["errors"][0]["message"]
    deleted = stack.graphql("mutation { delete_users(where: {}) { affected_rows } }", user.token)
    assert "field 'delete_users' not found in type: 'mutation_root'" in deleted["errors"][0]["message"]


def test_without_a_token_only_public_profiles_show(stack: Running, user: User) -> None:
    stack.graphql(
        'mutation { update_users(where: {}, _set: {display_name: "Public Ada"}) { affected_rows } }', user.token
    )
    hidden = stack.graphql("{ users { id } }")
    assert "field 'users' not found in type: 'query_root'" in hidden["errors"][0]["message"]
    profile = f'{{ public_profiles(where: {{id: {{_eq: "{user.sub}"}}}}) {{ display_name }} }}'
    assert stack.graphql(profile) == {"data": {"public_profiles": [{"display_name": "Public Ada"}]}}
    leaked = stack.graphql("{ public_profiles { email } }")
    assert "field 'email' not found in type: 'public_profiles'" in leaked["errors"][0]["message"]


def test_a_role_that_is_not_in_the_token_is_refused(stack: Running, user: User) -> None:
    answer = stack.graphql("{ users { id } }", user.token, **{"x-hasura-role": "admin"})
    assert answer["errors"][0]["message"] == "Your requested role is not in allowed roles"


def test_session_variables_of_the_request_do_not_beat_those_of_the_token(stack: Running, user: User) -> None:
    other = sign_up(stack)
    answer = stack.graphql("{ users { id } }", user.token, **{"x-hasura-user-id": other.sub})
    assert answer == {"data": {"users": [{"id": user.sub}]}}


def test_a_changed_token_is_refused(stack: Running, user: User) -> None:
    head, payload, signature = user.token.split(".")
    broken = ".".join([head, payload, signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")])
    assert stack.graphql("{ users { id } }", broken)["errors"][0]["extensions"]["code"] == "invalid-jwt"


def test_a_cognito_group_is_a_role(stack: Running, user: User) -> None:
    pool = stack.facts["pool"]["id"]
    group = f"editor-{uuid.uuid4().hex[:6]}"
    stack.cognito.create_group(UserPoolId=pool, GroupName=group)
    stack.cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.email, GroupName=group)
    claims = jwt.decode(sign_in(stack, user.email)["IdToken"], options={"verify_signature": False})
    assert json.loads(claims[NAMESPACE])["x-hasura-allowed-roles"] == ["user", group]
    assert claims["cognito:groups"] == [group]


def test_a_refreshed_token_carries_the_claims_too(stack: Running, user: User) -> None:
    refreshed = stack.cognito.initiate_auth(
        ClientId=stack.facts["pool"]["client_id"],
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": user.tokens["RefreshToken"]},
    )["AuthenticationResult"]
    assert stack.graphql("{ users { id } }", refreshed["IdToken"]) == {"data": {"users": [{"id": user.sub}]}}


def test_a_user_that_an_administrator_made_gets_a_row_at_the_first_sign_in(stack: Running) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    pool, client_id = stack.facts["pool"]["id"], stack.facts["pool"]["client_id"]
    made = stack.cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        TemporaryPassword="Temporary-1",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )
    (sub,) = [each["Value"] for each in made["User"]["Attributes"] if each["Name"] == "sub"]
    assert row(stack, sub) is None
    challenge = stack.cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": "Temporary-1"},
    )
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    answered = stack.cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": PASSWORD},
    )
    assert row(stack, sub)["email"] == email
    assert stack.graphql("{ users { id } }", answered["AuthenticationResult"]["IdToken"]) == {
        "data": {"users": [{"id": sub}]}
    }
