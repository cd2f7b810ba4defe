"""A browser without scripts: follows links and redirects, fills in forms, and stops at the application's address."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

APP = "http://localhost:3000/callback"
AFTER_LOGOUT = "http://localhost:3000/bye"


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    inputs: dict[str, dict[str, str | None]] = field(default_factory=dict)


class Page(HTMLParser):
    """What a page says: its forms, its links, its text, and the text of its alert."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url = url
        self.source = text
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.title = self.heading = self.alert = self.text = ""
        self._within: list[str] = []
        self._alert_depth = 0
        self._link: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, given.get("action") or self.url)))
        elif tag == "input" and self.forms:
            self._input(given)
        elif tag == "button":
            self.forms[-1].buttons.append((given.get("name") or "", given.get("value") or ""))
        elif tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        elif tag == "a":
            self._link = urljoin(self.url, given.get("href") or "")
        if given.get("role") == "alert" or (self._alert_depth and tag == "div"):
            self._alert_depth += 1
        if tag not in ("input", "meta", "link", "img", "path", "rect"):
            self._within.append(tag)

    def _input(self, given: dict[str, str | None]) -> None:
        form, name = self.forms[-1], str(given.get("name"))
        form.inputs[name] = given
        if given.get("type") == "checkbox":
            if "checked" in given:
                form.fields[name] = given.get("value") or "on"
        else:
            form.fields[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            while self._within.pop() != tag:
                pass
        if tag == "div" and self._alert_depth:
            self._alert_depth -= 1
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        where = self._within[-1] if self._within else ""
        if where == "style":
            return
        self.text += data
        if where == "title":
            self.title += data.strip()
        if where == "h1":
            self.heading += data.strip()
        if self._alert_depth:
            self.alert = (self.alert + data).strip()
        if self._link and data.strip():
            self.links[data.strip()] = self._link


class Browser:
    """One person's browser. After each step `page` is what is shown, or `arrived` the application's address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(verify=False, trust_env=False)  # Certificates take 30 ms to load.
        self.page = Page(url, "")
        self.status = 0
        self.arrived: str | None = None
        self.path = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    def open(self, path: str, **parameters: str) -> Self:
        return self._follow(self.http.get(urljoin(self.url, path), params=parameters or None))

    def click(self, link: str) -> Self:
        return self._follow(self.http.get(self.page.links[link]))

    def submit(self, number: int = 0, button: str | None = None, **values: str) -> Self:
        """Sends the form of that number with these values in it, as the button of that name would."""
        form = self.page.forms[number]
        unknown = values.keys() - form.fields.keys() - {name for name, _ in form.buttons}
        assert not unknown, f"the form has no {unknown}"
        pressed = dict(form.buttons[:1]) if button is None else {button: dict(form.buttons)[button]}
        pressed.pop("", None)
        return self._follow(self.http.post(form.action, data={**form.fields, **pressed, **values}))

    def _follow(self, response: httpx.Response) -> Self:
        self.arrived = None
        while response.is_redirect:
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(self.url):
                self.arrived = target
                return self
            response = self.http.get(target)
        self.status, self.path = response.status_code, urlsplit(str(response.url)).path
        self.page = Page(str(response.url), response.text)
        self.response = response
        return self

    @property
    def answer(self) -> dict[str, str]:
        """What the application was given, in the query or in the fragment of its address."""
        assert self.arrived, f"still at {self.path}: {self.page.alert or self.page.heading}"
        parts = urlsplit(self.arrived)
        return {name: values[0] for name, values in parse_qs(parts.fragment or parts.query).items()}


def authorize(client_id: str, response_type: str = "token", **more: str | None) -> str:
    """The path an application sends a browser to; None leaves a parameter out."""
    parameters: dict[str, str | None] = {
        "client_id": client_id,
        "response_type": response_type,
        "redirect_uri": APP,
        "state": "a state",
        **more,
    }
    return "/oauth2/authorize?" + urlencode({name: value for name, value in parameters.items() if value is not None})
