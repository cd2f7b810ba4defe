"""Tests for files of users: what is read, and what is broken."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StackError
from orchestrator.stack.users.seed_file import Broken, Entry, read

ATTRIBUTES = ("email", "email_verified", "name", "custom:plan")
SECRET = "Correct-Horse-1"


def csv(text: str) -> list[Entry | Broken]:
    return read(text, "users.csv", attributes=ATTRIBUTES)


def broken(rows: list[Entry | Broken]) -> dict[int, str]:
    return {row.line: row.reason for row in rows if isinstance(row, Broken)}


def entries(rows: list[Entry | Broken]) -> list[Entry]:
    return [row for row in rows if isinstance(row, Entry)]


def test_a_row_of_csv_is_a_user_with_attributes_groups_and_password() -> None:
    [row] = csv(f"username,password,groups,email_verified,custom:plan\nada,{SECRET},editor admin,TRUE,gold\n")
    assert row == Entry(2, "ada", SECRET, ("editor", "admin"), {"email_verified": "true", "custom:plan": "gold"})


def test_an_empty_cell_is_no_attribute_and_an_empty_row_no_user() -> None:
    assert csv("username,password,email\nada,,\n,,\n\n") == [Entry(2, "ada", None, (), {})]


def test_quotes_line_breaks_and_four_byte_characters_are_kept() -> None:
    [first, second] = entries(csv('email,name\na@b.c,"Ada ""Countess""\nof 🦄, Lovelace"\nb@b.c,Bob\n'))
    assert first.attributes["name"] == 'Ada "Countess"\nof 🦄, Lovelace'
    assert (second.line, second.username) == (4, "b@b.c")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_line_ending_of_spreadsheets_is_read(delimiter: str, ending: str) -> None:
    text = ending.join((delimiter.join(("email", "name")), delimiter.join(("a@b.c", "Ada")), ""))
    assert csv(text) == [Entry(2, "a@b.c", None, (), {"email": "a@b.c", "name": "Ada"})]


def test_an_attribute_may_have_2048_characters() -> None:
    [row] = entries(csv(f"email,name\na@b.c,{'🦄' * 2048}\n"))
    assert len(row.attributes["name"]) == 2048


def test_broken_rows_are_named_with_their_line_and_the_rest_is_read() -> None:
    rows = csv(
        "email,password,name\n"
        f"a@b.c,{SECRET},Ada\n"
        f'"b@b.c,{SECRET},Bob\n'
        f"c@b.c,{SECRET}\n"
        f",{SECRET},Nobody\n"
        f'd@b.c,{SECRET},"Dan"x\n'
        f"e@b.c,{SECRET},Eve\n"
    )
    assert broken(rows) == {
        3: "is not CSV: ',' expected after '\"'; is there a quote that is not closed, or not doubled?",
        4: "has 2 cells where the header has 3",
        5: "has neither a username nor an email",
        6: "is not CSV: ',' expected after '\"'; is there a quote that is not closed, or not doubled?",
    }
    assert [row.username for row in entries(rows)] == ["a@b.c", "e@b.c"]


def test_a_quote_that_is_never_closed_takes_no_other_row_with_it() -> None:
    rows = csv('email\n"a@b.c\nb@b.c\nc@b.c\n')
    assert list(broken(rows)) == [2]
    assert [row.username for row in entries(rows)] == ["b@b.c", "c@b.c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "users.csv is empty."),
        ("name,password\n", "users.csv:1: names no column username or email."),
        ("\nname\n", "users.csv:2: names no column username or email."),
        ("email,pasword\n", "users.csv:1: pasword is no attribute of the user pool. Did you mean password?"),
        ("email,name,email\n", "users.csv:1: names the column email twice."),
        ('email,"name\n', "users.csv:1: is not CSV"),
    ],
)
def test_a_header_that_cannot_be_used_is_told_before_anything_is_done(text: str, message: str) -> None:
    with pytest.raises(StackError) as caught:
        csv(text)
    assert caught.value.message.startswith(message)


def test_json_is_a_list_of_objects_each_with_its_line() -> None:
    text = (
        '[\n {"email": "a@b.c", "password": 12345678, "email_verified": true, "groups": ["editor"], "name": null},\n'
        ' {"email": "b@b.c", "nmae": "Bob"}, 5,\n'
        ' {"email": "c@b.c", "name": "\\ud83d"},\n'
        ' {"email": "d@b.c", "name": {"first": "Dan"}},\n'
        ' {"email": "e@b.c", "groups": [["x"]]}, {"email": "f@b.c", "groups": 5}\n]'
    )
    rows = read(text, "users.json", attributes=ATTRIBUTES)
    attributes = {"email": "a@b.c", "email_verified": "true"}
    assert rows[0] == Entry(2, "a@b.c", "12345678", ("editor",), attributes)
    assert [(row.line, row.reason) for row in rows if isinstance(row, Broken)] == [
        (3, "nmae is no attribute of the user pool. Did you mean name?"),
        (3, "is no object"),
        (4, "name holds half of a surrogate pair, which is no character"),
        (5, "name is neither text nor a number nor a Boolean"),
        (6, "groups is neither text nor a number nor a Boolean"),
        (6, "groups is no list"),
    ]


@pytest.mark.parametrize(
    ("text", "line"), [("", 1), ("{}", 1), ("[1,\n2", 2), ("[1\n2]", 2), ("[1,]", 1), ("[]\n[]", 2), ("[\n'a']", 2)]
)
def test_json_that_is_broken_is_told_with_its_line_before_anything_is_done(text: str, line: int) -> None:
    with pytest.raises(StackError, match=rf"users\.json:{line}: is not JSON: "):
        read(text, "users.json", attributes=ATTRIBUTES)


def test_a_password_is_in_no_reason_and_in_no_representation() -> None:
    rows = csv(f'email,password\n"{SECRET},{SECRET}\na@b.c,{SECRET},{SECRET}\nb@b.c,{SECRET}\n')
    assert len(broken(rows)) == 2
    assert SECRET not in repr(rows)


@given(st.text(max_size=80))
def test_any_text_below_a_header_is_rows_and_broken_rows(text: str) -> None:
    assert all(row.line > 1 for row in csv(f"email,name\n{text}"))


@given(st.text(alphabet='[]{}",: \n1a\\ue', max_size=40))
def test_any_text_is_json_or_refused(text: str) -> None:
    with contextlib.suppress(StackError):
        read(text, "users.json", attributes=ATTRIBUTES)


@given(st.lists(st.text(min_size=1, alphabet=st.characters(exclude_categories=("Cs",))), max_size=5))
def test_what_json_says_is_what_is_read(names: list[str]) -> None:
    text = json.dumps([{"username": "ada", "name": name} for name in names], indent=1)
    assert [row.attributes["name"] for row in entries(read(text, "a.json", attributes=ATTRIBUTES))] == names
