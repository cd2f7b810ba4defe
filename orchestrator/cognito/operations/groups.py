"""Groups, and who is in them."""

from __future__ import annotations

from ..emulator import Emulator
from ..errors import GroupExists, InvalidParameter, ResourceNotFound
from ..model import Group, Json
from ..store import groups, users
from .request import page_number, page_place, page_token, pool_and_user, pool_of, user_type

PAGE = 60
SETTINGS = ("GroupName", "Description", "RoleArn", "Precedence")


def create_group(emulator: Emulator, request: Json) -> Json:
    pool, name = pool_of(emulator, request["UserPoolId"]), request["GroupName"]
    with emulator.database.transaction():
        if groups.find(emulator.database, pool.id, name):
            raise GroupExists("A group with the name already exists.")
        groups.save(emulator.database, pool.id, name, _settings(request), emulator.clock())
    return {"Group": _shown(_group(emulator, pool.id, name))}


def update_group(emulator: Emulator, request: Json) -> Json:
    pool, name = pool_of(emulator, request["UserPoolId"]), request["GroupName"]
    with emulator.database.transaction():
        known = _group(emulator, pool.id, name)
        settings = {**known.settings, **_settings(request)}
        groups.save(emulator.database, pool.id, name, settings, emulator.clock())
    return {"Group": _shown(_group(emulator, pool.id, name))}


def get_group(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    return {"Group": _shown(_group(emulator, pool.id, request["GroupName"]))}


def delete_group(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    if not groups.remove(emulator.database, pool.id, request["GroupName"]):
        raise ResourceNotFound("Group not found.")
    return {}


def list_groups(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    limit = _limit(request)
    return _page(groups.after(emulator.database, pool.id, page_place(request.get("NextToken")), limit), limit)


def admin_list_groups_for_user(emulator: Emulator, request: Json) -> Json:
    _, user = pool_and_user(emulator, request)
    limit = _limit(request)
    return _page(groups.of_user(emulator.database, user.sub, page_place(request.get("NextToken")), limit), limit)


def admin_add_user_to_group(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    group = _group(emulator, pool.id, request["GroupName"])
    groups.join(emulator.database, user.sub, pool.id, group.name)
    return {}


def admin_remove_user_from_group(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    group = _group(emulator, pool.id, request["GroupName"])
    groups.leave(emulator.database, user.sub, group.name)
    return {}


def list_users_in_group(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    group = _group(emulator, pool.id, request["GroupName"])
    limit = _limit(request)
    after = page_number(request.get("NextToken"))
    found = users.in_group(emulator.database, pool, group.name, after=after, limit=limit)
    answer: Json = {"Users": [user_type(user) for _, user in found]}
    if len(found) == limit:
        answer["NextToken"] = page_token(found[-1][0])
    return answer


def _group(emulator: Emulator, pool_id: str, name: str) -> Group:
    group = groups.find(emulator.database, pool_id, name)
    if group is None:
        raise ResourceNotFound("Group not found.")
    return group


def _settings(request: Json) -> Json:
    return {name: request[name] for name in SETTINGS if name in request}


def _limit(request: Json) -> int:
    limit = int(request.get("Limit", PAGE))
    if limit < 1:
        raise InvalidParameter("Limit must be at least 1.")
    return limit


def _page(found: list[Group], limit: int) -> Json:
    answer: Json = {"Groups": [_shown(group) for group in found]}
    return answer | ({"NextToken": page_token(found[-1].name)} if len(found) == limit else {})


def _shown(group: Group) -> Json:
    dates = {"CreationDate": group.created_at, "LastModifiedDate": group.modified_at}
    return {**_settings(dict(group.settings)), "GroupName": group.name, "UserPoolId": group.pool_id, **dates}
