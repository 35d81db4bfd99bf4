"""What is tried with the stack monitoring."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

ACCOUNT = "eu-west-1:123456789012"
KEY = f"arn:aws:kms:{ACCOUNT}:key/1"
ALB = f"arn:aws:elasticloadbalancing:{ACCOUNT}:loadbalancer/app/shop/0123456789abcdef"
CLUSTER = f"arn:aws:ecs:{ACCOUNT}:cluster/shop"
QUEUE = f"arn:aws:sqs:{ACCOUNT}:shop-worker-dlq"
RUNTIME = "syn-python-selenium-6.0"


def stand_in(outputs: Outputs) -> Config:
    """Of what is deployed with defaults; the rest by made-up names, as CloudWatch asks nobody whether they are there."""
    functions = outputs["compute-lambda"]
    return {
        "vpcId": outputs["network"]["vpcId"],
        "databaseEndpoint": outputs["database-rds"]["clusterEndpoint"],
        "functionNames": functions["functionNames"],
        "dlqArns": functions["dlqArns"],
        "albArn": ALB,
        "clusterArn": CLUSTER,
        "serviceNames": {"app": "shop-app-1234567"},
        "eksClusterName": "shop",
        "apiId": "a1b2c3d4e5",
        "asgName": "shop-instances",
    }


CASE = StackCase(
    needs=("network", "database-rds", "compute-lambda"),
    stand_in=stand_in,
    production={
        "emails": ["ops@shop.example", "boss@shop.example"],
        "thresholds": {"periodSeconds": 60, "periods": 5, "datapoints": 3, "apiErrorPercent": 1},
        "muted": ["instances-cpu"],
        "logFilters": {"errors": {"logGroup": "/shop/web", "pattern": '{ $.level = "ERROR" }', "threshold": 5}},
        "budget": {"enabled": True, "limit": 500, "percents": [50, 80, 100], "thisDeployment": True},
        "canary": {"enabled": True, "url": "https://shop.example/health", "runtime": RUNTIME, "forceDestroy": True},
    },
    change={
        "thresholds": {"periodSeconds": 300, "cpuPercent": 70, "apiErrorPercent": 2, "functionErrors": 3},
        "muted": [],
        "logFilters": {"errors": {"pattern": "ERROR", "threshold": 1}},
        "budget": {"limit": 750.5, "percents": [90]},
        "canary": {"minutes": 15, "url": "https://shop.example/alive", "retentionDays": 7},
    },
    replace={"logFilters": {"errors": {"logGroup": "/shop/other"}}},
    accepted=(
        {},
        {"thresholds": {"periodSeconds": 3600, "periods": 24, "datapoints": 24, "cpuPercent": 100}},
        {"databaseKind": "instance", "databaseEndpoint": "shop.abc.eu-west-1.rds.amazonaws.com"},
        {"albArn": "", "apiId": "", "eksClusterName": "", "functionNames": {}},
        {"budget": {"enabled": True, "limit": 0.01, "percents": [], "forecast": True}},
        {"canary": {"enabled": True, "url": "https://a.example", "runtime": RUNTIME, "minutes": 60}},
        {"clusterArn": CLUSTER, "serviceNames": {"app": "a"}, "services": ["app"], "kmsKeyArn": KEY},
        {"functionNames": {"worker": "w"}, "dlqArns": {"worker": QUEUE}, "dashboard": False},
    ),
    refused=(
        ({"emails": ["ops"]}, "p:emails.0: String should match pattern"),
        ({"emails": ["a@b.example", "a@b.example"]}, "emails names something twice"),
        ({"thresholds": {"periodSeconds": 10}}, "p:thresholds.periodSeconds: Input should be 60, 300, 900 or 3600"),
        (
            {"thresholds": {"periods": 2, "datapoints": 3}},
            "p:thresholds: datapoints is 3, but must be at most periods, 2",
        ),
        ({"thresholds": {"cpuPercent": 101}}, "p:thresholds.cpuPercent: Input should be less than or equal to 100"),
        ({"thresholds": {"cpuPercents": 80}}, "p:thresholds.cpuPercents: unknown key; did you mean 'cpuPercent'?"),
        ({"logFilters": {"e": {"pattern": "ERROR"}}}, "p:logFilters.e.logGroup: "),
        ({"budget": {"limit": 0}}, "p:budget.limit: Input should be greater than 0"),
        (
            {"budget": {"enabled": True, "percents": [], "forecast": False}},
            "p:budget: neither percents nor forecast: nobody would be told",
        ),
        ({"canary": {"enabled": True, "runtime": RUNTIME}}, "p:canary: a canary needs url and runtime"),
        ({"canary": {"url": "http://shop.example"}}, "p:canary.url: String should match pattern"),
        ({"canary": {"minutes": 1, "timeoutSeconds": 61}}, "p:canary: timeoutSeconds is longer than minutes"),
        ({"albArn": CLUSTER}, "p:albArn: String should match pattern"),
        ({"serviceNames": {"app": "a"}}, "serviceNames needs clusterArn"),
        ({"dlqArns": {"worker": "queue"}}, "p:dlqArns.worker: String should match pattern"),
        ({"databaseKind": "mysql"}, "p:databaseKind: Input should be 'aurora' or 'instance'"),
    ),
)
