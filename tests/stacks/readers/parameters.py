"""Secrets Manager and SSM's Parameter Store."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

READERS: Mapping[str, Reader] = {
    "aws:secretsmanager/secret:Secret": told_by(
        "secretsmanager",
        "describe_secret",
        lambda resource: {"SecretId": resource["id"]},
        "!DeletedDate",
        ("ResourceNotFoundException",),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": told_by(
        "secretsmanager",
        "get_secret_value",
        lambda resource: {
            "SecretId": resource["outputs"]["secretId"],
            "VersionId": resource["outputs"]["versionId"],
        },
        "SecretString",
        ("ResourceNotFoundException", "InvalidRequestException"),
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": told_by(
        "secretsmanager",
        "get_resource_policy",
        lambda resource: {"SecretId": resource["outputs"]["secretArn"]},
        "ResourcePolicy",
        ("ResourceNotFoundException",),
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": told_by(
        "secretsmanager",
        "describe_secret",
        lambda resource: {"SecretId": resource["id"]},
        "RotationEnabled",
        ("ResourceNotFoundException",),
    ),
    "aws:ssm/parameter:Parameter": told_by(
        "ssm", "get_parameter", lambda resource: {"Name": resource["id"]}, "Parameter", ("ParameterNotFound",)
    ),
}
