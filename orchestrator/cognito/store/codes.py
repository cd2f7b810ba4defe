"""Confirmation codes: one a user and purpose."""

from __future__ import annotations

from ..model import Code
from .database import Database


def save(database: Database, code: Code) -> None:
    database.run(
        "insert or replace into code (sub, purpose, code, expires_at, failures) values (?, ?, ?, ?, ?)",
        code.sub,
        code.purpose,
        code.code,
        code.expires_at,
        code.failures,
    )


def find(database: Database, sub: str, purpose: str) -> Code | None:
    row = database.one("select * from code where sub = ? and purpose = ?", sub, purpose)
    return Code(row["sub"], row["purpose"], row["code"], row["expires_at"], row["failures"]) if row else None


def count_failure(database: Database, sub: str, purpose: str) -> None:
    database.run("update code set failures = failures + 1 where sub = ? and purpose = ?", sub, purpose)


def remove(database: Database, sub: str, purpose: str) -> None:
    database.run("delete from code where sub = ? and purpose = ?", sub, purpose)
