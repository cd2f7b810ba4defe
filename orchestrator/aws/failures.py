"""What botocore raises, as the error that a user gets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from orchestrator.errors import StackError


@contextlib.contextmanager
def told(doing: str) -> Iterator[None]:
    """Turns what botocore raises into a StackError: `{doing} failed: {code}: {message}`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise StackError(
            f"{doing} failed: {said.get('Code')}: {said.get('Message')}",
            "The trigger's own words are in `hasura-cognito logs lambda`." if "Lambda" in said.get("Code", "") else "",
        ) from error
    except BotoCoreError as error:
        raise StackError(f"{doing} failed: {error}", "Is the stack up? See `hasura-cognito status`.") from error
