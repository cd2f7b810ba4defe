"""Users made from a file."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.aws import clients
from orchestrator.errors import StackError
from orchestrator.stack.users.seed import seed
from orchestrator.stack.users.seed_file import Entry
from orchestrator.stack.users.sides import Sides
from orchestrator.stack.verify import claims_of
from tests.flow.conftest import Cli, Running

PASSWORD = "Correct-Horse-1"


def test_users_of_a_file_can_sign_in_and_have_their_rows(empty: Running, cli: Cli, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    empty.cognito.create_group(UserPoolId=empty.facts["pool"]["id"], GroupName=f"editor-{name}")
    file = tmp_path / "users.csv"
    file.write_text(
        "\ufeffemail,password,groups,name,email_verified\n"
        f'ada-{name}@example.com,{PASSWORD},editor-{name},"Ada ""🦄"" Lovelace",TRUE\n'
        f"grace-{name}@example.com,weak,,Grace,true\n"
        f"bob-{name}@example.com,{PASSWORD},no-such-group,Bob,true\n"
        f'"carol-{name}@example.com,{PASSWORD},,Carol,true\n'
        f"not an address,{PASSWORD},,Dan,true\n"
        f"eve-{name}@example.com,{PASSWORD},,{'🦄' * 2048},\n",
        encoding="utf-8",
    )
    done = cli.run("users", "seed", str(file))
    assert done.code == 1
    assert done.out == "Created 2 users; 4 rows could not be used.\n"
    assert [line.partition(": ")[0] for line in done.err.splitlines()] == [f"{file}:{line}" for line in (3, 4, 5, 6)]
    assert "Password did not conform with policy" in done.err
    assert "Group not found" in done.err
    assert PASSWORD not in done.err + done.out + empty.project.logs()

    token = empty.cognito.initiate_auth(
        ClientId=empty.facts["pool"]["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": f"ada-{name}@example.com", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]["IdToken"]
    assert claims_of(token)["cognito:groups"] == [f"editor-{name}"]
    found = empty.rows()
    assert found[claims_of(token)["sub"]]["email_verified"] is True
    assert sorted(row["email"].partition("-")[0] for row in found.values()) == ["ada", "eve"]
    for refused in ("grace", "bob"):
        assert "UserNotFoundException" in cli.fails("users", "show", f"{refused}-{name}@example.com")

    empty.as_admin("mutation { delete_users(where: {}) { affected_rows } }")
    again = cli.run("users", "seed", str(file), "-o", "json").json
    assert (again["created"], again["existing"]) == (0, 2)
    assert [each["line"] for each in again["failed"]] == [3, 4, 5, 6]
    assert len(empty.rows()) == 2


def test_a_file_of_json_is_seeded_and_one_of_another_kind_is_refused(empty: Running, cli: Cli, tmp_path: Path) -> None:
    name = f"{uuid.uuid4().hex}@example.com"
    file = tmp_path / "users.json"
    file.write_text(json.dumps([{"email": name, "password": PASSWORD, "email_verified": True}]))
    assert cli.ok("users", "seed", str(file)).out == "Created 1 user.\n"
    assert [row["email"] for row in empty.rows().values()] == [name]
    other = tmp_path / "users.xlsx"
    other.write_bytes(b"PK")
    assert "is none of .csv, .tsv, .json" in cli.fails("users", "seed", str(other), code=2)
    latin = tmp_path / "users.csv"
    latin.write_bytes("email,name\na@example.com,J\xe9r\xf4me\n".encode("latin-1"))
    assert "users.csv is not UTF-8 text" in cli.fails("users", "seed", str(latin))


def test_a_cognito_that_does_not_answer_stops_a_seed_at_once(sides: Sides) -> None:
    client = clients.cognito(endpoint="http://127.0.0.1:9", region="us-east-1")
    gone = replace(sides, pool=replace(sides.pool, client=client))
    with pytest.raises(StackError, match="Creation of ada failed"):
        list(seed(gone, [Entry(2, "ada", PASSWORD, (), {})]))
