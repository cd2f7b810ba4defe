"""A pool is updated without losing settings, also by a Cognito that resets all that it is not sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest

from orchestrator.aws.attach import attach as steps
from orchestrator.aws.attach import pools
from orchestrator.aws.attach.triggers import Trigger
from orchestrator.aws.clients import amazon
from orchestrator.errors import StackError
from tests.cognito.conftest import POOL

from .conftest import FUNCTIONS, SYNC_ARN, Account, statements

REFUSAL = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"


def test_moto_keeps_what_it_is_sent(moto: str) -> None:
    """moto resets every setting that is left out, as Amazon does: the password's length would be 8."""
    cognito = amazon("cognito-idp")
    made = cognito.create_user_pool(
        PoolName="shop",
        Policies={"PasswordPolicy": {"MinimumLength": 14, "TemporaryPasswordValidityDays": 3}},
        UserPoolTags={"team": "shop"},
        AutoVerifiedAttributes=["email"],
    )["UserPool"]["Id"]
    before = pools.describe(cognito, made)
    pools.update(cognito, before, before.with_triggers({"PostConfirmation": SYNC_ARN}))
    after = pools.describe(cognito, made)
    assert after.triggers == {"PostConfirmation": SYNC_ARN}
    assert after.described["Policies"]["PasswordPolicy"]["MinimumLength"] == 14
    assert pools.differences(before.described, after.with_triggers({}).described) == []
    pools.update(cognito, after, after.with_triggers({}))
    assert pools.differences(before.described, pools.describe(cognito, made).described) == []
    cognito.update_user_pool(UserPoolId=made)
    assert pools.describe(cognito, made).described["Policies"]["PasswordPolicy"]["MinimumLength"] == 8


@dataclass
class StrictCognito:
    """A client of the emulator behind a proxy, which denies the operations in `denied`."""

    client: Any
    denied: set[str]


@pytest.fixture
def strict_cognito(account: Account) -> Iterator[StrictCognito]:
    """A proxy before the emulator that refuses second factors without SMS in UpdateUserPool, as Amazon does."""
    denied: set[str] = set()

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            asks_for_mfa = json.loads(body).get("MfaConfiguration", "OFF") != "OFF"
            if operation in denied:
                answer = json.dumps({"__type": "AccessDeniedException", "message": ""}).encode()
                self.send_response(400)
            elif operation == "UpdateUserPool" and asks_for_mfa:
                answer = json.dumps({"__type": "InvalidParameterException", "message": REFUSAL}).encode()
                self.send_response(400)
            else:
                headers = {name: self.headers[name] for name in ("x-amz-target", "content-type", "authorization")}
                with urlopen(Request(account.pool.url, body, headers)) as response:
                    answer = response.read()
                self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", f"http://127.0.0.1:{server.server_port}")
        yield StrictCognito(amazon("cognito-idp"), denied)
    server.shutdown()
    server.server_close()


def test_second_factors_that_the_update_resets_are_restored(account: Account, strict_cognito: StrictCognito) -> None:
    account.cognito.set_user_pool_mfa_config(
        UserPoolId=POOL, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    before = pools.describe(strict_cognito.client, POOL)
    pools.update(strict_cognito.client, before, before.with_triggers({"PostConfirmation": SYNC_ARN}))
    after = pools.describe(strict_cognito.client, POOL)
    assert after.mfa == before.mfa
    assert after.mfa["MfaConfiguration"] == "ON"
    assert after.triggers == {"PostConfirmation": SYNC_ARN}


def test_second_factors_that_cannot_be_restored_are_told(account: Account, strict_cognito: StrictCognito) -> None:
    account.cognito.set_user_pool_mfa_config(
        UserPoolId=POOL, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    before = pools.describe(strict_cognito.client, POOL)
    strict_cognito.denied.add("SetUserPoolMfaConfig")
    with pytest.raises(StackError) as caught:
        pools.update(strict_cognito.client, before, before.with_triggers({"PostConfirmation": SYNC_ARN}))
    assert "second factors of the user pool us-east-1_Test1 could not be restored" in caught.value.message
    assert "may not SetUserPoolMfaConfig" in caught.value.message
    assert '"MfaConfiguration": "ON"' in caught.value.hint


def test_a_setting_that_is_not_as_it_should_be_is_named(account: Account) -> None:
    found = pools.describe(account.cognito, POOL)
    wanted = found.with_tags({"team": "another"})
    with pytest.raises(StackError, match=r"- UserPoolTags\.team: another; \+ UserPoolTags\.team: shop"):
        pools.verify(account.cognito, wanted)


def test_a_denied_update_leaves_no_permission_behind(account: Account, strict_cognito: StrictCognito) -> None:
    strict_cognito.denied.add("UpdateUserPool")
    change = steps.plan_attach(pools.describe(account.cognito, POOL), {"PostConfirmation": Trigger(SYNC_ARN)})
    with pytest.raises(StackError, match="may not UpdateUserPool"):
        steps.attach(strict_cognito.client, account.awslambda, change)
    assert statements(account, FUNCTIONS["user_sync"]) == []
    assert pools.describe(account.cognito, POOL) == change.before
