"""Every user has the role `user`; who is in the Cognito group `moderators` may choose `moderator`, too."""

import json


def handler(event, _context):
    groups = event["request"]["groupConfiguration"]["groupsToOverride"]
    claims = {
        "x-hasura-user-id": event["request"]["userAttributes"]["sub"],
        "x-hasura-default-role": "user",
        "x-hasura-allowed-roles": ["user", "moderator"] if "moderators" in groups else ["user"],
    }
    added = {"https://hasura.io/jwt/claims": json.dumps(claims)}
    event["response"]["claimsOverrideDetails"] = {"claimsToAddOrOverride": added}
    return event
