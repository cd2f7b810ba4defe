import json

import pytest

from orchestrator.engine.jwk import Key, UnusableKey, from_set
from orchestrator.engine.jwt_config import AtPath, ClaimsMap, JwtConfigError, Namespace, Static, read_jwt_config
from orchestrator.engine.token_header import AuthorizationHeader, Cookie, CustomHeader

URL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x/.well-known/jwks.json"
SECRET = "0123456789abcdef0123456789abcdef"
# A key as Cognito once published it: padded base64 and a leading zero byte in n.
N = "AL2Rn-VtVpW2N8bCqCEnGMVQzIYuW8fo6PrIlwjXvtQ2tG5TZGBjnQ-fOx9V0JjCAqEMfQ3tnjRbFQ5xzWhnzpkC"


def read(**setting):
    return read_jwt_config(json.dumps(setting))


def test_an_address_gives_a_configuration_with_hasuras_defaults():
    config = read(jwk_url=URL)
    assert (config.keys, config.claims, config.header) == (URL, Namespace(), AuthorizationHeader())
    assert (config.audience, config.issuer, config.allowed_skew) == (None, None, 0)


def test_every_setting_is_read():
    config = read(
        jwk_url=URL,
        claims_namespace="mine",
        claims_format="stringified_json",
        audience=["a", "b"],
        issuer="https://issuer",
        allowed_skew=60,
        header={"type": "Cookie", "name": "token"},
    )
    assert config.claims == Namespace("mine", None, stringified=True)
    assert (config.audience, config.issuer, config.allowed_skew) == (("a", "b"), "https://issuer", 60)
    assert config.header == Cookie("token")
    assert read(jwk_url=URL, header={"type": "CustomHeader", "name": "X-Token"}).header == CustomHeader("x-token")


def test_the_claims_map_beats_the_namespace():
    claims = {"x-hasura-allowed-roles": {"path": "$.roles"}, "x-hasura-default-role": "user"}
    config = read(jwk_url=URL, claims_map=claims, claims_namespace="ignored")
    assert config.claims == ClaimsMap(
        {"x-hasura-allowed-roles": AtPath(("roles",)), "x-hasura-default-role": Static("user")}
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        ("{}", "key and jwk_url both cannot be empty"),
        (json.dumps({"key": SECRET, "jwk_url": URL}), "both cannot be present"),
        (json.dumps({"key": SECRET}), "the key has no type"),
        (json.dumps({"key": SECRET, "type": "HS999"}), "Key type: HS999 is not supported"),
        (json.dumps({"key": "short", "type": "HS256"}), "at least 32 characters"),
        (json.dumps({"key": SECRET, "type": "RS256"}), "not a PEM-encoded public key"),
        (json.dumps({"jwk_url": "file:///etc/passwd"}), "not an http or https address"),
        (json.dumps({"jwk_url": URL, "claims_format": "xml"}), "neither json nor stringified_json"),
        (json.dumps({"jwk_url": URL, "claims_namespace": "a", "claims_namespace_path": "$.b"}), "both cannot be set"),
        (json.dumps({"jwk_url": URL, "claims_namespace_path": "$.["}), "invalid JSON path"),
        (json.dumps({"jwk_url": URL, "claims_map": {"x-hasura-user-id": "1"}}), "no x-hasura-allowed-roles"),
        (json.dumps({"jwk_url": URL, "header": {"type": "Cookie"}}), "needs a name"),
        (json.dumps({"jwk_url": URL, "header": "Elsewhere"}), "none of Authorization, Cookie, CustomHeader"),
        (json.dumps({"jwk_url": URL, "audience": {"a": 1}}), "neither a string nor a list"),
    ],
)
def test_a_bad_setting_is_named_without_the_key(text, says):
    with pytest.raises(JwtConfigError) as caught:
        read_jwt_config(text)
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_key_never_shows_itself():
    assert SECRET not in repr(read(type="HS256", key=SECRET))


def test_cognitos_padded_keys_are_read_and_named_algorithms_bind():
    signing = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": N + "==", "e": "AQAB="}
    encryption = {**signing, "use": "enc"}
    (key,) = from_set({"keys": [signing, encryption, {"kty": "unknown"}, "nonsense"]})
    assert key.algorithms == ("RS256",)
    assert key.material.public_numbers().e == 65537


@pytest.mark.parametrize("document", [{}, [], {"keys": []}, {"keys": [{"kty": "RSA", "n": "%", "e": "AQAB"}]}])
def test_a_set_without_a_usable_key_is_refused(document):
    with pytest.raises(UnusableKey):
        from_set(document)


def test_a_symmetric_key_of_a_set_verifies_hmac_only():
    (key,) = from_set({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})
    assert key == Key(("HS256", "HS384", "HS512"), b"secret")
