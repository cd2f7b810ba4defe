"""The whole template: its sections in, a `Template` out, or one error that tells every problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.errors import StackError
from orchestrator.project import yaml_tree
from orchestrator.project.template import functions, parameters, pool, resources, shapes
from orchestrator.project.template.functions import Function
from orchestrator.project.template.intrinsics import TAGS, Scope
from orchestrator.project.template.problems import Problem, Unfollowed, error
from orchestrator.project.yaml_tree import Json, Tree

Result = TypeVar("Result")
Resources = Mapping[str, Mapping[str, Any]]
SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters",
    "Resources", "Rules",
}  # fmt: skip


@dataclass(frozen=True)
class Template:
    """What the emulators are made of: inputs of CreateUserPool, SetUserPoolMfaConfig, CreateUserPoolClient (each with
    `ClientId` and `logical_id` beside them), CreateGroup, CreateIdentityProvider and CreateResourceServer, the prefix
    of the hosted UI's domain, and the functions."""

    pool: Mapping[str, Any]
    mfa: Mapping[str, Any]
    clients: tuple[Mapping[str, Any], ...]
    groups: tuple[Mapping[str, Any], ...]
    domain: str | None
    functions: tuple[Function, ...]
    providers: tuple[Mapping[str, Any], ...] = ()
    resource_servers: tuple[Mapping[str, Any], ...] = ()


def read(
    path: Path,
    given: Mapping[str, str],
    *,
    region: str,
    account: str,
    stack_name: str,
    pool_id: str = "us-east-1_LocalDev1",
    client_id: str = "hasuralocalclient",
) -> Template:
    """The template at `path` with the parameters `given`; one without a value takes its default.

    `pool_id` and `client_id` are what `Ref` of the pool and of the first client give; a further client has its logical
    id appended. Raises StackError with file and line of whatever the emulators cannot follow.
    """
    tree = read_tree(path)
    scope = make_scope(
        tree,
        given,
        region=region,
        account=account,
        stack_name=stack_name,
        pool_id=pool_id,
        client_id=client_id,
    )
    reader = _Reader(scope, path.parent, [*scope.parameters.broken.values(), *resources.undefined(scope)])
    template = reader.template()
    if reader.problems or template is None:
        raise error(reader.problems)
    return template


def make_scope(
    tree: Tree,
    given: Mapping[str, str],
    *,
    region: str,
    account: str,
    stack_name: str,
    pool_id: str = "",
    client_id: str = "",
) -> Scope:
    """What the names of the template mean in a stack of this name, with the parameters `given`."""
    pseudo: dict[str, Json] = {
        "AWS::AccountId": account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{stack_name}/local",
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    values = parameters.read(tree, given)
    return Scope(tree, values, pseudo, _resources(tree), pool_id, client_id, resources.ref, resources.attribute)


def read_tree(path: Path) -> Tree:
    """The template as it is written. Raises StackError for what is no template, or has a section that is not read."""
    if not path.is_file():
        raise StackError(f"There is no template at {path}.")
    tree = yaml_tree.read(path, path.parent.parent, tags=TAGS, includes=False)
    if not isinstance(tree.value, dict) or not isinstance(tree.value.get("Resources"), dict):
        raise StackError(f"{tree.place(())}: a CloudFormation template needs a mapping called Resources.")
    for section in tree.value:
        if section not in SECTIONS:
            hint = "Deploy what the transform makes of it." if section == "Transform" else ""
            raise StackError(f"{tree.place((section,))}: the local stack does not follow {section}.", hint)
    return tree


def _resources(tree: Tree) -> dict[str, Mapping[str, Any]]:
    section = tree.value["Resources"] if isinstance(tree.value, dict) else {}
    found = section if isinstance(section, dict) else {}
    for name, resource in found.items():
        if not _is_resource(resource):
            raise StackError(f"{tree.place(('Resources', name))}: {name} needs a Type and a mapping called Properties.")
    return {name: resource for name, resource in found.items() if isinstance(resource, dict)}


def _is_resource(resource: Json) -> bool:
    return (
        isinstance(resource, dict)
        and isinstance(resource.get("Type"), str)
        and isinstance(resource.get("Properties"), dict | None)
        and isinstance(resource.get("Metadata"), dict | None)
    )


@dataclass(frozen=True)
class _Reader:
    """Reads part after part, and goes on after a problem, so that all of them can be told."""

    scope: Scope
    folder: Path
    problems: list[Problem]

    def template(self) -> Template | None:
        active = self.attempt(lambda: (resources.active(self.scope), []))
        if active is None:
            return None
        self.problems.extend(resources.unsupported(self.scope, active))
        scope, known = self.scope, shapes.load()
        pools = self.each(active, resources.POOL, lambda name: pool.read_pool(scope, name, known))
        mfas = self.each(active, resources.POOL, lambda name: pool.read_mfa(scope, name))
        domains = self.each(active, resources.DOMAIN, lambda name: pool.read_domain(scope, name))
        if not resources.of_type(active, resources.POOL):
            self.problems.append(Problem(scope.tree.place(("Resources",)), f"the template has no {resources.POOL}."))
        self.single(active, resources.POOL)
        self.single(active, resources.DOMAIN)
        return Template(
            pool=next(iter(pools), {}),
            mfa=next(iter(mfas), {}),
            clients=self.each(active, resources.CLIENT, lambda name: pool.read_client(scope, name, known)),
            groups=self.each(active, resources.GROUP, lambda name: pool.read_group(scope, name, known)),
            domain=next(iter(domains), None),
            functions=self.each(active, resources.FUNCTION, lambda name: functions.read(scope, name, self.folder)),
            providers=self.each(active, resources.PROVIDER, lambda name: pool.read_provider(scope, name, known)),
            resource_servers=self.each(
                active, resources.RESOURCE_SERVER, lambda name: pool.read_resource_server(scope, name, known)
            ),
        )

    def each(
        self, active: Resources, kind: str, read: Callable[[str], tuple[Result | None, list[Problem]]]
    ) -> tuple[Result, ...]:
        """What `read` gives for each resource of a type, without those that have problems."""
        found = [self.attempt(partial(read, name)) for name in resources.of_type(active, kind)]
        return tuple(each for each in found if each is not None)

    def attempt(self, read: Callable[[], tuple[Result | None, list[Problem]]]) -> Result | None:
        """What `read` gives; its problems are noted."""
        try:
            result, problems = read()
        except Unfollowed as unfollowed:
            result, problems = None, [unfollowed.problem]
        self.problems.extend(problems)
        return result

    def single(self, active: Resources, kind: str) -> None:
        for name in resources.of_type(active, kind)[1:]:
            place = self.scope.tree.place(("Resources", name))
            message = f"{name} is the second {kind}; the local stack has one."
            self.problems.append(Problem(place, message, resources.WAY_OUT))
