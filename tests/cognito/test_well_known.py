"""Discovery and keys."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from .conftest import POOL, Running, Start


def test_discovery_names_issuer_and_keys(cognito: Running) -> None:
    with urlopen(f"{cognito.url}/{POOL}/.well-known/openid-configuration") as answer:
        document = json.load(answer)
    assert document["issuer"] == f"{cognito.url}/{POOL}"
    assert document["jwks_uri"] == f"{cognito.url}/{POOL}/.well-known/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]


def test_the_keys_are_public_only_and_may_be_cached(cognito: Running) -> None:
    with urlopen(f"{cognito.url}/{POOL}/.well-known/jwks.json") as answer:
        keys = json.load(answer)["keys"]
        assert "max-age=" in answer.headers["cache-control"]
    assert [set(key) for key in keys] == [{"alg", "e", "kid", "kty", "n", "use"}] * 2
    assert len({key["kid"] for key in keys}) == 2


def test_the_keys_stay_over_a_restart(start: Start) -> None:
    def kids() -> list[str]:
        cognito = start()
        with urlopen(f"{cognito.url}/{POOL}/.well-known/jwks.json") as answer:
            found = [key["kid"] for key in json.load(answer)["keys"]]
        cognito.stop()
        return found

    assert kids() == kids()


def test_a_pool_that_is_not_there_has_no_keys(cognito: Running) -> None:
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{cognito.url}/us-east-1_Nowhere/.well-known/jwks.json")
    caught.value.close()
    assert caught.value.code == 404
