"""What a run is configured with: tiers, placeholders, secrets, and the platform's own keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud.domain.errors import ConfigurationError, StateError
from cloud.domain.operations import OperationKind, OperationOptions
from cloud.domain.secret import Secret
from cloud.ports.runner import RunResult, SecretsProvider
from cloud.service.planning import timeout_of
from cloud.service.put_manifest import put_manifest
from cloud.service.resolving import resolve_stack
from cloud.service.results import result_record
from cloud.service.sealing import seal, unseal
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene

GRAPH: dict[str, list[str]] = {"network": [], "app": []}


def resolved(scene: Scene, config: dict[str, Any], kind: OperationKind = OperationKind.DEPLOY, **more: Any) -> Any:
    scene.manifest(GRAPH, stacks={"app": {"config": config}}, **more)
    operation = scene.opened(kind)
    return resolve_stack(scene.platform, operation, "app")


def test_every_stack_is_told_who_it_is(scene: Scene) -> None:
    role = "arn:aws:iam::111111111111:role/deployer"
    environment = {"role_arn": role, "tags": {"team": "web"}}
    keys = resolved(scene, {"size": 3, "gcp:zone": "a"}, environment=environment)
    assert keys == {
        "shop:size": 3,
        "gcp:zone": "a",
        "shop:deploymentId": scene.deployment_id,
        "shop:stackName": "app",
        "shop:environment": "dev",
        "shop:projectName": "shop",
        "shop:orgName": "acme",
        "aws:region": "us-east-1",
        "aws:assumeRoles": [{"roleArn": role}],
        "aws:defaultTags": {
            "tags": {
                "team": "web",
                "project": "shop",
                "environment": "dev",
                "deployment": scene.deployment_id,
                "stack": "app",
                "managed-by": "pulumi",
                "version": "1",
                "deployed-by": "cloud",
            }
        },
    }


def test_placeholders_of_every_namespace_are_looked_up_once(scene: Scene) -> None:
    scene.lookups.parameters = {"/a": ["x", "y"]}
    scene.lookups.secrets = {"db": "hunter2"}
    keys = resolved(
        scene,
        {
            "who": "{{deployment.id}} {{deployment.org}} {{deployment.project}}",
            "where": "{{env.name}} {{env.region}} {{env.account}}",
            "zones": "{{aws.azs}}",
            "list": "{{ssm./a}}",
            "again": "first of {{ssm./a}}",
            "password": "{{secret.db}}",
        },
    )
    assert keys["shop:who"] == f"{scene.deployment_id} acme shop"
    assert keys["shop:where"] == "dev us-east-1 111111111111"
    assert keys["shop:zones"] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert keys["shop:list"] == ["x", "y"]
    assert keys["shop:password"] == Secret("hunter2")
    assert len(scene.lookups.asked) == len(set(scene.lookups.asked))
    assert scene.asked_lookups == [("us-east-1", "")]


def test_an_environment_without_a_region_leaves_it_to_the_provider(scene: Scene) -> None:
    scene.manifest({"app": []})
    run(scene, scene.start().id)
    document = json.loads(scene.text({"app": []}))
    text = json.dumps({**document, "environments": {"dev": {"enabled": False}}})
    put_manifest(scene.platform, scene.deployment_id, text=text, configs={}, programs={})
    assert "aws:region" not in resolve_stack(scene.platform, scene.opened(OperationKind.DESTROY), "app")


def test_every_placeholder_without_a_value_is_told_at_once(scene: Scene) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved(scene, {"a": "{{stack.network.id}}", "b": "{{ssm./nowhere}}", "c": "{{secret.none | default(1)}}"})
    assert [problem.path for problem in caught.value.problems] == ["a", "b"]
    assert "network is not deployed in dev" in caught.value.problems[0].message


def test_outputs_of_another_stack_are_there_when_it_is_deployed(scene: Scene) -> None:
    scene.manifest(GRAPH)
    from cloud.adapters.memory.runner import Script

    scene.runner.scripts = {"network": Script(outputs={"id": "vpc-1", "key": Secret("hunter2")})}
    run(scene, scene.start().id)
    assert scene.row("network").outputs == {"id": "vpc-1", "key": {"secret": True}}
    assert resolved(scene, {"vpc": "{{stack.network.id}}"})["shop:vpc"] == "vpc-1"
    with pytest.raises(ConfigurationError) as caught:
        resolved(scene, {"a": "{{stack.network.nope}}", "b": "{{stack.network.key}}"})
    messages = [problem.message for problem in caught.value.problems]
    assert "it has: id, key" in messages[0]
    assert "stays in Pulumi's state" in messages[1]


def test_an_output_that_shows_a_secret_of_the_configuration_is_not_kept_whatever_the_program_says(scene: Scene) -> None:
    from cloud.adapters.memory.runner import Script

    scene.manifest(GRAPH, stacks={"network": {"config": {"password": {"secret": "correct horse"}}}})
    scene.runner.scripts = {"network": Script(outputs={"url": "db://root:correct horse@db", "name": "db"})}
    run(scene, scene.start().id)
    assert scene.row("network").outputs == {"url": {"secret": True}, "name": "db"}


def test_a_destroy_leaves_what_it_cannot_resolve(scene: Scene) -> None:
    scene.manifest(GRAPH)
    run(scene, scene.start().id)
    keys = resolved(scene, {"vpc": "{{stack.network.nope}}"}, OperationKind.DESTROY)
    assert keys["shop:vpc"] == "{{stack.network.nope}}"


def test_a_stack_that_the_manifest_lost_is_still_told_who_it_is(scene: Scene) -> None:
    scene.manifest({"lost": [], "network": []}, environment={"region": "eu-west-1"})
    run(scene, scene.start().id)
    scene.manifest({"network": []})
    operation = scene.start(OperationKind.DESTROY)
    run(scene, operation.id)
    destroyed = [request for request in scene.runner.requests if request.kind is OperationKind.DESTROY]
    (request,) = [request for request in destroyed if request.stack == "lost"]
    assert request.config["shop:stackName"] == "lost"
    assert request.timeout_seconds <= 30 * 60
    assert scene.row("lost").status.value == "destroyed"


def test_the_default_time_of_a_stack_that_is_gone(scene: Scene) -> None:
    scene.manifest(GRAPH, stacks={"app": {"timeout": "5m"}})
    from cloud.domain.manifest import Manifest

    manifest = Manifest.from_dict(scene.stores.artifacts.get_manifest(scene.deployment_id, 1)["manifest"])
    assert timeout_of(manifest, "app", "dev") == 300
    assert timeout_of(manifest, "gone", "dev") == 1800


def test_a_setting_wins_over_every_tier(scene: Scene) -> None:
    scene.manifest(GRAPH, stacks={"app": {"config": {"size": 1}}}, configs={"app.dev.yaml": "size: 2"})
    plain, set_by_option = scene.opened(), scene.opened(options=OperationOptions(settings={"size": 3}))
    assert resolve_stack(scene.platform, plain, "app")["shop:size"] == 2
    assert resolve_stack(scene.platform, set_by_option, "app")["shop:size"] == 3


# -- seals


def test_a_seal_keeps_the_type_and_names_what_is_needed(scene: Scene) -> None:
    value = {"a": [{"secret": {"user": "u", "url": "db://{{stack.network.host}}"}}], "b": 1}
    sealed = seal(scene.platform, "D1", value)
    assert "db://" not in json.dumps(sealed)
    assert sealed["a"][0]["secret"]["placeholders"] == ["{{stack.network.host}}"]
    from cloud.domain.secret import wrap_secrets

    opened = unseal(scene.platform, "D1", wrap_secrets(sealed))
    assert opened == {"a": [Secret({"user": "u", "url": "db://{{stack.network.host}}"})], "b": 1}


def test_what_is_sealed_already_is_not_sealed_again(scene: Scene) -> None:
    sealed = seal(scene.platform, "D1", {"a": {"secret": "x"}})
    assert seal(scene.platform, "D1", sealed) == sealed
    with pytest.raises(StateError):
        seal(scene.platform, "D2", sealed)


def test_what_was_never_sealed_stays_a_secret(scene: Scene) -> None:
    assert unseal(scene.platform, "D1", [Secret("x"), 1]) == [Secret("x"), 1]
    assert seal(scene.platform, "D1", ({"secret": "x"}, 1))[1] == 1


def test_a_result_holds_no_secret_wherever_it_is() -> None:
    outputs = {"plain": [1], "hidden": Secret("x"), "inner": {"deep": [Secret("y")]}}
    record = result_record(RunResult({"create": 1}, outputs, 1, 2.0, SecretsProvider()), "digest")
    assert record["outputs"] == {"plain": [1], "hidden": {"secret": True}, "inner": {"secret": True}}
    assert json.dumps(record)
