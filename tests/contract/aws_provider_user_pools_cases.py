"""User pools, their clients, groups and domains, identity pools: for every type a declaration and its changes."""

from __future__ import annotations

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, World


def pool(w: World) -> Resource:
    return w.one("pool", "aws:cognito/userPool:UserPool", dict)


def client(w: World) -> Resource:
    return w.one("client", "aws:cognito/userPoolClient:UserPoolClient", lambda: {"userPoolId": pool(w).id})


def provider(w: World, **more: object) -> dict[str, object]:
    name = f"cognito-idp.{REGION}.amazonaws.com/{pool(w).id}"
    return {"clientId": client(w).id, "providerName": name, **more}


CASES: tuple[Case, ...] = (
    Case(
        "aws:cognito/userPool:UserPool",
        lambda w: {
            "usernameAttributes": ["email"],
            "usernameConfiguration": {"caseSensitive": False},
            "autoVerifiedAttributes": ["email"],
            "passwordPolicy": {"minimumLength": 12, "requireNumbers": True, "temporaryPasswordValidityDays": 3},
            "mfaConfiguration": "OPTIONAL",
            "softwareTokenMfaConfiguration": {"enabled": True},
            "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
            "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]},
            "userAttributeUpdateSettings": {"attributesRequireVerificationBeforeUpdates": ["email"]},
            "userPoolTier": "PLUS",
            "userPoolAddOns": {"advancedSecurityMode": "AUDIT"},
            "schemas": [{"name": "tenant", "attributeDataType": "String", "mutable": True}],
            **TAGGED,
        },
        lambda w: {
            "passwordPolicy": {"minimumLength": 16, "requireNumbers": False, "temporaryPasswordValidityDays": 1},
            "mfaConfiguration": "ON",
            "userPoolAddOns": {"advancedSecurityMode": "ENFORCED"},
            "schemas": [
                {"name": "tenant", "attributeDataType": "String", "mutable": True},
                {"name": "seats", "attributeDataType": "Number", "mutable": True},
            ],
            **RETAGGED,
        },
        lambda w: {"usernameAttributes": ["phone_number"], "name": "other"},
    ),
    Case(
        "aws:cognito/userPool:UserPool",
        lambda w: {"emailVerificationSubject": "Welcome", "deletionProtection": "INACTIVE"},
        lambda w: {"emailVerificationSubject": "Hello"},
        lambda w: {"aliasAttributes": ["email"]},
        label="plain",
    ),
    Case(
        "aws:cognito/userPoolClient:UserPoolClient",
        lambda w: {
            "userPoolId": pool(w).id,
            "allowedOauthFlowsUserPoolClient": True,
            "allowedOauthFlows": ["code"],
            "allowedOauthScopes": ["openid", "email"],
            "callbackUrls": ["https://shop.example/signed-in"],
            "logoutUrls": ["https://shop.example/"],
            "explicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
            "supportedIdentityProviders": ["COGNITO"],
            "preventUserExistenceErrors": "ENABLED",
            "accessTokenValidity": 60,
            "tokenValidityUnits": {"accessToken": "minutes"},
        },
        lambda w: {"callbackUrls": ["https://other.example/"], "accessTokenValidity": 30, "name": "renamed"},
        lambda w: {"generateSecret": True},
    ),
    Case(
        "aws:cognito/userPoolClient:UserPoolClient",
        lambda w: {"userPoolId": pool(w).id, "generateSecret": True, "refreshTokenValidity": 1},
        lambda w: {"refreshTokenValidity": 2},
        lambda w: {"generateSecret": False},
        label="confidential",
    ),
    Case(
        "aws:cognito/userGroup:UserGroup",
        lambda w: {"userPoolId": pool(w).id, "name": "admins", "description": "first", "precedence": 1},
        lambda w: {"description": "second", "precedence": 2, "roleArn": w.role["arn"]},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:cognito/userPoolDomain:UserPoolDomain",
        lambda w: {"userPoolId": pool(w).id, "domain": "shop-example"},
        None,
        lambda w: {"domain": "other-example"},
    ),
    Case(
        "aws:cognito/identityPool:IdentityPool",
        lambda w: {
            "identityPoolName": "shop",
            "cognitoIdentityProviders": [provider(w, serverSideTokenCheck=True)],
            **TAGGED,
        },
        lambda w: {"cognitoIdentityProviders": [provider(w, serverSideTokenCheck=False)], **RETAGGED},
        lambda w: {"identityPoolName": "other"},
    ),
    Case(
        "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment",
        lambda w: {
            "identityPoolId": w.one(
                "identities", "aws:cognito/identityPool:IdentityPool", lambda: {"identityPoolName": "shop"}
            ).id,
            "roles": {"authenticated": f"arn:aws:iam::{ACCOUNT}:role/signed-in"},
        },
        recorded=True,
    ),
)
