"""What a stack's preview starts from, and what it leaves for the stacks that need it."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.domain.errors import ConfigurationError, NotPreviewable, ProgramFailed
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.secret import Secret
from cloud.domain.states import StackStatus, TaskState
from cloud.domain.unknown import Unknown
from cloud.ports.runner import PlannedOutputs, PlannedStep, RunResult, SecretsProvider
from cloud.service.planning import load_manifest
from cloud.service.previewing import PreviewInputs, keep_preview, not_previewable, preview_inputs, preview_name
from tests.unit.service.scene import Scene

GRAPH = {"network": [], "app": ["network"]}
NETWORK = Unknown(frozenset({"network"}))
CREATED = PlannedStep("urn:vpc", "create", (), "aws:ec2/vpc:Vpc", "vpc")


class Preview:
    """One preview operation of a scene with the stacks ``network`` and ``app``, which needs it."""

    def __init__(self, scene: Scene, config: dict[str, Any] | None = None, **manifest: Any) -> None:
        stacks = {"app": {"config": config or {}, **manifest.pop("app", {})}, **manifest.pop("stacks", {})}
        scene.manifest(manifest.pop("graph", GRAPH), stacks=stacks, **manifest)
        self.scene = scene
        deployment = scene.stores.deployments.get(scene.deployment_id)
        self.operation = Operation(
            "01JD0000000000000000000000",
            scene.deployment_id,
            "dev",
            OperationKind.PREVIEW,
            "ann@example.com",
            TaskState.RUNNING,
            scene.platform.timestamp(),
            deployment.manifest_version,
            org="acme",
            project="shop",
        )

    def deployed(
        self, outputs: dict[str, Any], status: StackStatus = StackStatus.DEPLOYED, stack: str = "network"
    ) -> None:
        row = StackRecord(
            self.scene.deployment_id, stack, "dev", "acme", status, "", program_digest="x", outputs=outputs
        )
        self.scene.stores.stacks.put(row)

    def found(self, outputs: dict[str, Any], *unknown: str, **more: Any) -> dict[str, Any]:
        """The preview of network ends so."""
        result = RunResult({}, outputs, 0, 1.0, SecretsProvider(), unknown_outputs=unknown, **more)
        return keep_preview(self.scene.platform, self.operation, "network", result)

    def inputs(self, stack: str = "app") -> PreviewInputs:
        stored = load_manifest(self.scene.platform, self.operation)
        return preview_inputs(self.scene.platform, self.operation, stack, stored)

    def record(self, stack: str) -> Any:
        return self.scene.stores.artifacts.get_record(self.scene.deployment_id, self.operation.id, preview_name(stack))

    def refused(self) -> str:
        with pytest.raises(ConfigurationError) as refused:
            self.inputs()
        return refused.value.problems[0].message


def test_a_stack_that_needs_nothing_starts_from_its_configuration_alone(scene: Scene) -> None:
    inputs = Preview(scene, stacks={"network": {"config": {"size": 3}}}).inputs("network")
    assert (inputs.upstream, inputs.unknown_config, inputs.config["shop:size"]) == ({}, {}, 3)


def test_planned_outputs_flow_into_the_configuration_and_unknown_ones_stay_unknown(scene: Scene) -> None:
    config = {
        "cidr": "{{stack.network.cidr}}",
        "where": "in {{stack.network.vpcId}}",
        "both": ["{{stack.network.vpcId}}", 1],
    }
    preview = Preview(scene, config)
    preview.found({"cidr": "10.0.0.0/16"}, "vpcId")
    inputs = preview.inputs()

    assert inputs.config["shop:cidr"] == "10.0.0.0/16"
    assert inputs.unknown_config == {"shop:where": NETWORK, "shop:both": [NETWORK, 1]}
    assert not inputs.unknown_config.keys() & inputs.config.keys()
    assert inputs.upstream == {"network": PlannedOutputs({"cidr": "10.0.0.0/16"}, unknown=("vpcId",))}


def test_what_the_preview_of_a_stack_leaves_holds_no_secret(scene: Scene) -> None:
    preview = Preview(scene)
    step = PlannedStep("urn:vpc", "replace", ("cidr",), "aws:ec2/vpc:Vpc", "vpc")
    record = preview.found({"key": Secret("hunter2"), "a": 1}, "z", "b", secret_outputs=("token",), steps=(step,))

    assert record == preview.record("network")
    assert record == {
        "previewable": True,
        "reason": "",
        "detail": "",
        "outputs": {"key": {"secret": True}, "a": 1, "token": {"secret": True}},
        "unknown": ["b", "z"],
        "steps": [
            {"urn": "urn:vpc", "type": "aws:ec2/vpc:Vpc", "name": "vpc", "op": "replace", "replace_keys": ["cidr"]}
        ],
        "seconds": 1.0,
    }
    assert preview.inputs().upstream["network"] == PlannedOutputs({"a": 1}, ("b", "z"), ("key", "token"))


def test_what_is_planned_comes_before_what_is_deployed(scene: Scene) -> None:
    preview = Preview(scene, {"cidr": "{{stack.network.cidr}}"})
    preview.deployed({"cidr": "10.0.0.0/16"})
    preview.found({"cidr": "10.1.0.0/16"})

    assert preview.inputs().config["shop:cidr"] == "10.1.0.0/16"
    assert preview.inputs().upstream == {"network": PlannedOutputs({"cidr": "10.1.0.0/16"})}


def test_where_nothing_changes_what_is_deployed_is_read_with_its_secrets(scene: Scene) -> None:
    preview = Preview(scene, {"cidr": "{{stack.network.cidr}}"})
    preview.deployed({"cidr": "10.0.0.0/16", "token": {"secret": True}})
    preview.found({"cidr": "10.0.0.0/16"}, secret_outputs=("token",))

    assert preview.inputs().upstream == {}
    assert preview.inputs().config["shop:cidr"] == "10.0.0.0/16"


def test_a_secret_that_may_change_with_its_stack_is_not_read_from_what_is_deployed(scene: Scene) -> None:
    preview = Preview(scene)
    preview.deployed({"token": {"secret": True}})
    preview.found({}, secret_outputs=("token",), steps=(CREATED,))
    assert preview.inputs().upstream == {"network": PlannedOutputs({}, secret=("token",))}


def test_outputs_that_are_all_seen_to_stay_are_what_is_deployed_whatever_else_changes(scene: Scene) -> None:
    preview = Preview(scene)
    preview.deployed({"cidr": "10.0.0.0/16"})
    preview.found({"cidr": "10.0.0.0/16"}, steps=(CREATED,))
    assert preview.inputs().upstream == {}


def test_of_a_stack_that_the_operation_leaves_out_what_is_deployed_counts(scene: Scene) -> None:
    preview = Preview(scene, {"cidr": "{{stack.network.cidr}}"})
    preview.deployed({"cidr": "10.0.0.0/16"})
    assert (preview.inputs().upstream, preview.inputs().config["shop:cidr"]) == ({}, "10.0.0.0/16")


@pytest.mark.parametrize("status", [None, StackStatus.FAILED])
def test_of_a_stack_that_is_neither_there_nor_previewed_everything_is_unknown(
    scene: Scene, status: StackStatus | None
) -> None:
    preview = Preview(scene, {"vpc": "{{stack.network.vpcId}}", "mine": "{{stack.network.vpcId | default(7)}}"})
    if status:
        preview.deployed({}, status)

    inputs = preview.inputs()
    assert inputs.upstream == {"network": PlannedOutputs({}, is_open=True)}
    assert inputs.unknown_config == {"shop:vpc": Unknown(frozenset({"network"}), is_planned=False)}
    assert inputs.config["shop:mine"] == 7


def test_a_deployed_stack_without_outputs_is_there_and_has_none(scene: Scene) -> None:
    preview = Preview(scene, {"vpc": "{{stack.network.vpcId}}"})
    preview.deployed({})
    assert "network has no output 'vpcId'; it has: none" in preview.refused()


def test_an_output_that_will_be_there_is_awaited_and_no_default_takes_its_place(scene: Scene) -> None:
    preview = Preview(scene, {"vpc": "{{stack.network.vpcId | default(null)}}"})
    preview.found({}, "vpcId")
    assert preview.inputs().unknown_config == {"shop:vpc": NETWORK}


def test_a_planned_output_that_is_not_there_is_a_mistake(scene: Scene) -> None:
    preview = Preview(scene, {"vpc": "{{stack.network.vpcID}}"})
    preview.found({"cidr": "10.0.0.0/16"}, "vpcId", secret_outputs=("token",))
    assert "network will have no output 'vpcID'; it plans: cidr, token, vpcId" in preview.refused()
    preview.found({})
    assert "it plans: none" in preview.refused()


def test_a_planned_secret_can_no_more_be_configured_than_a_deployed_one(scene: Scene) -> None:
    preview = Preview(scene, {"token": "{{stack.network.token}}"})
    preview.found({}, secret_outputs=("token",))
    assert "it is a secret output" in preview.refused()


def test_an_optional_dependency_that_is_disabled_here_is_missing_and_not_unknown(scene: Scene) -> None:
    preview = Preview(
        scene,
        {"vpc": "{{stack.network.vpcId | default('none')}}"},
        graph={"network": [], "app": []},
        app={"optional_dependencies": ["network", "elsewhere"]},
        stacks={"network": {"enabled": False}},
    )
    assert preview.inputs().upstream == {}
    assert preview.inputs().config["shop:vpc"] == "none"


def test_a_program_that_is_not_previewable_leaves_everything_of_it_unknown(scene: Scene) -> None:
    preview = Preview(scene, {"vpc": "{{stack.network.vpcId}}"})
    error = NotPreviewable("network is not previewable.", hint="It reads x.", until="dns, zone", stack="network")
    record = not_previewable(scene.platform, preview.operation, "network", error)

    assert record == preview.record("network")
    assert record == {
        "previewable": False,
        "reason": "not previewable until dns and zone are deployed",
        "detail": "It reads x.",
        "outputs": {},
        "unknown": [],
        "steps": [],
        "seconds": 0.0,
    }
    assert preview.inputs().upstream == {"network": PlannedOutputs({}, is_open=True)}
    assert preview.inputs().unknown_config == {"shop:vpc": NETWORK}


def test_an_error_that_does_not_say_what_it_waits_for_is_told_as_it_is(scene: Scene) -> None:
    preview = Preview(scene)
    record = not_previewable(
        scene.platform, preview.operation, "network", NotPreviewable("network is not previewable.")
    )
    assert record is not None
    assert record["reason"] == "network is not previewable."


def test_a_failure_is_none_of_its_business(scene: Scene) -> None:
    preview = Preview(scene)
    assert not_previewable(scene.platform, preview.operation, "network", ProgramFailed("it broke")) is None
    preview.deployed({"cidr": "10.0.0.0/16"})
    assert preview.inputs().upstream == {}
