"""IAM."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by


def _attachment(clients: Clients, resource: Resource) -> bool:
    client, outputs = clients("iam"), resource["outputs"]
    try:
        pages = list(client.get_paginator("list_attached_role_policies").paginate(RoleName=outputs["role"]))
    except client.exceptions.NoSuchEntityException:
        return False
    return any(policy["PolicyArn"] == outputs["policyArn"] for page in pages for policy in page["AttachedPolicies"])


READERS: Mapping[str, Reader] = {
    "aws:iam/role:Role": told_by(
        "iam", "get_role", lambda resource: {"RoleName": resource["id"]}, "Role", ("NoSuchEntity",)
    ),
    "aws:iam/rolePolicy:RolePolicy": told_by(
        "iam",
        "get_role_policy",
        lambda resource: {"RoleName": resource["outputs"]["role"], "PolicyName": resource["outputs"]["name"]},
        "PolicyDocument",
        ("NoSuchEntity",),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:iam/policy:Policy": told_by(
        "iam", "get_policy", lambda resource: {"PolicyArn": resource["id"]}, "Policy", ("NoSuchEntity",)
    ),
    "aws:iam/instanceProfile:InstanceProfile": told_by(
        "iam",
        "get_instance_profile",
        lambda resource: {"InstanceProfileName": resource["id"]},
        "InstanceProfile",
        ("NoSuchEntity",),
    ),
}
