"""Whose AWS it is: the account behind the credentials, and the region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.aws.failures import told

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True)
class Account:
    id: str
    region: str

    def __str__(self) -> str:
        return f"account {self.id}, {self.region}"


def account(client: STSClient) -> Account:
    with told("Asking whose AWS credentials these are"):
        return Account(client.get_caller_identity()["Account"], client.meta.region_name)
