import pytest

from orchestrator.engine.auth import json_path

DOCUMENT = {"user": {"app roles": ["a", "b"], "it's": 1, "a.b": 2}, "roles": []}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", ()),
        ("", ()),
        ("$.user", ("user",)),
        ("user", ("user",)),
        ("$.user['app roles'][1]", ("user", "app roles", 1)),
        ('$["user"]["it\'s"]', ("user", "it's")),
        ("$['a.b']", ("a.b",)),
        ("$.https://hasura", ("https://hasura",)),
    ],
)
def test_the_steps_of_a_path(text, path):
    assert json_path.parse(text) == path


@pytest.mark.parametrize("text", ["$.", "$..a", "$[", "$[x]", "$['a'", "$.a b", "$[-1]"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(json_path.JsonPathError):
        json_path.parse(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$", DOCUMENT),
        ("$.user['app roles'][1]", "b"),
        ("$.user['app roles'][2]", json_path.MISSING),
        ("$.user[0]", json_path.MISSING),
        ("$.roles.x", json_path.MISSING),
        ("$.nobody", json_path.MISSING),
    ],
)
def test_what_stands_at_a_path(text, found):
    assert json_path.lookup(DOCUMENT, json_path.parse(text)) == found


def test_a_path_is_written_as_hasura_shows_it():
    assert json_path.write(("user", "app roles", 0, "x-y")) == "$.user['app roles'][0].x-y"
