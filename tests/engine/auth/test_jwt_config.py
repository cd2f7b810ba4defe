import base64
import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from orchestrator.engine.auth.jwk import Key, UnusableKey, from_set
from orchestrator.engine.auth.jwt_config import (
    AtPath,
    ClaimsMap,
    JwtConfigError,
    Namespace,
    Static,
    read_jwt_config,
    read_jwt_configs,
)
from orchestrator.engine.auth.token_header import AuthorizationHeader, Cookie, CustomHeader

URL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x/.well-known/jwks.json"
SECRET = "0123456789abcdef0123456789abcdef"
# A key as Cognito once published it: padded base64 and a leading zero byte in n.
N = "AL2Rn-VtVpW2N8bCqCEnGMVQzIYuW8fo6PrIlwjXvtQ2tG5TZGBjnQ-fOx9V0JjCAqEMfQ3tnjRbFQ5xzWhnzpkC"


def read(**setting):
    return read_jwt_config(json.dumps(setting))


def mapped(**claims):
    roles = {"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user"}
    return json.dumps({"jwk_url": URL, "claims_map": {**roles, **claims}})


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
    assert read(jwk_url=URL, header={"type": "customheader", "name": "X-Token"}).header == CustomHeader("x-token")


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
        (json.dumps({"key": SECRET}), 'key "type" not found'),
        (json.dumps({"key": SECRET, "type": "HS999"}), "Key type: HS999 is not supported"),
        (json.dumps({"key": "short", "type": "HS256"}), "Key size too small; should be atleast 32 characters"),
        (json.dumps({"key": SECRET, "type": "RS256"}), "Could not decode PEM"),
        (json.dumps({"jwk_url": "file:///etc/passwd"}), "not an http or https address"),
        (json.dumps({"jwk_url": URL, "claims_format": "xml"}), "neither json nor stringified_json"),
        (json.dumps({"jwk_url": URL, "claims_namespace": "a", "claims_namespace_path": "$.b"}), "both cannot be set"),
        (json.dumps({"jwk_url": URL, "claims_namespace_path": "$.["}), "invalid JSON path"),
        (
            json.dumps({"jwk_url": URL, "claims_map": {"x-hasura-user-id": "1"}}),
            "x-hasura-allowed-roles is expected but not found",
        ),
        (json.dumps({"jwk_url": URL, "header": {"type": "Cookie"}}), 'key "name" not found'),
        (
            json.dumps({"jwk_url": URL, "header": {"type": "Elsewhere"}}),
            "'Authorization' or 'Cookie' or 'CustomHeader'",
        ),
        (json.dumps({"jwk_url": URL, "header": "Authorization"}), "header is a String"),
        (json.dumps({"jwk_url": URL, "allowed_skew": True}), "allowed_skew has the wrong type"),
        (json.dumps({"jwk_url": URL, "issuer": ["a"]}), "issuer has the wrong type: it is an Array"),
        (mapped(**{"x-hasura-allowed-roles": "user"}), "x-hasura-allowed-roles that is not a list of roles"),
        (mapped(**{"x-hasura-allowed-roles": ["user", ""]}), "x-hasura-allowed-roles that is not a list of roles"),
        (mapped(**{"x-hasura-default-role": ["user"]}), "x-hasura-default-role that is an Array"),
        (mapped(**{"x-hasura-default-role": ""}), "x-hasura-default-role that is empty"),
        (mapped(**{"x-hasura-user-id": 7}), "x-hasura-user-id that is a Number"),
        (mapped(**{"x-hasura-user-id": {"default": "7"}}), "x-hasura-user-id without a path"),
        (mapped(**{"x-hasura-user-id": {"path": "$.a", "default": 7}}), "x-hasura-user-id that is a Number"),
        (mapped(**{"x-hasura-user-id": {"path": "$.["}}), "invalid JSON path"),
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


