"""The plan: addresses first, then services that fit together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.aws.pool import RemotePool
from orchestrator.errors import StackError
from orchestrator.services.awslambda import ACCOUNT
from orchestrator.services.callback import hosted_ui, with_urls
from orchestrator.services.postgres import PostgresBinaries
from orchestrator.services.spec import Child, DockerHost, HttpReady, InCompose, Spec
from orchestrator.settings import load
from orchestrator.stack.exposure import Here
from orchestrator.stack.machine import read_template
from orchestrator.stack.plan import Addresses, Layout, Plan
from orchestrator.stack.planning import make_plan

PROJECT = Path(__file__).parents[2]
BINARIES = PostgresBinaries(Path("/pg/bin"), "15.18", "system")
PORTS = {"postgres": 5433, "hasura": 8080, "cognito": 9229, "lambda": 9001}
HERE = Here("mutation { x }", "ada@laptop", {"AWS_PROFILE": "dev", "HOME": "/home/ada"})
SECRETS = {"POSTGRES_PASSWORD": "pg-secret", "HASURA_GRAPHQL_ADMIN_SECRET": "admin-secret"}


def plan(*, callback: int | None = None, root: Path = Path("/project"), **environ: str) -> Plan:
    settings = load(environ, {}, SECRETS)
    read = read_template(PROJECT, settings, Addresses(settings.host, PORTS))
    ports = {**PORTS, **({"callback": callback} if callback else {})}
    return make_plan(settings, read, BINARIES, ports=ports, layout=Layout(root), here=HERE)


def plan_in_aws(*, callback: int | None = None, **client: object) -> Plan:
    settings = load(
        {"STACK_IDENTITY": "aws", "COGNITO_POOL_ID": "eu-west-1_Abc", "COGNITO_CLIENT_ID": "c1"}, {}, SECRETS
    )
    remote = RemotePool(
        id="eu-west-1_Abc",
        issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc",
        client={"ClientId": "c1", **client},
        triggers={},
        hosted_ui="https://ada.auth.eu-west-1.amazoncognito.com",
        cognito="https://cognito-idp.eu-west-1.amazonaws.com",
        awslambda="https://lambda.eu-west-1.amazonaws.com",
    )
    ports = {**PORTS, **({"callback": callback} if callback else {})}
    return make_plan(settings, remote, BINARIES, ports=ports, layout=Layout(Path("/project")), here=HERE)


def spec(of: Plan, name: str) -> Spec:
    return next(each for each in of.specs if each.name == name)


def config(of: Spec) -> dict[str, Any]:
    (text,) = of.run.files.values()
    read: dict[str, Any] = json.loads(text)
    return read


def test_hasura_starts_after_postgres_and_after_the_keys_it_reads() -> None:
    names = [each.name for each in plan().specs]
    for each in plan().specs:
        assert all(names.index(need) < names.index(each.name) for need in each.needs)
    assert set(spec(plan(), "hasura").needs) == {"postgres", "cognito"}


def test_hasura_trusts_the_pools_issuer_keys_and_client() -> None:
    secret = json.loads(spec(plan(), "hasura").env["HASURA_GRAPHQL_JWT_SECRET"])
    assert secret == {
        "jwk_url": "http://localhost:9229/us-east-1_LocalDev1/.well-known/jwks.json",
        "claims_format": "stringified_json",
        "issuer": "http://localhost:9229/us-east-1_LocalDev1",
        "audience": ["hasuralocalclient"],
    }


def test_the_issuer_that_hasura_expects_is_the_one_that_cognito_writes() -> None:
    secret = json.loads(spec(plan(), "hasura").env["HASURA_GRAPHQL_JWT_SECRET"])
    cognito = config(spec(plan(), "cognito"))
    assert isinstance(cognito["pool"], dict)
    assert secret["issuer"] == f"{cognito['url']}/{cognito['pool']['Id']}"


def test_cognito_fires_the_triggers_at_the_functions_that_lambda_has() -> None:
    cognito, awslambda = config(spec(plan(), "cognito")), config(spec(plan(), "lambda"))
    assert cognito["lambda_url"] == "http://localhost:9001"
    assert isinstance(cognito["pool"], dict)
    assert isinstance(awslambda["functions"], list)
    arns = {f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{each['name']}" for each in awslambda["functions"]}
    triggers = cognito["pool"]["LambdaConfig"]
    assert {triggers["PostConfirmation"], triggers["PostAuthentication"]} <= arns


def test_the_sync_function_posts_to_hasura_as_admin_and_knows_what_a_failure_does() -> None:
    awslambda = config(spec(plan(SYNC_ON_FAILURE="deny"), "lambda"))
    assert isinstance(awslambda["functions"], list)
    (sync,) = [each for each in awslambda["functions"] if each["name"].endswith("user-sync")]
    assert sync["environment"]["HASURA_GRAPHQL_URL"] == "http://localhost:8080/v1/graphql"
    assert sync["environment"]["SYNC_ON_FAILURE"] == "deny"
    assert "admin-secret" in sync["environment"].values()


def test_no_secret_is_in_an_argument_list_nor_in_a_repr() -> None:
    made = plan()
    for each in made.specs:
        assert isinstance(each.run, Child)
        assert not any("secret" in word for word in each.run.argv)
    assert "pg-secret" not in repr(made)
    assert "admin-secret" not in repr(made)


def test_the_hosted_ui_leads_to_the_templates_callback_url() -> None:
    assert plan().urls.hosted_ui == (
        "http://localhost:9229/login?client_id=hasuralocalclient&response_type=token&scope=openid+email+profile"
        "&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcognito-callback"
    )


def test_the_testing_web_page_is_among_the_services_where_it_has_a_port() -> None:
    assert [each.name for each in plan().specs if each.name == "callback"] == []
    made = plan(callback=3111)
    page, cognito = config(spec(made, "callback")), config(spec(made, "cognito"))
    assert isinstance(cognito["clients"], list)
    (client,) = cognito["clients"]
    assert client["CallbackURLs"][-1] == "http://localhost:3111/cognito-callback"
    assert client["LogoutURLs"][-1] == "http://localhost:3111/"
    assert page["sign_in_url"] == made.urls.hosted_ui
    assert str(made.urls.hosted_ui).endswith("redirect_uri=http%3A%2F%2Flocalhost%3A3111%2Fcognito-callback")
    assert page["graphql_url"] == "http://localhost:8080/v1/graphql"
    assert "secret" not in str(page)


def test_a_client_without_oauth_has_no_hosted_ui() -> None:
    client = {"ClientId": "c", "CallbackURLs": ["http://localhost:3000/"], "AllowedOAuthFlows": ["code"]}
    assert hosted_ui(client, cognito_url="http://localhost:9229", base=None) is None
    allowed = {**client, "AllowedOAuthFlowsUserPoolClient": True}
    assert "response_type=code" in str(hosted_ui(allowed, cognito_url="http://localhost:9229", base=None))
    assert with_urls(client, "http://localhost:3111") == client


def test_pages_of_the_app_clients_origins_may_call_hasura_and_the_consoles() -> None:
    assert spec(plan(callback=3111), "hasura").env["HASURA_GRAPHQL_CORS_DOMAIN"].split(",") == [
        "http://localhost:3000",
        "http://localhost:3111",
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://localhost:9695",
    ]


def test_a_variable_passed_on_beats_a_default_but_not_an_address() -> None:
    env = spec(
        plan(HASURA_GRAPHQL_CORS_DOMAIN="http://localhost:3000", HASURA_GRAPHQL_METADATA_DATABASE_URL="elsewhere"),
        "hasura",
    ).env
    assert env["HASURA_GRAPHQL_CORS_DOMAIN"] == "http://localhost:3000"
    assert env["HASURA_GRAPHQL_METADATA_DATABASE_URL"].endswith(
        "@/hasura_metadata?host=/project/.stack/postgres&port=5433"
    )


def test_the_engine_uses_tcp_where_the_project_is_too_deep_for_a_socket() -> None:
    env = spec(plan(root=Path("/project", "deep/" * 20)), "hasura").env
    assert env["PG_DATABASE_URL"].endswith("@127.0.0.1:5433/app")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:8080"),
        ("0.0.0.0", "http://localhost:8080"),
        ("192.168.1.5", "http://192.168.1.5:8080"),
        ("fe80::1", "http://[fe80::1]:8080"),
    ],
)
def test_a_url_is_written_as_this_machine_reaches_it(host: str, url: str) -> None:
    assert Addresses(host, PORTS).url("hasura") == url


def test_on_docker_hasura_reads_the_keys_by_the_gateway_and_expects_the_same_issuer() -> None:
    settings = load({}, {}, SECRETS)
    read = read_template(PROJECT, settings, Addresses(settings.host, PORTS))
    made = make_plan(
        settings,
        read,
        DockerHost("services: {}", "172.17.0.1"),
        ports=PORTS,
        layout=Layout(Path("/project")),
        here=HERE,
    )
    secret = json.loads(spec(made, "hasura").env["HASURA_GRAPHQL_JWT_SECRET"])
    assert secret["jwk_url"] == "http://host.docker.internal:9229/us-east-1_LocalDev1/.well-known/jwks.json"
    assert secret["issuer"] == made.urls.issuer == "http://localhost:9229/us-east-1_LocalDev1"
    assert config(spec(made, "cognito"))["also_host"] == "172.17.0.1"
    assert config(spec(plan(), "cognito"))["also_host"] is None
    assert {each.name for each in made.specs if isinstance(each.run, InCompose)} == {"postgres", "hasura"}
    assert made.backend == "docker"


def test_who_asks_a_service_with_a_front_asks_there_and_the_service_listens_as_before() -> None:
    settings = load({}, {}, SECRETS)
    fronts = {"hasura": 8081, "lambda": 9002}
    read = read_template(PROJECT, settings, Addresses(settings.host, PORTS, fronts))
    made = make_plan(settings, read, BINARIES, ports=PORTS, layout=Layout(Path("/project")), here=HERE, fronts=fronts)
    environment = config(spec(made, "lambda"))["functions"][1]["environment"]
    assert environment["HASURA_GRAPHQL_URL"] == made.urls.graphql == "http://localhost:8081/v1/graphql"
    assert config(spec(made, "cognito"))["lambda_url"] == made.urls.awslambda == "http://localhost:9002"
    assert spec(made, "hasura").env["HASURA_GRAPHQL_SERVER_PORT"] == "8080"
    assert config(spec(made, "lambda"))["port"] == 9001
    assert spec(made, "hasura").ready == HttpReady("http://localhost:8080/healthz")
    assert spec(made, "lambda").ready == HttpReady("http://localhost:9001/_local/health")


def test_a_further_stack_of_a_project_keeps_its_state_elsewhere() -> None:
    layout = Layout(Path("/project"), Path("/dev/shm/one"))
    assert (layout.root, layout.secrets) == (Path("/project"), Path("/dev/shm/one/secrets.env"))
    assert Layout(Path("/project")).secrets == Path("/project/.stack/secrets.env")


def test_with_a_pool_in_aws_no_emulator_runs_and_hasura_trusts_amazons_keys() -> None:
    made = plan_in_aws()
    assert [each.name for each in made.specs] == ["postgres", "hasura"]
    assert spec(made, "hasura").needs == ("postgres",)
    assert json.loads(spec(made, "hasura").env["HASURA_GRAPHQL_JWT_SECRET"]) == {
        "jwk_url": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc/.well-known/jwks.json",
        "claims_format": "stringified_json",
        "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc",
        "audience": ["c1"],
    }
    assert made.urls.cognito == "https://cognito-idp.eu-west-1.amazonaws.com"


def test_a_client_in_aws_leads_to_the_testing_web_page_only_if_its_callback_urls_say_so() -> None:
    oauth = {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["code"]}
    elsewhere = plan_in_aws(callback=3000, CallbackURLs=["https://app.example.com/"], **oauth)
    assert [each.name for each in elsewhere.specs] == ["postgres", "hasura"]
    here = plan_in_aws(callback=3000, CallbackURLs=["http://localhost:3000/cognito-callback"], **oauth)
    assert [each.name for each in here.specs] == ["postgres", "hasura", "callback"]
    assert str(here.urls.hosted_ui).startswith("https://ada.auth.eu-west-1.amazoncognito.com/login?client_id=c1&")


def test_an_own_jwt_secret_must_fit_the_pool_in_aws() -> None:
    settings = load({"HASURA_GRAPHQL_JWT_SECRET": '{"jwk_url": "x", "issuer": "http://localhost:9229/p"}'}, {}, SECRETS)
    remote = RemotePool("p", "https://issuer", {"ClientId": "c1"}, {}, None, "https://cognito", "https://lambda")
    with pytest.raises(StackError, match="its issuer is http://localhost:9229/p, and that of the pool's tokens is"):
        make_plan(settings, remote, BINARIES, ports=PORTS, layout=Layout(Path("/project")), here=HERE)
