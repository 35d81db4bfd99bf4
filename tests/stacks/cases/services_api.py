"""What is tried with the stack services-api."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:worker"


def stand_in(outputs: Outputs) -> Config:
    functions, dns = outputs["compute-lambda"], outputs["dns"]
    return {
        "issuer": outputs["authentication"]["issuer"],
        "clientIds": outputs["authentication"]["clientIds"],
        "functionArns": functions["functionArns"],
        "functionNames": functions["functionNames"],
        # By default dns has no certificate.
        "customDomain": {"zoneId": dns["zoneId"], "zoneName": dns["zoneName"], "certificateArn": CERTIFICATE},
    }


CASE = StackCase(
    needs=("authentication", "compute-lambda", "dns"),
    stand_in=stand_in,
    production={
        "routes": {
            "$default": {},
            "GET /health": {"authorize": False, "rateLimit": 5, "burstLimit": 5},
            "POST /orders/{id}": {"scopes": ["openid"], "rateLimit": 20},
        },
        "clients": ["web"],
        "timeoutSeconds": 10,
        "rateLimit": 500,
        "burstLimit": 200,
        "cors": {"allowOrigins": ["https://shop.example"], "allowCredentials": True},
        "detailedMetrics": True,
        "logRetentionDays": 365,
        "customDomain": {"enabled": True, "exclusive": True},
    },
    change={
        "routes": {"$default": {"scopes": ["email"]}, "GET /health": {"rateLimit": 10}},
        "timeoutSeconds": 5,
        "rateLimit": 100,
        "cors": {"allowOrigins": ["https://shop.example", "https://other.example"]},
        "logRetentionDays": 30,
        "customDomain": {"exclusive": False},
    },
    replace={"customDomain": {"prefix": "orders"}},
    accepted=(
        {"routes": {"ANY /": {"authorize": False}, "GET /a/{b}/{rest+}": {}}},
        {"routes": {}, "rateLimit": 10_000, "burstLimit": 5_000, "timeoutSeconds": 0.05},
        {"cors": {"allowOrigins": ["*"], "allowHeaders": ["*"], "maxAgeSeconds": 86_400}},
        {"cors": {"allowOrigins": ["http://localhost:3000", "capacitor://localhost"]}},
        {"logRetentionDays": 3653, "logKmsKeyArn": KEY},
        {"issuer": "https://issuer.example", "clientIds": {"web": "1"}, "functionArns": {"worker": FUNCTION}},
        {"customDomain": {"enabled": True, "name": "api.shop.example", "zoneId": "Z1", "certificateArn": CERTIFICATE}},
    ),
    refused=(
        ({"routes": {"FETCH /": {}}}, "p:routes.FETCH /.[key]: String should match pattern"),
        ({"routes": {"GET orders": {}}}, "p:routes.GET orders.[key]: String should match pattern"),
        (
            {"routes": {"$default": {"authorize": False, "scopes": ["openid"]}}},
            "p:routes.$default: scopes need authorize",
        ),
        ({"routes": {"$default": {"burstLimit": 5001}}}, "p:routes.$default.burstLimit"),
        ({"timeoutSeconds": 31}, "p:timeoutSeconds: Input should be less than or equal to 30 (got 31)"),
        ({"rateLimit": 0}, "p:rateLimit: Input should be greater than 0 (got 0)"),
        ({"cors": {"allowOrigins": ["*"], "allowCredentials": True}}, "p:cors: allowCredentials excludes *"),
        ({"cors": {"allowOrigins": ["https://shop.example/"]}}, "p:cors.allowOrigins.0: String should match"),
        ({"cors": {"maxAgeSeconds": 86_401}}, "p:cors.maxAgeSeconds: Input should be less than or equal to 86400"),
        ({"logRetentionDays": 31}, "p:logRetentionDays: Input should be 1, 3, 5"),
        ({"issuer": "http://issuer.example"}, "p:issuer: String should match pattern"),
        ({"functionArns": {"worker": "worker"}}, "p:functionArns.worker: String should match pattern"),
        ({"customDomain": {"prefix": "a.b"}}, "p:customDomain.prefix: String should match pattern"),
        ({"customDomain": {"certificateArn": KEY}}, "p:customDomain.certificateArn: String should match pattern"),
    ),
)
