"""What is tried with the stack authentication."""

from __future__ import annotations

from tests.stacks.case import StackCase

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
IDENTITY = "arn:aws:ses:eu-west-1:123456789012:identity/shop.example"
WEB = {"callbackUrls": ["https://shop.example/signed-in"]}
HOSTED = {"hostedSignIn": {"enabled": True}}

CASE = StackCase(
    needs=("security",),
    stand_in=lambda outputs: {"kmsKeyArn": outputs["security"]["kmsKeyArn"]},
    production={
        "mfa": "required",
        "deletionProtection": True,
        "tier": "plus",
        "threatProtection": "enforced",
        "passwordPolicy": {"minimumLength": 16, "temporaryDays": 1},
        "email": {"sesIdentityArn": IDENTITY, "fromAddress": "Shop <hello@shop.example>"},
        "clients": {
            "web": {**WEB, "logoutUrls": ["https://shop.example/"]},
            "server": {"confidential": True, "accessTokenMinutes": 15},
            "app": {"callbackUrls": ["myapp://signed-in"], "passwordSignIn": False},
        },
        "groups": {"admins": {"description": "Who may change prices", "precedence": 1}, "clerks": {}},
        "hostedSignIn": {"enabled": True, "prefix": "shop-sign-in"},
        "identityPool": {"enabled": True, "policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
    },
    change={
        "deletionProtection": False,  # or nothing could be destroyed
        "mfa": "optional",
        "threatProtection": "audit",
        "passwordPolicy": {"minimumLength": 20},
        "clients": {"web": {"callbackUrls": ["https://shop.example/in", "http://localhost:3000/in"]}},
        "groups": {"admins": {"precedence": 2}},
    },
    replace={
        "deletionProtection": False,
        "signIn": "username",
        "clients": {"server": {"confidential": False}},
        "hostedSignIn": {"prefix": "other-sign-in"},
    },
    accepted=(
        {"kmsKeyArn": KEY, "clients": {}, "mfa": "off"},
        {"passwordPolicy": {"minimumLength": 8, "temporaryDays": 365}},
        {"passwordPolicy": {"minimumLength": 99, "requireSymbols": False}},
        {"clients": {"web": {"accessTokenMinutes": 5, "idTokenMinutes": 1440, "refreshTokenDays": 3650}}},
        {**HOSTED, "clients": {"app": {"callbackUrls": ["http://localhost/in", "myapp:/in"]}}},
        {"tier": "plus", "threatProtection": "audit", "groups": {"Admins.all": {"precedence": 0}}},
        {"email": {"sesIdentityArn": IDENTITY, "replyTo": "help@shop.example"}},
        {"waf": {"enabled": True, "webAclArn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/web/1"}},
    ),
    refused=(
        ({"kmsKeyArn": "alias/data"}, "p:kmsKeyArn: String should match pattern"),
        ({"passwordPolicy": {"minimumLength": 7}}, "p:passwordPolicy.minimumLength: Input should be greater than"),
        ({"mfa": "sms"}, "p:mfa: Input should be 'off', 'optional' or 'required'"),
        ({"threatProtection": "audit"}, "threatProtection needs the tier plus, not lite"),
        ({"clients": {"web": WEB}}, "clients.web has callbackUrls, but hostedSignIn is off"),
        (
            {**HOSTED, "clients": {"web": {"callbackUrls": ["http://shop.example/in"]}}},
            "p:clients.web.callbackUrls.0: expected https, or http to localhost",
        ),
        ({**HOSTED, "clients": {"web": {"callbackUrls": ["/in"]}}}, "p:clients.web.callbackUrls.0: String should"),
        ({"clients": {"web": {"logoutUrls": ["https://a.example"]}}}, "p:clients.web: logoutUrls need callbackUrls"),
        ({"clients": {"web": {"passwordSignIn": False}}}, "p:clients.web: nobody could sign in"),
        ({"clients": {"web": {"accessTokenMinutes": 4}}}, "p:clients.web.accessTokenMinutes"),
        ({"clients": {"Web App": {}}}, "p:clients.Web App.[key]: String should match pattern"),
        ({"groups": {"0": {}}}, "p:groups.0.[key]: String should match pattern"),
        ({"hostedSignIn": {"enabled": True, "prefix": "my-aws"}}, "p:hostedSignIn: prefix: AWS allows no 'aws' in it"),
        ({"email": {"fromAddress": "a@b.example"}}, "p:email: fromAddress and replyTo need sesIdentityArn"),
        ({"identityPool": {"policyArns": ["AdministratorAccess"]}}, "p:identityPool.policyArns.0"),
        ({"waf": {"webAclArn": "arn:aws:wafv2:x"}}, "p:waf.webAclArn: String should match pattern"),
    ),
)
