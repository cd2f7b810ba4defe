"""The bucket in moto's S3: private, encrypted, and gone when nothing is left in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from orchestrator.aws.clients import amazon
from orchestrator.aws.deploy.bucket import Bucket
from orchestrator.errors import StackError
from tests.aws.conftest import FakeAmazon

from .cloudformation import ACCOUNT


@pytest.fixture
def bucket(moto: str) -> Bucket:
    return Bucket(amazon("s3"), f"b{uuid.uuid4().hex}", ACCOUNT)


def test_a_new_bucket_is_private_and_encrypted(bucket: Bucket) -> None:
    bucket.make()
    block = bucket.client.get_public_access_block(Bucket=bucket.name)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    rules = bucket.client.get_bucket_encryption(Bucket=bucket.name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    owner = bucket.client.get_bucket_ownership_controls(Bucket=bucket.name)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_in_other_regions_than_the_first_the_bucket_says_where_it_is(moto: str) -> None:
    bucket = Bucket(amazon("s3", region="eu-central-1"), f"b{uuid.uuid4().hex}", ACCOUNT)
    bucket.make()
    assert bucket.client.get_bucket_location(Bucket=bucket.name)["LocationConstraint"] == "eu-central-1"


def test_a_bucket_that_is_there_is_left_as_it_is(bucket: Bucket) -> None:
    bucket.make()
    bucket.put("kept", b"1")
    bucket.make()
    assert bucket.client.get_object(Bucket=bucket.name, Key="kept")["Body"].read() == b"1"


def test_an_object_has_the_url_that_cloudformation_takes(bucket: Bucket, moto: str) -> None:
    bucket.make()
    assert bucket.put("s/t.yaml", b"Resources:") == f"{moto}/{bucket.name}/s/t.yaml"


def test_only_the_objects_of_one_stack_go_and_the_bucket_with_the_last(bucket: Bucket) -> None:
    bucket.make()
    for key in ("one/a/x.zip", "one/b/x.zip", "one-more/x.zip"):
        bucket.put(key, b"")
    assert bucket.empty("one/") == 2
    assert [each["Key"] for each in bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]] == ["one-more/x.zip"]
    assert bucket.empty("one-more/") == 1
    assert not bucket.exists()
    assert bucket.empty("one/") == 0


def test_more_objects_than_a_page_holds_go_too(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.aws.deploy.bucket.PAGE", 2)
    bucket.make()
    for number in range(5):
        bucket.put(f"s/{number}", b"")
    assert bucket.empty("s/") == 5
    assert not bucket.exists()


def test_a_bucket_of_another_account_is_refused(fake_amazon: Callable[..., FakeAmazon]) -> None:
    fake_amazon((403, "AccessDenied", "Access Denied"))
    with pytest.raises(StackError, match="another account's") as caught:
        Bucket(amazon("s3"), "taken", ACCOUNT).make()
    assert "s3:PutObject" in caught.value.hint
