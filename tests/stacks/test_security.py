"""The security stack: deployed, read back from AWS, deployed again, changed, destroyed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.conftest import Deployer

pytestmark = pytest.mark.xdist_group("stacks")

Rule = tuple[str, int, str]


def rules_of(deployer: Deployer, group_id: str, direction: str) -> set[Rule]:
    """(protocol, port, who) of every rule; who is a CIDR or a security group."""

    def rules() -> Iterator[Rule]:
        group = deployer.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
        for rule in group["IpPermissions" if direction == "in" else "IpPermissionsEgress"]:
            assert rule.get("FromPort") == rule.get("ToPort")
            for whom in rule["IpRanges"]:
                yield rule["IpProtocol"], rule.get("FromPort", 0), whom["CidrIp"]
            for whom in rule["UserIdGroupPairs"]:
                yield rule["IpProtocol"], rule.get("FromPort", 0), whom["GroupId"]

    return set(rules())


def key_policy(deployer: Deployer, key: str) -> list[dict[str, Any]]:
    answer = deployer.client("kms").get_key_policy(KeyId=key, PolicyName="default")
    statements: list[dict[str, Any]] = json.loads(answer["Policy"])["Statement"]
    return statements


def test_its_outputs_are_the_contracts(base: Deployer) -> None:
    outputs = base.outputs("security")
    assert set(outputs) == {
        *("kmsKeyArn", "webSecurityGroupId", "appSecurityGroupId", "dataSecurityGroupId", "webAclArn"),
        *("stack", "deployment", "env"),
    }
    assert outputs["webAclArn"] == ""


def test_the_groups_know_each_other_by_reference_and_only_web_knows_the_internet(base: Deployer) -> None:
    outputs = base.outputs("security")
    web, app, data = (outputs[f"{name}SecurityGroupId"] for name in ("web", "app", "data"))
    assert rules_of(base, web, "in") == {("tcp", 80, "0.0.0.0/0"), ("tcp", 443, "0.0.0.0/0")}
    assert rules_of(base, web, "out") == {("tcp", 8080, app)}
    assert rules_of(base, app, "in") == {("tcp", 8080, web)}
    assert rules_of(base, app, "out") == {("tcp", 5432, data), ("tcp", 443, "10.0.0.0/16")}
    assert rules_of(base, data, "in") == {("tcp", 5432, app)}
    assert rules_of(base, data, "out") == set()


def test_the_groups_are_in_the_networks_vpc(base: Deployer) -> None:
    group = base.outputs("security")["webSecurityGroupId"]
    found = base.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["VpcId"] == base.outputs("network")["vpcId"]


def test_the_key_rotates_has_an_alias_and_grants_only_named_actions_to_its_account(base: Deployer) -> None:
    client, arn = base.client("kms"), base.outputs("security")["kmsKeyArn"]
    assert client.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is True
    alias = f"alias/ecommerce-{base.deployment.lower()}-dev-data"
    assert client.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == arn
    account, volumes = key_policy(base, arn)
    assert not any("*" in action for statement in (account, volumes) for action in statement["Action"])
    assert account["Principal"]["AWS"].endswith(":root")
    assert set(volumes["Condition"]["StringEquals"]) == {"kms:CallerAccount", "kms:ViaService"}
    tags = {tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=arn)["Tags"]}
    assert (tags["deployment"], tags["stack"]) == (base.deployment, "security")


def test_a_second_up_changes_nothing(base: Deployer) -> None:
    changes = base.up("security").summary.resource_changes
    assert changes is not None
    assert set(changes) <= {"same", "read"}


def test_it_changes_by_rule_and_leaves_nothing_behind(base: Deployer, deployer: Deployer) -> None:
    vpc = {"vpcId": base.outputs("network")["vpcId"], "vpcCidr": "10.0.0.0/16"}
    deployer.up("security", vpc)
    first = deployer.outputs("security")
    assert not any("StackReference" in kind for kind in kinds(deployer)), "everything was overridden"

    production = {
        "webPorts": [443],
        "kmsPurposes": ["data", "logs"],
        "waf": {"enabled": True},
        "cloudtrail": {"enabled": True, "forceDestroy": True},
        "accessAnalyzer": True,  # recorded, not applied: the emulated AWS has none, and a warning says so
    }
    changed = deployer.up("security", {**vpc, **production})
    assert re.search(r"warning: .*accessanalyzer", changed.stdout)
    second = deployer.outputs("security")
    assert second["kmsKeyArn"] == first["kmsKeyArn"]
    assert second["webSecurityGroupId"] == first["webSecurityGroupId"]
    assert rules_of(deployer, second["webSecurityGroupId"], "in") == {("tcp", 443, "0.0.0.0/0")}
    acls = deployer.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]
    assert [acl["ARN"] for acl in acls] == [second["webAclArn"]]
    (trail,) = deployer.client("cloudtrail").describe_trails()["trailList"]
    assert (trail["LogFileValidationEnabled"], trail["IsMultiRegionTrail"]) == (True, True)
    logs = deployer.client("kms").describe_key(KeyId=f"alias/ecommerce-{deployer.deployment.lower()}-dev-logs")
    services = [statement["Principal"].get("Service") for statement in key_policy(deployer, logs["KeyMetadata"]["Arn"])]
    assert "logs.eu-west-1.amazonaws.com" in services

    deployer.destroy()
    assert deployer.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"] == []
    assert deployer.client("cloudtrail").describe_trails()["trailList"] == []
    state = deployer.client("kms").describe_key(KeyId=first["kmsKeyArn"])["KeyMetadata"]["KeyState"]
    assert state == "PendingDeletion"
    groups = deployer.client("ec2").describe_security_groups()["SecurityGroups"]
    assert second["webSecurityGroupId"] not in {group["GroupId"] for group in groups}


def test_without_a_network_it_says_which_stack_is_missing(deployer: Deployer) -> None:
    with pytest.raises(CommandError, match=rf"{deployer.deployment}-network-dev"):
        deployer.up("security")


def kinds(deployer: Deployer) -> list[str]:
    state = deployer.made["security"].export_stack().deployment
    return [item["type"] for item in state["resources"]]
