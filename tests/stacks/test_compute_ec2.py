"""The compute-ec2 stack: what its instances are, what they may do, and how they are replaced."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pulumi.automation.errors import CommandError
from pulumi.automation.events import EngineEvent

from tests.stacks.case import case_of, merged
from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


def group_of(deployer: Deployer) -> dict[str, Any]:
    name = deployer.outputs("compute-ec2")["asgName"]
    (found,) = deployer.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return dict(found)


def template_of(deployer: Deployer) -> dict[str, Any]:
    (version,) = deployer.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=deployer.outputs("compute-ec2")["launchTemplateId"], Versions=["$Default"]
    )["LaunchTemplateVersions"]
    return dict(version["LaunchTemplateData"])


def alone(base: Base, **more: Any) -> dict[str, Any]:
    case = case_of("compute-ec2")
    given = dict(case.stand_in({name: base.outputs(name) for name in case.needs}))
    if "bucketAccess" not in more:
        del given["bucketArns"]
    return merged(given, more)


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("compute-ec2")
    assert set(outputs) == {"asgName", "launchTemplateId", "instanceProfileArn", "stack", "deployment", "env"}
    profile = template_of(base)["IamInstanceProfile"]["Arn"]
    assert outputs["instanceProfileArn"] == profile


def test_by_default_it_launches_nothing(base: Base) -> None:
    base.outputs("compute-ec2")
    group = group_of(base)
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (0, 0, 1)
    assert group["Instances"] == []
    subnets = group["VPCZoneIdentifier"].split(",")
    assert sorted(subnets) == sorted(base.outputs("network")["privateSubnetIds"])


def test_a_second_up_changes_nothing(base: Base) -> None:
    base.outputs("compute-ec2")
    assert set(base.up("compute-ec2").summary.resource_changes or {}) == {"same"}


def test_an_instance_would_be_private_encrypted_and_demand_a_session_token(base: Base) -> None:
    base.outputs("compute-ec2")
    data = template_of(base)
    assert data["ImageId"] == "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    (interface,) = data["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False
    assert interface["Groups"] == [base.outputs("security")["appSecurityGroupId"]]
    (volume,) = data["BlockDeviceMappings"]
    assert (volume["Ebs"]["Encrypted"], volume["Ebs"]["VolumeType"]) == (True, "gp3")
    assert volume["Ebs"]["KmsKeyId"] == base.outputs("security")["kmsKeyArn"]


def test_the_image_is_of_the_instances_architecture(base: Base, deployer: Deployer) -> None:
    for instance_type, architecture in (("m7i.large", "x86_64"), ("g5g.xlarge", "arm64"), ("g4dn.xlarge", "x86_64")):
        steps = deployer.preview("compute-ec2", alone(base, instanceType=instance_type))
        (template,) = [step for step in steps if step.type == "aws:ec2/launchTemplate:LaunchTemplate"]
        assert template.inputs["imageId"].endswith(f"-{architecture}")


def test_instances_and_volumes_carry_the_deployments_tags(base: Base, deployer: Deployer) -> None:
    deployer.up("compute-ec2", alone(base, desiredSize=1, maxSize=1))
    (instance,) = group_of(deployer)["Instances"]
    (reservation,) = deployer.client("ec2").describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
    tags = {tag["Key"]: tag["Value"] for tag in reservation["Instances"][0]["Tags"]}
    assert (tags["deployment"], tags["stack"]) == (deployer.deployment, "compute-ec2")
    (volumes,) = template_of(deployer)["TagSpecifications"]
    assert volumes["ResourceType"] == "volume"
    assert {"Key": "deployment", "Value": deployer.deployment} in volumes["Tags"]


def test_instances_open_the_named_buckets_and_no_more(base: Base, deployer: Deployer) -> None:
    plain = deployer.preview("compute-ec2", alone(base))
    assert not [step for step in plain if step.type == ROLE_POLICY]
    bucket = base.outputs("storage")["bucketArns"]["data"]
    steps = deployer.preview("compute-ec2", alone(base, bucketAccess={"data": "read"}))
    (policy,) = [step for step in steps if step.type == ROLE_POLICY]
    statements = {item["Sid"]: item for item in json.loads(policy.inputs["policy"])["Statement"]}
    assert set(statements) == {"List", "Read", "Key"}
    assert statements["Read"]["Resource"] == [f"{bucket}/*"]
    assert statements["Key"]["Action"] == ["kms:Decrypt"]
    assert statements["Key"]["Resource"] == [base.outputs("security")["kmsKeyArn"]]


def test_a_bucket_that_storage_does_not_have_is_named_with_those_it_has(base: Base) -> None:
    base.outputs("compute-ec2")
    with pytest.raises(CommandError, match="bucketAccess names 'assets', but storage has data"):
        base.preview("compute-ec2", {"bucketAccess": {"assets": "read"}})
    base.stack("compute-ec2")  # as it was configured


def test_a_new_template_reaches_the_group_and_its_instances_are_to_be_replaced(base: Base, deployer: Deployer) -> None:
    deployer.up("compute-ec2", alone(base, userData="#!/bin/sh\n"))
    assert group_of(deployer)["LaunchTemplate"]["Version"] == "1"
    changed = alone(base, userData="#!/bin/sh\ntrue\n")
    plan = {step.type: step.op for step in deployer.preview("compute-ec2", changed)}
    assert plan["aws:autoscaling/group:Group"] == "update"
    warnings: list[str] = []

    def take(event: EngineEvent) -> None:
        if event.diagnostic_event and event.diagnostic_event.severity == "warning":
            warnings.append(event.diagnostic_event.message)

    deployer.stack("compute-ec2", changed).up(on_event=take)
    assert group_of(deployer)["LaunchTemplate"]["Version"] == "2"
    assert base64.b64decode(template_of(deployer)["UserData"]) == b"#!/bin/sh\ntrue\n"
    # The emulated AWS can't refresh instances; that it is asked to is seen by what it has to admit.
    assert [warning for warning in warnings if "instanceRefresh isn't started" in warning]


def test_what_scaling_has_set_is_not_set_back(base: Base, deployer: Deployer) -> None:
    scaled = alone(base, maxSize=3, scaling={"cpuPercent": 50})
    deployer.up("compute-ec2", scaled)
    (policy,) = deployer.client("autoscaling").describe_policies(
        AutoScalingGroupName=deployer.outputs("compute-ec2")["asgName"]
    )["ScalingPolicies"]
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == 50.0
    deployer.client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=deployer.outputs("compute-ec2")["asgName"], DesiredCapacity=3
    )
    changes = deployer.up("compute-ec2", scaled).summary.resource_changes or {}
    assert set(changes) == {"same"}
    deployer.up("compute-ec2", {**scaled, "healthCheckGraceSeconds": 60})
    assert group_of(deployer)["DesiredCapacity"] == 3


def test_a_schedule_moves_the_size_and_leaves_the_bounds(base: Base, deployer: Deployer) -> None:
    schedules = {"evening": {"recurrence": "0 20 * * *", "desiredSize": 0, "timeZone": "Europe/Berlin"}}
    deployer.up("compute-ec2", alone(base, schedules=schedules))
    (action,) = deployer.client("autoscaling").describe_scheduled_actions(
        AutoScalingGroupName=deployer.outputs("compute-ec2")["asgName"]
    )["ScheduledUpdateGroupActions"]
    assert (action["DesiredCapacity"], action["Recurrence"]) == (0, "0 20 * * *")
    assert "MinSize" not in action
    assert "MaxSize" not in action
