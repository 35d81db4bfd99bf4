"""An identity pool: AWS credentials for who signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cognito, iam

from cloud_stack import Context, Limit, allow, auto, document
from src.configuration import IdentityPoolConfig

FEDERATION = "cognito-identity.amazonaws.com"


@dataclass(frozen=True, slots=True)
class IdentityPoolArgs:
    """``provider`` is the user pool's endpoint, ``client_ids`` are its clients whose tokens are taken."""

    context: Context
    provider: pulumi.Input[str]
    client_ids: Sequence[pulumi.Input[str]]
    settings: IdentityPoolConfig


class IdentityPool(pulumi.ComponentResource):
    """The pool, and the role of its users. There is no role for who didn't sign in."""

    def __init__(self, name: str, args: IdentityPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:authentication:IdentityPool", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        pool = cognito.IdentityPool(
            name,
            identity_pool_name=args.context.name("identities", limit=Limit.USER_POOL),
            allow_unauthenticated_identities=False,
            allow_classic_flow=False,
            cognito_identity_providers=[
                # Asks the user pool at every exchange, so that who was signed out or disabled gets nothing.
                {"client_id": client_id, "provider_name": args.provider, "server_side_token_check": True}
                for client_id in args.client_ids
            ],
            opts=child,
        )
        role = iam.Role(
            args.context.name("signed-in", limit=auto(Limit.IAM_ROLE)),
            description="Users of the identity pool who signed in",
            assume_role_policy=document(
                allow(
                    "sts:AssumeRoleWithWebIdentity",
                    on=[],
                    principals={"Federated": FEDERATION},
                    when={
                        "StringEquals": {f"{FEDERATION}:aud": pool.id},
                        "ForAnyValue:StringLike": {f"{FEDERATION}:amr": "authenticated"},
                    },
                )
            ),
            opts=child,
        )
        for index, policy_arn in enumerate(args.settings.policy_arns, 1):
            iam.RolePolicyAttachment(f"signed-in-{index}", role=role.name, policy_arn=policy_arn, opts=child)
        cognito.IdentityPoolRoleAttachment(
            name,
            identity_pool_id=pool.id,
            roles={"authenticated": role.arn},
            # A pool has one: the new one made first would go with the old.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({})
