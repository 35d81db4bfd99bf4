"""What is tried with the stack containers-apps."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1"
PUBLIC = "public.ecr.aws/nginx/nginx:1.27"


def stand_in(outputs: Outputs) -> Config:
    network, security, ecs = outputs["network"], outputs["security"], outputs["services-ecs"]
    database = outputs["database-rds"]
    return {
        "clusterArn": ecs["clusterArn"],
        "listenerArn": ecs["listenerArn"],
        "albDnsName": ecs["albDnsName"],
        "namespaceId": ecs["namespaceId"],
        "vpcId": network["vpcId"],
        "subnetIds": network["privateSubnetIds"],
        "securityGroupId": security["appSecurityGroupId"],
        "kmsKeyArn": security["kmsKeyArn"],
        "imageUris": {"web": next(iter(outputs["containers-images"]["imageUris"].values()), IMAGE)},
        "secretArns": {"session": outputs["secrets"]["databaseSecretArn"]},
        "bucketArns": outputs["storage"]["bucketArns"],
        "database": {
            "endpoint": database["clusterEndpoint"],
            "readerEndpoint": database["readerEndpoint"],
            "port": database["port"],
            "name": database["databaseName"],
            "secretArn": database["secretArn"],
        },
    }


WEB = {
    "cpu": 512,
    "memory": 1024,
    "architecture": "X86_64",
    "desiredCount": 2,
    "spotPercent": 50,
    "paths": ["/shop", "/shop/*"],
    "hosts": ["shop.example"],
    "priority": 200,
    "environment": {"STAGE": "prod"},
    "secrets": {"SESSION_KEY": "session", "SESSION_SALT": "session:salt"},
    "database": True,
    "buckets": {"data": "read-write"},
    "writableFolders": ["/tmp", "/var/cache"],
    "logRetentionDays": 90,
    "waitUntilStable": True,
    "healthCheck": {"path": "/health", "interval": 15, "command": ["CMD-SHELL", "wget -q localhost:8080/health"]},
    "autoscaling": {
        "enabled": True,
        "minimum": 2,
        "maximum": 10,
        "memoryPercent": 75,
        "requestsPerTarget": 500,
        "schedules": {"night": {"schedule": "cron(0 22 * * ? *)", "minimum": 1, "maximum": 2}},
    },
}
WORKER = {"image": PUBLIC, "paths": [], "discoverable": False, "executeCommand": True, "command": ["work"]}

CASE = StackCase(
    needs=(*("network", "security", "services-ecs", "containers-images", "secrets", "storage", "database-rds"),),
    stand_in=stand_in,
    production={"apps": {"web": WEB, "worker": WORKER}, "domainName": "shop.example"},
    change={
        "apps": {
            "web": {
                "priority": 201,
                "paths": ["/shop/*"],
                "drainSeconds": 5,
                "logRetentionDays": 30,
                "spotPercent": 80,
                "autoscaling": {"maximum": 12, "cpuPercent": 50},
            },
            "worker": {"desiredCount": 3, "logRetentionDays": 7},
        }
    },
    replace={"apps": {"web": {"port": 9090}, "worker": {"memory": 1024}}},
    accepted=(
        {"apps": {}},
        {"apps": {"a": {"cpu": 256, "memory": 2048}, "b": {"cpu": 16384, "memory": 122880, "priority": 50000}}},
        {"apps": {"a": {"desired_count": 0, "spot_percent": 0, "paths": [], "hosts": ["*.shop.example"]}}},
        {"apps": {"a": {"secrets": {"A_B": "db:password", "B": "path/to.secret"}, "buckets": {"data": "read"}}}},
        {"apps": {"a": {"paths": []}, "b": {"paths": []}}},
        {"imageUris": {"app": IMAGE}, "database": {"port": 5432}},
    ),
    refused=(
        ({"apps": {"A": {}}}, "p:apps.A.[key]: String should match pattern"),
        ({"apps": {"a": {"cpu": 300}}}, "p:apps.a.cpu: Input should be 256, 512, 1024"),
        ({"apps": {"a": {"memory": 4096}}}, "Fargate has no 4096 MiB with 256 CPU units: 512, 1024 or 2048"),
        ({"apps": {"a": {"memory": 1536}}}, "Fargate has no 1536 MiB with 256 CPU units: 512, 1024 or 2048"),
        ({"apps": {"a": {"cpu": 8192, "memory": 18432}}}, "16384 to 61440 in steps of 4096"),
        ({"apps": {"a": {}, "b": {}}}, "apps.b.priority is 100, which apps.a has already"),
        ({"apps": {"a": {"priority": 50001}}}, "p:apps.a.priority: Input should be less than or equal to 50000"),
        ({"apps": {"a": {"paths": ["shop"]}}}, "p:apps.a.paths.0: String should match pattern"),
        ({"apps": {"a": {"paths": ["/1", "/2", "/3"], "hosts": ["a", "b", "c"]}}}, "more than 5 patterns together"),
        ({"apps": {"a": {"spotPercent": 101}}}, "p:apps.a.spotPercent: Input should be less than or equal to 100"),
        ({"apps": {"a": {"healthCheck": {"interval": 5}}}}, "timeout is 5, but must be less than interval, 5"),
        ({"apps": {"a": {"autoscaling": {"minimum": 5}}}}, "maximum is 4, but must be at least minimum, 5"),
        (
            {"apps": {"a": {"paths": [], "autoscaling": {"requestsPerTarget": 9}}}},
            "requestsPerTarget needs paths or hosts",
        ),
        ({"apps": {"a": {"environment": {"A": "1"}, "secrets": {"A": "x"}}}}, "environment and secrets both name A"),
        ({"apps": {"a": {"writableFolders": ["/a/b", "/a-b"]}}}, "writableFolders names something twice"),
        ({"apps": {"a": {"buckets": {"data": "write"}}}}, "p:apps.a.buckets.data: Input should be 'read' or"),
        ({"apps": {"a": {"privileged": True}}}, "p:apps.a.privileged: unknown key"),
        ({"listenerArn": "listener"}, "p:listenerArn: String should match pattern"),
    ),
)
