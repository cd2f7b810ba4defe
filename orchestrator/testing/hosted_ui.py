"""The hosted UI by HTTP alone: what a browser does between an application and its sign-in page."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from orchestrator.errors import StackError
from orchestrator.testing.pages import Form, Page
from orchestrator.testing.users import PASSWORD, User, Users

if TYPE_CHECKING:
    import httpx

    from orchestrator.testing.stack import Stack

Grant = Literal["implicit", "code"]
RESPONSE_TYPES: Mapping[Grant, str] = {"implicit": "token", "code": "code"}
REDIRECTS = 10


@dataclass(frozen=True)
class Arrived:
    """The application's address to which a browser was sent at last, and what it was given there."""

    url: str

    @property
    def given(self) -> Mapping[str, str]:
        """Of the fragment, or else of the query."""
        parts = urlsplit(self.url)
        return {name: values[0] for name, values in parse_qs(parts.fragment or parts.query).items()}


@dataclass(frozen=True)
class HostedUi:
    """Each sign-in is a browser of its own. Raises StackError with what the page, or the redirect, says is wrong."""

    stack: Stack
    users: Users = field(repr=False)

    def sign_up(self, email: str | None = None, *, password: str = PASSWORD, grant: Grant = "implicit") -> User:
        """A new user who fills in the form, and the code that was "sent"; signed in."""
        email = email or f"user-{secrets.token_hex(6)}@example.com"
        with self._browser() as browser:
            browser.open(self.authorize_url(grant, page="/signup", verifier=(verifier := secrets.token_urlsafe(48))))
            browser.submit({"username": email, "password": password}, also={"email": email})
            if browser.arrived is None:
                browser.submit({"code": self.stack.accounts.code_for(email)})
            return self._user(browser, grant, verifier, password)

    def sign_in(self, user: User | str, password: str = "", *, grant: Grant = "implicit") -> User:
        """The user with new tokens: those of the redirect, or with `code` those that its code (PKCE) is good for."""
        known = user if isinstance(user, User) else None
        name = known.username if known else str(user)
        password = password or (known.password if known else PASSWORD)
        with self._browser() as browser:
            browser.open(self.authorize_url(grant, verifier=(verifier := secrets.token_urlsafe(48))))
            browser.submit({"username": name, "password": password})
            return self._user(browser, grant, verifier, password)

    def authorize_url(
        self, grant: Grant = "implicit", *, page: str = "/oauth2/authorize", verifier: str = "", **more: str
    ) -> str:
        """Where an application sends a browser; `more` are further parameters, such as `state`."""
        client = self._client()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        proof = {"code_challenge": challenge, "code_challenge_method": "S256"} if grant == "code" and verifier else {}
        query = {
            "client_id": self.stack.pool.client_id,
            "response_type": RESPONSE_TYPES[grant],
            "scope": " ".join(client.get("AllowedOAuthScopes", [])),
            "redirect_uri": self._redirect_uri(client),
            **proof,
            **more,
        }
        return f"{self.stack.urls.cognito}{page}?{urlencode(query)}"

    def exchange(self, code: str, *, verifier: str = "") -> Mapping[str, Any]:
        """What `/oauth2/token` answers to a code: tokens, or `{"error"}`."""
        client = self._client()
        secret = client.get("ClientSecret")
        form = {
            "grant_type": "authorization_code",
            "client_id": self.stack.pool.client_id,
            "code": code,
            "redirect_uri": self._redirect_uri(client),
            **({"code_verifier": verifier} if verifier else {}),
            **({"client_secret": secret} if secret else {}),
        }
        answer: Mapping[str, Any] = self.stack.http.post(f"{self.stack.urls.cognito}/oauth2/token", data=form).json()
        return answer

    def _user(self, browser: Browser, grant: Grant, verifier: str, password: str) -> User:
        given = browser.answer()
        if grant == "code":
            given = self.exchange(given["code"], verifier=verifier)
        if "error" in given:
            raise StackError(f"The hosted UI refused: {given.get('error_description') or given['error']}")
        tokens = (given["id_token"], given["access_token"], given.get("refresh_token", ""))
        return self.users.from_tokens(*tokens, expires_in=int(given["expires_in"]), password=password)

    def _client(self) -> Mapping[str, Any]:
        pool = self.stack.pool
        described = self.stack.cognito.describe_user_pool_client(UserPoolId=pool.id, ClientId=pool.client_id)
        return described["UserPoolClient"]

    def _redirect_uri(self, client: Mapping[str, Any]) -> str:
        if urls := client.get("CallbackURLs"):
            return str(urls[0])
        raise StackError("The app client has no callback URL.", "Give it CallbackURLs in lambdas/template.yaml.")

    def _browser(self) -> Browser:
        return Browser(self.stack.urls.cognito)


class Browser:
    """A browser without scripts: after each step it shows `page`, or has arrived at the application."""

    def __init__(self, url: str) -> None:
        import httpx

        self._url = url
        self._http = httpx.Client(trust_env=False, verify=False)  # noqa: S501 all is on this machine
        self.page = Page(url, "")
        self.arrived: Arrived | None = None

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def open(self, url: str) -> None:
        self._follow(self._http.get(url))

    def submit(self, values: Mapping[str, str], *, also: Mapping[str, str] = {}) -> None:
        """Sends the form that has these fields, with `also` in those it happens to have.

        Raises StackError where there is no such form.
        """
        form = self.page.form(*values)
        if form is None or self.arrived:
            raise StackError(f"The hosted UI has no form for {', '.join(values)} here: {self._shown()}")
        self._send(form, {**form.fields, **{name: also[name] for name in also if name in form.fields}, **values})

    def answer(self) -> Mapping[str, str]:
        """What the application was given. Raises StackError where the browser is still at a page."""
        if self.arrived is None:
            raise StackError(f"The hosted UI does not go on: {self._shown()}")
        return self.arrived.given

    def _send(self, form: Form, values: Mapping[str, str]) -> None:
        self._follow(self._http.post(form.action, data=dict(values)))

    def _follow(self, response: httpx.Response) -> None:
        self.arrived = None
        for _ in range(REDIRECTS):
            if not response.is_redirect:
                self.page = Page(str(response.url), response.text)
                return
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(f"{self._url}/"):
                self.arrived = Arrived(target)
                return
            response = self._http.get(target)
        raise StackError(f"The hosted UI sent the browser round in circles, at last to {response.url}.")

    def _shown(self) -> str:
        return self.page.alert or self.page.heading or f"an empty page at {self.page.url}"
