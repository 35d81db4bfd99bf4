"""The services-ecr stack: repositories as every repository should be, read back from AWS."""

from __future__ import annotations

import json

import pytest

from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("services-ecr")
    assert set(outputs) == {"repositoryUrls", "repositoryArns", "stack", "deployment", "env"}
    name = f"ecommerce-{base.deployment.lower()}-dev/app"
    assert outputs["repositoryUrls"]["app"].endswith(f".amazonaws.com/{name}")
    assert outputs["repositoryArns"]["app"].endswith(f":repository/{name}")


def test_tags_are_fixed_images_scanned_and_the_key_is_the_deployments(base: Base) -> None:
    name = base.outputs("services-ecr")["repositoryUrls"]["app"].partition("/")[2]
    (found,) = base.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    assert found["imageScanningConfiguration"]["scanOnPush"] is True
    assert found["encryptionConfiguration"] == {
        "encryptionType": "KMS",
        "kmsKey": base.outputs("security")["kmsKeyArn"],
    }


def test_other_accounts_may_pull_and_nothing_else(base: Base, deployer: Deployer) -> None:
    deployer.up(
        "services-ecr",
        {
            "kmsKeyArn": base.outputs("security")["kmsKeyArn"],
            "repositories": {"app": {"pullAccounts": ["222222222222"], "keepImages": 3}},
        },
    )
    name = deployer.outputs("services-ecr")["repositoryUrls"]["app"].partition("/")[2]
    policy = deployer.client("ecr").get_repository_policy(repositoryName=name)["policyText"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"]["AWS"] in ("arn:aws:iam::222222222222:root", ["arn:aws:iam::222222222222:root"])
    assert not any("Put" in action or "Upload" in action for action in statement["Action"])
    text = deployer.client("ecr").get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    assert [rule["selection"]["countNumber"] for rule in json.loads(text)["rules"]] == [7, 3]


def test_a_preview_of_two_repositories_creates_both(base: Base, deployer: Deployer) -> None:
    steps = deployer.preview(
        "services-ecr", {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "repositories": {"app": {}, "worker": {}}}
    )
    repositories = [step for step in steps if step.type == "aws:ecr/repository:Repository"]
    assert sorted(step.name for step in repositories) == ["app", "worker"]
    assert all(step.inputs["imageTagMutability"] == "IMMUTABLE" for step in repositories)
