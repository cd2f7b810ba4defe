"""Hasura's refusal of the mutation in words for the log, with the next step where the table is to blame."""

from __future__ import annotations

import re

LONGEST = 500

# Hasura's words for a column that it does not know, and PostgreSQL's for one that Hasura knows from before.
LACKING = re.compile(
    r"field '(\w+)' not found in type: 'users_(?:insert_input|bool_exp)'"
    r"|for type 'users_update_column', but found '(\w+)'"
    r"|column \"(?:[^\".]*\.)?(\w+)\"(?: of relation \"users\")? does not exist"
)


def reason(errors):
    """What a GraphQL answer's `errors` say: the first one, and what PostgreSQL said if it is told."""
    first = errors[0] if isinstance(errors, list) else errors
    message = first.get("message") if isinstance(first, dict) else first
    said = ": ".join(str(each) for each in (message, _cause(first)) if each is not None)[:LONGEST]
    if lacking := LACKING.search(said):
        said += f". The table users has no column {next(filter(None, lacking.groups()))}: add it with a migration, "
        said += "and have Hasura reload its metadata"
    return said


def _cause(error):
    """PostgreSQL's own words: Hasura tells them to its administrator only."""
    for name in ("extensions", "internal", "error", "message"):
        error = error.get(name) if isinstance(error, dict) else None
    return error
