from __future__ import annotations

import json
from pathlib import Path

from orchestrator.gateway.config import parse, secrets
from orchestrator.services.gateway import gateway, gateway_id
from orchestrator.services.spec import HttpReady, Spec

KEY = "0123456789abcdef" * 4
SECRET = "the admin's own secret"
CONFIG = Path("/app/.stack/gateway.json")


def describe() -> Spec:
    return gateway(
        mutation="mutation M { x }",
        columns=("id", "synced_at", "email"),
        key=KEY,
        admin_secret=SECRET,
        graphql_url="http://127.0.0.1:8080/v1/graphql",
        url="http://127.0.0.1:8090",
        host="127.0.0.1",
        port=8090,
        state=Path("/app/.stack"),
    )


def test_it_is_ready_when_its_one_route_answers() -> None:
    spec = describe()
    assert spec.ready == HttpReady("http://127.0.0.1:8090/sync")
    assert spec.ports == {"GATEWAY_PORT": 8090}
    assert spec.child.argv[1:] == ("-m", "orchestrator.gateway", "--config", str(CONFIG))


def test_the_program_understands_its_file() -> None:
    config = parse(json.loads(describe().child.files[CONFIG]))
    assert config.graphql_url == "http://127.0.0.1:8080/v1/graphql"
    assert config.columns == ("id", "synced_at", "email")
    assert config.database == Path("/app/.stack/gateway.sqlite")
    assert (config.host, config.port) == ("127.0.0.1", 8090)


def test_secrets_are_in_the_environment_only() -> None:
    spec = describe()
    assert secrets(spec.env).key == KEY.encode()
    assert secrets(spec.env).admin_secret == SECRET
    for shown in (repr(spec), *spec.child.argv, *spec.child.files.values()):
        assert KEY not in shown
        assert SECRET not in shown


def test_the_id_does_not_tell_the_key() -> None:
    assert gateway_id(KEY) == "e4fdb761a45fb010"
    assert gateway_id(KEY) not in KEY
    assert gateway_id(KEY) != gateway_id(KEY[::-1])
