"""A deployment of ``network`` and ``app``, which needs it, whose runs leave what RunStack and RecordStack keep of a success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from cloud.adapters.memory.runner import Script
from cloud.domain.fingerprint import Decision
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.operations import Operation, OperationKind, OperationOptions
from cloud.domain.records import StackRecord
from cloud.domain.secret import Secret
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunRequest, RunResult
from cloud.service.fingerprinting import FORGOTTEN, is_unchanged, known_before, row_fields, success_fields
from cloud.service.planning import load_manifest
from cloud.service.platform import Platform
from cloud.service.resolving import resolve_stack
from cloud.service.stack_rows import row_of
from tests.unit.service.scene import Scene, program

GRAPH: dict[str, list[str]] = {"network": [], "app": ["network"]}
ENGINE = "pulumi 3, python 3.11"


@dataclass
class World:
    """A deployment on the platform in memory. ``results`` changes what a run of a stack gives."""

    scene: Scene
    platform: Platform
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def manifest(self, graph: Mapping[str, Any] = GRAPH, **document: Any) -> None:
        self.scene.manifest(graph, **document)

    def operation(self, kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Operation:
        return replace(self.scene.start(OperationKind.DEPLOY, options=OperationOptions(**options)), kind=kind)

    def run(self, stack: str, kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Operation:
        """Run the stack to its success, as RunStack and RecordStack do."""
        operation, stored = self.operation(kind, **options), load_manifest(self.platform, self.operation())
        status = StackStatus.DESTROYED if kind is OperationKind.DESTROY else StackStatus.DEPLOYED
        row = self.claimed(operation, stack)
        config = resolve_stack(self.platform, operation, stack)
        before = known_before(self.platform, operation, stack, stored, config, row)
        result = self.result(operation, stack, config)
        fields = success_fields(self.platform, operation, stack, stored, before, result)
        outputs = {
            name: {"secret": True} if isinstance(value, Secret) else value for name, value in result.outputs.items()
        }
        digest = "" if kind is OperationKind.DESTROY else "0" * 64
        kept = row_fields(json.loads(json.dumps(fields)))
        self.platform.stores.stacks.put(replace(row, status=status, outputs=outputs, program_digest=digest, **kept))
        return operation

    def claimed(self, operation: Operation, stack: str) -> StackRecord:
        forgotten = FORGOTTEN if operation.kind not in (OperationKind.PREVIEW, OperationKind.DRIFT) else {}
        row = replace(row_of(self.platform, operation, stack), operation_id=operation.id, **forgotten)
        return self.platform.stores.stacks.put(row)

    def result(self, operation: Operation, stack: str, config: Mapping[str, Any]) -> RunResult:
        request = RunRequest(
            operation.id,
            operation.deployment_id,
            "dev",
            stack,
            pulumi_stack_name(operation.deployment_id, stack, "dev"),
            operation.project,
            operation.kind,
            program(),
            config,
        )
        result = self.scene.runner.run(request, lambda _: None, lambda: False)
        return replace(result, **self.results.get(stack, {}))

    def deploy(self) -> None:
        self.run("network")
        self.run("app")

    def decide(self, stack: str = "app", kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Decision:
        operation = self.operation(kind, **options)
        stored = load_manifest(self.platform, operation)
        config = resolve_stack(self.platform, operation, stack)
        return is_unchanged(self.platform, operation, stack, stored, config, self.scene.row(stack))

    def update(self, stack: str, **fields: Any) -> None:
        self.platform.stores.stacks.put(replace(self.scene.row(stack), **fields))

    def write_state(self, stack: str) -> None:
        self.scene.runner.states.written("shop", pulumi_stack_name(self.scene.deployment_id, stack, "dev"))


def make_world(scene: Scene) -> World:
    """With a manifest, and nothing deployed."""
    scene.runner.scripts = {
        "network": Script(outputs={"id": "vpc-1", "key": Secret("k-1")}),
        "app": Script(outputs={"url": "http://app"}),
    }
    world = World(scene, replace(scene.platform, engine=ENGINE))
    world.manifest()
    return world


def config_of(**values: Any) -> dict[str, Any]:
    return {"stacks": {"app": {"config": values}}}


def network_gives(world: World, **outputs: Any) -> None:
    world.scene.runner.scripts["network"] = Script(outputs=outputs)
    world.run("network")


def later(world: World, **time: float) -> None:
    world.scene.clock.advance(timedelta(**time).total_seconds())
