"""The pages of the hosted UI, read as far as a test needs them: forms, what is wrong, and the heading."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass
class Form:
    """Where a form is sent, and its fields with the values that they have."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.heading = self.alert = ""
        self._into: str | None = None
        self.feed(text)

    def form(self, *names: str) -> Form | None:
        """The first form with all these fields."""
        return next((form for form in self.forms if set(names) <= form.fields.keys()), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, given.get("action") or self.url)))
        elif tag == "input" and self.forms and given.get("name"):
            self.forms[-1].fields[str(given["name"])] = given.get("value") or ""
        elif tag == "h1":
            self._into = "heading"
        elif given.get("role") == "alert":
            self._into = "alert"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "div", "p") and self._into:
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into and data.strip():
            setattr(self, self._into, f"{getattr(self, self._into)} {data.strip()}".strip())
