"""The whole platform on tasks: its functions, its state machine, EventBridge, and what happens there by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cloud import asl
from cloud.adapters.memory.clock import ManualClock
from cloud.adapters.memory.gateway import MemoryGateway
from cloud.adapters.memory.lookups import MemoryLookups
from cloud.adapters.memory.stores import memory_stores
from cloud.adapters.memory.vault import MemoryVault
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.operations import Operation
from cloud.service.init_deployment import init_deployment
from cloud.service.platform import Platform
from cloud.service.put_manifest import put_manifest
from infra import topology
from tests.faults.cloud_model import Program
from tests.faults.functions import Functions
from tests.faults.interpreter import Execution, answer_of
from tests.faults.live_workflow import LiveWorkflow
from tests.faults.points import Fault, Points, tapped
from tests.faults.pulumi_model import PulumiModel
from tests.faults.tasks import Killed, Tasks
from tests.faults.watched import Ledger, WatchedOperations, WatchedStacks

ROOT = Path(__file__).parents[2]
LONGEST = 4 * 3600.0
"""By then, in seconds, everything has been settled: the longest that anybody waits for anybody is a part of it."""
MINUTE = 60.0


@lru_cache(maxsize=1)
def definition() -> Any:
    machine = topology.STATE_MACHINES[0]
    text = (ROOT / "statemachine" / f"{machine.name}.asl.json").read_text(encoding="utf-8")
    return asl.render(text, machine.substitutions)


class Stage:
    """``graph`` maps each stack to its dependencies, ``programs`` to its program. The same seed and faults: the same run."""

    def __init__(
        self,
        seed: int,
        graph: Mapping[str, Sequence[str]],
        faults: Sequence[Fault] = (),
        *,
        programs: Mapping[str, Program] | None = None,
        policy: Mapping[str, Any] | None = None,
        operations: type[WatchedOperations] = WatchedOperations,
        stacks: type[WatchedStacks] = WatchedStacks,
    ) -> None:
        self.clock = ManualClock()
        self.tasks = Tasks(random.Random(seed), self.clock)
        self.points = Points(self.tasks, tuple(faults))
        self.ledger = Ledger()
        self.model = PulumiModel(self.tasks, self.points)
        self.model.violations = self.ledger.violations
        self.executions: dict[str, Execution] = {}
        self.graph = {name: tuple(needs) for name, needs in graph.items()}
        self.programs = {name: Program() for name in graph} | dict(programs or {})
        self.workflow = LiveWorkflow(self.begin_execution)
        watched = operations(self.ledger)
        self.stores = replace(memory_stores(self.clock), operations=watched, stacks=stacks(self.ledger, watched))
        vault, gateway, lookups = MemoryVault(), MemoryGateway(), MemoryLookups()
        self.platform = Platform(
            self.stores,
            self.clock,
            lambda: self.workflow,
            lambda: self.model,
            lambda region, role: lookups,
            lambda: gateway,
            lambda: vault,
            lambda: self.model,
            engine="model",
        )
        self.functions = Functions(self.tasks, self.points, lambda: tapped(self.platform, self.points))
        self.needs_approval = False
        self.deployment_id = init_deployment(self.platform, org="acme", project="shop").id
        self._policy = dict(policy or {})
        self.max_parallel = int(self._policy.get("max_parallel", len(self.graph)))
        self.put()

    def put(self, **programs: Program) -> None:
        """Put the manifest with these programs, and all others as they are."""
        self.programs |= programs
        digests = {name: self.stores.artifacts.put_program(each.zipped()) for name, each in self.programs.items()}
        stacks = {
            name: {
                "dependencies": list(needs),
                "config": {f"from_{need}": f"{{{{stack.{need}.id}}}}" for need in needs},
            }
            for name, needs in self.graph.items()
        }
        document = {
            "version": 1,
            "deployment": {"id": self.deployment_id, "org": "acme", "project": "shop"},
            "environments": {
                "dev": {
                    "account": "111111111111",
                    "region": "us-east-1",
                    "approval": "required" if self.needs_approval else "none",
                }
            },
            "policy": self._policy,
            "stacks": stacks,
        }
        put_manifest(self.platform, self.deployment_id, text=json.dumps(document), configs={}, programs=digests)

    # -- what happens by itself

    def play(self, story: Callable[[], None]) -> None:
        """Let the person do that, and run until everything is over and settled; the schedule sweeps every minute."""
        person = self.tasks.spawn("a person", story)
        minute = self.tasks.spawn("the schedule", self._every_minute)

        def over() -> bool:
            if not person.ended or any(not task.ended for task in self.tasks.all if task is not minute):
                return False
            return not self.stores.operations.list_unsettled(limit=1).items

        self.tasks.run(over, latest=self.tasks.now + LONGEST)
        if person.error is not None:
            raise person.error
        self.tasks.kill(minute)

    def _every_minute(self) -> None:
        while True:
            self.tasks.wait(seconds=MINUTE)
            self._tell_reconciler({}, "sweep", tries=1)

    def _tell_reconciler(self, event: Mapping[str, Any], name: str, tries: int = 3) -> None:
        """An asynchronous invocation: Lambda delivers it again when it fails, but not for ever."""

        def body() -> None:
            for attempt in range(1, tries + 1):
                delivery = self.functions.invoke("reconcile_operation", dict(event), name=name)
                self.tasks.wait(lambda task=delivery: task.ended)  # type: ignore[misc]
                if not answer_of(delivery, self.tasks.now).error:
                    return
                if attempt < tries:
                    self.tasks.wait(seconds=60.0 * attempt)

        self.tasks.spawn("EventBridge", body)

    def begin_execution(self, arn: str, payload: Mapping[str, Any]) -> None:
        """StartExecution, of a name that is new."""
        execution = Execution(
            arn,
            dict(payload),
            self.tasks,
            lambda function, event: self.functions.invoke(function, event),
            self.workflow.tokens,
            self.platform.timestamp,
        )
        self.executions[arn] = execution

        def body() -> None:
            try:
                execution.run(definition())
            except Exception as error:  # noqa: BLE001 - a defect of the harness, which must not look like a hang
                self.ledger.violations.append(f"the interpreter broke: {type(error).__name__}: {error}")
            self._ended(execution)

        self.tasks.spawn("Step Functions", body, execution.group)

    def _ended(self, execution: Execution) -> None:
        self.workflow.finish(execution.arn)
        self.points.note(f"execution {execution.arn.rpartition(':')[2]} {execution.status}")
        if execution.status != "SUCCEEDED":
            detail = {"executionArn": execution.arn, "input": json.dumps(execution.input), "status": execution.status}
            self._tell_reconciler({"detail": detail}, "status event")

    def stop(self, execution: Execution) -> None:
        """StopExecution: what interprets it is gone at once; what it had called goes on."""
        if execution.status == "RUNNING":
            execution.status = "ABORTED"
            self.tasks.kill_group(execution.group)
            self._ended(execution)

    def stop_all(self) -> None:
        for execution in list(self.executions.values()):
            self.stop(execution)
        task = self.tasks.current
        if task is not None and task.killed:
            raise Killed

    # -- looking

    def operation(self, operation_id: str) -> Operation:
        return self.stores.operations.get(self.deployment_id, operation_id)

    def operations(self) -> tuple[Operation, ...]:
        """Oldest first."""
        return tuple(reversed(self.stores.operations.list(self.deployment_id, limit=100).items))

    def rows(self) -> Any:
        return self.stores.stacks.list(self.deployment_id, "dev")

    def pulumi_stack(self, stack: str) -> str:
        return pulumi_stack_name(self.deployment_id, stack, "dev")
