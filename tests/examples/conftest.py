"""Tests of an application for todo lists, which is in the folder todos: like any application's, they use the plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.testing import SignIn, SignUp, User, plugin

# The folder above has a fixture of this name for other tests.
database = plugin.database

PROJECT = Path(__file__).parent / "todos"
NEW_LIST = "mutation ($title: String!) { insert_lists_one(object: {title: $title}) { id } }"


@pytest.fixture(scope="session")
def stack_project() -> Path:
    """Not the folder that pytest runs in."""
    return PROJECT


@pytest.fixture
def moderator(sign_up: SignUp, sign_in: SignIn) -> User:
    return sign_in(sign_up(groups=["moderators"]))


@pytest.fixture
def new_list() -> Callable[[User, str], int]:
    """Makes a list of a user's and gives its id."""

    def make(owner: User, title: str) -> int:
        made: int = owner.graphql(NEW_LIST, title=title)["insert_lists_one"]["id"]
        return made

    return make
