"""The operations that read and change functions, one function each. All return the body of the answer."""

from __future__ import annotations

import base64
import binascii
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.awslambda.code import BadArchive, unpack
from orchestrator.awslambda.errors import ApiError, conflict, invalid, not_found
from orchestrator.awslambda.functions import Function, InvalidSetting, check
from orchestrator.awslambda.region import Deployed, Region

PAGE = 50

# What the API calls the settings of a Function.
_SETTINGS = {
    "Handler": ("handler", str),
    "Runtime": ("runtime", str),
    "Timeout": ("timeout", int),
    "MemorySize": ("memory", int),
    "Role": ("role", str),
    "Description": ("description", str),
}
Body = Mapping[str, Any]


def list_functions(region: Region, query: Mapping[str, str]) -> dict[str, Any]:
    """One page. The marker is the name of the last function on the page before."""
    size = query.get("MaxItems", str(PAGE))
    if not size.isdecimal() or int(size) < 1:
        raise invalid("MaxItems must be a number, 1 or more")
    rest = [deployed for deployed in region.all() if deployed.function.name > query.get("Marker", "")]
    page = rest[: min(int(size), PAGE)]
    marker = {"NextMarker": page[-1].function.name} if len(rest) > len(page) else {}
    return {"Functions": [deployed.describe() for deployed in page], **marker}


def get_function(deployed: Deployed) -> dict[str, Any]:
    location = deployed.function.code.as_uri()
    return {"Configuration": deployed.describe(), "Code": {"RepositoryType": "S3", "Location": location}, "Tags": {}}


def create_function(region: Region, body: Body) -> dict[str, Any]:
    code = body.get("Code")
    if not isinstance(code, dict):
        raise invalid("Code is missing")
    settings = {name: value for name, value in body.items() if name not in ("Code", "FunctionName", "Publish")}
    name = body.get("FunctionName")
    if not isinstance(name, str):
        raise invalid("FunctionName is missing")
    _refuse_publish(body)
    function = _changed(Function(name, handler="", runtime="", code=Path()), settings)
    return region.create(replace(function, code=_unpacked(region, name, code))).describe()


def update_configuration(deployed: Deployed, body: Body) -> dict[str, Any]:
    """The settings that the body names are replaced, the environment as a whole."""
    _check_update(deployed, body)
    deployed.update(_changed(deployed.function, {name: value for name, value in body.items() if name != "RevisionId"}))
    return deployed.describe()


def update_code(region: Region, deployed: Deployed, body: Body) -> dict[str, Any]:
    """The function runs from this archive until the emulator ends."""
    _check_update(deployed, body)
    _refuse_publish(body)
    archive = {name: value for name, value in body.items() if name not in ("RevisionId", "Publish", "DryRun")}
    folder = _unpacked(region, deployed.function.name, archive)
    if not body.get("DryRun"):
        deployed.update(replace(deployed.function, code=folder))
    return deployed.describe()


def add_permission(deployed: Deployed, body: Body) -> dict[str, Any]:
    """One more statement in the function's policy. The emulator keeps it; everybody may invoke."""
    _check_revision(deployed, body)
    missing = [name for name in ("StatementId", "Action", "Principal") if not isinstance(body.get(name), str)]
    if missing:
        raise invalid(f"{missing[0]} is missing")
    statement_id = body["StatementId"]
    if statement_id in deployed.statements:
        raise conflict(
            f"The statement id ({statement_id}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement."
        )
    deployed.statements[statement_id] = _statement(deployed.arn, body)
    return {"Statement": json.dumps(deployed.statements[statement_id])}


def get_policy(deployed: Deployed) -> dict[str, Any]:
    if not deployed.statements:
        raise not_found("The resource you requested does not exist.")
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": list(deployed.statements.values())}
    return {"Policy": json.dumps(policy), "RevisionId": deployed.function.revision}


def remove_permission(deployed: Deployed, statement_id: str, query: Mapping[str, str]) -> None:
    _check_revision(deployed, query)
    if statement_id not in deployed.statements:
        raise not_found(f"Statement {statement_id} is not found in resource policy.")
    del deployed.statements[statement_id]


def _statement(arn: str, body: Body) -> dict[str, Any]:
    principal = body["Principal"]
    conditions: dict[str, dict[str, str]] = {}
    if "SourceAccount" in body:
        conditions["StringEquals"] = {"AWS:SourceAccount": body["SourceAccount"]}
    if "SourceArn" in body:
        conditions["ArnLike"] = {"AWS:SourceArn": body["SourceArn"]}
    return {
        "Sid": body["StatementId"],
        "Effect": "Allow",
        "Principal": {"Service": principal} if "." in principal else {"AWS": principal},
        "Action": body["Action"],
        "Resource": arn,
        **({"Condition": conditions} if conditions else {}),
    }


def _changed(function: Function, settings: Body) -> Function:
    """The function with these settings of the API. Raises ApiError for those that cannot be had here."""
    changes: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "Environment":
            changes["environment"] = _variables(value)
        elif name in _SETTINGS:
            field, kind = _SETTINGS[name]
            if isinstance(value, bool) or not isinstance(value, kind):
                raise invalid(f"{name} has the wrong type")
            changes[field] = value
        else:
            raise invalid(f"The local Lambda emulator has no setting {name}")
    changed = replace(function, **changes)
    try:
        check(changed)
    except InvalidSetting as error:
        raise invalid(str(error)) from error
    return changed


def _variables(environment: object) -> dict[str, str]:
    variables = environment.get("Variables", {}) if isinstance(environment, dict) else None
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise invalid('Environment must be {"Variables": {name: text}}')
    return variables


def _check_update(deployed: Deployed, body: Body) -> None:
    _check_revision(deployed, body)
    if deployed.pool.updating:
        raise conflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {deployed.arn}"
        )


def _check_revision(deployed: Deployed, body: Body) -> None:
    if body.get("RevisionId") not in (None, deployed.function.revision):
        raise ApiError(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        )


def _refuse_publish(body: Body) -> None:
    if body.get("Publish"):
        raise invalid("The local Lambda emulator has no versions: leave Publish out")


def _unpacked(region: Region, name: str, code: Body) -> Path:
    """The new folder with the archive's files."""
    if set(code) != {"ZipFile"}:
        raise invalid("The local Lambda emulator takes code as ZipFile only")
    try:
        archive = base64.b64decode(code["ZipFile"], validate=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=region.uploads)) / "code"
        unpack(archive, folder)
    except (binascii.Error, TypeError, BadArchive) as error:
        message = str(error) if isinstance(error, BadArchive) else "ZipFile must be base64"
        raise invalid(message) from error
    return folder
