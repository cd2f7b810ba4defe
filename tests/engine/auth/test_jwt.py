import base64
import hashlib
import hmac
import json

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from orchestrator.engine.auth.jwk import from_pem, from_public, from_secret
from orchestrator.engine.auth.jwt import grant
from orchestrator.engine.auth.jwt_config import DEFAULT_NAMESPACE, JwtConfig, read_jwt_config
from orchestrator.engine.errors import EngineError

SECRET = "s" * 64
NOW = 1_700_000_000
HASURA = {"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user", "x-hasura-user-id": "7"}
PRIVATE = rsa.generate_private_key(65537, 2048)
PUBLIC_PEM = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def config(**setting):
    return read_jwt_config(json.dumps({"type": "HS256", "key": SECRET, **setting}))


def granted(claims, setting=None, *, at=NOW):
    token = pyjwt.encode(claims, SECRET, algorithm="HS256")
    return grant(token, setting or config(), (from_secret("HS256", SECRET),), at=at)


def refusal(claims, setting=None, *, at=NOW):
    with pytest.raises(EngineError) as caught:
        granted(claims, setting, at=at)
    return caught.value.code, caught.value.message


def with_hasura(**claims):
    return {DEFAULT_NAMESPACE: HASURA, **claims}


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("claims", "setting", "error"),
    [
        ({"exp": NOW}, {}, "JWTExpired"),
        ({"exp": NOW - 31}, {"allowed_skew": 30}, "JWTExpired"),
        ({"nbf": NOW + 1}, {}, "JWTNotYetValid"),
        ({"iat": NOW + 1}, {}, "JWTIssuedAtFuture"),
        ({"iss": "https://other"}, {"issuer": "https://mine"}, "JWTNotInIssuer"),
        ({"aud": "other"}, {"audience": "mine"}, "JWTNotInAudience"),
        ({"aud": ["other", "another"]}, {"audience": ["mine", "yours"]}, "JWTNotInAudience"),
    ],
)
def test_a_token_of_another_time_or_place_is_refused(claims, setting, error):
    assert refusal(with_hasura(**claims), config(**setting)) == ("invalid-jwt", f"Could not verify JWT: {error}")


@pytest.mark.parametrize(
    ("claims", "setting"),
    [
        ({"exp": NOW + 1}, {}),
        ({"exp": NOW - 29}, {"allowed_skew": 30}),
        ({"nbf": NOW, "iat": NOW}, {}),
        ({}, {"issuer": "https://mine", "audience": "mine"}),
        ({"iss": "https://mine"}, {"issuer": "https://mine"}),
        ({"aud": ["other", "mine"]}, {"audience": ["mine", "yours"]}),
    ],
)
def test_a_token_of_the_right_time_and_place_passes(claims, setting):
    assert granted(with_hasura(**claims), config(**setting)).variables == {"x-hasura-user-id": "7"}


def test_a_token_without_a_signature_is_refused():
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(with_hasura())}."
    for header in ("none", "None", "NONE", "HS1", "", None):
        forged = f"{part({'alg': header})}.{part(with_hasura())}."
        for token in (unsigned, forged):
            with pytest.raises(EngineError, match="JWSError JWSNoSignatures"):
                grant(token, config(), (from_secret("HS256", SECRET),), at=NOW)


def test_the_public_key_is_no_hmac_secret():
    signed = f"{part({'alg': 'HS256'})}.{part(with_hasura())}"
    forged = hmac.new(PUBLIC_PEM.encode(), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(EngineError, match="JWSError JWSInvalidSignature"):
        grant(f"{signed}.{part(forged)}", config(), (from_pem(PUBLIC_PEM),), at=NOW)


def test_another_pools_key_is_refused_and_all_keys_are_tried():
    token = pyjwt.encode(with_hasura(), PRIVATE, algorithm="RS256", headers={"kid": "unknown"})
    other = from_public(rsa.generate_private_key(65537, 2048).public_key())
    with pytest.raises(EngineError, match="JWSError JWSInvalidSignature"):
        grant(token, config(), (other,), at=NOW)
    assert grant(token, config(), (other, from_pem(PUBLIC_PEM)), at=NOW).default_role == "user"


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)"),
        ("a.b", "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 2)"),
        ("%%.a.b", 'JWSError (JSONDecodeError "Invalid base64url")'),
        ("é.a.b", 'JWSError (JSONDecodeError "Invalid base64url")'),
        (f"{part(b'{')}.a.b", 'JWSError (JSONDecodeError "Invalid JSON")'),
        (f"{part([])}.a.b", 'JWSError (JSONDecodeError "Not an object")'),
    ],
)
def test_what_is_no_token_is_refused(token, error):
    with pytest.raises(EngineError) as caught:
        grant(token, config(), (from_secret("HS256", SECRET),), at=NOW)
    assert caught.value.message == f"Could not verify JWT: {error}"


