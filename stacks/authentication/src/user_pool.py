"""The user pool: who the users are, how they prove it, and what stands before and beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cognito, wafv2

from src.configuration import AuthenticationConfig, EmailConfig

MFA = {"off": "OFF", "optional": "OPTIONAL", "required": "ON"}


@dataclass(frozen=True, slots=True)
class UserPoolArgs:
    """``domain`` is the prefix of Cognito's sign-in pages; None for none. ``web_acl_arn`` None for no web ACL."""

    name: str
    domain: str | None
    web_acl_arn: pulumi.Input[str] | None
    settings: AuthenticationConfig


class UserPool(pulumi.ComponentResource):
    """Pool, groups, domain, association with the web ACL."""

    id: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    """The issuer of the pool's tokens without ``https://``; also the pool's name as an identity provider."""

    def __init__(self, name: str, args: UserPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:authentication:UserPool", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        pool = cognito.UserPool(
            name,
            name=args.name,
            **_users(settings),
            **_proof(settings),
            user_pool_tier=settings.tier.upper(),
            deletion_protection="ACTIVE" if settings.deletion_protection else "INACTIVE",
            email_configuration=_email(settings.email),
            opts=child,
        )
        for group, group_settings in settings.groups.items():
            cognito.UserGroup(
                group,
                user_pool_id=pool.id,
                name=group,
                description=group_settings.description or None,
                precedence=group_settings.precedence,
                opts=child,
            )
        if args.domain is not None:
            cognito.UserPoolDomain(name, user_pool_id=pool.id, domain=args.domain, opts=child)
        if args.web_acl_arn is not None:
            wafv2.WebAclAssociation(
                name,
                resource_arn=pool.arn,
                web_acl_arn=pulumi.Output.from_input(args.web_acl_arn).apply(present),
                opts=child,
            )
        self.id, self.arn, self.endpoint = pool.id, pool.arn, pool.endpoint
        self.register_outputs({"id": self.id, "arn": self.arn, "endpoint": self.endpoint})


def present(web_acl_arn: str) -> str:
    """Raises ``RunError`` where the security stack has no web ACL: its output is an empty text then."""
    if not web_acl_arn:
        raise pulumi.RunError("waf.enabled, but the stack 'security' has no web ACL: set its waf.enabled too")
    return web_acl_arn


def _users(settings: AuthenticationConfig) -> dict[str, Any]:
    """By which name users are known, and who makes them. Which attribute it is can't be changed later."""
    return {
        "username_attributes": ["email"] if settings.sign_in == "email" else None,
        "username_configuration": {"case_sensitive": False},
        "auto_verified_attributes": ["email"],
        # An address changes once the new one is confirmed; until then mail goes to the old one.
        "user_attribute_update_settings": {"attributes_require_verification_before_updates": ["email"]},
        "admin_create_user_config": {"allow_admin_create_user_only": not settings.self_sign_up},
        "account_recovery_setting": {"recovery_mechanisms": [{"name": "verified_email", "priority": 1}]},
    }


def _proof(settings: AuthenticationConfig) -> dict[str, Any]:
    """Passwords, one-time codes of an authenticator application, and what Cognito makes of suspicious sign-ins."""
    policy = settings.password_policy
    proof: dict[str, Any] = {
        "password_policy": {
            "minimum_length": policy.minimum_length,
            "require_lowercase": policy.require_lowercase,
            "require_uppercase": policy.require_uppercase,
            "require_numbers": policy.require_numbers,
            "require_symbols": policy.require_symbols,
            "temporary_password_validity_days": policy.temporary_days,
        },
        "mfa_configuration": MFA[settings.mfa],
    }
    if settings.mfa != "off":
        proof["software_token_mfa_configuration"] = {"enabled": True}
    if settings.tier == "plus":  # said in full, so that switching it off is a change
        proof["user_pool_add_ons"] = {"advanced_security_mode": settings.threat_protection.upper()}
    return proof


def _email(settings: EmailConfig) -> dict[str, Any] | None:
    if settings.ses_identity_arn is None:
        return None
    return {
        "email_sending_account": "DEVELOPER",
        "source_arn": settings.ses_identity_arn,
        "from_email_address": settings.from_address,
        "reply_to_email_address": settings.reply_to,
    }
