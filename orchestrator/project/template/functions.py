"""`AWS::Lambda::Function` as the Lambda emulator takes it, with its code's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.project.template.intrinsics import NO_VALUE, Scope
from orchestrator.project.template.problems import Problem
from orchestrator.project.template.resources import FUNCTION_NAME, WAY_OUT, property_of
from orchestrator.project.yaml_tree import Steps

RUNTIME = re.compile(r"python3\.\d+")
HANDLER = re.compile(r"(?P<module>[\w./-]+)\.(?P<function>\w+)")
READ = {
    "FunctionName", "Handler", "Runtime", "Code", "Environment", "Timeout", "MemorySize", "Role", "Description",
}  # fmt: skip
# What only the deployed function has: what it may use, how it is seen, where its failures go.
PASSED_OVER = {
    "Architectures", "DeadLetterConfig", "EphemeralStorage", "KmsKeyArn", "LoggingConfig", "RecursiveLoop",
    "ReservedConcurrentExecutions", "RuntimeManagementConfig", "SnapStart", "Tags", "TracingConfig", "VpcConfig",
}  # fmt: skip
SECONDS = range(1, 901)
MEGABYTES = range(128, 10241)


@dataclass(frozen=True)
class Function:
    """A function for the Lambda emulator; `code` is the folder of its sources, `line` where the template has it."""

    logical_id: str
    name: str
    handler: str
    runtime: str
    code: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout: int
    memory: int
    role: str
    description: str
    line: int


@dataclass(frozen=True)
class _Resource:
    scope: Scope
    name: str

    def property(self, key: str, default: Any = None) -> Any:
        value = property_of(self.scope, self.name, key, default)
        return default if value is NO_VALUE else value

    def written(self, section: str) -> Mapping[str, Any]:
        """`Properties` or `Metadata` as the template has it, unresolved."""
        found: Mapping[str, Any] = self.scope.resources[self.name].get(section) or {}
        return found

    def problem(self, steps: Steps, message: str, hint: str = "") -> Problem:
        return self.scope.unfollowed(("Resources", self.name, *steps), message, hint).problem


def read(scope: Scope, name: str, folder: Path) -> tuple[Function | None, list[Problem]]:
    """The function called `name` in the template that stands in `folder`; None when it has problems.

    Raises Unfollowed for a value that cannot be told.
    """
    resource = _Resource(scope, name)
    code = folder / str(_asset(resource) or "")
    handler = str(resource.property("Handler", ""))
    problems = [*_unknown(resource), *_code(resource, code, handler), *_limits(resource), *_variables(resource)]
    if problems:
        return None, problems
    function = Function(
        logical_id=name,
        name=str(FUNCTION_NAME(scope, name)),
        handler=handler,
        runtime=str(resource.property("Runtime", "")),
        code=code.resolve(),
        environment=_environment(resource),
        timeout=int(resource.property("Timeout", 3)),
        memory=int(resource.property("MemorySize", 128)),
        role=str(resource.property("Role", "")),
        description=str(resource.property("Description", "")),
        line=scope.tree.place(("Resources", name)).line,
    )
    return function, []


def _unknown(resource: _Resource) -> Iterator[Problem]:
    for key in resource.written("Properties"):
        if key == "PackageType" and resource.property(key) == "Zip":
            continue
        if key not in READ | PASSED_OVER:
            yield resource.problem(("Properties", key), f"the local Lambda has no {key} ({resource.name}).", WAY_OUT)
    if not RUNTIME.fullmatch(str(resource.property("Runtime", ""))):
        yield resource.problem(
            ("Properties", "Runtime"),
            f"the local Lambda runs Python only; {resource.name} needs a runtime such as python3.12.",
        )


def asset(scope: Scope, name: str) -> str | None:
    """The folder with the sources of the function called `name`, as the template writes it; None where it does not."""
    return _asset(_Resource(scope, name))


def _asset(resource: _Resource) -> str | None:
    """The folder of the sources, told as CDK and SAM do (`Metadata: aws:asset:path`) or as `aws cloudformation package`
    takes it (`Code: ./folder`)."""
    metadata = resource.written("Metadata")
    if metadata.get("aws:asset:path") and metadata.get("aws:asset:property", "Code") == "Code":
        return str(metadata["aws:asset:path"])
    code = resource.written("Properties").get("Code")
    return code if isinstance(code, str) else None


def _code(resource: _Resource, code: Path, handler: str) -> Iterator[Problem]:
    if _asset(resource) is None:
        yield resource.problem(
            ("Properties", "Code"),
            f"the sources of {resource.name} are not told.",
            "Add `Metadata: {aws:asset:path: FOLDER, aws:asset:property: Code}` beside its Properties.",
        )
        return
    if not code.is_dir():
        yield resource.problem(("Metadata", "aws:asset:path"), f"the code folder {_asset(resource)} does not exist.")
        return
    match = HANDLER.fullmatch(handler)
    if not match:
        yield resource.problem(("Properties", "Handler"), f"{resource.name} needs a Handler such as app.handler.")
    elif not any((code / file).is_file() for file in _module_files(match["module"])):
        file = _module_files(match["module"])[0]
        yield resource.problem(
            ("Properties", "Handler"), f"the handler {handler} needs the file {_asset(resource)}/{file}."
        )


def _module_files(module: str) -> tuple[str, str]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"


def _limits(resource: _Resource) -> Iterator[Problem]:
    for key, allowed in (("Timeout", SECONDS), ("MemorySize", MEGABYTES)):
        value = str(resource.property(key, allowed[0]))
        if not value.isdecimal() or int(value) not in allowed:
            yield resource.problem(("Properties", key), f"{key} must be a number from {allowed[0]} to {allowed[-1]}.")


def _variables(resource: _Resource) -> Iterator[Problem]:
    environment = resource.property("Environment", {})
    if not isinstance(environment, dict) or not isinstance(environment.get("Variables", {}), dict):
        yield resource.problem(("Properties", "Environment"), "Environment takes `Variables: {NAME: value}`.")
        return
    for key, value in environment.get("Variables", {}).items():
        if isinstance(value, dict | list) or value is None:
            steps = ("Properties", "Environment", "Variables", key)
            yield resource.problem(steps, f"the variable {key} must be a text.")


def _environment(resource: _Resource) -> dict[str, str]:
    variables = resource.property("Environment", {}).get("Variables", {})
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in variables.items()}
