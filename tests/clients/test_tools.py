"""What JavaScript's tools and clients make of the engine: schemas, types, answers and errors."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.clients.conftest import HERE, Run
from tests.guarded import ROLES

# The first of them installs the packages.
pytestmark = pytest.mark.timeout(300)


def test_graphql_js_builds_the_schema_of_every_role(run: Run) -> None:
    found = json.loads(run("node", "introspection.mjs"))
    assert tuple(found) == ROLES
    assert found["admin"]["defaults"] > 2
    assert found["writer"]["query"] == ["no_queries_available"]
    assert found["writer"]["mutation"] == ["insert_author", "insert_nothing_to_update"]
    assert found["nobody"] == {**found["nobody"], "query": ["no_queries_available"], "mutation": None}
    assert found["anonymous"]["mutation"] is None
    assert "article" in found["contributor"]["query"]
    assert "insert_author_one" in found["contributor"]["mutation"]
    assert "author_stream" not in found["writer"]["query"]


def test_code_generator_makes_types_that_the_compiler_accepts(run: Run) -> None:
    shutil.rmtree(HERE / "generated", ignore_errors=True)
    run("graphql-codegen", "--config", "codegen/codegen.yml")
    run("tsc", "--project", ".")
    generated = (HERE / "generated" / "user" / "graphql.ts").read_text()
    assert "born" not in generated


def test_client_libraries_read_write_subscribe_and_fail(run: Run) -> None:
    assert run("node", "libraries.mjs").split() == ["graphqlRequest", "urql", "apollo", "graphqlWs"]


def test_clients_of_both_websocket_protocols_subscribe_and_learn_why_they_are_refused(run: Run) -> None:
    assert run("node", "subscriptions.mjs").split() == ["graphqlWs", "refusedSession", "subscriptionsTransportWs"]
