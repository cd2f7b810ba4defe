"""/forgotPassword, /confirmForgotPassword and /changePassword: another password for who lost or was lent one."""

from __future__ import annotations

from starlette.responses import Response

from ..errors import CognitoError
from . import problems
from .browser import Step
from .problems import Problem, missing
from .sign_up import password_rules
from .visit import Visit


async def show_forgotten(visit: Visit) -> Response:
    return visit.show("forgot.html", username=visit.request.query_params.get("login_hint", ""))


async def forgotten(visit: Visit) -> Response:
    username = visit.given("username")
    if not username:
        return visit.show("forgot.html", missing(visit.name_label, "username"), username="")
    try:
        answer = await visit.call("ForgotPassword", Username=username)
    except CognitoError as error:
        return visit.show("forgot.html", problems.of(error), username=username)
    return visit.go_on("/confirmForgotPassword", Step(visit.client.id, username, sent=answer["CodeDeliveryDetails"]))


async def show_reset(visit: Visit) -> Response:
    return _reset_form(visit, None)


async def reset(visit: Visit) -> Response:
    username = visit.step.username if visit.step else visit.given("username")
    if not username or not visit.given("code"):
        return _reset_form(visit, missing("The code", "code") if username else missing(visit.name_label, "username"))
    try:
        await visit.call(
            "ConfirmForgotPassword",
            Username=username,
            ConfirmationCode=visit.given("code"),
            Password=visit.form.get("password", ""),
        )
    except CognitoError as error:
        return _reset_form(visit, problems.of(error))
    return visit.go_on("/login", Step(visit.client.id, username, notice="Your password was changed. Sign in with it."))


def _reset_form(visit: Visit, problem: Problem | None) -> Response:
    return visit.show("reset.html", problem, rules=password_rules(visit.pool))
