import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from orchestrator.engine.errors import EngineError
from orchestrator.engine.jwk import from_pem, from_secret
from orchestrator.engine.jwt_config import DEFAULT_NAMESPACE, JwtConfig
from orchestrator.engine.session import AuthConfig, Authenticator
from orchestrator.engine.token_header import Cookie, CustomHeader

SECRET = "s" * 32
HASURA = {"x-hasura-allowed-roles": ["user", "editor"], "x-hasura-default-role": "user", "X-Hasura-User-Id": "7"}
NOW = 1_700_000_000.0


def token(claims=None, *, key=SECRET, algorithm="HS256", hasura=HASURA):
    return pyjwt.encode({DEFAULT_NAMESPACE: hasura, **(claims or {})}, key, algorithm=algorithm)


def pem(private):
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def authenticator(*, keys=None, clock=lambda: NOW, role=None, **config):
    keys = (from_secret("HS256", SECRET),) if keys is None else keys
    config = AuthConfig("admin-secret", JwtConfig("http://unused", **config), role)
    return Authenticator(config, lambda: keys, clock)


def bearer(text, **headers):
    return {"authorization": f"Bearer {text}", **headers}


def refusal(auth, headers):
    with pytest.raises(EngineError) as caught:
        auth.session(headers)
    return caught.value.code, caught.value.message, caught.value.status


def test_without_an_admin_secret_everybody_is_admin_or_the_role_they_name():
    auth = Authenticator(AuthConfig())
    assert auth.session({}).is_admin
    session = auth.session({"x-hasura-role": "user", "x-hasura-user-id": "7", "accept": "*/*"})
    assert (session.role, session.variables) == ("user", {"x-hasura-role": "user", "x-hasura-user-id": "7"})


@pytest.mark.parametrize("header", ["x-hasura-admin-secret", "x-hasura-access-key"])
def test_the_admin_secret_decides_alone_even_beside_a_bad_token(header):
    session = authenticator().session(bearer("nonsense", **{header: "admin-secret", "x-hasura-role": "user"}))
    assert (session.role, session.variables) == ("user", {"x-hasura-role": "user"})


def test_a_wrong_admin_secret_is_refused_even_beside_a_good_token():
    message = 'invalid "x-hasura-admin-secret"/"x-hasura-access-key"'
    refused = refusal(authenticator(), bearer(token(), **{"x-hasura-admin-secret": "wrong"}))
    assert refused == ("access-denied", message, 401)


def test_no_secret_and_no_token_is_refused_unless_there_is_an_unauthorized_role():
    secret_only = Authenticator(AuthConfig("admin-secret"))
    message = "x-hasura-admin-secret/x-hasura-access-key required, but not found"
    assert refusal(secret_only, {}) == ("access-denied", message, 401)
    message = "Missing 'Authorization' or 'Cookie' header in JWT authentication mode"
    assert refusal(authenticator(), {"cookie": "a=b"}) == ("invalid-headers", message, 400)
    session = authenticator(role="anonymous").session({"x-hasura-role": "admin", "x-hasura-user-id": "7"})
    assert (session.role, session.variables["x-hasura-role"]) == ("anonymous", "anonymous")


def test_a_token_gives_its_default_role_and_its_own_variables_only():
    session = authenticator().session(bearer(token({"exp": NOW + 60}), **{"x-hasura-user-id": "8"}))
    assert session.role == "user"
    assert session.variables == {"x-hasura-user-id": "7", "x-hasura-role": "user"}
    assert session.expires_at == NOW + 60
    assert not session.backend_only


def test_a_requested_role_must_be_allowed():
    assert authenticator().session(bearer(token(), **{"x-hasura-role": "editor"})).role == "editor"
    refused = refusal(authenticator(), bearer(token(), **{"x-hasura-role": "admin"}))
    assert refused == ("access-denied", "Your requested role is not in allowed roles", 400)


def test_backend_only_permissions_need_the_admin_secret_and_a_boolean():
    sent = {"x-hasura-admin-secret": "admin-secret", "x-hasura-use-backend-only-permissions": "true"}
    session = authenticator().session(sent)
    assert session.backend_only
    assert session.variables == {"x-hasura-role": "admin"}
    assert refusal(authenticator(), {**sent, "x-hasura-use-backend-only-permissions": "maybe"})[0] == "bad-request"


def test_a_verified_token_is_remembered_until_it_expires():
    times = [NOW]
    auth = authenticator(clock=lambda: times[0])
    headers = bearer(token({"exp": NOW + 10}))
    assert auth.session(headers) is auth.session(headers)
    times[0] = NOW + 10
    assert refusal(auth, headers) == ("invalid-jwt", "Could not verify JWT: JWTExpired", 400)


def test_new_keys_make_remembered_tokens_invalid():
    keys = [(from_secret("HS256", SECRET),)]
    auth = Authenticator(AuthConfig("admin-secret", JwtConfig("http://unused")), lambda: keys[0], lambda: NOW)
    headers = bearer(token())
    auth.session(headers)
    keys[0] = (from_secret("HS256", "t" * 32),)
    assert refusal(auth, headers)[1] == "Could not verify JWT: JWSError JWSInvalidSignature"


def test_the_token_may_stand_in_a_cookie_or_in_a_header_of_its_own():
    assert authenticator(header=Cookie("auth")).session({"cookie": f"x=y; auth={token()}"}).role == "user"
    assert authenticator(header=CustomHeader("x-token")).session({"x-token": token()}).role == "user"
    assert authenticator(header=CustomHeader("x-token")).session({"x-token": f"Bearer {token()}"}).role == "user"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "ES256", "EdDSA"])
def test_each_kind_of_key_verifies_its_algorithms(algorithm):
    private = {
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }.get(algorithm, lambda: rsa.generate_private_key(65537, 2048))()
    auth = authenticator(keys=(from_secret("HS256", SECRET), from_pem(pem(private))))
    assert auth.session(bearer(token(key=private, algorithm=algorithm))).role == "user"
    other = token(key=private, algorithm=algorithm)
    tampered = f"{other.rsplit('.', 1)[0]}.{token(key=private, algorithm=algorithm, claims={'a': 1}).rsplit('.', 1)[1]}"
    assert refusal(auth, bearer(tampered))[1] == "Could not verify JWT: JWSError JWSInvalidSignature"
