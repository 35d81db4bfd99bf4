"""Cognito: user pools and what belongs to them, identity pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import from_aws, to_aws
from cloud_local.provider.types.notation import row

_POLICIES: Final = {"passwordPolicy": "PasswordPolicy", "signInPolicy": "SignInPolicy"}
_MFA: Final = (
    *("mfaConfiguration", "softwareTokenMfaConfiguration", "emailMfaConfiguration", "webAuthnConfiguration"),
    *("smsConfiguration", "smsAuthenticationMessage"),
)
_POOL: Final = (
    *("accountRecoverySetting", "adminCreateUserConfig", "autoVerifiedAttributes", "deletionProtection"),
    *("deviceConfiguration", "emailConfiguration", "emailVerificationMessage", "emailVerificationSubject"),
    *("lambdaConfig", "mfaConfiguration", "passwordPolicy", "signInPolicy", "smsAuthenticationMessage"),
    *("smsConfiguration", "smsVerificationMessage", "userAttributeUpdateSettings", "userPoolAddOns", "userPoolTier"),
    *("verificationMessageTemplate", "tags", "tagsAll"),
)
_MESSAGES: Final = {
    "emailVerificationMessage": "EmailMessage",
    "emailVerificationSubject": "EmailSubject",
    "smsVerificationMessage": "SmsMessage",
}
_FRONT_ZONE: Final = "Z2FDTNDATAQYW2"
"""The hosted zone of every CloudFront distribution (AWS's documentation of alias records)."""


def _pool_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    given = scene.properties
    if operation in ("create_user_pool", "update_user_pool"):
        shape = scene.connection.model("cognito-idp", operation).input_shape.members["Policies"]
        policies = {
            member: to_aws(shape.members[member], given[name])
            for name, member in _POLICIES.items()
            if given.get(name) is not None
        }
        if policies:
            arguments["Policies"] = policies
    if operation == "create_user_pool":
        # Cognito refuses MFA before it knows a second factor: `_set_mfa` tells both.
        arguments.pop("MfaConfiguration", None)
    elif operation == "update_user_pool":
        # What the template says wins in Cognito; who changes one of the old properties means that.
        for name, member in _MESSAGES.items():
            if name in scene.changed and "VerificationMessageTemplate" in arguments and given.get(name):
                arguments["VerificationMessageTemplate"][member] = given[name]
        arguments["UserPoolTags"] = {key: str(value) for key, value in (given.get("tagsAll") or {}).items()}
    elif operation == "set_user_pool_mfa_config":
        arguments.clear()
        arguments |= _mfa(scene)
    elif operation == "add_custom_attributes":
        arguments["CustomAttributes"] = _new_attributes(scene, arguments["CustomAttributes"])


def _mfa(scene: Scene) -> dict[str, Any]:
    given = scene.properties
    members = scene.connection.model("cognito-idp", "set_user_pool_mfa_config").input_shape.members
    arguments: dict[str, Any] = {"UserPoolId": scene.id, "MfaConfiguration": given["mfaConfiguration"]}
    for name, member in (
        ("softwareTokenMfaConfiguration", "SoftwareTokenMfaConfiguration"),
        ("emailMfaConfiguration", "EmailMfaConfiguration"),
        ("webAuthnConfiguration", "WebAuthnConfiguration"),
    ):
        if given.get(name):
            arguments[member] = to_aws(members[member], given[name])
    if given.get("smsConfiguration"):
        shape = members["SmsMfaConfiguration"].members["SmsConfiguration"]
        arguments["SmsMfaConfiguration"] = {"SmsConfiguration": to_aws(shape, given["smsConfiguration"])}
        if given.get("smsAuthenticationMessage"):
            arguments["SmsMfaConfiguration"]["SmsAuthenticationMessage"] = given["smsAuthenticationMessage"]
    return arguments


def _set_mfa(scene: Scene) -> None:
    if scene.properties["mfaConfiguration"] != "OFF" or scene.properties.get("webAuthnConfiguration"):
        scene.call("set_user_pool_mfa_config", _mfa(scene))


def _new_attributes(scene: Scene, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A pool's attributes only ever become more."""
    old, new = scene.old.get("schemas") or (), scene.properties.get("schemas") or ()
    if any(item not in new for item in old):
        raise ProviderError(f"updating {scene.title} ({scene.id}): cannot modify or remove schema items")
    return [attribute for attribute, item in zip(wanted, new, strict=True) if item not in old]


def _pool_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    outputs = scene.schema.outputs
    policies = found.get("Policies") or {}
    facts = {name: from_aws(outputs[name], policies.get(member)) for name, member in _POLICIES.items()}
    declared = {item["name"] for item in scene.properties.get("schemas") or ()}
    attributes = [
        {**item, "Name": str(item["Name"]).removeprefix("dev:").removeprefix("custom:")}
        for item in found.get("SchemaAttributes", ())
    ]
    if declared:  # the standard ones are there without anybody's asking
        facts["schemas"] = from_aws(outputs["schemas"], [item for item in attributes if item["Name"] in declared])
    return facts


def _domain_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation != "delete_user_pool_domain" and scene.properties.get("certificateArn"):
        arguments["CustomDomainConfig"] = {"CertificateArn": scene.properties["certificateArn"]}


def _domain_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "certificateArn": (found.get("CustomDomainConfig") or {}).get("CertificateArn"),
        "cloudfrontDistributionArn": found.get("CloudFrontDistribution"),
        "cloudfrontDistributionZoneId": _FRONT_ZONE,
    }


def _identity_pool_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "update_identity_pool":
        tags = scene.properties.get("tagsAll") or {}
        arguments["IdentityPoolTags"] = {key: str(value) for key, value in tags.items()}


def _role_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Cognito takes the roles with their mappings, by identity provider, and both at once."""
    if operation != "set_identity_pool_roles":
        return
    shape = scene.connection.model("cognito-identity", operation).input_shape.members["RoleMappings"].value
    arguments["Roles"] = dict(scene.properties["roles"])
    arguments["RoleMappings"] = {}
    for mapping in scene.properties.get("roleMappings") or ():
        made = to_aws(shape, {name: value for name, value in mapping.items() if name != "mappingRules"})
        if mapping.get("mappingRules"):
            made["RulesConfiguration"] = to_aws(shape.members["RulesConfiguration"], mapping["mappingRules"])
        arguments["RoleMappings"][mapping["identityProvider"]] = made


def _role_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    declared = scene.schema.outputs["roleMappings"]
    mappings = [
        {
            **mapping,
            "IdentityProvider": provider,
            "MappingRules": (mapping.get("RulesConfiguration") or {}).get("Rules"),
        }
        for provider, mapping in (found.get("RoleMappings") or {}).items()
    ]
    return {"roleMappings": from_aws(declared, mappings)} if mappings else {}


def _no_roles(scene: Scene) -> None:
    scene.call("set_identity_pool_roles", {"IdentityPoolId": scene.id, "Roles": {}, "RoleMappings": {}})


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:cognito/userPool:UserPool": row(
        "cognito-idp",
        "create_user_pool",
        "UserPool.Id",
        {"UserPoolId": "{id}"},
        ["describe_user_pool UserPool", "get_user_pool_mfa_config"],
        delete="delete_user_pool",
        updates=[
            # In this order: a pool that demands MFA must know a second factor.
            Update("set_user_pool_mfa_config", _MFA, on_create=False, whole=True),
            Update("update_user_pool", _POOL, on_create=False, whole=True),
            Update("add_custom_attributes", ("schemas",), on_create=False, zero=True),
        ],
        rename={"name": "PoolName|Name", "schemas": "Schema|CustomAttributes", "domain": "Domain"},
        nested={"fromEmailAddress": "From"},
        replace=["name", "aliasAttributes", "usernameAttributes", "usernameConfiguration"],
        defaults={"deletionProtection": "INACTIVE", "mfaConfiguration": "OFF"},
        sticky=[
            *("adminCreateUserConfig", "emailVerificationMessage", "emailVerificationSubject", "passwordPolicy"),
            *("signInPolicy", "smsConfiguration", "smsVerificationMessage", "userPoolTier"),
            *("verificationMessageTemplate", "accountRecoverySetting", "emailConfiguration"),
        ],
        outputs={"endpoint": "cognito-idp.{region}.amazonaws.com/{id}"},
        auto_name=AutoName(longest=128),
        prepare=_pool_arguments,
        enrich=_pool_facts,
        created=_set_mfa,
    ),
    "aws:cognito/userPoolClient:UserPoolClient": row(
        "cognito-idp",
        "create_user_pool_client",
        "UserPoolClient.ClientId",
        {"UserPoolId": "{userPoolId}", "ClientId": "{id}"},
        ["describe_user_pool_client UserPoolClient"],
        delete="delete_user_pool_client",
        updates=[Update("update_user_pool_client", on_create=False, whole=True, zero=True)],
        rename={"name": "ClientName"},
        replace=["generateSecret"],
        sticky=[
            *("accessTokenValidity", "allowedOauthFlows", "allowedOauthFlowsUserPoolClient", "allowedOauthScopes"),
            *("authSessionValidity", "callbackUrls", "enableTokenRevocation", "explicitAuthFlows", "idTokenValidity"),
            *("enablePropagateAdditionalUserContextData", "logoutUrls", "preventUserExistenceErrors"),
            *("readAttributes", "refreshTokenValidity", "supportedIdentityProviders", "writeAttributes"),
        ],
        auto_name=AutoName(longest=128),
        enrich=lambda _scene, found: {"generateSecret": bool(found.get("ClientSecret"))},
    ),
    "aws:cognito/userGroup:UserGroup": row(
        "cognito-idp",
        "create_group",
        "{userPoolId}/{name}",
        {"UserPoolId": "{userPoolId}", "GroupName": "{name}"},
        ["get_group Group"],
        delete="delete_group",
        updates=[Update("update_group", ("description", "precedence", "roleArn"), on_create=False, whole=True)],
        rename={"name": "GroupName"},
        auto_name=AutoName(longest=128),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": row(
        "cognito-idp",
        "create_user_pool_domain",
        "{domain}",
        {"Domain": "{id}", "UserPoolId": "{userPoolId}"},
        [Read("describe_user_pool_domain", "DomainDescription", {"Domain": "{id}"})],
        delete="delete_user_pool_domain",
        gone="!Domain",  # Cognito describes what isn't there as nothing
        updates=[
            Update(
                "update_user_pool_domain",
                ("certificateArn", "managedLoginVersion"),
                on_create=False,
                whole=True,
                arguments={"Domain": "{domain}"},
            )
        ],
        sticky=["managedLoginVersion"],
        outputs={"awsAccountId": "{account}"},
        prepare=_domain_arguments,
        enrich=_domain_facts,
    ),
    "aws:cognito/identityPool:IdentityPool": row(
        "cognito-identity",
        "create_identity_pool",
        "IdentityPoolId",
        {"IdentityPoolId": "{id}"},
        ["describe_identity_pool"],
        delete="delete_identity_pool",
        updates=[
            Update(
                "update_identity_pool",
                (
                    *("allowClassicFlow", "allowUnauthenticatedIdentities", "cognitoIdentityProviders"),
                    *("openidConnectProviderArns", "samlProviderArns", "supportedLoginProviders", "tags", "tagsAll"),
                ),
                on_create=False,
                whole=True,
                arguments={
                    "IdentityPoolName": "{identityPoolName}",
                    "DeveloperProviderName": "{developerProviderName}",
                },
            )
        ],
        defaults={"allowClassicFlow": False, "allowUnauthenticatedIdentities": False},
        arn="cognito-identity:{region}:{account}:identitypool/{id}",
        auto_name=None,
        prepare=_identity_pool_arguments,
    ),
    "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": row(
        "cognito-identity",
        "set_identity_pool_roles",
        "{identityPoolId}",
        {"IdentityPoolId": "{id}"},
        ["get_identity_pool_roles"],
        updates=[Update("set_identity_pool_roles", ("roleMappings",), on_create=False, whole=True)],
        rename={"roleMappings": "none"},
        replace=["roles"],
        auto_name=None,
        prepare=_role_arguments,
        enrich=_role_facts,
        deleting=_no_roles,
        gone="!Roles",
    ),
}
