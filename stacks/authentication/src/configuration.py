"""What can be configured. By default a pool of users who sign in by their address, invited by an administrator, and one client;
it costs nothing up to 10,000 active users a month.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from cloud_stack import Input, Section, StackConfig

ClientName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
GroupName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,126}$")]
Scope = Annotated[str, Field(pattern=r"^[a-zA-Z0-9/._:-]+$", max_length=256)]


def _redirect(url: str) -> str:
    """Cognito refuses plain HTTP but to localhost, and takes an application's own scheme, such as ``myapp://signed-in``."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname != "localhost":
        raise ValueError("expected https, or http to localhost")
    if not parts.scheme or not (parts.netloc or parts.path) or parts.fragment:
        raise ValueError("expected a URL without a fragment, such as https://shop.example/signed-in")
    return url


RedirectUrl = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.+-]*:\S+$", max_length=1024), AfterValidator(_redirect)]


class PasswordPolicyConfig(Section):
    """``temporary_days`` is how long the password of an invitation is good."""

    minimum_length: int = Field(default=12, ge=8, le=99)
    require_lowercase: bool = True
    require_uppercase: bool = True
    require_numbers: bool = True
    require_symbols: bool = True
    temporary_days: int = Field(default=7, ge=1, le=365)


class EmailConfig(Section):
    """Mail by SES instead of Cognito's own sender, which sends 50 a day. ``from_address`` is one of the identity's."""

    ses_identity_arn: Input[Annotated[str, Field(pattern=r"^arn:[a-z-]+:ses:.+:identity/.+$")]] | None = None
    from_address: Annotated[str, Field(pattern=r"^.*[^@\s]+@[^@\s]+$", max_length=320)] | None = None
    reply_to: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.from_address or self.reply_to) and self.ses_identity_arn is None:
            raise ValueError("fromAddress and replyTo need sesIdentityArn: Cognito's own sender has one address")
        return self


class ClientConfig(Section):
    """One application. With ``callback_urls`` it signs users in on Cognito's pages, by the code flow with PKCE; the implicit
    flow is never on. A ``confidential`` one has a secret, for a program on a server; it is kept in Secrets Manager.
    """

    callback_urls: list[RedirectUrl] = Field(default_factory=list, max_length=100)
    logout_urls: list[RedirectUrl] = Field(default_factory=list, max_length=100)
    scopes: list[Scope] = Field(default=["openid", "email", "profile"], min_length=1, max_length=50)
    password_sign_in: bool = True
    confidential: bool = False
    access_token_minutes: int = Field(default=60, ge=5, le=1440)
    id_token_minutes: int = Field(default=60, ge=5, le=1440)
    refresh_token_days: int = Field(default=30, ge=1, le=3650)

    @model_validator(mode="after")
    def _way_in(self) -> Self:
        if not self.callback_urls and not self.password_sign_in:
            raise ValueError("nobody could sign in: neither callbackUrls nor passwordSignIn")
        if self.logout_urls and not self.callback_urls:
            raise ValueError("logoutUrls need callbackUrls: only Cognito's pages lead there")
        return self


class GroupConfig(Section):
    """Of a user's groups the one with the lowest ``precedence`` counts."""

    description: str = Field(default="", max_length=2048)
    precedence: int | None = Field(default=None, ge=0, le=2_147_483_647)


class HostedSignInConfig(Section):
    """Cognito's sign-in pages at ``{prefix}.auth.{region}.amazoncognito.com``; the prefix is unique within the region."""

    enabled: bool = False
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")] | None = None

    @model_validator(mode="after")
    def _not_reserved(self) -> Self:
        reserved = [word for word in ("aws", "amazon", "cognito") if word in (self.prefix or "")]
        if reserved:
            raise ValueError(f"prefix: AWS allows no '{reserved[0]}' in it")
        return self


class IdentityPoolConfig(Section):
    """AWS credentials for users who signed in, with what the managed policies allow; nobody else gets any."""

    enabled: bool = False
    policy_arns: list[Input[Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::.+:policy/.+$")]]] = Field(
        default_factory=list, max_length=10
    )


class WafConfig(Section):
    """The web ACL before the pool's public operations. ``web_acl_arn`` stands in for the security stack's output."""

    enabled: bool = False
    web_acl_arn: Input[Annotated[str, Field(pattern=r"^arn:[a-z-]+:wafv2:.+:regional/webacl/.+$")]] | None = None


class AuthenticationConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``kmsKeyArn`` stands in for the security stack's output."""

    kms_key_arn: Input[Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]] | None = None
    sign_in: Literal["email", "username"] = "email"
    self_sign_up: bool = False
    mfa: Literal["off", "optional", "required"] = "optional"
    deletion_protection: bool = False
    tier: Literal["lite", "essentials", "plus"] = "lite"
    threat_protection: Literal["off", "audit", "enforced"] = "off"
    password_policy: PasswordPolicyConfig = PasswordPolicyConfig()
    email: EmailConfig = EmailConfig()
    clients: dict[ClientName, ClientConfig] = Field(default={"web": ClientConfig()}, max_length=50)
    groups: dict[GroupName, GroupConfig] = Field(default_factory=dict, max_length=50)
    hosted_sign_in: HostedSignInConfig = HostedSignInConfig()
    identity_pool: IdentityPoolConfig = IdentityPoolConfig()
    waf: WafConfig = WafConfig()

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.threat_protection != "off" and self.tier != "plus":
            raise ValueError(f"threatProtection needs the tier plus, not {self.tier}")
        hosted = sorted(name for name, client in self.clients.items() if client.callback_urls)
        if hosted and not self.hosted_sign_in.enabled:
            raise ValueError(
                f"clients.{hosted[0]} has callbackUrls, but hostedSignIn is off: there is no page to come from"
            )
        return self
