"""Configuration of the stacks, at its bounds and beyond: accepted, or one clear error with every problem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import configure

from cloud_stack import ConfigurationError, StackConfig, load
from tests.stacks.conftest import NAMES, STACKS, load_module

MODELS = {
    name: getattr(load_module(STACKS / name / "src" / "configuration.py"), f"{name.capitalize()}Config")
    for name in NAMES
}
ARN = "arn:aws:kms:eu-west-1:123456789012:key/1"


@pytest.fixture(autouse=True)
def _runtime() -> Iterator[None]:
    configure(pulumi.runtime.Settings(project="p", stack="D1BRV40-x-dev", organization="organization"))
    yield
    set_all_config({})


def configured(stack: str, **config: Any) -> StackConfig:
    set_all_config(
        {f"p:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    )
    return load(MODELS[stack])


@pytest.mark.parametrize("stack", NAMES)
def test_the_defaults_are_small_and_cheap(stack: str) -> None:
    settings = configured(stack).model_dump()
    assert settings.get("nat", "none") == "none"
    assert settings.get("interface_endpoints", []) == []
    assert len(settings.get("kms_purposes", [""])) == 1
    switches = {
        key: value["enabled"] for key, value in settings.items() if isinstance(value, dict) and "enabled" in value
    }
    assert not any(switches.values())


@pytest.mark.parametrize(
    ("stack", "config"),
    [
        ("network", {"cidr": "10.0.0.0/16", "azCount": 1}),
        ("network", {"cidr": "192.168.254.0/23", "azCount": 6}),
        ("network", {"ipamPoolId": "ipam-pool-0a1b", "ipamNetmaskLength": 23}),
        ("network", {"availabilityZones": ["eu-west-1a", "us-gov-west-1b"], "nat": "per-az", "flowLogs": "all"}),
        ("network", {"gatewayEndpoints": [], "interfaceEndpoints": ["ecr.api"], "flowLogRetentionDays": 3653}),
        ("security", {"kmsDeletionWindowDays": 30, "appPort": 65535, "dataPorts": [1, 65535]}),
        ("security", {"webPorts": [443], "webCidrs": ["10.0.0.0/8"], "vpcId": "vpc-0a1b", "vpcCidr": "10.0.0.0/16"}),
        ("security", {"webCidrs": []}),
        ("security", {"waf": {"enabled": True, "rateLimit": 10}, "cloudtrail": {"enabled": True, "retention_days": 1}}),
        ("storage", {"buckets": {}, "kmsKeyArn": ARN}),
        ("storage", {"buckets": {"data": {"infrequentAccessDays": 30, "archiveDays": 60, "expireDays": 61}}}),
        ("storage", {"fileSystem": {"enabled": True, "mountTargets": 6, "infrequentAccessDays": None}}),
        ("storage", {"backup": {"enabled": True, "coldStorageDays": 10, "retentionDays": 100}}),
    ],
)
def test_configuration_at_its_bounds_is_accepted(stack: str, config: dict[str, Any]) -> None:
    configured(stack, **config)


@pytest.mark.parametrize(
    ("stack", "config", "complaint"),
    [
        ("network", {"cidr": "10.0.0.0/15"}, "p:cidr: expected a prefix of /16 to /23"),
        ("network", {"cidr": "10.0.0.0/24"}, "p:cidr: expected a prefix of /16 to /23"),
        ("network", {"cidr": "10.0.0.1/16"}, "p:cidr: expected the address of a network, such as 10.0.0.0/16"),
        ("network", {"cidr": "fd00::/16"}, "p:cidr: expected an IPv4 network such as 10.0.0.0/16"),
        ("network", {"azCount": 0}, "p:azCount: Input should be greater than or equal to 1 (got 0)"),
        ("network", {"azCount": 7}, "p:azCount: Input should be less than or equal to 6 (got 7)"),
        ("network", {"nat": "two"}, "p:nat: Input should be 'none', 'one' or 'per-az'"),
        ("network", {"cidr": "10.0.0.0/16", "ipamPoolId": "ipam-pool-1"}, "cidr and ipamPoolId exclude each other"),
        ("network", {"azCount": 3, "availabilityZones": ["eu-west-1a"]}, "azCount is 3, but availabilityZones names 1"),
        ("network", {"availabilityZones": ["eu-west-1a"] * 2}, "availabilityZones names something twice"),
        ("network", {"availabilityZones": ["Zone A"]}, "p:availabilityZones.0: String should match pattern"),
        ("network", {"flowLogRetentionDays": 31}, "p:flowLogRetentionDays: Input should be 1, 3, 5"),
        ("network", {"gatewayEndpoints": ["ec2"]}, "p:gatewayEndpoints.0: Input should be 's3' or 'dynamodb'"),
        ("security", {"kmsDeletionWindowDays": 6}, "p:kmsDeletionWindowDays"),
        ("security", {"kmsPurposes": []}, "p:kmsPurposes: List should have at least 1 item"),
        ("security", {"kmsPurposes": ["Data Key"]}, "p:kmsPurposes.0: String should match pattern"),
        ("security", {"kmsPurposes": ["data", "data"]}, "kmsPurposes names something twice"),
        ("security", {"webPorts": [22]}, "p:webPorts.0: Input should be 80 or 443 (got 22)"),
        ("security", {"appPort": 0}, "p:appPort: Input should be greater than or equal to 1 (got 0)"),
        ("security", {"dataPorts": [65536]}, "p:dataPorts.0: Input should be less than or equal to 65535"),
        ("security", {"vpcId": "subnet-1"}, "p:vpcId: String should match pattern"),
        ("security", {"waf": {"rateLimit": 9}}, "p:waf.rateLimit: Input should be greater than or equal to 10 (got 9)"),
        ("security", {"waf": {"enable": True}}, "p:waf.enable: unknown key; did you mean 'enabled'?"),
        ("security", {"cloudtrail": True}, "p:cloudtrail: Input should be a valid dictionary"),
        ("storage", {"buckets": {"Data!": {}}}, "p:buckets.Data!.[key]: String should match pattern"),
        ("storage", {"buckets": {"d": {"infrequentAccessDays": 29}}}, "p:buckets.d.infrequentAccessDays"),
        (
            "storage",
            {"buckets": {"d": {"infrequentAccessDays": 30, "archiveDays": 59}}},
            "p:buckets.d: archiveDays is 59, but must be at least 60, after infrequentAccessDays",
        ),
        (
            "storage",
            {"buckets": {"d": {"archiveDays": 60, "expireDays": 60}}},
            "p:buckets.d: expireDays is 60, but must be at least 61, after archiveDays",
        ),
        ("storage", {"kmsKeyArn": "arn:aws:s3:::bucket"}, "p:kmsKeyArn: String should match pattern"),
        ("storage", {"backup": {"schedule": "daily"}}, "p:backup.schedule: String should match pattern"),
        (
            "storage",
            {"backup": {"coldStorageDays": 10, "retentionDays": 99}},
            "p:backup: retentionDays is 99, but must be at least 100, after coldStorageDays",
        ),
        ("storage", {"fileSystem": {"throughput": "fast"}}, "p:fileSystem.throughput: Input should be 'bursting' or"),
    ],
)
def test_configuration_beyond_its_bounds_is_one_clear_error(stack: str, config: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(stack, **config)
    assert complaint in str(caught.value)


def test_all_problems_of_a_stack_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match="4 problems") as caught:
        configured("security", vpcId="x", kmsDeletionWindowDays=99, webPorts=[22], waf={"rateLimit": 1})
    assert str(caught.value).count("\n  - ") == 4
