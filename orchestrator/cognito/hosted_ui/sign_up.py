"""/signup, /confirmUser and /resendcode: a new account, and the code that proves its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.responses import Response

from ..attributes import as_pairs, schema
from ..errors import CognitoError
from ..model import Pool
from ..store import users
from . import browser, problems
from .browser import Step
from .outcome import proved
from .problems import Again, Problem, missing
from .visit import Visit

# Label, type and autocomplete of an attribute's input.
INPUTS = {
    "address": ("Address", "text", "street-address"),
    "birthdate": ("Date of birth", "date", "bday"),
    "email": ("Email", "email", "email"),
    "family_name": ("Family name", "text", "family-name"),
    "gender": ("Gender", "text", "sex"),
    "given_name": ("Given name", "text", "given-name"),
    "middle_name": ("Middle name", "text", "additional-name"),
    "name": ("Name", "text", "name"),
    "nickname": ("Nickname", "text", "nickname"),
    "phone_number": ("Phone number", "tel", "tel"),
    "picture": ("Picture", "url", "photo"),
    "preferred_username": ("Preferred username", "text", "off"),
    "website": ("Website", "url", "url"),
}


@dataclass(frozen=True)
class Input:
    """One attribute that the form asks for."""

    attribute: str
    label: str
    type: str
    autocomplete: str
    required: bool

    @property
    def name(self) -> str:
        return f"requiredAttributes[{self.attribute}]"


def inputs(pool: Pool) -> list[Input]:
    """What is asked beside name and password: what the pool requires, and an address for the code."""
    required = [name for name, given in schema(pool).items() if given.get("Required") and name != "sub"]
    wanted = dict.fromkeys([*required, *pool.auto_verified[:1]])
    given_as_name = set(pool.username_attributes) if len(pool.username_attributes) == 1 else set()
    return [_input(name, required=True) for name in wanted if name not in given_as_name]


def _input(attribute: str, *, required: bool) -> Input:
    words = attribute.removeprefix("custom:").replace("_", " ").capitalize()
    label, kind, autocomplete = INPUTS.get(attribute, (words, "text", "off"))
    return Input(attribute, label, kind, autocomplete, required)


def password_rules(pool: Pool) -> str:
    """
    >>> password_rules(pool)
    'At least 8 characters, with an uppercase letter, a lowercase letter and a number.'
    """
    policy: Mapping[str, object] = pool.password_policy
    wanted = [
        words
        for rule, words in (
            ("RequireUppercase", "an uppercase letter"),
            ("RequireLowercase", "a lowercase letter"),
            ("RequireNumbers", "a number"),
            ("RequireSymbols", "a symbol"),
        )
        if policy.get(rule)
    ]
    listed = " and ".join(filter(None, [", ".join(wanted[:-1]), *wanted[-1:]]))
    return f"At least {policy['MinimumLength']} characters" + (f", with {listed}." if wanted else ".")


async def show(visit: Visit) -> Response:
    return _form(visit, None)


async def submit(visit: Visit) -> Response:
    username, asked = visit.given("username"), inputs(visit.pool)
    attributes = {each.attribute: visit.given(each.name) for each in asked}
    lacking = [each for each in asked if not attributes[each.attribute]]
    if not username:
        return _form(visit, missing(visit.name_label, "username"))
    if lacking:
        return _form(visit, missing(lacking[0].label, lacking[0].name))
    try:
        answer = await visit.call(
            "SignUp",
            Username=username,
            Password=visit.form.get("password", ""),
            UserAttributes=as_pairs({name: value for name, value in attributes.items() if value}),
        )
    except CognitoError as error:
        return _form(visit, _at_field(problems.of(error), asked))
    step = Step(visit.client.id, username, proved=True, sent=answer.get("CodeDeliveryDetails"))
    if answer["UserConfirmed"]:
        return await _enter(visit, step, lambda problem: _form(visit, problem))
    return visit.go_on("/confirmUser", step)


async def show_confirmation(visit: Visit) -> Response:
    return _confirmation(visit, None)


async def confirm(visit: Visit) -> Response:
    step = visit.step
    username = step.username if step else visit.given("username")
    if not username or not visit.given("code"):
        absent = missing("The code", "code") if username else missing(visit.name_label, "username")
        return _confirmation(visit, absent)
    try:
        await visit.call("ConfirmSignUp", Username=username, ConfirmationCode=visit.given("code"))
    except CognitoError as error:
        return _confirmation(visit, problems.of(error))
    if step and step.proved:
        return await _enter(visit, step, lambda problem: _confirmation(visit, problem))
    notice = "Your account is confirmed. Sign in."
    return visit.go_on("/login", Step(visit.client.id, username, notice=notice))


async def show_resend(visit: Visit) -> Response:
    return visit.show("resend.html", username="")


async def resend(visit: Visit) -> Response:
    username = visit.step.username if visit.step else visit.given("username")
    if not username:
        return visit.show("resend.html", missing(visit.name_label, "username"), username="")
    try:
        answer = await visit.call("ResendConfirmationCode", Username=username)
    except CognitoError as error:
        problem = problems.of(error)
        return _confirmation(visit, problem) if visit.step else visit.show("resend.html", problem, username=username)
    step = visit.step or Step(visit.client.id, username)
    return visit.go_on("/confirmUser", replace(step, sent=answer["CodeDeliveryDetails"], notice="A new code was sent."))


async def _enter(visit: Visit, step: Step, again: Again) -> Response:
    """To the application: who signed up, or signed in before confirming, need not type the password again."""
    user = users.find(visit.emulator.database, visit.pool, step.username)
    if user is None or not user.enabled:
        return browser.go(visit.url("/login"))
    return await proved(visit, user, again)


def _form(visit: Visit, problem: Problem | None) -> Response:
    return visit.show(
        "signup.html", problem, inputs=inputs(visit.pool), rules=password_rules(visit.pool), given=visit.form
    )


def _confirmation(visit: Visit, problem: Problem | None) -> Response:
    return visit.show("confirm.html", problem)


def _at_field(problem: Problem, asked: list[Input]) -> Problem:
    """The problem at the attribute that its text begins with or names."""
    for each in asked:
        if re.search(rf"\b{re.escape(each.attribute.replace('_', ' '))}\b", problem.message, re.IGNORECASE):
            return replace(problem, field=problem.field or each.name)
    return problem
