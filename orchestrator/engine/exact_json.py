"""JSON text into values with its numbers as exact as they were written."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

# What may be a fraction, or an integer that orjson would make a float of; in the text of a query it does no harm.
INEXACT = re.compile(rb"[0-9](?:[.eE]|[0-9]{18})")


def read(text: bytes) -> Any:
    """The value: a fraction is a Decimal, an integer may be large. Raises ValueError.

    >>> read(b'[0.10, 12345678901234567890123]')
    [Decimal('0.10'), 12345678901234567890123]
    """
    if INEXACT.search(text) is None:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # json knows the words for it.
    try:
        found = json.loads(text.decode(), parse_float=Decimal, parse_constant=_no_constant)
        if b"\\u" in text:
            _no_half_characters(found)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError("a number is beyond all reckoning, or lists and objects are nested too deeply") from error
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _no_half_characters(found: Any) -> None:
    """Raises ValueError for half of a surrogate pair, which no text of PostgreSQL's and no answer can hold."""
    json.dumps(found, ensure_ascii=False, default=str).encode()
