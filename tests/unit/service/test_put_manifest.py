"""PUT of a manifest: all of it is checked, then written; nothing is half-written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud.domain.errors import ConfigurationError, NotFound, PreconditionFailed
from cloud.domain.operations import OperationKind
from cloud.service.put_manifest import get_manifest, put_manifest, validate_manifest
from tests.unit.service.machine import Crash, Fuse, fused, run
from tests.unit.service.scene import Scene

CHAIN = {"network": [], "app": ["network"]}


def test_versions_count_up_and_the_latest_is_read(scene: Scene) -> None:
    assert scene.manifest(CHAIN) == {"version": 1, "warnings": []}
    assert scene.manifest({"network": []})["version"] == 2
    found = get_manifest(scene.platform, scene.deployment_id)
    assert found["version"] == 2
    assert list(found["manifest"]["stacks"]) == ["network"]


def test_there_is_none_before_the_first(scene: Scene) -> None:
    scene.deployment()
    with pytest.raises(NotFound, match="no manifest yet"):
        get_manifest(scene.platform, scene.deployment_id)


def test_a_manifest_of_another_deployment_is_refused(scene: Scene) -> None:
    scene.deployment()
    text = scene.text(CHAIN).replace("acme", "other").replace(scene.deployment_id, "D999999")
    with pytest.raises(ConfigurationError) as caught:
        put_manifest(scene.platform, scene.deployment_id, text=text, configs={}, programs={})
    assert [problem.path for problem in caught.value.problems] == ["deployment.id", "deployment.org"]
    assert scene.stores.deployments.get(scene.deployment_id).manifest_version == 0
    assert scene.stores.deployments.list_environments(scene.deployment_id) == ()


def test_a_program_that_was_never_uploaded_is_refused(scene: Scene) -> None:
    scene.deployment()
    with pytest.raises(NotFound, match="never uploaded: 000"):
        put_manifest(
            scene.platform, scene.deployment_id, text=scene.text(CHAIN), configs={}, programs={"app": "0" * 64}
        )


def test_a_stack_keeps_its_program_until_another_is_given(scene: Scene) -> None:
    scene.manifest(CHAIN)
    text = scene.text(CHAIN, policy={"max_parallel": 2})
    put_manifest(scene.platform, scene.deployment_id, text=text, configs={}, programs={})
    document = scene.stores.artifacts.get_manifest(scene.deployment_id, 2)
    assert document["programs"].keys() == CHAIN.keys()


SECRETIVE: dict[str, Any] = {"app": {"config": {"password": {"secret": "hunter2"}, "on": True}}}


def test_what_is_equal_to_the_latest_version_makes_none(scene: Scene) -> None:
    configs = {"app.dev.yaml": "token: {secret: t}"}
    assert scene.manifest(CHAIN, stacks=SECRETIVE, configs=configs)["version"] == 1
    assert scene.manifest(CHAIN, stacks=SECRETIVE, configs=configs)["version"] == 1  # sealed differently, but equal
    read = json.dumps(get_manifest(scene.platform, scene.deployment_id)["manifest"])
    put_again = put_manifest(scene.platform, scene.deployment_id, text=read, configs=configs, programs={})
    assert put_again["version"] == 1


@pytest.mark.parametrize(
    ("stacks", "configs"),
    [
        ({"app": {"config": {"password": {"secret": "hunter3"}, "on": True}}}, {}),
        ({"app": {"config": {"password": "hunter2", "on": True}}}, {}),
        ({"app": {"config": {"password": {"secret": "hunter2"}, "on": 1}}}, {}),
        (SECRETIVE, {"app.dev.yaml": "size: 1"}),
    ],
    ids=["secret", "no secret any more", "type", "file"],
)
def test_every_difference_makes_a_version(
    scene: Scene, stacks: dict[str, dict[str, Any]], configs: dict[str, str]
) -> None:
    scene.manifest(CHAIN, stacks=SECRETIVE)
    assert scene.manifest(CHAIN, stacks=stacks, configs=configs)["version"] == 2


def test_another_program_makes_a_version(scene: Scene) -> None:
    scene.manifest(CHAIN)
    other = scene.stores.artifacts.put_program(b"another zip")
    found = put_manifest(
        scene.platform, scene.deployment_id, text=scene.text(CHAIN), configs={}, programs={"app": other}
    )
    assert found["version"] == 2


def test_if_match_is_checked_when_the_pointer_moves(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.manifest(CHAIN, policy={"max_parallel": 2})
    with pytest.raises(PreconditionFailed, match="at version 2, not 1"):
        put_manifest(scene.platform, scene.deployment_id, text=scene.text(CHAIN), configs={}, programs={}, if_match="1")


def test_an_environment_that_the_manifest_lost_takes_no_deploy_any_more(scene: Scene) -> None:
    both = {
        "dev": {"account": "111111111111", "region": "us-east-1"},
        "old": {"account": "1" * 12, "region": "us-east-1"},
    }
    scene.deployment()
    document = json.loads(scene.text(CHAIN))
    for environments in (both, {"dev": both["dev"]}, {"dev": both["dev"]}):
        text = json.dumps({**document, "environments": environments})
        put_manifest(scene.platform, scene.deployment_id, text=text, configs={}, programs={})
    rows = scene.stores.deployments.list_environments(scene.deployment_id)
    assert {row.name: row.enabled for row in rows} == {"dev": True, "old": False}


@pytest.mark.parametrize("after", range(1, 6))
def test_a_crash_between_any_two_writes_is_healed_by_putting_it_again(scene: Scene, after: int) -> None:
    scene.deployment()
    digest = scene.stores.artifacts.put_program(b"zip")
    fuse = Fuse(after)
    arguments: dict[str, Any] = {
        "text": scene.text(CHAIN),
        "configs": {},
        "programs": {"network": digest, "app": digest},
    }
    with pytest.raises(Crash) if after <= 4 else pytest.raises(AssertionError):
        put_manifest(fused(scene.platform, fuse), scene.deployment_id, **arguments)
        assert fuse.left is None  # it was never reached: there are only four writes
    put_manifest(scene.platform, scene.deployment_id, **arguments)
    operation = scene.start()
    run(scene, operation.id)
    assert scene.operation(operation.id).state == "succeeded"


def test_configuration_files_join_the_configuration_and_the_order(scene: Scene) -> None:
    scene.manifest({"network": [], "app": []}, configs={"app.dev.yaml": "from: '{{stack.network.stack}}'"})
    plan = scene.stores.artifacts.get_manifest(scene.deployment_id, 1)
    assert plan["config_files"] == {"app.dev": {"from": "{{stack.network.stack}}"}}


def test_a_file_with_a_problem_and_one_that_belongs_nowhere_are_told_together(scene: Scene) -> None:
    configs = {"app.dev.yaml": "a: [", "ap.dev.yaml": "a: 1"}
    with pytest.raises(ConfigurationError) as caught:
        scene.manifest(CHAIN, configs=configs)
    assert {problem.file for problem in caught.value.problems} == {"config/app.dev.yaml", "config/ap.dev.yaml"}
    assert any("app.dev.yaml" in problem.suggestion for problem in caught.value.problems)


def test_a_cycle_through_a_file_is_told_once(scene: Scene) -> None:
    with pytest.raises(ConfigurationError) as caught:
        scene.manifest(CHAIN, configs={"network.dev.yaml": "peer: '{{stack.app.id}}'"})
    (problem,) = caught.value.problems
    assert problem.file == "config"


def test_secrets_are_sealed_where_they_are_stored_and_opened_where_they_are_used(scene: Scene) -> None:
    stacks = {"app": {"config": {"password": {"secret": "hunter2"}}}}
    scene.manifest(CHAIN, stacks=stacks, configs={"app.dev.yaml": "token: {secret: [1, 2]}"})
    document = scene.stores.artifacts.get_manifest(scene.deployment_id, 1)
    assert "hunter2" not in json.dumps(document)
    assert document["config_files"]["app.dev"]["token"].keys() == {"secret"}
    run(scene, scene.start(OperationKind.DEPLOY).id)
    config = next(request.config for request in scene.runner.requests if request.stack == "app")
    assert config["shop:password"].value == "hunter2"
    assert config["shop:token"].value == [1, 2]


def test_what_is_no_manifest_at_all_is_refused_with_its_files(scene: Scene) -> None:
    scene.deployment()
    with pytest.raises(ConfigurationError) as caught:
        put_manifest(scene.platform, scene.deployment_id, text="- 1", configs={"a.dev.yaml": "a: ["}, programs={})
    assert any(problem.file == "config/a.dev.yaml" for problem in caught.value.problems)


def test_a_validation_says_all_or_nothing() -> None:
    scene = Scene()
    scene.deployment()
    assert validate_manifest(scene.text(CHAIN)) == {"valid": True, "warnings": []}
    with pytest.raises(ConfigurationError):
        validate_manifest("version: 2")
