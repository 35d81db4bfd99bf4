"""Cognito, and what a web ACL stands before."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

RECORDED = frozenset({"aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment"})

READERS: Mapping[str, Reader] = {
    "aws:cognito/userPool:UserPool": told_by(
        "cognito-idp",
        "describe_user_pool",
        lambda resource: {"UserPoolId": resource["id"]},
        "UserPool",
        ("ResourceNotFoundException",),
    ),
    "aws:cognito/userPoolClient:UserPoolClient": told_by(
        "cognito-idp",
        "describe_user_pool_client",
        lambda resource: {"UserPoolId": resource["outputs"]["userPoolId"], "ClientId": resource["id"]},
        "UserPoolClient",
        ("ResourceNotFoundException",),
    ),
    "aws:cognito/userGroup:UserGroup": told_by(
        "cognito-idp",
        "get_group",
        lambda resource: {
            "UserPoolId": resource["outputs"]["userPoolId"],
            "GroupName": resource["outputs"]["name"],
        },
        "Group",
        ("ResourceNotFoundException",),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": told_by(
        "cognito-idp",
        "describe_user_pool_domain",
        lambda resource: {"Domain": resource["id"]},
        "DomainDescription.Domain",  # an empty description where there is none
    ),
    "aws:cognito/identityPool:IdentityPool": told_by(
        "cognito-identity",
        "describe_identity_pool",
        lambda resource: {"IdentityPoolId": resource["id"]},
        "IdentityPoolId",
        ("ResourceNotFoundException",),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": told_by(
        "wafv2",
        "get_web_acl_for_resource",
        lambda resource: {"ResourceArn": resource["outputs"]["resourceArn"]},
        "WebACL",
        ("WAFNonexistentItemException",),
    ),
}
