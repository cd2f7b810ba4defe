"""Tests for seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import seeds
from orchestrator.project.hasura import Hasura
from orchestrator.project.hasura_project import Project
from orchestrator.project.seeds import Seed

from .conftest import OWN, Write
from .hasura_server import HasuraServer


def test_seeds_are_read_in_the_order_of_their_names(write: Write) -> None:
    root = write({"seeds/default/2_b.sql": "select 2", "seeds/default/1_a.sql": "select 1", "seeds/default/x.txt": ""})
    assert seeds.read(root / "seeds", root) == (
        Seed("default", Path("seeds/default/1_a.sql"), "select 1"),
        Seed("default", Path("seeds/default/2_b.sql"), "select 2"),
    )


def test_our_own_seeds_can_be_applied_again(own_project: Project, hasura: Hasura, server: HasuraServer) -> None:
    found = seeds.read(OWN / "seeds", OWN)
    seeds.apply(hasura, found)
    seeds.apply(hasura, found)
    assert server.query("select count(*) from users") == [(3,)]
    assert server.query("select count(*) from public_profiles") == [(2,)]


def test_a_failing_seed_is_told_with_its_line(write: Write, hasura: Hasura) -> None:
    root = write({"seeds/default/1_a.sql": "select 1;\ninsert into nowhere values (1);"})
    with pytest.raises(StackError, match=r'seeds/default/1_a.sql:2: relation "nowhere" does not exist'):
        seeds.apply(hasura, seeds.read(root / "seeds", root))
