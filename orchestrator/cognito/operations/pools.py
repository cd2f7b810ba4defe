"""User pools: made, described, changed, deleted."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from ..attributes import STANDARD, full_name, schema
from ..emulator import Emulator
from ..errors import InvalidParameter
from ..model import MFA_KINDS, Json, Pool, arn, random_text
from ..store import pools, users
from .request import page_place, page_token, pool_of

ID_CHARACTERS = string.ascii_letters + string.digits
MOST_CUSTOM_ATTRIBUTES = 50
# What UpdateUserPool has no member for stays; all else that it is not told goes back to what is assumed.
UNCHANGEABLE = ("AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration", *MFA_KINDS.values())
# What CreateUserPool assumes when it is not told.
DEFAULTS: Json = {
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
    "DeletionProtection": "INACTIVE",
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "MfaConfiguration": "OFF",
    "UserPoolTags": {},
    "UserPoolTier": "ESSENTIALS",
    "UsernameConfiguration": {"CaseSensitive": False},
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
}


def create_user_pool(emulator: Emulator, request: Json) -> Json:
    _check(request)
    pool_id = f"{emulator.region}_{random_text(emulator.random, ID_CHARACTERS, 9)}"
    pools.save(emulator.database, pool_id, request, None, emulator.clock())
    return {"UserPool": _described(emulator, pool_of(emulator, pool_id))}


def describe_user_pool(emulator: Emulator, request: Json) -> Json:
    return {"UserPool": _described(emulator, pool_of(emulator, request["UserPoolId"]))}


def update_user_pool(emulator: Emulator, request: Json) -> Json:
    """Changes a pool as Cognito does: what the request leaves out is reset, not kept."""
    pool = pool_of(emulator, request["UserPoolId"])
    given = {name: value for name, value in request.items() if name != "UserPoolId"}
    kept = {name: pool.settings[name] for name in UNCHANGEABLE if name in pool.settings}
    settings = {"PoolName": pool.name, **kept, **given}
    _check(settings)
    _save(emulator, pool, settings)
    return {}


def delete_user_pool(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    if pool.settings.get("DeletionProtection") == "ACTIVE":
        raise InvalidParameter(
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )
    if pool.domain:
        raise InvalidParameter("User pool cannot be deleted. It has a domain configured that should be deleted first.")
    pools.remove(emulator.database, pool.id)
    return {}


def add_custom_attributes(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    added = request["CustomAttributes"]
    known = schema(pool)
    for definition in added:
        if full_name(definition) in known:
            raise InvalidParameter(
                f"{full_name(definition)}: Existing attribute already has name {definition['Name']}."
            )
        if definition.get("Required"):
            raise InvalidParameter("Required custom attributes are not supported currently.")
    _save(emulator, pool, {**pool.settings, "Schema": [*(pool.settings.get("Schema") or ()), *added]})
    return {}


def get_user_pool_mfa_config(emulator: Emulator, request: Json) -> Json:
    return _mfa(pool_of(emulator, request["UserPoolId"]))


def set_user_pool_mfa_config(emulator: Emulator, request: Json) -> Json:
    """Sets which second factors there are, and whether one is needed; what the request leaves out is off."""
    pool = pool_of(emulator, request["UserPoolId"])
    given = {name: value for name, value in request.items() if name != "UserPoolId"}
    required = given.get("MfaConfiguration", "OFF")
    if required != "OFF" and not any(name in given for name in MFA_KINDS.values()):
        raise InvalidParameter("Invalid MFA configuration given, can't turn on MFA without an MFA method.")
    kept = {name: value for name, value in pool.settings.items() if name not in MFA_KINDS.values()}
    _save(emulator, pool, {**kept, **given, "MfaConfiguration": required})
    return _mfa(pool_of(emulator, pool.id))


def tag_resource(emulator: Emulator, request: Json) -> Json:
    pool = _tagged(emulator, request)
    _save(emulator, pool, {**pool.settings, "UserPoolTags": {**_tags(pool), **request["Tags"]}})
    return {}


def untag_resource(emulator: Emulator, request: Json) -> Json:
    pool = _tagged(emulator, request)
    kept = {key: value for key, value in _tags(pool).items() if key not in request["TagKeys"]}
    _save(emulator, pool, {**pool.settings, "UserPoolTags": kept})
    return {}


def list_tags_for_resource(emulator: Emulator, request: Json) -> Json:
    return {"Tags": _tags(_tagged(emulator, request))}


def _tagged(emulator: Emulator, request: Json) -> Pool:
    return pool_of(emulator, request["ResourceArn"].rpartition("/")[2])


def _tags(pool: Pool) -> Json:
    return dict(pool.settings.get("UserPoolTags") or {})


def _save(emulator: Emulator, pool: Pool, settings: Mapping[str, Any]) -> None:
    pools.save(emulator.database, pool.id, settings, pool.domain, emulator.clock())


def _check(settings: Mapping[str, Any]) -> None:
    """Raises InvalidParameter for settings that Cognito refuses together."""
    if settings.get("UsernameAttributes") and settings.get("AliasAttributes"):
        raise InvalidParameter("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
    custom = [definition for definition in settings.get("Schema") or () if full_name(definition) != definition["Name"]]
    if len(custom) > MOST_CUSTOM_ATTRIBUTES:
        raise InvalidParameter(f"A user pool can have at most {MOST_CUSTOM_ATTRIBUTES} custom attributes.")
    names = [full_name(definition) for definition in settings.get("Schema") or ()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InvalidParameter(f"Duplicate attribute name {twice} in the schema.")
    factors = ("SmsConfiguration", *MFA_KINDS.values())
    if settings.get("MfaConfiguration", "OFF") != "OFF" and not any(name in settings for name in factors):
        raise InvalidParameter(
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
        )


def _mfa(pool: Pool) -> Json:
    shown = {name: pool.settings[name] for name in MFA_KINDS.values() if name in pool.settings}
    return {**shown, "MfaConfiguration": pool.mfa}


def _described(emulator: Emulator, pool: Pool) -> Json:
    hidden = ("PoolName", "Schema", *MFA_KINDS.values())
    settings = {name: value for name, value in pool.settings.items() if name not in hidden}
    policies = {**(settings.pop("Policies", None) or {}), "PasswordPolicy": dict(pool.password_policy)}
    return {
        **DEFAULTS,
        **settings,
        **({"Domain": pool.domain} if pool.domain else {}),
        "Id": pool.id,
        "Name": pool.name,
        "Arn": arn(emulator.region, emulator.account, pool.id),
        "Policies": policies,
        "LambdaConfig": settings.get("LambdaConfig") or {},
        "SchemaAttributes": [_attribute(name, given) for name, given in schema(pool).items()],
        "EstimatedNumberOfUsers": users.count(emulator.database, pool),
        "CreationDate": pool.created_at,
        "LastModifiedDate": pool.modified_at,
    }


def list_user_pools(emulator: Emulator, request: Json) -> Json:
    limit = request["MaxResults"]
    found = pools.after(emulator.database, page_place(request.get("NextToken")), limit)
    answer: Json = {"UserPools": [_pool_summary(pool) for pool in found]}
    if len(found) == limit:
        answer["NextToken"] = page_token(found[-1].id)
    return answer


def _pool_summary(pool: Pool) -> Json:
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": pool.settings.get("LambdaConfig") or {},
        "CreationDate": pool.created_at,
        "LastModifiedDate": pool.modified_at,
    }


def _attribute(name: str, given: Mapping[str, Any]) -> Json:
    """An attribute's full definition, as DescribeUserPool lists it."""
    default = "Boolean" if name.endswith("_verified") else "Number" if name == "updated_at" else "String"
    return {
        "AttributeDataType": default,
        "DeveloperOnlyAttribute": False,
        "Mutable": True,
        "Required": False,
        **({} if name not in STANDARD or default != "String" else {"StringAttributeConstraints": _ANY_LENGTH}),
        **given,
        "Name": name,
    }


_ANY_LENGTH = {"MinLength": "0", "MaxLength": "2048"}
