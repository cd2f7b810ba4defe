"""Rendering a page: the template, the one stylesheet, and headers that let nothing else in."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def templates() -> Environment:
    """Imported and compiled with the first page: the emulator starts the sooner."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["qr_code"] = _qr_code
    return environment


def _qr_code(text: str) -> str:
    """An SVG element."""
    import segno

    return segno.make(text, error="m", micro=False).svg_inline(scale=4, border=3, dark="#000", light="#fff")


@cache
def stylesheet() -> str:
    from importlib.resources import files

    return (files(__package__) / "templates" / "style.css").read_text("utf-8")


def page(template: str, *, status: int = 200, scheme: str = "", css: str = "", **values: Any) -> Response:
    """The page. `scheme` is that of the redirect URI a form may lead to, `css` the pool's own, which was checked."""
    own = stylesheet()
    html = templates().get_template(template).render(stylesheet=own, own_css=css, **values)
    styles = " ".join(_hash(text) for text in (own, css) if text)
    # A browser checks a form's redirects, too, and an application may lead on from its callback to another origin.
    targets = " ".join(dict.fromkeys(("'self'", "http:", "https:", *([scheme] if scheme else []))))
    policy = (
        f"default-src 'none'; style-src {styles}; img-src data:; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return Response(html, status, headers, media_type="text/html")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
