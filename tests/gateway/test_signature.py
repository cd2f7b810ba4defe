from __future__ import annotations

import pytest

from orchestrator.gateway.errors import Refusal
from orchestrator.gateway.signature import Stamp, check, gateway_id
from orchestrator.services import gateway as service
from tests.gateway.requests import KEY, Request, signed

NOW = 1_767_225_600_000


def checked(request: Request, *, key: str = KEY) -> Stamp:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
    return check(headers, request.body, key=key.encode(), now=NOW)


def refusal(request: Request, *, key: str = KEY) -> Refusal:
    with pytest.raises(Refusal) as refused:
        checked(request, key=key)
    assert refused.value.status == 401
    return refused.value


GOOD = signed(b"{}", timestamp=NOW)


def test_it_is_the_documented_one() -> None:
    # printf '1767225600000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef0123456789abcdef…
    digest = "a5119e5840b01219e5ab7e1b607405335e20dd2cc921d4078c1a0231bb12e5d4"
    assert GOOD.header("x-sync-signature") == f"v1={digest}"
    assert checked(GOOD) == Stamp(NOW, bytes.fromhex(digest))


@pytest.mark.parametrize("skew", [-300_000, 0, 300_000])
def test_a_clock_may_be_off_by_300_seconds(skew: int) -> None:
    assert checked(signed(b"{}", timestamp=NOW + skew)).timestamp == NOW + skew


@pytest.mark.parametrize(
    ("skew", "told"), [(-300_001, "300 s behind"), (300_001, "300 s ahead of"), (600_000, "600 s ahead of")]
)
def test_a_clock_that_is_off_by_more_is_told_so(skew: int, told: str) -> None:
    refused = refusal(signed(b"{}", timestamp=NOW + skew))
    assert refused.code == "clock-skew"
    assert told in refused.message


@pytest.mark.parametrize(
    "request_",
    [
        Request(b"{}", ()),
        Request(b"{}", GOOD.headers[:1]),
        Request(b"{}", GOOD.headers[1:]),
        Request(b"{}", GOOD.headers * 2),
        *(GOOD.with_header("x-sync-timestamp", text) for text in ("", "now", "-1", "1e12", f"{NOW}.0", f" {NOW}")),
        *(GOOD.with_header("x-sync-timestamp", text) for text in (f"0{NOW}", f"+{NOW}", "9" * 16, "\xb2", "1_000")),
        *(GOOD.with_header("x-sync-signature", text) for text in ("", "v1=", "v1=xyz", "v2=" + "0" * 64)),
        GOOD.with_header("x-sync-signature", GOOD.header("x-sync-signature").upper()),
        GOOD.with_header("x-sync-signature", GOOD.header("x-sync-signature")[3:]),
        GOOD.with_header("x-sync-signature", GOOD.header("x-sync-signature") + "0"),
        GOOD.with_header("x-sync-signature", GOOD.header("x-sync-signature") + ", v1=" + "0" * 64),
    ],
)
def test_headers_of_another_form_are_unsigned(request_: Request) -> None:
    assert refusal(request_).code == "unsigned"


@pytest.mark.parametrize(
    "request_",
    [
        GOOD.with_header("x-sync-signature", "v1=" + "0" * 64),
        GOOD.with_header("x-sync-timestamp", str(NOW + 1)),
        Request(b"{} ", GOOD.headers),
        Request(b"", GOOD.headers),
        signed(b"{}", timestamp=NOW, key="another key, of the same length…"),
    ],
)
def test_a_signature_of_something_else_is_wrong(request_: Request) -> None:
    assert refusal(request_).code == "wrong-signature"


def test_no_refusal_shows_the_signature_that_would_be_right() -> None:
    refused = refusal(Request(b"{} ", GOOD.headers))
    assert signed(b"{} ", timestamp=NOW).header("x-sync-signature")[3:] not in refused.body().decode()


def test_the_id_is_the_one_that_the_stack_expects() -> None:
    assert gateway_id(KEY.encode()) == service.gateway_id(KEY)
    assert len(gateway_id(KEY.encode())) == 16
