from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from orchestrator.awslambda.callers import check_caller, is_local
from orchestrator.awslambda.errors import ApiError


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:9001",
        "127.0.0.1:9001",
        "[::1]:9001",
        "[::1]",
        "lambda:9001",
        "host.docker.internal:9001",
    ],
)
def test_names_of_this_machine_are_local(host):
    assert is_local(host)
    check_caller({"host": host})


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9001", "127.0.0.1.evil.example", "localhost.evil.com:80"]
)
def test_names_on_the_internet_are_not(host):
    assert not is_local(host)
    with pytest.raises(ApiError):
        check_caller({"host": host})


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost:3000"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_web_page_cannot_deploy_code(emulator, headers):
    url = f"{emulator.url}/2015-03-31/functions"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", {"content-type": "text/plain", **headers}))
    with error.value as answer:
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")


def test_what_is_typed_into_the_address_bar_is_answered(emulator):
    request = urllib.request.Request(f"{emulator.url}/2015-03-31/functions", headers={"Sec-Fetch-Site": "none"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
