"""What `aws deploy` reads of the template: its text, its parameters, and the folder behind each S3 key of code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project.template import functions, resources
from orchestrator.project.template.document import make_scope, read_tree
from orchestrator.project.template.intrinsics import resolve
from orchestrator.project.template.problems import Unfollowed, error
from orchestrator.project.yaml_tree import Tree

# The parameters that `aws deploy` itself gives a value.
BUCKET, PREFIX = "CodeBucket", "CodePrefix"


@dataclass(frozen=True)
class Parameter:
    """A parameter as the template declares it; a secret one is never shown (NoEcho)."""

    name: str
    has_default: bool
    secret: bool


@dataclass(frozen=True)
class Deployable:
    """The template as it stands, and `code`: the folder of each function whose sources it names, by logical id."""

    text: str
    parameters: Mapping[str, Parameter]
    code: Mapping[str, Path]
    _tree: Tree = field(repr=False)

    def keys(
        self, given: Mapping[str, str], *, bucket: str, prefix: str, region: str, account: str, stack_name: str
    ) -> Mapping[str, Path]:
        """The folder behind each key of `bucket` that the template takes code from; inline code needs none.

        Raises StackError with the line for a key that cannot be told, and for code that the template takes elsewhere.
        """
        values = {**given, BUCKET: bucket, PREFIX: prefix}
        scope = make_scope(self._tree, values, region=region, account=account, stack_name=stack_name)
        found: dict[str, Path] = {}
        for name, folder in self.code.items():
            steps = ("Resources", name, "Properties", "Code")
            try:
                code = resolve(self._tree.at(steps), steps, scope)
            except Unfollowed as unfollowed:
                raise error([unfollowed.problem]) from unfollowed
            if isinstance(code, dict) and "ZipFile" in code:
                continue
            if not isinstance(code, dict) or code.get("S3Bucket") != bucket or not isinstance(code.get("S3Key"), str):
                raise StackError(
                    f"{self._tree.place(steps)}: the code of {name} does not come from the bucket of `aws deploy`.",
                    f'Write `Code: {{S3Bucket: !Ref {BUCKET}, S3Key: !Sub "${{{PREFIX}}}{folder.name}.zip"}}`.',
                )
            found[code["S3Key"]] = folder
        return found


def read(path: Path) -> Deployable:
    """The template at `path`. Raises StackError for what is no template, and for code that is not there."""
    tree = read_tree(path)
    scope = make_scope(tree, {}, region="", account="", stack_name="")
    code: dict[str, Path] = {}
    for name in resources.of_type(scope.resources, resources.FUNCTION):
        asset = functions.asset(scope, name)
        if asset is None:
            continue
        code[name] = path.parent / asset
        if not code[name].is_dir():
            place = tree.place(("Resources", name, "Metadata"))
            raise StackError(f"{place}: the code folder {asset} of {name} does not exist.")
    return Deployable(path.read_text("utf-8"), _parameters(tree), code, tree)


def _parameters(tree: Tree) -> Mapping[str, Parameter]:
    section = tree.at(("Parameters",))
    return {
        name: Parameter(name, "Default" in declared, str(declared.get("NoEcho", False)).lower() == "true")
        for name, declared in (section if isinstance(section, dict) else {}).items()
        if isinstance(declared, dict)
    }
