"""A deployment whose stacks are previewed and deployed one after the other, as the state machine would do it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cloud.adapters.pulumi import AutomationRunner
from cloud.domain.errors import CloudError
from cloud.domain.events import NewEvent
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, TaskState
from cloud.ports.runner import RunRequest, RunResult
from cloud.service.planning import load_manifest
from cloud.service.previewing import keep_preview, not_previewable, preview_inputs
from cloud.service.put_manifest import put_manifest
from cloud.service.resolving import resolve_stack
from cloud.service.results import public_outputs
from tests.stacks.conftest import REGION, STACKS
from tests.unit.service.scene import Scene

PROJECT = "shop"


@dataclass
class PreviewGraph:
    """``programs`` maps stacks to their ``__main__.py``; one of this repository's needs none."""

    runner: AutomationRunner
    dependencies: Mapping[str, Sequence[str]]
    programs: Mapping[str, str] = field(default_factory=dict)
    scene: Scene = field(default_factory=Scene)
    log: list[str] = field(default_factory=list)
    _operations: int = 0
    _secrets: dict[str, Any] = field(default_factory=dict)

    def configure(self, **config: Mapping[str, Any]) -> None:
        """Put a manifest with this configuration, by stack."""
        if not self.scene.deployment_id:
            self.scene.deployment()
        stacks = {name: {"config": dict(config.get(name, {}))} for name in self.dependencies}
        put_manifest(
            self.scene.platform,
            self.scene.deployment_id,
            text=self.scene.text(self.dependencies, environment={"region": REGION}, stacks=stacks),
            configs={},
            programs={name: self.scene.stores.artifacts.put_program(self._zip(name)) for name in self.dependencies},
        )

    def preview(self, *stacks: str) -> dict[str, dict[str, Any]]:
        """What a preview of these stacks leaves, by stack. ``log`` has what the programs said."""
        operation = self._operation(OperationKind.PREVIEW)
        self.log.clear()
        return {stack: self._preview(operation, stack) for stack in stacks}

    def deploy(self, *stacks: str) -> None:
        operation = self._operation(OperationKind.DEPLOY)
        for stack in stacks:
            result = self._run(self._request(operation, stack, resolve_stack(self.scene.platform, operation, stack)))
            self._secrets[stack] = result.secrets_provider
            row = self.scene.stores.stacks.get(operation.deployment_id, stack, "dev") or StackRecord(
                operation.deployment_id, stack, "dev", "acme", StackStatus.PENDING, ""
            )
            deployed = replace(row, status=StackStatus.DEPLOYED, outputs=public_outputs(result), program_digest="x")
            self.scene.stores.stacks.put(deployed)

    def _preview(self, operation: Operation, stack: str) -> dict[str, Any]:
        platform = self.scene.platform
        inputs = preview_inputs(platform, operation, stack, load_manifest(platform, operation))
        request = self._request(operation, stack, inputs.config)
        request = replace(request, upstream=inputs.upstream, unknown_config=inputs.unknown_config)
        try:
            return keep_preview(platform, operation, stack, self._run(request))
        except CloudError as error:
            record = not_previewable(platform, operation, stack, error)
            if record is None:
                raise
            return record

    def _run(self, request: RunRequest) -> RunResult:
        def emit(events: Sequence[NewEvent]) -> None:
            self.log.extend(str(event.data["message"]) for event in events if "message" in event.data)

        return self.runner.run(request, emit, lambda: False)

    def _operation(self, kind: OperationKind) -> Operation:
        self._operations += 1
        deployment = self.scene.stores.deployments.get(self.scene.deployment_id)
        return Operation(
            f"01JD{self._operations:022}",
            deployment.id,
            "dev",
            kind,
            "ann@example.com",
            TaskState.RUNNING,
            "2026-01-01T00:00:00.000Z",
            deployment.manifest_version,
            org="acme",
            project=PROJECT,
        )

    def _request(self, operation: Operation, stack: str, config: Mapping[str, Any]) -> RunRequest:
        return RunRequest(
            operation_id=operation.id,
            deployment_id=operation.deployment_id,
            environment="dev",
            stack=stack,
            pulumi_stack=pulumi_stack_name(operation.deployment_id, stack, "dev"),
            project=PROJECT,
            kind=operation.kind,
            program=self._zip(stack),
            config=config,
            secrets_provider=self._secrets.get(stack),
            timeout_seconds=120,
        )

    def _zip(self, stack: str) -> bytes:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            if stack in self.programs:
                file.writestr("Pulumi.yaml", "name: any\nruntime: python\n")
                file.writestr("__main__.py", self.programs[stack])
            else:
                for path in sorted((STACKS / stack).rglob("*")):
                    if path.suffix in (".py", ".yaml"):
                        file.write(path, path.relative_to(STACKS / stack))
        return archive.getvalue()
