"""The containers-images stack: builds that may do what they must, read back from AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stacks.case import merged
from tests.stacks.cases.containers_images import stand_in
from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def alone(base: Base, **config: Any) -> dict[str, Any]:
    return merged(stand_in({name: base.outputs(name) for name in ("security", "services-ecr")}), config)


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("containers-images")
    assert set(outputs) == {"projectNames", "imageUris", "stack", "deployment", "env"}
    assert outputs["projectNames"] == {"app": f"ecommerce-{base.deployment.lower()}-dev-image-app"}
    assert outputs["imageUris"]["app"] == f"{base.outputs('services-ecr')['repositoryUrls']['app']}:latest-build"


def test_its_project_builds_without_a_source_into_its_own_log_group(base: Base) -> None:
    name = base.outputs("containers-images")["projectNames"]["app"]
    (project,) = base.client("codebuild").batch_get_projects(names=[name])["projects"]
    assert project["source"]["type"] == "NO_SOURCE"
    commands = json.loads(project["source"]["buildspec"])["phases"]
    assert any("docker build" in command for command in commands["build"]["commands"])
    assert project["environment"]["type"] == "ARM_CONTAINER"
    groups = base.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/codebuild/{name}")["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [30]


def test_a_build_may_push_to_its_own_repository_only(base: Base) -> None:
    name = base.outputs("containers-images")["projectNames"]["app"]
    (project,) = base.client("codebuild").batch_get_projects(names=[name])["projects"]
    role = project["serviceRole"].rpartition("/")[2]
    iam = base.client("iam")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    (push,) = [statement for statement in document["Statement"] if statement.get("Sid") == "Push"]
    assert push["Resource"] in (
        base.outputs("services-ecr")["repositoryArns"]["app"],
        [base.outputs("services-ecr")["repositoryArns"]["app"]],
    )


def test_what_rebuilds_it_may_start_that_build_only(base: Base, deployer: Deployer) -> None:
    rebuild = {"schedule": "rate(7 days)", "onBaseImage": "base/python"}
    deployer.up("containers-images", alone(base, images={"app": {"rebuild": rebuild}}))
    name = deployer.outputs("containers-images")["projectNames"]["app"]
    events = deployer.client("events")
    rules = [rule for rule in events.list_rules()["Rules"] if rule["Name"].startswith(name)]
    assert sorted(rule["Name"].removeprefix(f"{name}-") for rule in rules) == ["base-image", "schedule"]
    targets = [target for rule in rules for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]]
    assert {target["Arn"].rpartition("/")[2] for target in targets} == {name}
    assert len({target["RoleArn"] for target in targets}) == 1


def test_a_preview_of_a_signed_image_from_s3_reads_one_object(base: Base, deployer: Deployer) -> None:
    source = {"type": "s3", "location": "sources/app.zip"}
    steps = deployer.preview(
        "containers-images", alone(base, images={"app": {"source": source}}, signing={"enabled": True})
    )
    (project,) = [step for step in steps if step.type == "aws:codebuild/project:Project"]
    assert project.inputs["source"]["location"] == "sources/app.zip"
    assert [step.op for step in steps if step.type == "aws:signer/signingProfile:SigningProfile"] == ["create"]