@pytest.mark.parametrize("document", [{}, [], {"keys": None}, {"keys": {"kty": "oct"}}])
def test_what_is_no_set_of_keys_is_refused(document):
    with pytest.raises(UnusableKey):
        from_set(document)


def test_a_set_may_have_no_key_to_verify_with():
    assert from_set({"keys": []}) == ()
    assert from_set({"keys": [{"kty": "RSA", "n": "%", "e": "AQAB"}]}) == ()


def test_a_symmetric_key_verifies_hmac_only_and_only_where_it_is_long_enough():
    (key,) = from_set({"keys": [{"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 48).decode()}]})
    assert key == Key(("HS256", "HS384"), b"s" * 48)
    assert read(type="HS256", key="s" * 64).keys == Key(("HS256", "HS384", "HS512"), b"s" * 64)


def signed_certificate(private):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 7, start, start + datetime.timedelta(days=1))
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def public_pem(private, form=serialization.PublicFormat.SubjectPublicKeyInfo):
    return private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


RSA, P256, P384, P521, ED25519 = (
    rsa.generate_private_key(65537, 2048),
    *(ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)),
    ed25519.Ed25519PrivateKey.generate(),
)


@pytest.mark.parametrize(
    ("kind", "private"),
    [
        ("RS256", RSA),
        ("RS384", RSA),
        ("RS512", RSA),
        ("ES256", P256),
        ("ES384", P384),
        ("ES512", P521),
        ("Ed25519", ED25519),
    ],
)
def test_a_key_of_each_type_is_read_from_its_pem(kind, private):
    algorithm = "EdDSA" if kind == "Ed25519" else kind
    assert algorithm in read(type=kind, key=public_pem(private)).keys.algorithms


def test_an_rsa_key_may_be_pkcs1_or_a_certificate_and_an_elliptic_one_too():
    for text in (public_pem(RSA, serialization.PublicFormat.PKCS1), signed_certificate(RSA)):
        assert read(type="RS256", key=text).keys.material.public_numbers() == RSA.public_key().public_numbers()
    assert read(type="ES256", key=signed_certificate(P256)).keys.algorithms == ("ES256",)


@pytest.mark.parametrize(("kind", "private"), [("RS256", P256), ("ES256", P384), ("ES384", RSA), ("Ed25519", RSA)])
def test_a_key_of_another_type_than_it_says_is_refused(kind, private):
    with pytest.raises(JwtConfigError, match="Invalid JWK: the key is not"):
        read(type=kind, key=public_pem(private))


def test_a_private_key_is_refused():
    text = RSA.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    with pytest.raises(JwtConfigError, match="Could not decode PEM") as caught:
        read(type="RS256", key=text)
    assert "PRIVATE" not in str(caught.value)


def test_a_list_of_secrets_has_at_most_one_without_an_issuer():
    mine, other, any_ = {"jwk_url": URL, "issuer": "mine"}, {"jwk_url": URL, "issuer": "other"}, {"jwk_url": URL}
    assert [config.issuer for config in read_jwt_configs(json.dumps([mine, other, any_]))] == ["mine", "other", None]
    with pytest.raises(JwtConfigError, match="more than one of the secrets has no issuer"):
        read_jwt_configs(json.dumps([any_, mine, any_]))
    for text in ("{", "[]", "{}", "[1]"):
        with pytest.raises(JwtConfigError):
            read_jwt_configs(text)


def test_the_console_is_shown_where_the_claims_stand():
    assert read(jwk_url=URL, claims_namespace_path="$.a.b").shown() == {
        "claims_namespace": "$.a.b",
        "claims_format": "json",
        "claims_map": None,
    }
    claims_map = {
        "x-hasura-allowed-roles": {"path": "$.roles", "default": ["user"]},
        "x-hasura-default-role": "user",
    }
    assert read(jwk_url=URL, claims_map=claims_map).shown()["claims_map"] == claims_map
