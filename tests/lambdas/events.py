"""The event of Cognito's that `user_sync` gets."""

from __future__ import annotations

SUB = "8c1f2f6e-0d3c-4a44-9d5e-0f5b7c0a1f11"
CLIENT = "hasuralocalclient"


def event(source: str = "PostAuthentication_Authentication", client: str = CLIENT, **attributes: str) -> dict:
    return {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": "us-east-1_LocalDev1",
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "3", "clientId": client},
        "request": {
            "userAttributes": {"sub": SUB, "email": "ada@example.com", "email_verified": "true", **attributes},
            "newDeviceUsed": False,
        },
        "response": {},
    }