def test_no_keys_verify_nothing():
    with pytest.raises(EngineError, match="NoUsableKeys"):
        grant(pyjwt.encode(with_hasura(), SECRET, algorithm="HS256"), config(), (), at=NOW)


def test_claims_may_be_a_string_that_holds_json():
    stringified = config(claims_format="stringified_json")
    assert granted({DEFAULT_NAMESPACE: json.dumps(HASURA)}, stringified).default_role == "user"
    assert refusal({DEFAULT_NAMESPACE: HASURA}, stringified) == (
        "jwt-invalid-claims",
        "expecting a string when claims_format is stringified_json",
    )
    assert refusal({DEFAULT_NAMESPACE: "{"}, stringified) == (
        "jwt-invalid-claims",
        f"expecting stringified json at: 'claims_namespace {DEFAULT_NAMESPACE}', but found: {{",
    )
    assert refusal({DEFAULT_NAMESPACE: "{}"}) == (
        "jwt-invalid-claims",
        "expecting a json object when claims_format is json",
    )


def test_claims_may_stand_under_any_key_or_path():
    assert granted({"mine": HASURA}, config(claims_namespace="mine")).default_role == "user"
    nested = config(claims_namespace_path="$.app['hasura claims']")
    assert granted({"app": {"hasura claims": HASURA}}, nested).default_role == "user"
    assert granted(HASURA, config(claims_namespace_path="$")).default_role == "user"
    assert refusal({}) == ("jwt-invalid-claims", f"claims key: '{DEFAULT_NAMESPACE}' not found")
    message = "claims not found at claims_namespace_path: '$.app['hasura claims']'"
    assert refusal({}, nested) == ("jwt-invalid-claims", message)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"x-hasura-allowed-roles": None},
            "jwt-missing-role-claims",
            "JWT claim does not contain x-hasura-allowed-roles",
        ),
        (
            {"x-hasura-default-role": None},
            "jwt-missing-role-claims",
            "JWT claim does not contain x-hasura-default-role",
        ),
        (
            {"x-hasura-allowed-roles": "user"},
            "jwt-invalid-claims",
            (
                "invalid x-hasura-allowed-roles; should be a list of roles: "
                "parsing [] failed, expected Array, but encountered String"
            ),
        ),
        (
            {"x-hasura-default-role": 7},
            "jwt-invalid-claims",
            (
                "invalid x-hasura-default-role; should be a single role name: "
                "parsing String failed, expected String, but encountered Number"
            ),
        ),
        (
            {"x-hasura-allowed-roles": ["user", None]},
            "jwt-invalid-claims",
            (
                "invalid x-hasura-allowed-roles; should be a list of roles: "
                "parsing String failed, expected String, but encountered Null"
            ),
        ),
        (
            {"x-hasura-allowed-roles": [""]},
            "jwt-invalid-claims",
            "invalid x-hasura-allowed-roles; should be a list of roles: empty string not allowed",
        ),
        (
            {"x-hasura-org": ["a"]},
            "jwt-invalid-claims",
            "x-hasura-* claims: parsing Text failed, expected String, but encountered Array",
        ),
        (
            {"x-hasura-org": {"a": "b"}},
            "jwt-invalid-claims",
            "x-hasura-* claims: parsing Text failed, expected String, but encountered Object",
        ),
        (
            {"x-hasura-user-id": 7},
            "jwt-invalid-claims",
            "x-hasura-* claims: parsing Text failed, expected String, but encountered Number",
        ),
    ],
)
def test_malformed_claims_are_refused(change, code, message):
    claims = {name: value for name, value in {**HASURA, **change}.items() if value is not None}
    assert refusal({DEFAULT_NAMESPACE: claims}) == (code, message)


def test_only_hasuras_claims_become_session_variables_in_lower_case():
    claims = {**HASURA, "X-Hasura-Org": "9", "other": {"not": "a string"}}
    assert granted({DEFAULT_NAMESPACE: claims}).variables == {"x-hasura-user-id": "7", "x-hasura-org": "9"}


MAPPED = config(
    claims_map={
        "x-hasura-allowed-roles": {"path": "$.user.roles", "default": ["guest"]},
        "x-hasura-default-role": {"path": "$.user.roles[0]", "default": "guest"},
        "X-Hasura-User-Id": {"path": "$['user']['id']"},
        "x-hasura-static": "fixed",
    }
)


def test_each_claim_may_have_a_place_of_its_own():
    found = granted({"user": {"id": "7", "roles": ["editor", "user"]}}, MAPPED)
    assert (found.allowed_roles, found.default_role) == (("editor", "user"), "editor")
    assert found.variables == {"x-hasura-user-id": "7", "x-hasura-static": "fixed"}


