"""Identity providers, resource servers, domains and the look of the hosted UI, over the API."""

from __future__ import annotations

import base64

import pytest

from ..browser import Browser, authorize
from ..conftest import CLIENT, POOL, Running, Start, error_of

GOOGLE = {"ProviderName": "Google", "ProviderType": "Google", "ProviderDetails": {"client_id": "x"}}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_an_identity_provider_lives_as_others_do(cognito: Running) -> None:
    api = cognito.api
    made = api.create_identity_provider(UserPoolId=POOL, **GOOGLE, IdpIdentifiers=["g"])["IdentityProvider"]
    assert made["AttributeMapping"] == {"username": "sub"}
    assert error_of(api.create_identity_provider, UserPoolId=POOL, **GOOGLE)[0] == "DuplicateProviderException"
    changed = api.update_identity_provider(UserPoolId=POOL, ProviderName="Google", AttributeMapping={"email": "email"})
    assert changed["IdentityProvider"]["AttributeMapping"] == {"email": "email"}
    assert changed["IdentityProvider"]["ProviderDetails"] == {"client_id": "x"}
    found = api.get_identity_provider_by_identifier(UserPoolId=POOL, IdpIdentifier="g")["IdentityProvider"]
    assert found == api.describe_identity_provider(UserPoolId=POOL, ProviderName="Google")["IdentityProvider"]
    api.create_identity_provider(UserPoolId=POOL, ProviderName="Work", ProviderType="OIDC", ProviderDetails={})
    page = api.list_identity_providers(UserPoolId=POOL, MaxResults=1)
    rest = api.list_identity_providers(UserPoolId=POOL, NextToken=page["NextToken"])
    assert [each["ProviderName"] for each in (*page["Providers"], *rest["Providers"])] == ["Google", "Work"]
    api.delete_identity_provider(UserPoolId=POOL, ProviderName="Google")
    for call in (api.describe_identity_provider, api.delete_identity_provider):
        assert error_of(call, UserPoolId=POOL, ProviderName="Google")[0] == "ResourceNotFoundException"


def test_a_resource_server_lives_as_others_do(cognito: Running) -> None:
    api, scope = cognito.api, {"ScopeName": "read", "ScopeDescription": "Read"}
    server = {"UserPoolId": POOL, "Identifier": "https://api.example.com", "Name": "api"}
    assert api.create_resource_server(**server, Scopes=[scope])["ResourceServer"] == {**server, "Scopes": [scope]}
    assert error_of(api.create_resource_server, **server)[0] == "InvalidParameterException"
    api.update_resource_server(**{**server, "Name": "other"})
    named = {"UserPoolId": POOL, "Identifier": "https://api.example.com"}
    assert api.describe_resource_server(**named)["ResourceServer"]["Name"] == "other"
    assert len(api.list_resource_servers(UserPoolId=POOL, MaxResults=10)["ResourceServers"]) == 1
    api.delete_resource_server(**named)
    assert error_of(api.describe_resource_server, **named)[0] == "ResourceNotFoundException"
    assert error_of(api.update_resource_server, **server)[0] == "ResourceNotFoundException"


def test_a_domain_belongs_to_one_pool(cognito: Running) -> None:
    api = cognito.api
    assert api.describe_user_pool_domain(Domain="acme")["DomainDescription"] == {}
    api.create_user_pool_domain(UserPoolId=POOL, Domain="acme")
    assert api.describe_user_pool_domain(Domain="acme")["DomainDescription"]["UserPoolId"] == POOL
    assert api.describe_user_pool(UserPoolId=POOL)["UserPool"]["Domain"] == "acme"
    assert error_of(api.create_user_pool_domain, UserPoolId=POOL, Domain="acme")[0] == "InvalidParameterException"
    assert error_of(api.delete_user_pool_domain, UserPoolId=POOL, Domain="other")[0] == "ResourceNotFoundException"
    api.update_user_pool_domain(UserPoolId=POOL, Domain="acme", ManagedLoginVersion=1)
    api.delete_user_pool_domain(UserPoolId=POOL, Domain="acme")
    assert api.describe_user_pool_domain(Domain="acme")["DomainDescription"] == {}


def test_what_the_configuration_made_goes_with_it_and_the_rest_stays(start: Start) -> None:
    server = {"Identifier": "api", "Name": "api"}
    first = start(providers=[GOOGLE], resource_servers=[server])
    first.api.create_identity_provider(UserPoolId=POOL, ProviderName="Work", ProviderType="OIDC", ProviderDetails={})
    first.stop()
    second = start(clock=first.clock)
    names = [each["ProviderName"] for each in second.api.list_identity_providers(UserPoolId=POOL)["Providers"]]
    assert names == ["Work"]
    assert second.api.list_resource_servers(UserPoolId=POOL, MaxResults=10)["ResourceServers"] == []


def test_css_and_logo_are_shown(hosted: Running, browser: Browser) -> None:
    css = (
        ".submitButton-customizable { background-color: #123456; }\r\n.logo-customizable, .label-customizable:hover {}"
    )
    hosted.api.set_ui_customization(UserPoolId=POOL, CSS=css, ImageFile=PIXEL)
    answer = browser.open(authorize(CLIENT)).response
    assert "background-color: #123456" in answer.text
    assert answer.headers["content-security-policy"].count("'sha256-") == 2
    assert 'src="data:image/png;base64,' in answer.text
    shown = hosted.api.get_ui_customization(UserPoolId=POOL, ClientId=CLIENT)["UICustomization"]
    assert (shown["ClientId"], shown["CSS"]) == ("ALL", css.replace("\r\n", "\n"))
    hosted.api.set_ui_customization(UserPoolId=POOL, ClientId=CLIENT, CSS="")
    assert "#123456" not in browser.open(authorize(CLIENT)).page.source


@pytest.mark.parametrize(
    "css",
    [
        "body { display: none }",
        ".label-customizable { background: url(https://evil.example/) }",
        "@import 'https://evil.example/';",
        ".label-customizable { } </style><script>alert(1)</script>",
        ".label-customizable { color: \\75 rl(x) }",
        ".label-customizable { color: red",
        ".label-customizable input { color: red }",
    ],
)
def test_css_styles_cognitos_classes_and_nothing_else(hosted: Running, css: str) -> None:
    code, message = error_of(hosted.api.set_ui_customization, UserPoolId=POOL, CSS=css)
    assert code == "InvalidParameterException"
    assert message.startswith("CSS: ")


def test_a_logo_is_a_picture(hosted: Running) -> None:
    wrong = error_of(hosted.api.set_ui_customization, UserPoolId=POOL, ImageFile=b"<svg onload=alert(1)>")
    assert wrong == ("InvalidParameterException", "ImageFile must be a PNG or JPEG of at most 100 KB.")
    assert error_of(hosted.api.set_ui_customization, UserPoolId=POOL, ClientId="other", CSS="")[0] == (
        "ResourceNotFoundException"
    )
