"""The services-ecr stack: repositories as every repository should be, read back from AWS."""

from __future__ import annotations

import hashlib
import json

import pytest
from botocore.exceptions import ClientError
from pulumi.automation.errors import CommandError

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


def exists(deployer: Deployer, repository: str) -> bool:
    found = deployer.client("ecr").describe_repositories()["repositories"]
    return repository in {item["repositoryName"] for item in found}


def test_a_tag_cannot_be_moved_to_another_image(base: Base, deployer: Deployer) -> None:
    key = {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "repositories": {"app": {"forceDelete": True}}}
    name = deployer.up("services-ecr", key).outputs["repositoryUrls"].value["app"].partition("/")[2]
    push(deployer, name, "first")
    with pytest.raises(ClientError, match="AlreadyExistsException"):  # AWS: ImageTagAlreadyExistsException
        push(deployer, name, "second")


def test_a_repository_with_images_is_not_destroyed_unless_told_to(base: Base, deployer: Deployer) -> None:
    key = {"kmsKeyArn": base.outputs("security")["kmsKeyArn"]}
    name = deployer.up("services-ecr", key).outputs["repositoryUrls"].value["app"].partition("/")[2]
    push(deployer, name, "precious")

    with pytest.raises(CommandError, match="RepositoryNotEmptyException"):
        deployer.destroy()
    assert exists(deployer, name)

    deployer.up("services-ecr", {**key, "repositories": {"app": {"forceDelete": True}}})
    deployer.destroy()
    assert not exists(deployer, name)


def push(deployer: Deployer, repository: str, content: str) -> None:
    """As much of a push as the registry's own API sees."""
    digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    config = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": digest}
    layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1, "digest": digest}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": config,
        "layers": [layer],
    }
    deployer.client("ecr").put_image(repositoryName=repository, imageTag="1.4.0", imageManifest=json.dumps(manifest))
