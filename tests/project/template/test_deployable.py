"""What `aws deploy` reads of a template."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from orchestrator.errors import StackError
from orchestrator.project.template import deployable
from orchestrator.project.template.deployable import Deployable, Parameter

OWN = Path(__file__).parents[3] / "lambdas" / "template.yaml"
PARAMETERS = """\
Parameters:
  CodeBucket: {Type: String}
  CodePrefix: {Type: String, Default: ""}
Resources:
"""
SYNC = """\
Sync:
  Type: AWS::Lambda::Function
  Metadata: {aws:asset:path: sync, aws:asset:property: Code}
  Properties: {Handler: app.handler, Code: %s}
"""


def read(tmp_path: Path, code: str) -> Deployable:
    folder = tmp_path / "lambdas"
    (folder / "sync").mkdir(parents=True)
    (folder / "template.yaml").write_text(PARAMETERS + indent(dedent(SYNC % code), "  "))
    return deployable.read(folder / "template.yaml")


def keys(template: Deployable) -> dict[str, Path]:
    return dict(template.keys({}, bucket="b", prefix="s/1/", region="us-east-1", account="1", stack_name="s"))


def test_the_projects_own_template_is_its_text_parameters_and_two_folders_of_code() -> None:
    template = deployable.read(OWN)
    assert template.text == OWN.read_text()
    assert template.parameters["HasuraAdminSecret"] == Parameter("HasuraAdminSecret", has_default=True, secret=True)
    assert template.parameters["CodeBucket"] == Parameter("CodeBucket", has_default=False, secret=False)
    assert keys(template) == {
        "s/1/pre_token_generation.zip": OWN.parent / "pre_token_generation",
        "s/1/user_sync.zip": OWN.parent / "user_sync",
    }


def test_a_key_is_whatever_the_template_makes_of_the_prefix(tmp_path: Path) -> None:
    code = '{S3Bucket: !Ref CodeBucket, S3Key: !Join ["-", [!Ref CodePrefix, !Ref "AWS::StackName", "x.zip"]]}'
    assert keys(read(tmp_path, code)) == {"s/1/-s-x.zip": tmp_path / "lambdas" / "sync"}


@pytest.mark.parametrize("code", ["{S3Bucket: elsewhere, S3Key: x.zip}", "./sync"])
def test_code_that_would_come_from_elsewhere_is_refused_with_its_line(tmp_path: Path, code: str) -> None:
    with pytest.raises(StackError, match=r"lambdas/template.yaml:8: the code of Sync") as caught:
        keys(read(tmp_path, code))
    assert 'S3Key: !Sub "${CodePrefix}sync.zip"' in caught.value.hint


def test_inline_code_has_no_key(tmp_path: Path) -> None:
    assert keys(read(tmp_path, "{ZipFile: 'pass'}")) == {}


def test_a_key_that_needs_an_unset_parameter_is_told_with_its_line(tmp_path: Path) -> None:
    template = read(tmp_path, "{S3Bucket: !Ref CodeBucket, S3Key: !Ref Nothing}")
    with pytest.raises(StackError, match=r"lambdas/template.yaml:8: .*Nothing"):
        keys(template)


def test_a_code_folder_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "lambdas"
    folder.mkdir()
    (folder / "template.yaml").write_text(PARAMETERS + indent(SYNC % "{}", "  "))
    with pytest.raises(StackError, match=r"lambdas/template.yaml:7: the code folder sync of Sync does not exist"):
        deployable.read(folder / "template.yaml")
