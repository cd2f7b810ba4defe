"""What ngrok's words mean, and what to do about them.

Codes: https://ngrok.com/docs/errors/reference. For the known ones its own words, which quote the token, are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.errors import StackError

TOKEN_PAGE = "https://dashboard.ngrok.com/get-started/your-authtoken"  # noqa: S105
TOKEN_REFUSED = (
    "ngrok does not accept the authtoken.",
    f"Compare it with the one on {TOKEN_PAGE}: it may have been reset, or belong to another account.",
)
UPDATE = ("This ngrok is too old for its service.", "Update it: ngrok update.")

# {domain} is filled in.
FAILURES: Mapping[int, tuple[str, str]] = {
    105: TOKEN_REFUSED,
    106: TOKEN_REFUSED,
    107: TOKEN_REFUSED,
    108: (
        "The ngrok account has as many agents running as it may have.",
        "Stop another one, perhaps on another machine: https://dashboard.ngrok.com/agents lists them.",
    ),
    120: UPDATE,
    121: UPDATE,
    320: (
        "{domain} belongs to another ngrok account.",
        "Set NGROK_DOMAIN to one of https://dashboard.ngrok.com/domains, or NGROK_AUTHTOKEN to that account's.",
    ),
    334: (
        "{domain} is in use by another ngrok agent.",
        "Stop it (see https://dashboard.ngrok.com/endpoints); one that was killed holds it for a minute.",
    ),
    4018: (
        "ngrok needs an authtoken.",
        f"Set NGROK_AUTHTOKEN to the one on {TOKEN_PAGE}, or run ngrok config add-authtoken; an account is free.",
    ),
    9026: ("ngrok does not accept the traffic policy.", "Check NGROK_POLICY: https://ngrok.com/docs/traffic-policy."),
}
CODE = re.compile(r"ERR_NGROK_(\d+)")
OFFLINE = re.compile(
    r"no such host|dial tcp|lookup \S+|i/o timeout|establish tcp connection|network is unreachable", re.I
)
OLD_AGENT = re.compile(r"/api/endpoints|field \S+ not found|unknown version", re.I)
LONGEST = 300


def failure(said: str, *, domain: str) -> StackError:
    """Why ngrok gave no URL, from all that it said."""
    found = CODE.search(said)
    if found:
        message, hint = FAILURES.get(int(found[1]), (f"ngrok refused: {_first_words(said)} ({found[0]}).", ""))
        hint = hint or f"See https://ngrok.com/docs/errors/{found[0].lower()}."
        return StackError(message.replace("{domain}", domain or "The domain"), hint)
    if OFFLINE.search(said):
        return StackError(
            "ngrok does not reach its service.", "Is this machine online, and does its firewall let ngrok out?"
        )
    if OLD_AGENT.search(said):
        return StackError("This ngrok is too old: it has no endpoints (version 3.16).", "Update it: ngrok update.")
    return StackError(f"ngrok gave no URL: {_first_words(said)}.", "Try ngrok http 8080 by hand.")


def _first_words(said: str) -> str:
    line = next((line for line in said.splitlines() if line.strip()), "it said nothing")
    return line.strip().rstrip(".")[:LONGEST]
