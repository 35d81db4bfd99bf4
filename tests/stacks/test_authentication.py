"""The authentication stack: deployed, read back from Cognito, and signed in to."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import case_of, merged
from tests.stacks.conftest import REGION, Deployer

pytestmark = pytest.mark.xdist_group("stacks")

PRODUCTION = merged(case_of("authentication").production, {"deletionProtection": False})


def pool(deployer: Deployer, outputs: dict[str, Any]) -> dict[str, Any]:
    client = deployer.client("cognito-idp")
    found: dict[str, Any] = client.describe_user_pool(UserPoolId=outputs["userPoolId"])["UserPool"]
    return found


def client_of(deployer: Deployer, outputs: dict[str, Any], name: str) -> dict[str, Any]:
    told = deployer.client("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["userPoolId"], ClientId=outputs["clientIds"][name]
    )
    found: dict[str, Any] = told["UserPoolClient"]
    return found


def up(deployer: Deployer, config: dict[str, Any]) -> dict[str, Any]:
    deployer.up("authentication", config)
    return deployer.outputs("authentication")


def test_its_outputs_are_the_contracts(base: Deployer) -> None:
    outputs = base.outputs("authentication")
    assert set(outputs) == {"userPoolId", "userPoolArn", "clientIds", "issuer", "stack", "deployment", "env"}
    assert outputs["userPoolArn"].endswith(f":userpool/{outputs['userPoolId']}")
    assert outputs["issuer"] == f"https://cognito-idp.{REGION}.amazonaws.com/{outputs['userPoolId']}"
    assert set(outputs["clientIds"]) == {"web"}


def test_its_issuer_is_the_one_in_the_tokens(base: Deployer) -> None:
    outputs, client = base.outputs("authentication"), base.client("cognito-idp")
    user = {"UserPoolId": outputs["userPoolId"], "Username": "ann@shop.example"}
    client.admin_create_user(**user)
    client.admin_set_user_password(**user, Password="long-Enough-1!", Permanent=True)
    answer = client.admin_initiate_auth(
        UserPoolId=outputs["userPoolId"],
        ClientId=outputs["clientIds"]["web"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",  # which the emulator takes though the client doesn't allow it
        AuthParameters={"USERNAME": "ann@shop.example", "PASSWORD": "long-Enough-1!"},
    )
    payload = answer["AuthenticationResult"]["IdToken"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["iss"], claims["aud"]) == (outputs["issuer"], outputs["clientIds"]["web"])


def test_nobody_signs_up_by_themselves_and_accounts_are_recovered_by_mail(base: Deployer) -> None:
    found = pool(base, base.outputs("authentication"))
    assert found["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert found["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]
    assert (found["UsernameAttributes"], found["AutoVerifiedAttributes"]) == (["email"], ["email"])
    assert found["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    mfa = base.client("cognito-idp").get_user_pool_mfa_config(UserPoolId=found["Id"])
    assert mfa["MfaConfiguration"] == "OPTIONAL"
    assert mfa["SoftwareTokenMfaConfiguration"] == {"Enabled": True}


def test_a_client_says_neither_who_exists_nor_takes_a_password_in_the_clear(base: Deployer) -> None:
    found = client_of(base, base.outputs("authentication"), "web")
    assert sorted(found["ExplicitAuthFlows"]) == ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
    assert found["PreventUserExistenceErrors"] == "ENABLED"
    assert found["EnableTokenRevocation"] is True
    assert found["AllowedOAuthFlowsUserPoolClient"] is False
    assert "ClientSecret" not in found


def test_hosted_sign_in_is_by_the_code_flow_alone(base: Deployer, deployer: Deployer) -> None:
    outputs = up(deployer, {**PRODUCTION, "kmsKeyArn": base.outputs("security")["kmsKeyArn"]})
    web, app = (client_of(deployer, outputs, name) for name in ("web", "app"))
    for found in (web, app):
        assert found["AllowedOAuthFlows"] == ["code"]
        assert found["SupportedIdentityProviders"] == ["COGNITO"]
    assert web["CallbackURLs"] == ["https://shop.example/signed-in"]
    assert app["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    domain = deployer.client("cognito-idp").describe_user_pool_domain(Domain="shop-sign-in")["DomainDescription"]
    assert domain["UserPoolId"] == outputs["userPoolId"]
    found = pool(deployer, outputs)
    assert found["UserPoolAddOns"]["AdvancedSecurityMode"] == "ENFORCED"
    assert found["EmailConfiguration"]["EmailSendingAccount"] == "DEVELOPER"


def test_a_confidential_clients_secret_is_kept_under_the_deployments_key_and_nowhere_in_clear(
    base: Deployer, deployer: Deployer
) -> None:
    key = base.outputs("security")["kmsKeyArn"]
    outputs = up(deployer, {"kmsKeyArn": key, "clients": {"server": {"confidential": True}}})
    secret = client_of(deployer, outputs, "server")["ClientSecret"]

    (made,) = [item for item in deployer.resources("authentication") if item["type"].endswith(":Secret")]
    client = deployer.client("secretsmanager")
    kept = json.loads(client.get_secret_value(SecretId=made["id"])["SecretString"])
    assert kept == {"clientId": outputs["clientIds"]["server"], "clientSecret": secret}
    assert client.describe_secret(SecretId=made["id"])["KmsKeyId"] == key
    state = Path(deployer.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    files = [path for path in state.rglob(f"{deployer.deployment}-authentication-dev*") if path.is_file()]
    assert any(outputs["clientIds"]["server"] in path.read_text() for path in files)
    assert not any(secret in path.read_text() for path in files)


def test_credentials_are_for_who_signed_in_only(deployer: Deployer) -> None:
    steps = deployer.preview("authentication", {"identityPool": {"enabled": True}})
    (identities,) = [step for step in steps if step.type == "aws:cognito/identityPool:IdentityPool"]
    assert identities.inputs["allowUnauthenticatedIdentities"] is False
    (role,) = [step for step in steps if step.type == "aws:iam/role:Role"]
    assert role.name.endswith("signed-in")
    outputs = up(deployer, {"identityPool": {"enabled": True}})
    made = {item["type"]: item for item in deployer.resources("authentication")}
    trust = json.loads(made["aws:iam/role:Role"]["outputs"]["assumeRolePolicy"])["Statement"][0]
    found = deployer.client("cognito-identity").describe_identity_pool(
        IdentityPoolId=made["aws:cognito/identityPool:IdentityPool"]["id"]
    )
    assert trust["Condition"] == {
        "StringEquals": {"cognito-identity.amazonaws.com:aud": found["IdentityPoolId"]},
        "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
    }
    assert found["CognitoIdentityProviders"] == [
        {
            "ProviderName": outputs["issuer"].removeprefix("https://"),
            "ClientId": outputs["clientIds"]["web"],
            "ServerSideTokenCheck": True,
        }
    ]
    roles = made["aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment"]["inputs"]["roles"]
    assert set(roles) == {"authenticated"}


def test_a_protected_pool_is_not_destroyed_until_it_is_unprotected(deployer: Deployer) -> None:
    outputs = up(deployer, {"deletionProtection": True})
    try:
        with pytest.raises(CommandError, match="deletion protection is activated"):
            deployer.destroy()
        assert pool(deployer, outputs)["DeletionProtection"] == "ACTIVE"
    finally:
        up(deployer, {"deletionProtection": False})


def test_the_deployments_web_acl_stands_before_the_pool(base: Deployer, deployer: Deployer) -> None:
    network = base.outputs("network")
    security = {"vpcId": network["vpcId"], "vpcCidr": network["cidr"]}
    deployer.up("security", security)
    with pytest.raises(CommandError, match="the stack 'security' has no web ACL"):
        up(deployer, {"waf": {"enabled": True}})

    deployer.up("security", {**security, "waf": {"enabled": True}})
    outputs = up(deployer, {"waf": {"enabled": True}})
    found = deployer.client("wafv2").get_web_acl_for_resource(ResourceArn=outputs["userPoolArn"])["WebACL"]
    assert found["ARN"] == deployer.outputs("security")["webAclArn"]
