"""What attach has changed is noted in a tag that any machine can read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.aws.attach import note
from orchestrator.aws.attach.note import Noted
from orchestrator.aws.attach.triggers import ALL, Trigger, changed, for_hasura, trigger
from orchestrator.errors import StackError

ARN = "arn:aws:lambda:us-east-1:1:function:"
WANTED = for_hasura(
    ALL,
    {"PreTokenGeneration": f"{ARN}claims", "PostConfirmation": f"{ARN}sync", "PostAuthentication": f"{ARN}sync:live"},
    tier=None,
)
found = st.sampled_from([None, "V1_0", "V2_0"])


def test_the_tag_is_short_and_has_only_characters_that_a_tag_may_have() -> None:
    text = note.text(note.of_changes({"PreTokenGeneration": f"{ARN}claims"}, WANTED))
    assert text == "PostAuthentication=sync:live PostConfirmation=sync PreTokenGeneration=claims/V1_0"
    assert note.parse(text) == {
        "PreTokenGeneration": Noted("claims", "V1_0"),
        "PostConfirmation": Noted("sync"),
        "PostAuthentication": Noted("sync:live"),
    }


@given(found, st.booleans(), st.booleans())
def test_what_is_attached_and_taken_back_is_as_it_was(version: str | None, confirmation: bool, sign_in: bool) -> None:
    before = changed(
        {"PreSignUp": f"{ARN}theirs"},
        {
            "PreTokenGeneration": Trigger(f"{ARN}claims", version) if version else None,
            "PostConfirmation": Trigger(f"{ARN}sync") if confirmation else None,
            "PostAuthentication": Trigger(f"{ARN}sync:live") if sign_in else None,
        },
    )
    noted = note.of_changes(before, WANTED)
    attached = changed(before, WANTED)
    back = note.taken_back(attached, note.parse(note.text(noted)) if noted else {})
    assert changed(attached, back) == before


def test_what_somebody_else_has_set_since_is_not_taken_back() -> None:
    noted = note.of_changes({}, WANTED)
    now = changed(changed({}, WANTED), {"PostConfirmation": Trigger(f"{ARN}theirs")})
    after = changed(now, note.taken_back(now, noted))
    assert trigger(after, "PostConfirmation") == Trigger(f"{ARN}theirs")
    assert after == {"PostConfirmation": f"{ARN}theirs"}


def test_names_that_are_too_long_for_a_tag_are_refused() -> None:
    with pytest.raises(StackError, match="too long"):
        note.text({name: Noted("f" * 64 + ":" + "a" * 64) for name in ALL})
    assert len(note.text({name: Noted("f" * 64) for name in ALL})) <= 256


@pytest.mark.parametrize("text", ["", "PostConfirmation", "PostConfirmation=sync; drop", "A=b/V1"])
def test_a_damaged_tag_is_shown(text: str) -> None:
    with pytest.raises(StackError, match="hasura-cognito:attached is damaged"):
        note.parse(text)
