"""The public URL in the environment of a Lambda function, for as long as this stack runs.

Lambda replaces the whole environment at once, so it is read, merged and written under the function's RevisionId; an
update of somebody else's meanwhile is waited for, and what it changed stays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.aws.failures import THROTTLED, code_of, told
from orchestrator.aws.register import before as before_files
from orchestrator.aws.register.before import Before, Variables, restored
from orchestrator.errors import StackError, writing

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
ENVIRONMENT_BYTES = 4096
# With this variable our function looks nowhere else.
LEASES = "SYNC_LEASE_TABLE"
# An update takes Lambda a few seconds, in a VPC up to a minute.
PATIENCE = 90.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 3.0
AGAIN = ("ResourceConflictException", "PreconditionFailedException", *THROTTLED)


class NoSuchFunction(StackError):
    """There is no function of this name in the region."""


class FunctionEnvironment:
    """Two variables of a function: the public URL and the gateway's key; an empty `key_variable` leaves the key out.

    `before_file` keeps what they were, readable by its owner only, from before the first update until release.
    """

    renew_seconds: float | None = None

    def __init__(
        self,
        client: LambdaClient,
        function: str,
        *,
        url_variable: str,
        key_variable: str,
        key: str,
        before_file: Path,
        seconds: float = PATIENCE,
    ) -> None:
        self._client = client
        self._function = function
        self._entry = f"{client.meta.region_name} {function}"
        self._url_variable = url_variable
        self._key = {key_variable: key} if key_variable else {}
        self._before_file = before_file
        self._seconds = seconds

    def register(self, url: str, *, proved_at: int) -> str:  # noqa: ARG002 only a lease tells it
        """Sets the variables and waits until the function has them. Raises StackError."""
        wanted = {self._url_variable: url, **self._key}

        def change(found: Variables) -> Variables:
            if table := found.get(LEASES):
                raise StackError(
                    f"The function {self._function} finds this stack by a lease in the table {table}, "
                    f"and does not read {self._url_variable}.",
                    f"Set STACK_REGISTRATION=lease and SYNC_LEASE_TABLE={table}.",
                )
            self._note(self._before().noting(found, wanted))
            return {**found, **wanted}

        self._update(f"Registering the URL with the function {self._function}", change)
        return f"{' and '.join(wanted)} of the function {self._function}"

    def release(self) -> str:
        """Gives the variables back the values that they had, each if it still has ours. Raises StackError."""
        before = self._before()
        if not before.values:
            return f"nothing was registered with the function {self._function}"
        foreign: list[str] = []

        def change(found: Variables) -> Variables:
            foreign[:] = before.foreign(found)
            return restored(found, before)

        try:
            self._update(f"Restoring the environment of the function {self._function}", change)
        except NoSuchFunction:
            self._note(Before())
            return f"the function {self._function} is gone, and its environment with it"
        self._note(Before())
        if foreign:
            return f"left {' and '.join(foreign)} of the function {self._function}: somebody else has set it meanwhile"
        return f"restored the environment of the function {self._function}"

    def _before(self) -> Before:
        return before_files.read(self._before_file, self._entry)

    def _note(self, before: Before) -> None:
        with writing(self._before_file.parent):
            before_files.write(self._before_file, self._entry, before)

    def _update(self, doing: str, change: Callable[[Variables], Variables]) -> None:
        """Puts what `change` makes of the environment in its place, and waits until the function runs with it."""
        from botocore.exceptions import ClientError

        for _ in self._tries(doing):
            found = self._configuration(doing)
            variables = environment_of(self._function, found)
            changed = change(variables)
            if changed == variables:
                return
            check_size(self._function, changed)
            with told(doing):
                try:
                    self._client.update_function_configuration(
                        FunctionName=self._function, Environment={"Variables": changed}, RevisionId=found["RevisionId"]
                    )
                except ClientError as error:
                    if code_of(error) not in AGAIN:
                        raise refused(doing, error, changed) from error
                    continue
            self._wait(doing)
            return

    def _wait(self, doing: str) -> None:
        """Until the update is done. Raises StackError where Lambda gives it up."""
        for _ in self._tries(doing):
            found = self._configuration(doing)
            state = found.get("LastUpdateStatus", "Successful")
            if state == "Failed":
                raise StackError(
                    f"{doing} failed: {found.get('LastUpdateStatusReason') or 'Lambda does not say why'}.",
                    "See the function's configuration in the AWS console.",
                )
            if state == "Successful":
                return

    def _configuration(self, doing: str) -> FunctionConfigurationResponseTypeDef:
        from botocore.exceptions import ClientError

        with told(doing):
            try:
                return self._client.get_function_configuration(FunctionName=self._function)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                raise NoSuchFunction(
                    f"There is no Lambda function {self._function} in {self._client.meta.region_name}.",
                    "`hasura-cognito aws deploy` makes it, or set SYNC_FUNCTION to the name of yours.",
                ) from error

    def _tries(self, doing: str) -> Iterator[None]:
        """One for each try, with longer and longer pauses between them. Raises StackError after the last."""
        deadline = time.monotonic() + self._seconds
        pause = FIRST_PAUSE
        while True:
            yield
            if time.monotonic() + pause > deadline:
                raise StackError(
                    f"{doing} failed: the function was busy with other updates for {self._seconds:g} s.",
                    "Who else updates it? Do it again when that is over.",
                )
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def environment_of(function: str, found: FunctionConfigurationResponseTypeDef) -> Variables:
    """The variables. Raises StackError where Lambda could not read them: an update would lose them all."""
    environment = found.get("Environment", {})
    if error := environment.get("Error"):
        raise StackError(
            f"The environment of the function {function} cannot be read: {error.get('ErrorCode')}.",
            "Its variables are encrypted: have kms:Decrypt with its key allowed.",
        )
    return environment.get("Variables", {})


def check_size(function: str, variables: Variables) -> None:
    """Raises StackError for more than Lambda takes. Its own refusal would quote every value."""
    size = len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
    if size > ENVIRONMENT_BYTES:
        raise StackError(
            f"The environment of the function {function} would be {size} bytes, and Lambda takes {ENVIRONMENT_BYTES}.",
            "Take out variables that it does not need, or register with STACK_REGISTRATION=lease.",
        )


def refused(doing: str, error: ClientError, variables: Variables) -> Exception:
    """The error, unless it quotes a value of the environment: then one that does not."""
    if not any(len(value) > 5 and value in str(error) for value in variables.values()):
        return error
    return StackError(f"{doing} failed: {code_of(error)}.", "Lambda's own words would show the function's environment.")
