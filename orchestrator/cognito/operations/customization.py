"""The look of the hosted UI: CSS for the classes that Cognito names, and a logo."""

from __future__ import annotations

import base64
import re

from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound
from ..model import Json
from ..store import customizations, pools
from .request import pool_of

LARGEST_IMAGE, LARGEST_CSS = 100 * 1024, 3 * 1024
CLASSES = frozenset(
    f"{name}-customizable"
    for name in (
        "background", "banner", "errorMessage", "idpButton", "idpDescription", "inputField", "label", "legalText",
        "logo", "passwordCheck-notValid", "passwordCheck-valid", "redirect", "socialButton", "submitButton",
        "textDescription",
    )
)  # fmt: skip
_RULE = re.compile(r"\s*([^{}]+?)\s*\{([^{}]*)\}")
_SELECTOR = re.compile(r"\.([A-Za-z-]+)(:{1,2}[a-z-]+)?")
_DECLARATIONS = re.compile(r"[\w\s:;,.#%()+*/!'\"-]*")


def set_ui_customization(emulator: Emulator, request: Json) -> Json:
    pool, client_id = pool_of(emulator, request["UserPoolId"]), request.get("ClientId", customizations.ALL)
    if client_id != customizations.ALL and _foreign(emulator, pool.id, client_id):
        raise ResourceNotFound(f"User pool client {client_id} does not exist.")
    css, image = request.get("CSS"), request.get("ImageFile")
    if css:
        check_css(css)
    content = _image(image) if image else None
    # Browsers hash a page's stylesheet with these line ends, whatever they were.
    css = css.replace("\r\n", "\n").replace("\r", "\n") if css else None
    customizations.save(emulator.database, pool.id, client_id, css, content, emulator.clock())
    return get_ui_customization(emulator, request)


def get_ui_customization(emulator: Emulator, request: Json) -> Json:
    pool, client_id = pool_of(emulator, request["UserPoolId"]), request.get("ClientId", customizations.ALL)
    row = customizations.find(emulator.database, pool.id, client_id)
    if row is None:
        return {"UICustomization": {"UserPoolId": pool.id, "ClientId": client_id}}
    shown = {
        "UserPoolId": pool.id,
        "ClientId": row["client_id"],
        "CSS": row["css"],
        "ImageUrl": customizations.logo(emulator.database, pool.id, client_id),
        "CSSVersion": f"{row['modified_at']:.0f}",
        "CreationDate": row["created_at"],
        "LastModifiedDate": row["modified_at"],
    }
    return {"UICustomization": {name: value for name, value in shown.items() if value is not None}}


def check_css(css: str) -> None:
    """Raises InvalidParameter unless the CSS styles Cognito's classes only, and reaches nothing outside the page."""
    if len(css) > LARGEST_CSS:
        raise InvalidParameter(f"CSS is larger than {LARGEST_CSS} bytes.")
    rest = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    for selectors, declarations in _RULE.findall(rest):
        for selector in selectors.split(","):
            match = _SELECTOR.fullmatch(selector.strip())
            if match is None or match[1] not in CLASSES:
                raise InvalidParameter(f"CSS: {selector.strip()} is not among the classes that can be customized.")
        if not _DECLARATIONS.fullmatch(declarations) or re.search(r"url\s*\(|expression\s*\(", declarations, re.I):
            raise InvalidParameter(f"CSS: the declarations of {selectors} may not hold addresses or expressions.")
    if _RULE.sub("", rest).strip():
        raise InvalidParameter("CSS: only rules of the form `.class { declarations }` are allowed.")


def _foreign(emulator: Emulator, pool_id: str, client_id: str) -> bool:
    client = pools.client(emulator.database, client_id)
    return client is None or client.pool_id != pool_id


def _image(text: str) -> bytes:
    try:
        image = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidParameter("ImageFile is not base64.") from error
    if customizations.media_type(image) is None or len(image) > LARGEST_IMAGE:
        raise InvalidParameter("ImageFile must be a PNG or JPEG of at most 100 KB.")
    return image
