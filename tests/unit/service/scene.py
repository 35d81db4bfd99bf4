"""The whole platform in memory, as the tests of the use cases take it: one call makes it, short methods fill it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from cloud.adapters.memory.clock import ManualClock
from cloud.adapters.memory.gateway import MemoryGateway
from cloud.adapters.memory.lookups import MemoryLookups
from cloud.adapters.memory.runner import Script, ScriptedRunner
from cloud.adapters.memory.state import MemoryState
from cloud.adapters.memory.stores import memory_stores
from cloud.adapters.memory.vault import MemoryVault
from cloud.adapters.memory.workflow import MemoryWorkflow
from cloud.domain.errors import CloudError
from cloud.domain.events import Event
from cloud.domain.operations import Operation, OperationKind, OperationOptions, Selection
from cloud.domain.records import StackRecord
from cloud.ports.runner import Emit, RunRequest, RunResult, ShouldStop
from cloud.service.init_deployment import init_deployment
from cloud.service.open_operation import open_operation
from cloud.service.platform import Platform
from cloud.service.put_manifest import put_manifest
from cloud.service.reconcile_operation import sweep_operations
from cloud.service.start_operation import start_operation

Graph = Mapping[str, Sequence[str]]
ME = "ann@example.com"


def program(text: str = "name: shop\nruntime: python\n") -> bytes:
    """The zip of a Pulumi project; the scripted runner only asks that there is one."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("Pulumi.yaml"), text)
    return archive.getvalue()


class ObservedRunner:
    """The scripted runner, without waiting; ``ran`` lists the stacks in the order in which they ran."""

    def __init__(self, clock: ManualClock) -> None:
        self.scripts: dict[str, Script] = {}
        self.ran: list[str] = []
        self.requests: list[RunRequest] = []
        self.freed: list[str] = []
        self._clock = clock
        self.states = MemoryState()
        self._runner = ScriptedRunner(sleep=lambda seconds: self._sleep(seconds), clock=self._now, states=self.states)

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        self.ran.append(request.stack)
        self.requests.append(request)
        self._runner._scripts.update(self.scripts)
        return self._runner.run(request, emit, should_stop)

    def free_lock(self, project: str, pulumi_stack: str) -> None:
        self.freed.append(pulumi_stack)
        self._runner.free_lock(project, pulumi_stack)

    def _sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def _now(self) -> float:
        return self._clock.now().timestamp()


class Scene:
    """``graph`` maps each stack to its dependencies. ``platform`` is what the use cases are given."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.stores = memory_stores(self.clock)
        self.workflow = MemoryWorkflow()
        self.gateway = MemoryGateway()
        self.lookups = MemoryLookups()
        self.vault = MemoryVault()
        self.runner = ObservedRunner(self.clock)
        self.asked_lookups: list[tuple[str, str]] = []
        self.platform = Platform(
            self.stores,
            self.clock,
            lambda: self.workflow,
            lambda: self.runner,
            self._lookups,
            lambda: self.gateway,
            lambda: self.vault,
            lambda: self.runner.states,
        )
        self.deployment_id = ""

    def _lookups(self, region: str, role_arn: str) -> MemoryLookups:
        self.asked_lookups.append((region, role_arn))
        return self.lookups

    def deployment(self) -> str:
        """A deployment without a manifest."""
        self.deployment_id = init_deployment(self.platform, org="acme", project="shop").id
        return self.deployment_id

    def manifest(
        self,
        graph: Graph,
        *,
        environment: Mapping[str, Any] | None = None,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        configs: Mapping[str, str] | None = None,
        **document: Any,
    ) -> dict[str, Any]:
        """Put a manifest with one environment ``dev`` and a program for every stack."""
        if not self.deployment_id:
            self.deployment()
        digest = self.stores.artifacts.put_program(program())
        text = self.text(graph, environment=environment, stacks=stacks, **document)
        return put_manifest(
            self.platform,
            self.deployment_id,
            text=text,
            configs=configs or {},
            programs=dict.fromkeys(graph, digest),
        )

    def text(
        self,
        graph: Graph,
        *,
        environment: Mapping[str, Any] | None = None,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        **document: Any,
    ) -> str:
        more = stacks or {}
        dev = {"account": "111111111111", "region": "us-east-1", **(environment or {})}
        return json.dumps(
            {
                "version": 1,
                "deployment": {"id": self.deployment_id, "org": "acme", "project": "shop"},
                "environments": {"dev": dev},
                "stacks": {name: {"dependencies": list(needs), **more.get(name, {})} for name, needs in graph.items()},
                **document,
            }
        )

    def start(
        self,
        kind: OperationKind = OperationKind.DEPLOY,
        *,
        requester: str = ME,
        selection: Selection | None = None,
        options: OperationOptions | None = None,
        key: str = "",
    ) -> Operation:
        """Start an operation as our own doors do; nothing runs yet."""
        return start_operation(
            self.platform,
            self.deployment_id,
            "dev",
            kind,
            requester=requester,
            selection=selection,
            options=options,
            idempotency_key=key,
        )

    def opened(self, kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Operation:
        """An operation that OpenOperation has bound to its execution."""
        operation = self.start(kind, **options)
        arn = self.arn_of(operation.id)
        open_operation(self.platform, {"operation_id": operation.id, "deployment_id": self.deployment_id}, arn)
        return self.operation(operation.id)

    def sweep(self, later: float = 0.0) -> dict[str, int]:
        """What the reconciler does, ``later`` seconds from now. Gives how many operations it found or left how."""
        self.clock.advance(later)

        def failed(_: Operation, error: CloudError) -> None:
            raise error

        return sweep_operations(self.platform, remaining_seconds=lambda: 300.0, failed=failed)

    def arn_of(self, name: str) -> str:
        return f"memory:execution:{name}"

    def operation(self, operation_id: str) -> Operation:
        return self.stores.operations.get(self.deployment_id, operation_id)

    def lock_held(self) -> bool:
        return self.stores.operations.get_lock(self.deployment_id, "dev").owner is not None

    def row(self, stack: str) -> StackRecord:
        found = self.stores.stacks.get(self.deployment_id, stack, "dev")
        assert found is not None, f"{stack} has no row"
        return found

    def events(self, operation_id: str) -> tuple[Event, ...]:
        """All events of an operation, whose sequence has no gap."""
        found = self.stores.events.read(self.deployment_id, operation_id, limit=500)
        assert [event.sequence for event in found] == list(range(1, len(found) + 1))
        return found

    def told(self, operation_id: str, *fields: str) -> list[tuple[Any, ...]]:
        """The named fields of the data of each event that has them all."""
        found = (event.data for event in self.events(operation_id))
        return [tuple(data[field] for field in fields) for data in found if all(field in data for field in fields)]

    def status(self) -> str:
        return self.stores.deployments.get_environment(self.deployment_id, "dev").status.value
