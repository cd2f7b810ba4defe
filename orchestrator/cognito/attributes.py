"""User attributes: the pool's schema, and whether given values fit it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import InvalidParameter, NotAuthorized
from .model import Client, Json, Pool

STANDARD = (
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
    "phone_number_verified", "address", "updated_at",
)  # fmt: skip
VERIFIED = ("email_verified", "phone_number_verified")
VERIFIABLE = ("email", "phone_number")

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None


def as_map(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The API's list of names and values as a dictionary; a missing value is an empty one."""
    return {pair["Name"]: pair.get("Value", "") for pair in pairs or ()}


def as_pairs(attributes: Mapping[str, str]) -> list[Json]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def schema(pool: Pool) -> dict[str, Mapping[str, Any]]:
    """The definition of each attribute a pool knows, custom ones under their full name."""
    known: dict[str, Mapping[str, Any]] = {name: {"Name": name} for name in STANDARD}
    for definition in pool.settings.get("Schema") or ():
        known[full_name(definition)] = definition
    return known


def full_name(definition: Mapping[str, Any]) -> str:
    """The name under which users have an attribute of the schema: custom ones get their prefix."""
    name = str(definition["Name"])
    if name in STANDARD or name == "sub" or name.startswith(("custom:", "dev:")):
        return name
    return f"dev:custom:{name}" if definition.get("DeveloperOnlyAttribute") else f"custom:{name}"


def check_new(pool: Pool, given: Mapping[str, str]) -> None:
    """Raises InvalidParameter unless the attributes of a new user fit the pool's schema."""
    known = schema(pool)
    _check_values(known, given)
    missing = [name for name, definition in known.items() if definition.get("Required") and not given.get(name)]
    missing = [name for name in missing if name != "sub"]
    if missing:
        lines = "".join(f"{name}: The attribute {name} is required\n" for name in missing)
        raise InvalidParameter(f"Attributes did not conform to the schema: {lines}")


def check_change(pool: Pool, given: Mapping[str, str]) -> None:
    """Raises InvalidParameter unless an existing user's attributes may become these."""
    if "sub" in given:
        raise InvalidParameter("Cannot modify an immutable attribute: sub")
    known = schema(pool)
    _check_values(known, given)
    fixed = [name for name in given if known[name].get("Mutable") is False]
    if fixed:
        raise InvalidParameter(f"user.{fixed[0]}: Attribute cannot be updated.\n")


def check_client_may_write(client: Client, names: Iterable[str]) -> None:
    """Raises NotAuthorized for attributes only an administrator, or another client, may write."""
    writable = client.settings.get("WriteAttributes")
    for name in names:
        if name in VERIFIED or (writable is not None and name not in writable):
            raise NotAuthorized("A client attempted to write unauthorized attribute")


def _check_values(known: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        lines = "".join(f"{name}: Attribute does not exist in the schema.\n" for name in unknown)
        raise InvalidParameter(f"Attributes did not conform to the schema: {lines}")
    if given.get("email") and not is_email(given["email"]):
        raise InvalidParameter("Invalid email address format.")
    if given.get("phone_number") and not is_phone_number(given["phone_number"]):
        raise InvalidParameter("Invalid phone number format.")
    for name, value in given.items():
        problem = _problem(known[name], value)
        if problem:
            raise InvalidParameter(f"Attributes did not conform to the schema: {name}: {problem}\n")


def _problem(definition: Mapping[str, Any], value: str) -> str | None:
    """What keeps a value from fitting its definition, or None."""
    kind = definition.get("AttributeDataType", "String")
    if kind == "Number":
        if not _NUMBER.fullmatch(value):
            return "Attribute is not a number"
        return _outside(float(value), definition.get("NumberAttributeConstraints"), "Value", "value is")
    if kind == "Boolean" and value not in ("true", "false"):
        return "Attribute is not a boolean"
    if kind == "String":
        return _outside(len(value), definition.get("StringAttributeConstraints"), "Length", "length is")
    return None


def _outside(size: float, constraints: Mapping[str, str] | None, what: str, says: str) -> str | None:
    lowest, highest = ((constraints or {}).get(f"{end}{what}") for end in ("Min", "Max"))
    if lowest is not None and size < float(lowest):
        return f"Attribute {says} below the minimum of {lowest}"
    if highest is not None and size > float(highest):
        return f"Attribute {says} above the maximum of {highest}"
    return None
