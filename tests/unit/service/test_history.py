"""What stays of an operation in the bucket ``artifacts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import NotFound
from cloud.domain.operations import OperationKind
from cloud.service.finish_operation import finish_operation
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import CHAIN, confirmed

PASSWORD = "hunter2hunter2"


def read(scene: Scene, operation_id: str, name: str) -> dict[str, Any]:
    return dict(scene.stores.artifacts.get_record(scene.deployment_id, operation_id, name))


def text(scene: Scene, operation_id: str, name: str) -> str:
    return scene.stores.artifacts.get_text(scene.deployment_id, operation_id, name)


def deployed(scene: Scene, **manifest: Any) -> str:
    scene.manifest(CHAIN, **manifest)
    operation = scene.start()
    run(scene, operation.id)
    return operation.id


def test_the_configuration_stays_as_the_tiers_made_it_without_secrets(scene: Scene) -> None:
    stacks = {
        "network": {"config": {"cidr": "10.0.0.0/16", "password": {"secret": PASSWORD}}},
        "app": {"config": {"vpc": "{{stack.network.vpcId}}"}},
    }
    scene.runner.scripts = {"network": Script(outputs={"vpcId": "vpc-1"})}
    operation_id = deployed(scene, stacks=stacks)
    configuration = read(scene, operation_id, "config.json")
    assert configuration["network"] == {"cidr": "10.0.0.0/16", "password": "[secret]"}
    assert configuration["app"] == {"vpc": "{{stack.network.vpcId}}"}
    assert PASSWORD not in json.dumps(configuration)


def test_the_environment_stays_as_it_was_before_and_after(scene: Scene) -> None:
    scene.runner.scripts = {"network": Script(outputs={"vpcId": "vpc-1"})}
    first = deployed(scene)
    assert read(scene, first, "state-before.json") == {"environment": "dev", "stacks": {}}
    after = read(scene, first, "state-after.json")
    assert after["stacks"]["network"]["outputs"] == {"vpcId": "vpc-1"}
    assert after["stacks"]["network"]["state_etag"], "it names the version of Pulumi's state"
    destroy = scene.start(OperationKind.DESTROY)
    run(scene, destroy.id)
    assert read(scene, destroy.id, "state-before.json") == after
    assert {stack["status"] for stack in read(scene, destroy.id, "state-after.json")["stacks"].values()} == {
        "destroyed"
    }


def test_the_events_stay_as_they_were_told(scene: Scene) -> None:
    operation_id = deployed(scene)
    lines = text(scene, operation_id, "events.jsonl").splitlines()
    assert [json.loads(line) for line in lines] == [event.to_dict() for event in scene.events(operation_id)]
    assert json.loads(lines[-1])["data"]["terminal"]


def test_what_a_run_said_stays_by_stack(scene: Scene) -> None:
    scene.runner.scripts = {"network": Script(log=("one", "two"))}
    operation_id = deployed(scene)
    said = [line.split(" ", 2)[1:] for line in text(scene, operation_id, "logs/network.log").splitlines()]
    assert said[:2] == [["info", "one"], ["info", "two"]]
    with pytest.raises(NotFound):
        text(scene, operation_id, "logs/app.log")


def test_a_preview_leaves_no_states_for_it_changed_nothing(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start(OperationKind.PREVIEW)
    run(scene, operation.id)
    assert text(scene, operation.id, "events.jsonl")
    assert set(read(scene, operation.id, "config.json")) == {"network", "app"}
    for name in ("state-before.json", "state-after.json"):
        with pytest.raises(NotFound):
            read(scene, operation.id, name)


def test_an_operation_that_broke_off_leaves_its_history_too(scene: Scene) -> None:
    operation_id = confirmed(scene)
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=None)
    assert json.loads(text(scene, operation_id, "events.jsonl").splitlines()[-1])["data"]["state"] == "error"
    assert "stacks" in read(scene, operation_id, "state-after.json")
