"""What is tried with the stack compute-lambda."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:tools:3"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:database-a1b2c3"
SOURCE = "def handler(event, context):\n    return {}\n"


def stand_in(outputs: Outputs) -> Config:
    database = outputs["database-rds"]
    return {
        "kmsKeyArn": outputs["security"]["kmsKeyArn"],
        "subnetIds": outputs["network"]["privateSubnetIds"],
        "securityGroupId": outputs["security"]["appSecurityGroupId"],
        "secretArns": outputs["secrets"]["secretArns"],
        "bucketNames": outputs["storage"]["bucketNames"],
        "database": {
            "endpoint": database["clusterEndpoint"],
            "readerEndpoint": database["readerEndpoint"],
            "port": database["port"],
            "name": database["databaseName"],
            "secretArn": database["secretArn"],
        },
    }


ORDERS = {
    "source": SOURCE,
    "memory": 512,
    "storage": 1024,
    "timeout": 30,
    "reservedConcurrency": 20,
    "maxRetries": 1,
    "maxEventAge": 600,
    "logRetentionDays": 365,
    "environment": {"STAGE": "prod"},
    "vpc": True,
    "database": True,
    "secrets": ["database"],
    "buckets": {"data": "read-write"},
    "permissions": [
        {"actions": ["dynamodb:GetItem"], "resources": ["arn:aws:dynamodb:eu-west-1:123456789012:table/orders"]}
    ],
    "queue": {"enabled": True, "batchSize": 50, "batchWindowSeconds": 5, "maxConcurrency": 10},
    "schedules": {
        "nightly": {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin", "input": {"job": "tidy"}},
        "often": {"expression": "rate(5 minutes)", "paused": True},
    },
}

CASE = StackCase(
    needs=("network", "security", "storage", "secrets", "database-rds"),
    stand_in=stand_in,
    production={"functions": {"worker": {"architecture": "x86_64"}, "orders": ORDERS}},
    change={
        "functions": {
            "orders": {
                "source": f"# changed\n{SOURCE}",
                "runtime": "python3.12",
                "architecture": "x86_64",
                "memory": 1024,
                "storage": 2048,
                "timeout": 60,
                "reservedConcurrency": 10,
                "maxRetries": 0,
                "logRetentionDays": 90,
                "environment": {"STAGE": "canary"},
                "buckets": {"data": "read"},
                "queue": {"batchSize": 10, "maxReceives": 3, "maxConcurrency": 20, "retentionDays": 14},
                "schedules": {"nightly": {"expression": "cron(0 4 * * ? *)", "input": {"job": "sweep"}}},
            }
        }
    },
    never_replaced="functions, queues and schedules come and go with their purposes; everything else is changed in place",
    accepted=(
        {"functions": {}},
        {"functions": {"a": {"memory": 10_240, "storage": 10_240, "timeout": 900, "maxEventAge": 21_600}}},
        {"functions": {"a": {"reservedConcurrency": 0, "maxRetries": 0, "maxEventAge": 60, "layers": [LAYER] * 5}}},
        {"functions": {"a": {"runtime": "nodejs22.x", "source": "export const handler = async () => ({});"}}},
        {"functions": {"a": {"folder": "functions/worker", "queue": {"batchSize": 10_000, "batchWindowSeconds": 1}}}},
        {"functions": {"a": {"schedules": {"once": {"expression": "at(2030-01-01T00:00:00)"}}}}, "logKmsKeyArn": KEY},
        {"functions": {"a": {"permissions": [{"actions": ["s3:Get*"], "resources": ["arn:aws:s3:::a/*"]}]}}},
        {"database": {"port": 5432, "secretArn": SECRET}},
    ),
    refused=(
        ({"functions": {"Worker!": {}}}, "p:functions.Worker!.[key]: String should match pattern"),
        ({"functions": {"a": {"memory": 127}}}, "p:functions.a.memory: Input should be greater than or equal to 128"),
        ({"functions": {"a": {"timeout": 901}}}, "p:functions.a.timeout: Input should be less than or equal to 900"),
        ({"functions": {"a": {"maxRetries": 3}}}, "p:functions.a.maxRetries: Input should be less than or equal to 2"),
        ({"functions": {"a": {"logRetentionDays": 31}}}, "p:functions.a.logRetentionDays: Input should be 1, 3, 5"),
        (
            {"functions": {"a": {"source": SOURCE, "folder": "functions/worker"}}},
            "p:functions.a: source and folder exclude each other",
        ),
        (
            {"functions": {"a": {"source": SOURCE, "runtime": "java21"}}},
            "p:functions.a: source is for python and nodejs",
        ),
        ({"functions": {"a": {"folder": "../elsewhere"}}}, "p:functions.a.folder: String should match pattern"),
        ({"functions": {"a": {"database": True}}}, "p:functions.a: database needs vpc"),
        (
            {"functions": {"a": {"environment": {"AWS_REGION": "x"}}}},
            "p:functions.a: environment may not set AWS_REGION",
        ),
        ({"functions": {"a": {"secrets": ["b", "b"]}}}, "p:functions.a: secrets names something twice"),
        (
            {"functions": {"a": {"queue": {"enabled": True, "batchSize": 11}}}},
            "p:functions.a.queue: a batchSize over 10 needs a batchWindowSeconds of at least 1",
        ),
        (
            {"functions": {"a": {"permissions": [{"actions": ["s3:*"], "resources": ["arn:aws:s3:::a"]}]}}},
            "p:functions.a.permissions.0.actions.0: String should match pattern",
        ),
        (
            {"functions": {"a": {"permissions": [{"actions": ["s3:GetObject"], "resources": ["*"]}]}}},
            "p:functions.a.permissions.0.resources.0: String should match pattern",
        ),
        (
            {"functions": {"a": {"schedules": {"daily": {"expression": "daily"}}}}},
            "p:functions.a.schedules.daily.expression: String should match pattern",
        ),
        ({"functions": {"a": {"handlr": "x"}}}, "p:functions.a.handlr: unknown key; did you mean 'handler'?"),
        ({"kmsKeyArn": SECRET}, "p:kmsKeyArn: String should match pattern"),
    ),
)
