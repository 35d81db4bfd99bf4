"""The containers-images stack: builds that may do what they must, read back from AWS; their commands, run by a shell."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import merged
from tests.stacks.cases.containers_images import stand_in
from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")

URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/app"


def alone(base: Base, **config: Any) -> dict[str, Any]:
    return merged(stand_in({name: base.outputs(name) for name in ("security", "services-ecr")}), config)


def project(deployer: Deployer, image: str) -> dict[str, Any]:
    name = deployer.outputs("containers-images")["projectNames"][image]
    (found,) = deployer.client("codebuild").batch_get_projects(names=[name])["projects"]
    return dict(found)


def allowed(deployer: Deployer, role_arn: str) -> dict[str, list[str]]:
    """What a role may do: action -> resources."""
    iam, role = deployer.client("iam"), role_arn.rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    found: dict[str, list[str]] = {}
    for statement in document["Statement"]:
        resources = statement["Resource"]
        for action in statement["Action"]:
            found.setdefault(action, []).extend([resources] if isinstance(resources, str) else resources)
    return found


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("containers-images")
    assert set(outputs) == {"projectNames", "imageUris", "stack", "deployment", "env"}
    assert outputs["projectNames"] == {"app": f"ecommerce-{base.deployment.lower()}-dev-image-app"}
    assert outputs["imageUris"] == {"app": f"{base.outputs('services-ecr')['repositoryUrls']['app']}:0.1.0"}


def test_its_project_builds_without_a_source_under_the_deployments_key(base: Base) -> None:
    found = project(base, "app")
    assert found["source"]["type"] == "NO_SOURCE"
    assert found["artifacts"] == {"type": "NO_ARTIFACTS"}
    assert found["encryptionKey"] == base.outputs("security")["kmsKeyArn"]
    environment = found["environment"]
    assert (environment["type"], environment["computeType"]) == ("ARM_CONTAINER", "BUILD_GENERAL1_SMALL")
    assert environment["privilegedMode"] is True
    assert {item["name"]: item["value"] for item in environment["environmentVariables"]} == {
        "REPOSITORY_URL": base.outputs("services-ecr")["repositoryUrls"]["app"],
        "IMAGE_TAG": "0.1.0",
    }


def test_its_logs_have_a_group_of_their_own_that_ends(base: Base) -> None:
    found = project(base, "app")
    group = found["logsConfig"]["cloudWatchLogs"]["groupName"]
    assert group == f"/aws/codebuild/{found['name']}"
    (logs,) = base.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert logs["retentionInDays"] == 30


def test_a_build_may_push_to_its_repository_write_its_logs_and_use_the_key(base: Base) -> None:
    found = project(base, "app")
    (logs,) = base.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/codebuild/{found['name']}")["logGroups"]
    may = allowed(base, found["serviceRole"])
    repository = [base.outputs("services-ecr")["repositoryArns"]["app"]]
    pushing = {action for action in may if action.startswith("ecr:")} - {"ecr:GetAuthorizationToken"}
    assert "ecr:PutImage" in pushing
    assert all(may[action] == repository for action in pushing)
    assert may["ecr:GetAuthorizationToken"] == ["*"]
    assert may["logs:PutLogEvents"] == [f"{logs['arn'].removesuffix(':*')}:*"]
    assert may["kms:Decrypt"] == [base.outputs("security")["kmsKeyArn"]]
    assert {action.partition(":")[0] for action in may} == {"ecr", "logs", "kms"}


def test_what_rebuilds_it_may_start_that_build_only(base: Base, deployer: Deployer) -> None:
    rebuild = {"schedule": "rate(7 days)", "onBaseImage": "base/python"}
    deployer.up("containers-images", alone(base, images={"app": {"rebuild": rebuild}}))
    found = project(deployer, "app")
    events = deployer.client("events")
    rules = {
        rule["Name"].removeprefix(f"{found['name']}-"): rule
        for rule in events.list_rules()["Rules"]
        if rule["Name"].startswith(found["name"])
    }
    assert sorted(rules) == ["base-image", "schedule"]
    assert rules["schedule"]["ScheduleExpression"] == "rate(7 days)"
    assert json.loads(rules["base-image"]["EventPattern"])["detail"]["repository-name"] == ["base/python"]
    targets = [
        target for rule in rules.values() for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]
    assert [target["Arn"] for target in targets] == [found["arn"]] * 2
    (role,) = {target["RoleArn"] for target in targets}
    assert allowed(deployer, role) == {"codebuild:StartBuild": [found["arn"]]}


def test_a_build_reads_its_own_source_and_signs_with_the_deployments_profile(base: Base, deployer: Deployer) -> None:
    source = {"type": "s3", "location": "sources/app.zip"}
    deployer.up("containers-images", alone(base, images={"app": {"source": source}}, signing={"enabled": True}))
    may = allowed(deployer, project(deployer, "app")["serviceRole"])
    assert may["s3:GetObject"] == ["arn:aws:s3:::sources/app.zip"]
    (arn,) = may["signer:SignPayload"]
    profile = deployer.client("signer").get_signing_profile(profileName=arn.rpartition("/")[2])
    assert (profile["status"], profile["platformId"]) == ("Active", "Notation-OCI-SHA384-ECDSA")


def test_a_preview_shows_a_machine_that_fits_the_image(base: Base, deployer: Deployer) -> None:
    image = {
        "architecture": "x86_64",
        "compute": "medium",
        "source": {"type": "github", "location": "https://git.example/a"},
    }
    steps = deployer.preview("containers-images", alone(base, images={"app": image}))
    assert {step.op for step in steps} == {"create"}
    (found,) = [step for step in steps if step.type == "aws:codebuild/project:Project"]
    assert found.inputs["environment"]["type"] == "LINUX_CONTAINER"
    assert found.inputs["environment"]["computeType"] == "BUILD_GENERAL1_MEDIUM"
    assert found.inputs["source"]["location"] == "https://git.example/a"
    assert "aws:signer/signingProfile:SigningProfile" not in {step.type for step in steps}


def test_an_image_without_a_repository_is_refused_by_name(base: Base, deployer: Deployer) -> None:
    deployer.up("services-ecr", {"kmsKeyArn": base.outputs("security")["kmsKeyArn"]})
    settings = {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "images": {"worker": {}}}
    with pytest.raises(CommandError, match=r"services-ecr has no repository 'worker' \(it has: app\)"):
        deployer.up("containers-images", settings)


class Shell:
    """Runs the commands of a build specification as CodeBuild does, with an ``aws`` and a ``docker`` that write down what they
    are asked."""

    def __init__(self, folder: Path, specification: str, tag_found: str) -> None:
        self.folder, self._phases = folder, json.loads(specification)["phases"]
        tools = folder / "tools"
        tools.mkdir()
        answers = f'case "$2" in get-login-password) echo secret ;; batch-get-image) echo {tag_found} ;; esac'
        for tool, answer in (("aws", answers), ("docker", 'test "$1" != "$FAILING"')):
            script = tools / tool
            script.write_text(f'#!/bin/sh\necho "{tool} $*" >> "{folder}/calls"\n{answer}\n')
            script.chmod(0o755)

    def build(self, failing: str = "nothing") -> tuple[bool, list[str]]:
        """Whether it succeeded, and the calls. ``failing`` is the docker command that fails."""
        lines = ["succeeding=1"]
        for phase in ("pre_build", "build"):
            lines += [
                f"if [ $succeeding = 1 ]; then {command}\nfi || succeeding=0"
                for command in self._phases[phase]["commands"]
            ]
        lines += ["export CODEBUILD_BUILD_SUCCEEDING=$succeeding"]
        lines += [f"{command} || exit 1" for command in self._phases["post_build"]["commands"]]
        environment = {
            "PATH": f"{self.folder}/tools:/usr/bin:/bin",
            "REPOSITORY_URL": URL,
            "IMAGE_TAG": "1.4.0",
            "CODEBUILD_BUILD_NUMBER": "7",
            "FAILING": failing,
        }
        run = subprocess.run(["/bin/sh", "-c", "\n".join(lines)], cwd=self.folder, env=environment, capture_output=True)
        return run.returncode == 0, (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def specification(base: Base) -> str:
    return str(project(base, "app")["source"]["buildspec"])


def test_a_build_pushes_a_tag_of_its_own_and_the_configured_one_while_it_is_free(
    specification: str, tmp_path: Path
) -> None:
    succeeded, calls = Shell(tmp_path, specification, "ImageNotFound").build()
    assert succeeded
    registry = URL.partition("/")[0]
    # The two ends of a pipe begin in any order.
    assert sorted(calls[:2]) == [
        "aws ecr get-login-password",
        f"docker login --username AWS --password-stdin {registry}",
    ]
    assert calls[2:] == [
        f"docker build --tag {URL}:build-7 --file Dockerfile .",
        f"docker push {URL}:build-7",
        "aws ecr batch-get-image --repository-name shop/app --image-ids imageTag=1.4.0"
        " --query failures[0].failureCode --output text",
        f"docker tag {URL}:build-7 {URL}:1.4.0",
        f"docker push {URL}:1.4.0",
    ]
    dockerfile = (tmp_path / "Dockerfile").read_text().splitlines()
    assert dockerfile[0].startswith("FROM public.ecr.aws/")
    assert dockerfile[-1] == 'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]'


def test_a_taken_tag_stays_with_its_image(specification: str, tmp_path: Path) -> None:
    succeeded, calls = Shell(tmp_path, specification, "None").build()
    assert succeeded
    assert [call for call in calls if call.startswith("docker push")] == [f"docker push {URL}:build-7"]


@pytest.mark.parametrize("failing", ["login", "build", "push", "tag"])
def test_a_build_fails_where_docker_does_and_pushes_nothing_that_failed(
    failing: str, specification: str, tmp_path: Path
) -> None:
    succeeded, calls = Shell(tmp_path, specification, "ImageNotFound").build(failing)
    assert not succeeded
    pushed = [call for call in calls if call.startswith("docker push")]
    assert len(pushed) == {"login": 0, "build": 0, "push": 1, "tag": 1}[failing]
