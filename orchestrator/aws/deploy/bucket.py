"""The private S3 bucket that CloudFormation and Lambda fetch templates and code from: one an account and region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.aws.account import Account
from orchestrator.aws.failures import code_of, told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The one region that CreateBucket takes no LocationConstraint for.
DEFAULT_REGION = "us-east-1"
PAGE = 1000


@dataclass(frozen=True)
class Bucket:
    """The bucket `name` of this account. Anybody may take any name in S3 first, so each call says whose it must be."""

    client: S3Client
    name: str
    account: str

    def exists(self) -> bool:
        """Raises StackError when another account has the name."""
        from botocore.exceptions import ClientError

        with told(f"Looking for the bucket {self.name}"):
            try:
                self.client.head_bucket(Bucket=self.name, ExpectedBucketOwner=self.account)
            except ClientError as error:
                if code_of(error) == "404":
                    return False
                if code_of(error) == "403":
                    raise StackError(
                        f"The bucket {self.name} is another account's, or these credentials may not use it.",
                        "Have s3:ListBucket, s3:PutObject and s3:DeleteObject allowed on it.",
                    ) from error
                raise
        return True

    def make(self) -> None:
        """The bucket is there: private, encrypted, and without access lists."""
        if self.exists():
            return
        region = self.client.meta.region_name
        place: dict[str, Any] = (
            {} if region == DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        with told(f"Making the bucket {self.name}"):
            self.client.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **place)
            self.client.get_waiter("bucket_exists").wait(Bucket=self.name, ExpectedBucketOwner=self.account)
            self.client.put_public_access_block(
                Bucket=self.name,
                ExpectedBucketOwner=self.account,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )
            self.client.put_bucket_encryption(
                Bucket=self.name,
                ExpectedBucketOwner=self.account,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
            )

    def put(self, key: str, content: bytes) -> str:
        """Keeps the content and gives its URL, as CloudFormation takes it (by path, whatever the bucket's name is)."""
        with told(f"Uploading {key} to the bucket {self.name}"):
            self.client.put_object(Bucket=self.name, Key=key, Body=content, ExpectedBucketOwner=self.account)
        return f"{self.client.meta.endpoint_url}/{self.name}/{key}"

    def empty(self, prefix: str) -> int:
        """Deletes what stands under the prefix, and the bucket when nothing else is in it; how many objects went."""
        from botocore.exceptions import ClientError

        if not self.exists():
            return 0
        with told(f"Emptying the bucket {self.name}"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, ExpectedBucketOwner=self.account, PaginationConfig={"PageSize": PAGE}
            )
            gone = 0
            for page in pages:
                keys = [each["Key"] for each in page.get("Contents", [])]
                if keys:
                    self.client.delete_objects(
                        Bucket=self.name,
                        ExpectedBucketOwner=self.account,
                        Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
                    )
                gone += len(keys)
            try:
                self.client.delete_bucket(Bucket=self.name, ExpectedBucketOwner=self.account)
            except ClientError as error:
                if code_of(error) != "BucketNotEmpty":
                    raise
        return gone


def private_bucket(client: S3Client, whose: Account) -> Bucket:
    """The bucket of this account in this region; `make` makes it."""
    return Bucket(client, f"hasura-cognito-{whose.id}-{whose.region}", whose.id)
