import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from orchestrator.engine.auth.jwk import from_pem, from_secret
from orchestrator.engine.auth.jwt_config import DEFAULT_NAMESPACE, JwtConfig
from orchestrator.engine.auth.session import AuthConfig, Authenticator
from orchestrator.engine.auth.token_header import AuthorizationHeader, Cookie, CustomHeader
from orchestrator.engine.direct import decoded
from orchestrator.engine.errors import EngineError

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
    config = AuthConfig(("admin-secret",), (JwtConfig("http://unused", **config),), unauthorized_role=role)
    return Authenticator(config, [lambda: keys], clock=clock)


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
    secret_only = Authenticator(AuthConfig(("admin-secret", "next-secret")))
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
    assert "x-hasura-admin-secret" not in session.variables
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
    config = AuthConfig(("admin-secret",), (JwtConfig("http://unused"),))
    auth = Authenticator(config, [lambda: keys[0]], clock=lambda: NOW)
    headers = bearer(token())
    auth.session(headers)
    keys[0] = (from_secret("HS256", "t" * 32),)
    assert refusal(auth, headers)[1] == "Could not verify JWT: JWSError JWSInvalidSignature"


def test_the_token_may_stand_in_a_cookie_or_in_a_header_of_its_own():
    assert authenticator(header=Cookie("auth")).session({"cookie": f"x=y; auth={token()}"}).role == "user"
    assert authenticator(header=CustomHeader("x-token")).session({"x-token": token()}).role == "user"
    refused = refusal(authenticator(header=CustomHeader("x-token")), {"x-token": f"Bearer {token()}"})
    assert refused[0] == "invalid-jwt"


@pytest.mark.parametrize(
    "cookie",
    [
        'other={"a": "b"}; auth={token}',
        "x[]=1;auth={token};y=2",
        'auth="{token}"',
        " auth = {token} ; =; ;",
        "bad name=1\nauth={token}",
    ],
)
def test_the_other_cookies_are_no_obstacle(cookie):
    assert authenticator(header=Cookie("auth")).session({"cookie": cookie.replace("{token}", token())}).role == "user"


def test_a_request_without_the_cookie_or_the_header_is_anonymous():
    for header in (Cookie("auth"), CustomHeader("x-token"), AuthorizationHeader()):
        auth = authenticator(header=header, role="anonymous")
        assert auth.session({"cookie": "other=1", "x-other": token()}).role == "anonymous"


@pytest.mark.parametrize("sent", ["", "Bearer", "Basic dXNlcg==", "bearer a.b.c", "Bearer a.b.c d", "a.b.c"])
def test_an_authorization_that_is_no_bearers_is_refused_even_where_there_is_an_unauthorized_role(sent):
    refused = refusal(authenticator(role="anonymous"), {"authorization": sent})
    assert refused == ("invalid-headers", "Malformed Authorization header", 400)


def test_two_tokens_are_refused():
    message = "Could not verify JWT: Multiple JWTs found"
    twice = decoded([(b"authorization", f"Bearer {token()}".encode())] * 2)
    assert refusal(authenticator(), twice) == ("invalid-headers", message, 400)
    twice = decoded([(b"cookie", f"auth={token()}".encode())] * 2)
    assert refusal(authenticator(header=Cookie("auth")), twice) == ("invalid-headers", message, 400)


def test_of_other_headers_that_are_sent_twice_the_last_counts():
    sent = decoded(
        [(b"x-hasura-role", b"admin"), (b"cookie", b"a=1"), (b"x-hasura-role", b"user"), (b"cookie", b"b=2")]
    )
    assert sent == {"x-hasura-role": "user", "cookie": "a=1\nb=2"}


def test_an_empty_role_is_none():
    assert authenticator().session(bearer(token(), **{"x-hasura-role": ""})).role == "user"
    assert authenticator().session({"x-hasura-admin-secret": "admin-secret", "x-hasura-role": ""}).role == "admin"


def test_the_tokens_claims_never_bring_secrets_or_another_role():
    claims = {**HASURA, "x-hasura-role": "admin", "x-hasura-admin-secret": "s", "x-hasura-access-key": "k"}
    session = authenticator().session(bearer(token(hasura=claims)))
    assert session.variables == {"x-hasura-user-id": "7", "x-hasura-role": "user"}


