"""Who may call: tokens of the deployment's user pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import apigatewayv2


@dataclass(frozen=True, slots=True)
class AuthorizerArgs:
    """``client_ids`` maps clients' names to their ids; ``clients`` are those who may call, all where it is empty."""

    issuer: pulumi.Input[str]
    client_ids: pulumi.Input[Mapping[str, Any]]
    clients: Sequence[str]


def create_authorizer(
    name: str, api_id: pulumi.Input[str], args: AuthorizerArgs, opts: pulumi.ResourceOptions
) -> apigatewayv2.Authorizer:
    """Checks signature, issuer, audience and time of the token in the header Authorization, before any function runs."""
    audiences = pulumi.Output.from_input(args.client_ids).apply(lambda ids: chosen(ids, args.clients))
    return apigatewayv2.Authorizer(
        name,
        api_id=api_id,
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration={"issuer": args.issuer, "audiences": audiences},
        opts=opts,
    )


def chosen(client_ids: Mapping[str, str], clients: Sequence[str]) -> list[str]:
    """The ids of these clients. Raises ``RunError`` for one that isn't there, and for none at all."""
    if missing := sorted(set(clients) - client_ids.keys()):
        known = ", ".join(sorted(client_ids)) or "none"
        raise pulumi.RunError(
            f"clients: {', '.join(missing)} is no client of the stack 'authentication'; it has {known}"
        )
    ids = [client_ids[name] for name in clients or sorted(client_ids)]
    if not ids:
        raise pulumi.RunError("nobody could call: the stack 'authentication' has no client")
    return ids
