"""A client: one application that signs users in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cognito, secretsmanager

from cloud_stack import Context, Limit, auto
from src.configuration import ClientConfig


@dataclass(frozen=True, slots=True)
class ClientArgs:
    """``kms_key_arn`` encrypts the secret of a confidential client, and is None for any other."""

    context: Context
    user_pool_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str] | None
    settings: ClientConfig


class Client(pulumi.ComponentResource):
    """The client and, for a confidential one, a secret that holds its id and its secret."""

    id: pulumi.Output[str]

    def __init__(self, name: str, args: ClientArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:authentication:Client", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        client = cognito.UserPoolClient(
            name,
            user_pool_id=args.user_pool_id,
            name=args.context.name(name, limit=Limit.USER_POOL),
            generate_secret=settings.confidential,
            explicit_auth_flows=_flows(settings),
            **_hosted_sign_in(settings),
            supported_identity_providers=["COGNITO"],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=settings.access_token_minutes,
            id_token_validity=settings.id_token_minutes,
            refresh_token_validity=settings.refresh_token_days,
            token_validity_units={"access_token": "minutes", "id_token": "minutes", "refresh_token": "days"},
            opts=child,
        )
        if args.kms_key_arn is not None:
            _keep(name, args.context, client, args.kms_key_arn, child)
        self.id = client.id
        self.register_outputs({"id": self.id})


def _keep(
    name: str,
    context: Context,
    client: cognito.UserPoolClient,
    kms_key_arn: pulumi.Input[str],
    child: pulumi.ResourceOptions,
) -> None:
    # Pulumi completes the name: AWS keeps that of a deleted secret for a week.
    secret = secretsmanager.Secret(
        context.name("client", name, limit=auto(Limit.SECRET)),
        description=f"Client '{name}': its id and secret",
        kms_key_id=kms_key_arn,
        recovery_window_in_days=7,
        opts=child,
    )
    secretsmanager.SecretVersion(
        name,
        secret_id=secret.id,
        secret_string=pulumi.Output.json_dumps({"clientId": client.id, "clientSecret": client.client_secret}),
        opts=child,
    )


def _flows(settings: ClientConfig) -> list[str]:
    """SRP proves a password without sending it. Flows that send it are never on."""
    return ["ALLOW_REFRESH_TOKEN_AUTH", *(["ALLOW_USER_SRP_AUTH"] if settings.password_sign_in else [])]


def _hosted_sign_in(settings: ClientConfig) -> dict[str, Any]:
    if not settings.callback_urls:
        return {"allowed_oauth_flows_user_pool_client": False}
    return {
        "allowed_oauth_flows_user_pool_client": True,
        "allowed_oauth_flows": ["code"],
        "allowed_oauth_scopes": settings.scopes,
        "callback_urls": settings.callback_urls,
        "logout_urls": settings.logout_urls or None,
    }
