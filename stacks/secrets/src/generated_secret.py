"""A secret whose value nobody has chosen or seen."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import secretsmanager

from cloud_stack import Context, Limit, allow, auto, deny, document
from src.configuration import SecretConfig

EVERY_ACTION = "secretsmanager:*"
REFUSED_BY_DATABASES = "/@\"' \\"
"""RDS takes no slash, at sign, quotation mark or space in a password; the backslash is an escape in too many places."""
FIRST = "generated"
"""Stays at the generated version. AWS drops versions without a label, as this one would be after two rotations; the provider
would then take it for deleted and generate another."""


@dataclass(frozen=True, slots=True)
class GeneratedSecretArgs:
    """What a secret is made of."""

    context: Context
    kms_key_arn: pulumi.Input[str]
    settings: SecretConfig


class GeneratedSecret(pulumi.ComponentResource):
    """The secret, its first version, its policy, and its rotation."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:secrets:GeneratedSecret", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        secret = secretsmanager.Secret(
            # A name is taken until the recovery window is over: Pulumi completes it, so that it can be made again before.
            args.context.name(name, limit=auto(Limit.SECRET)),
            description=settings.description or f"The secret {name}",
            kms_key_id=args.kms_key_arn,
            recovery_window_in_days=settings.recovery_window_days,
            opts=child,
        )
        secretsmanager.SecretVersion(
            name,
            secret_id=secret.id,
            secret_string=self._value(settings),
            version_stages=["AWSCURRENT", FIRST],
            # Secrets Manager gives another password at each call: the first one stays, until a rotation puts its own and
            # takes the label AWSCURRENT along.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["secretString", "versionStages"]),
        )
        secretsmanager.SecretPolicy(
            name, secret_arn=secret.arn, policy=self._policy(secret.arn, settings), block_public_policy=True, opts=child
        )
        if settings.rotation is not None:
            secretsmanager.SecretRotation(
                name,
                secret_id=secret.id,
                rotation_lambda_arn=settings.rotation.lambda_arn,
                rotation_rules={"automatically_after_days": settings.rotation.days},
                opts=child,
            )
        self.arn = secret.arn
        self.register_outputs({"arn": self.arn})

    def _policy(self, arn: pulumi.Output[str], settings: SecretConfig) -> pulumi.Output[str]:
        """Within the account IAM decides. Other accounts are kept out, but for those of the readers."""
        account = aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=self)).account_id
        accounts = sorted({account, *(reader.split(":")[4] for reader in settings.readers)})
        statements = [
            deny(
                EVERY_ACTION,
                on=[arn],
                principals={"*": "*"},
                when={"Bool": {"aws:SecureTransport": "false"}},
                sid="TlsOnly",
            ),
            deny(
                EVERY_ACTION,
                on=[arn],
                principals={"*": "*"},
                when={
                    "StringNotEquals": {"aws:PrincipalAccount": accounts},
                    "Bool": {"aws:PrincipalIsAWSService": "false"},
                },
                sid="OtherAccounts",
            ),
        ]
        if settings.readers:
            statements.append(
                allow(
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    on=[arn],
                    principals={"AWS": settings.readers},
                    sid="Readers",
                )
            )
        return document(*statements)

    def _value(self, settings: SecretConfig) -> pulumi.Output[str]:
        password = secretsmanager.get_random_password_output(
            password_length=settings.length,
            exclude_punctuation=not settings.punctuation,
            exclude_characters=REFUSED_BY_DATABASES,
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).random_password
        if settings.username is None:
            return pulumi.Output.secret(password)
        username = settings.username
        return pulumi.Output.secret(
            password.apply(lambda text: json.dumps({"username": username, "password": text}, sort_keys=True))
        )