def test_a_mapped_claim_falls_back_to_its_default_or_is_missed():
    assert granted({"user": {"id": "7"}}, MAPPED).default_role == "guest"
    message = "JWT claim from claims_map, x-hasura-user-id not found"
    assert refusal({}, MAPPED) == ("jwt-invalid-claims", message)


def test_a_mapped_claim_of_a_wrong_type_is_refused():
    hint = "parsing {} failed, expected {}, but encountered {}"
    for user, message in (
        (
            {"roles": "editor"},
            "invalid x-hasura-allowed-roles; should be a list of roles: " + hint.format("[]", "Array", "String"),
        ),
        (
            {"roles": [7]},
            "invalid x-hasura-default-role; should be a role: " + hint.format("String", "String", "Number"),
        ),
        ({"id": 7, "roles": ["user"]}, "x-hasura-* claims: " + hint.format("Text", "String", "Number")),
        ({"id": None, "roles": ["user"]}, "x-hasura-* claims: " + hint.format("Text", "String", "Null")),
    ):
        assert refusal({"user": {"id": "7", **user}}, MAPPED) == ("jwt-invalid-claims", message)


def test_a_mapped_role_that_is_missing_is_missed_by_its_name():
    roles = config(
        claims_map={"x-hasura-allowed-roles": {"path": "$.roles"}, "x-hasura-default-role": {"path": "$.role"}}
    )
    for claims, name in (({"role": "user"}, "allowed-roles"), ({"roles": ["user"]}, "default-role")):
        assert refusal(claims, roles) == ("jwt-missing-role-claims", f"JWT claim does not contain x-hasura-{name}")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"exp": "soon"}, "$.exp: parsing NumericDate failed, expected Number, but encountered String"),
        ({"nbf": True}, "$.nbf: parsing NumericDate failed, expected Number, but encountered Boolean"),
        ({"iat": []}, "$.iat: parsing NumericDate failed, expected Number, but encountered Array"),
        ({"aud": 7}, "$.aud: parsing StringOrURI failed, expected String, but encountered Number"),
        ({"aud": ["mine", 7]}, "$.aud: parsing StringOrURI failed, expected String, but encountered Number"),
        ([1], "$: parsing JWT Claims Set failed, expected Object, but encountered Array"),
        (b"{", None),
        (b"[" * 5000, None),
        (b'{"exp": 1e999}', None),
        (b'"\xff"', None),
    ],
)
def test_a_signed_token_whose_claims_can_not_be_read_is_refused(claims, error):
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    token = pyjwt.api_jws.encode(payload, SECRET, algorithm="HS256")
    with pytest.raises(EngineError) as caught:
        grant(token, config(), (from_secret("HS256", SECRET),), at=NOW)
    assert caught.value.code == "invalid-jwt"
    assert caught.value.message.startswith('Could not verify JWT: JWTClaimsSetDecodeError "Error in $')
    assert error is None or error in caught.value.message


def test_the_issuer_is_looked_at_before_the_signature():
    token = pyjwt.encode(with_hasura(iss="other"), "t" * 32, algorithm="HS256")
    with pytest.raises(EngineError, match="JWTNotInIssuer"):
        grant(token, config(issuer="mine"), (from_secret("HS256", SECRET),), at=NOW)


def test_the_namespace_holds_no_claim_that_every_token_knows():
    assert refusal({"sub": json.dumps(HASURA)}, config(claims_namespace="sub", claims_format="stringified_json")) == (
        "jwt-invalid-claims",
        "claims key: 'sub' not found",
    )


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_secret_too_short_for_its_algorithm_verifies_nothing():
    token = pyjwt.encode(with_hasura(), "s" * 32, algorithm="HS512")
    with pytest.raises(EngineError, match="JWSInvalidSignature"):
        grant(token, config(), (from_secret("HS256", "s" * 32),), at=NOW)


def test_a_token_with_demands_of_its_own_is_refused():
    token = pyjwt.encode(with_hasura(), SECRET, algorithm="HS256", headers={"crit": ["exp"]})
    with pytest.raises(EngineError, match="JWSNoSignatures"):
        grant(token, config(), (from_secret("HS256", SECRET),), at=NOW)


def test_half_a_surrogate_pair_in_a_token_is_refused():
    for token in ("\ud800.a.b", f"{part({'alg': 'HS256'})}.\ud800.b", f"{part({'alg': 'HS256'})}.e30.\ud800"):
        with pytest.raises(EngineError, match="Invalid base64url"):
            grant(token, config(), (from_secret("HS256", SECRET),), at=NOW)


def test_the_grant_lasts_as_long_as_the_token_and_its_skew():
    assert granted(with_hasura(exp=NOW + 9), config(allowed_skew=5)).expires_at == NOW + 14
    assert granted(with_hasura()).expires_at is None
    assert isinstance(config(), JwtConfig)