def test_any_of_several_admin_secrets_will_do():
    auth = Authenticator(AuthConfig(("admin-secret", "next-secret")))
    for secret in ("admin-secret", "next-secret"):
        assert auth.session({"x-hasura-admin-secret": secret}).is_admin
    for secret in ("", "admin-secre", "admin-secret,next-secret", "\ud800"):
        assert refusal(auth, {"x-hasura-admin-secret": secret})[0] == "access-denied"


def several(*configs, role=None):
    """An authenticator whose secrets, each with a key of its own, are for these places and issuers."""
    keys = [(from_secret("HS256", str(index) * 32),) for index in range(len(configs))]
    config = AuthConfig(("admin-secret",), tuple(JwtConfig("http://unused", **each) for each in configs), None, role)
    return Authenticator(config, [lambda own=own: own for own in keys], clock=lambda: NOW)


def issued(by, *, key):
    return token(None if by is None else {"iss": by}, key=str(key) * 32)


def test_of_several_secrets_the_one_of_the_tokens_issuer_verifies_it():
    auth = several({"issuer": "a"}, {"issuer": "b"})
    assert auth.session(bearer(issued("a", key=0))).role == "user"
    assert auth.session(bearer(issued("b", key=1))).role == "user"
    assert refusal(auth, bearer(issued("a", key=1)))[1] == "Could not verify JWT: JWSError JWSInvalidSignature"
    assert refusal(auth, bearer(issued("c", key=1)))[1] == "Could not verify JWT: JWTNotInIssuer"
    assert refusal(auth, bearer(issued(None, key=0)))[1] == "Could not verify JWT: Multiple JWTs found"
    assert refusal(auth, {})[0] == "invalid-headers"
    assert several({"issuer": "a"}, {"issuer": "b"}, role="anonymous").session({}).role == "anonymous"


def test_of_several_secrets_each_may_have_a_place_of_its_own():
    auth = several({"issuer": "a"}, {"header": Cookie("auth")}, {"header": CustomHeader("x-token")})
    assert auth.session(bearer(issued("a", key=0))).role == "user"
    assert auth.session({"cookie": f"auth={issued(None, key=1)}"}).role == "user"
    assert auth.session({"x-token": issued("any", key=2)}).role == "user"
    both = bearer(issued("a", key=0), cookie=f"auth={issued(None, key=1)}")
    assert refusal(auth, both)[1] == "Could not verify JWT: Multiple JWTs found"


def test_a_session_of_one_secret_is_not_anothers():
    auth = several({"header": Cookie("a")}, {"header": Cookie("b")})
    sent = token(key="0" * 32)
    assert auth.session({"cookie": f"a={sent}"}).role == "user"
    assert refusal(auth, {"cookie": f"b={sent}"})[1] == "Could not verify JWT: JWSError JWSInvalidSignature"


def test_the_tokens_that_are_remembered_are_limited(monkeypatch):
    monkeypatch.setattr("orchestrator.engine.auth.session.CACHED_TOKENS", 3)
    auth = authenticator()
    tokens = [bearer(token({"jti": str(number)})) for number in range(9)]
    sessions = [auth.session(headers) for headers in tokens]
    assert [auth.session(headers) is known for headers, known in zip(tokens, sessions, strict=True)] == [False] * 9
    assert auth.session(tokens[-1]) is auth.session(tokens[-1])
    assert len(auth._verified) == 3


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
def test_each_kind_of_key_verifies_its_algorithms(algorithm):
    private = {
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }.get(algorithm, lambda: rsa.generate_private_key(65537, 2048))()
    auth = authenticator(keys=(from_secret("HS256", SECRET), from_pem(pem(private))))
    assert auth.session(bearer(token(key=private, algorithm=algorithm))).role == "user"
    other = token(key=private, algorithm=algorithm)
    tampered = f"{other.rsplit('.', 1)[0]}.{token(key=private, algorithm=algorithm, claims={'a': 1}).rsplit('.', 1)[1]}"
    assert refusal(auth, bearer(tampered))[1] == "Could not verify JWT: JWSError JWSInvalidSignature"
