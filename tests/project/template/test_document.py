"""Tests for whole templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import template
from orchestrator.project.template import Template

from ..conftest import Write

OWN = Path(__file__).parents[3] / "lambdas" / "template.yaml"
POOL = "  Pool:\n    Type: AWS::Cognito::UserPool\n"
CLIENT = "  Client:\n    Type: AWS::Cognito::UserPoolClient\n    Properties:\n      UserPoolId: !Ref Pool\n"
DOMAIN = "  Domain:\n    Type: AWS::Cognito::UserPoolDomain\n    Properties:\n"
FUNCTION = (
    "  Sync:\n"
    "    Type: AWS::Lambda::Function\n"
    "    Metadata: {aws:asset:path: sync, aws:asset:property: Code}\n"
    "    Properties:\n"
    "      Handler: app.handler\n"
    "      Runtime: python3.12\n"
    "      Code: {S3Bucket: !Ref Bucket, S3Key: sync.zip}\n"
)
BUCKET = "Parameters:\n  Bucket: {Type: String}\n"


def read(write: Write, text: str, given: Mapping[str, str] | None = None, *, account: str = "000000000000") -> Template:
    root = write({"lambdas/template.yaml": text, "lambdas/sync/app.py": ""})
    return template.read(
        root / "lambdas/template.yaml", given or {}, region="eu-west-1", account=account, stack_name="dev"
    )


def test_our_own_template_is_followed() -> None:
    given = {"HasuraAdminSecret": "hidden", "DeveloperLeases": "false"}
    found = template.read(OWN, given, region="us-east-1", account="000000000000", stack_name="hasura-cognito")
    names = {function.name: function for function in found.functions}
    assert set(names) == {"hasura-cognito-pre-token-generation", "hasura-cognito-user-sync"}
    assert names["hasura-cognito-user-sync"].environment["HASURA_ADMIN_SECRET"] == "hidden"
    assert names["hasura-cognito-user-sync"].code == OWN.parent / "user_sync"
    assert found.pool["LambdaConfig"]["PostConfirmation"] == (
        "arn:aws:lambda:us-east-1:000000000000:function:hasura-cognito-user-sync"
    )
    [client] = found.clients
    assert client["ClientId"] == "hasuralocalclient"
    assert client["CallbackURLs"] == ["http://localhost:3000/cognito-callback", "http://localhost:3000/"]
    assert "hidden" not in repr(found)


def test_the_smallest_template_has_a_pool_with_a_made_up_name(write: Write) -> None:
    assert read(write, f"Resources:\n{POOL}") == Template(
        pool={"PoolName": "dev-Pool"}, mfa={"MfaConfiguration": "OFF"}, clients=(), groups=(), domain=None, functions=()
    )


def test_the_second_factors_are_read_apart(write: Write) -> None:
    text = (
        f"Resources:\n{POOL}    Properties:\n"
        "      MfaConfiguration: OPTIONAL\n"
        "      EnabledMfas: [SOFTWARE_TOKEN_MFA, EMAIL_OTP]\n"
        "      EmailAuthenticationSubject: Hello\n"
    )
    found = read(write, text)
    assert found.pool == {"PoolName": "dev-Pool", "MfaConfiguration": "OPTIONAL"}
    assert found.mfa == {
        "MfaConfiguration": "OPTIONAL",
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
        "EmailMfaConfiguration": {"Subject": "Hello"},
    }


def test_every_kind_of_resource_is_read(write: Write) -> None:
    text = (
        f"{BUCKET}Resources:\n"
        f"{POOL}    Properties:\n"
        "      UserPoolName: people\n"
        "      Policies: {PasswordPolicy: {MinimumLength: '12'}}\n"
        "      LambdaConfig: {PostConfirmation: !GetAtt Sync.Arn}\n"
        f"{CLIENT}      GenerateSecret: 'true'\n      SupportedIdentityProviders: [!Ref Google]\n"
        "  Google:\n    Type: AWS::Cognito::UserPoolIdentityProvider\n"
        "    Properties:\n      UserPoolId: !Ref Pool\n      ProviderName: Google\n      ProviderType: Google\n"
        "      ProviderDetails: {client_id: x}\n      AttributeMapping: {email: email}\n"
        "  Api:\n    Type: AWS::Cognito::UserPoolResourceServer\n"
        "    Properties: {UserPoolId: !Ref Pool, Identifier: 'https://api.example.com', Name: api,"
        " Scopes: [{ScopeName: read, ScopeDescription: Read}]}\n"
        f"  Other:\n    Type: AWS::Cognito::UserPoolClient\n    Properties: {{UserPoolId: !Ref Pool, ClientName: b}}\n"
        "  Admins:\n    Type: AWS::Cognito::UserPoolGroup\n"
        "    Properties: {UserPoolId: !Ref Pool, GroupName: admins, Precedence: '1'}\n"
        "  Domain:\n    Type: AWS::Cognito::UserPoolDomain\n"
        "    Properties: {UserPoolId: !Ref Pool, Domain: !Sub '${AWS::StackName}-people'}\n"
        f"{FUNCTION}      Environment: {{Variables: {{CLIENT: !Ref Client, ON: true, COUNT: 3}}}}\n"
    )
    found = read(write, text)
    arn = "arn:aws:lambda:eu-west-1:000000000000:function:dev-Sync"
    assert found.pool == {
        "PoolName": "people",
        "Policies": {"PasswordPolicy": {"MinimumLength": 12}},
        "LambdaConfig": {"PostConfirmation": arn},
    }
    assert found.clients == (
        {
            "logical_id": "Client",
            "ClientId": "hasuralocalclient",
            "ClientName": "dev-Client",
            "UserPoolId": "us-east-1_LocalDev1",
            "GenerateSecret": True,
            "SupportedIdentityProviders": ["Google"],
        },
        {
            "logical_id": "Other",
            "ClientId": "hasuralocalclientother",
            "ClientName": "b",
            "UserPoolId": "us-east-1_LocalDev1",
        },
    )
    assert found.providers == (
        {
            "ProviderName": "Google",
            "ProviderType": "Google",
            "UserPoolId": "us-east-1_LocalDev1",
            "ProviderDetails": {"client_id": "x"},
            "AttributeMapping": {"email": "email"},
        },
    )
    assert found.resource_servers == (
        {
            "Identifier": "https://api.example.com",
            "Name": "api",
            "UserPoolId": "us-east-1_LocalDev1",
            "Scopes": [{"ScopeName": "read", "ScopeDescription": "Read"}],
        },
    )
    assert found.groups == ({"GroupName": "admins", "UserPoolId": "us-east-1_LocalDev1", "Precedence": 1},)
    assert found.domain == "dev-people"
    [function] = found.functions
    assert (function.logical_id, function.name, function.timeout, function.memory) == ("Sync", "dev-Sync", 3, 128)
    assert function.environment == {"CLIENT": "hasuralocalclient", "ON": "true", "COUNT": "3"}
    assert text.splitlines()[function.line - 1] == "  Sync:"


def test_a_folder_may_stand_where_the_package_command_takes_it(write: Write) -> None:
    code = FUNCTION.replace("Code: {S3Bucket: !Ref Bucket, S3Key: sync.zip}", "Code: ./sync").replace(
        "    Metadata: {aws:asset:path: sync, aws:asset:property: Code}\n", ""
    )
    [function] = read(write, f"Resources:\n{POOL}{code}").functions
    assert function.code.name == "sync"


def test_a_resource_whose_condition_fails_is_left_out(write: Write) -> None:
    text = (
        "Conditions:\n  Aws: !Not [!Equals [!Ref AWS::AccountId, '000000000000']]\n"
        f"Resources:\n{POOL}  Queue:\n    Type: AWS::Kinesis::Stream\n    Condition: Aws\n"
    )
    assert read(write, text).pool == {"PoolName": "dev-Pool"}
    with pytest.raises(StackError, match="has no AWS::Kinesis::Stream"):
        read(write, text, account="123456789012")


def test_what_matters_in_aws_only_is_passed_over(write: Write) -> None:
    text = (
        f"Resources:\n{POOL}"
        "  Role:\n    Type: AWS::IAM::Role\n    Properties: {Anything: !ImportValue x}\n"
        "Outputs:\n  A: {Value: !GetAtt Role.Arn}\n"
    )
    assert read(write, text).pool == {"PoolName": "dev-Pool"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources:\n  Pool:\n    Type: AWS::S3::Bucket\n", "template.yaml:3: the local stack has no AWS::S3::Bucket"),
        ("Resources: {}\n", "template.yaml:1: the template has no AWS::Cognito::UserPool"),
        ("a: 1\n", "template.yaml:1: a CloudFormation template needs a mapping called Resources"),
        (f"Transform: AWS::Serverless-2016-10-31\nResources:\n{POOL}", "template.yaml:1: .* does not follow Transform"),
        (f"Resources:\n{POOL}{POOL.replace('Pool:', 'Second:')}", "template.yaml:4: Second is the second AWS::Cognito"),
        (f"Resources:\n{POOL}    Properties: [1]\n", "template.yaml:2: Pool needs a Type and a mapping"),
        (
            f"Resources:\n{POOL}    Properties:\n      PoolNam: x\n",
            "template.yaml:5: Pool.PoolNam: .* Is UserPoolName meant",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      Policies:\n        PasswordPolicy: {{MinimumLength: x}}\n",
            "template.yaml:6: Pool.Policies.PasswordPolicy.MinimumLength: a number is expected",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      MfaConfiguration: MAYBE\n",
            "template.yaml:5: Pool.MfaConfiguration: must be one of OFF, ON, OPTIONAL",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      MfaConfiguration: 'ON'\n",
            "template.yaml:5: Pool.MfaConfiguration is ON, but no second factor is offered",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      EnabledMfas: [TOTP]\n",
            "template.yaml:5: Pool.EnabledMfas: must be a list of SMS_MFA, SOFTWARE_TOKEN_MFA, EMAIL_OTP",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      LambdaConfig:\n        PostConfirmed: x\n",
            "template.yaml:6: Pool.LambdaConfig.PostConfirmed: .* Is PostConfirmation meant",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      LambdaConfig:\n        CustomSMSSender: x\n",
            "template.yaml:6: the local Cognito does not fire CustomSMSSender",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      LambdaConfig:\n        PreSignUp: arn:aws:lambda:x\n",
            "template.yaml:6: PreSignUp names a function that is not in this template",
        ),
        (
            f"Resources:\n{POOL}{CLIENT}      ClientName: !Ref Nowhere\n",
            "template.yaml:8: there is no parameter or resource Nowhere",
        ),
        (
            f"Resources:\n{POOL}Outputs:\n  A:\n    Value: !Sub '${{Pol}}'\n",
            "template.yaml:6: there is no parameter or resource Pol. Is Pool meant",
        ),
        (
            f"Parameters: {{S: {{Type: String}}}}\nResources:\n{POOL}    Properties: {{UserPoolName: !Ref S}}\n",
            "template.yaml:5: the parameter S has no value",
        ),
        (
            f"Resources:\n{POOL}    Properties:\n      UserPoolName: !ImportValue other\n",
            "template.yaml:5: the local stack does not follow Fn::ImportValue",
        ),
        (
            f"Resources:\n{POOL}    Condition: Missing\n",
            "template.yaml:4: there is no condition Missing",
        ),
        (
            f"Resources:\n{POOL}{DOMAIN}      CustomDomainConfig: {{CertificateArn: x}}\n      Domain: a\n",
            "template.yaml:7: the local hosted UI has no CustomDomainConfig",
        ),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(StackError, match=f"lambdas/{message}"):
        read(write, text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("python3.12", "nodejs22.x"), "template.yaml:11: the local Lambda runs Python only"),
        (("aws:asset:path: sync", "aws:asset:path: gone"), "template.yaml:8: the code folder gone does not exist"),
        (("aws:asset:path", "other"), "template.yaml:12: the sources of Sync are not told. Add `Metadata"),
        (("app.handler", "main.handler"), "template.yaml:10: the handler main.handler needs the file sync/main.py"),
        (("app.handler", "app"), "template.yaml:10: Sync needs a Handler such as app.handler"),
        (("Code:", "Layers: [a]\n      Code:"), "template.yaml:12: the local Lambda has no Layers"),
        (("Code:", "Timeout: 901\n      Code:"), "template.yaml:12: Timeout must be a number from 1 to 900"),
        (
            ("Code:", "Environment: {Variables: {A: [1]}}\n      Code:"),
            "template.yaml:12: the variable A must be a text",
        ),
    ],
)
def test_a_function_that_cannot_run_is_told_with_its_line(write: Write, change: tuple[str, str], message: str) -> None:
    text = f"{BUCKET}Resources:\n{POOL}{FUNCTION}".replace(*change)
    with pytest.raises(StackError, match=f"lambdas/{message}"):
        read(write, text)


def test_all_problems_are_told_at_once_in_the_order_of_the_lines(write: Write) -> None:
    text = f"Resources:\n{POOL}    Properties:\n      A: 1\n      UserPoolName: !Ref B\n  Topic:\n    Type: AWS::X::Y\n"
    with pytest.raises(StackError) as caught:
        read(write, text)
    assert [line.split(": ")[0].strip() for line in caught.value.message.splitlines()[1:]] == [
        f"lambdas/template.yaml:{number}" for number in (6, 8)
    ]


def test_an_unknown_trigger_is_told_once(write: Write) -> None:
    text = f"Resources:\n{POOL}    Properties:\n      LambdaConfig: {{PostConfirmed: x}}\n"
    with pytest.raises(StackError, match=r"^lambdas/template.yaml:5: Pool.LambdaConfig.PostConfirmed: .* knows no"):
        read(write, text)


def test_a_parameter_that_does_not_fit_is_told_once(write: Write) -> None:
    text = (
        "Parameters:\n  Name: {Type: String, MinLength: 9, MaxLength: 20}\n"
        f"Resources:\n{POOL}    Properties: {{UserPoolName: !Ref Name}}\n"
    )
    with pytest.raises(StackError) as caught:
        read(write, text, {"Name": "hidden"})
    assert caught.value.message.startswith("lambdas/template.yaml:2: the value of the parameter Name must have 9 to")
    assert "hidden" not in str(caught.value)


def test_a_missing_template_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"There is no template at .*/template.yaml"):
        template.read(tmp_path / "template.yaml", {}, region="r", account="a", stack_name="s")
