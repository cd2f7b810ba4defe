"""Clients with a secret, and how they show that they have it."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cognito.auth.clients import check_secret, check_secret_hash, secret_hash
from orchestrator.cognito.errors import NotAuthorized
from orchestrator.cognito.model import Client

PUBLIC = Client("client", "pool", {}, 0, 0)
CONFIDENTIAL = Client("client", "pool", {}, 0, 0, secret="s3cret")


def test_a_secret_hash_is_as_amazon_documents_it() -> None:
    # echo -n "annclient" | openssl dgst -sha256 -hmac s3cret -binary | base64
    assert secret_hash("ann", "client", "s3cret") == "4q6Rn1PaHFX2DHLFpb72CUsfCXPz4bFspNpEp6SUSkI="


def test_a_hash_for_any_of_the_users_names_will_do() -> None:
    check_secret_hash(CONFIDENTIAL, ["sub", "ann"], secret_hash("ann", "client", "s3cret"))
    check_secret_hash(PUBLIC, ["ann"], None)


@pytest.mark.parametrize(
    ("client", "given"),
    [
        (CONFIDENTIAL, None),
        (CONFIDENTIAL, secret_hash("bob", "client", "s3cret")),
        (CONFIDENTIAL, secret_hash("ann", "client", "other")),
        (CONFIDENTIAL, "ä"),
        (PUBLIC, secret_hash("ann", "client", "s3cret")),
    ],
)
def test_a_missing_wrong_or_uncalled_for_hash_is_refused(client: Client, given: Any) -> None:
    with pytest.raises(NotAuthorized) as caught:
        check_secret_hash(client, ["ann"], given)
    assert "s3cret" not in caught.value.message


def test_the_secret_itself_is_compared() -> None:
    check_secret(PUBLIC, None)
    check_secret(CONFIDENTIAL, "s3cret")
    for wrong in (None, "", "other", "ä"):
        with pytest.raises(NotAuthorized):
            check_secret(CONFIDENTIAL, wrong)
