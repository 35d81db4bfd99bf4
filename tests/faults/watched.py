"""The in-memory stores, looked at while they are written: what must never be, not even for a moment, is noted at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from cloud.adapters.memory.operations import MemoryOperationStore
from cloud.adapters.memory.stacks import MemoryStackStore
from cloud.domain.operations import Operation
from cloud.domain.records import EnvironmentLock, StackRecord
from cloud.domain.states import TaskState


@dataclass
class Ledger:
    """``violations`` are sentences. ``reported`` are the runs whose report of success was stored, ``unchanged`` the stacks that
    were found to need no run, as (operation, stack): neither may be forgotten again."""

    violations: list[str] = field(default_factory=list)
    reported: set[tuple[str, str]] = field(default_factory=set)
    unchanged: set[tuple[str, str]] = field(default_factory=set)

    def must(self, holds: bool, sentence: str) -> None:
        if not holds and sentence not in self.violations:
            self.violations.append(sentence)


class WatchedOperations(MemoryOperationStore):
    """An operation ends once; it runs only while it owns its environment, and nobody takes that from it before its end."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def put(self, operation: Operation) -> Operation:
        before = self.get(operation.deployment_id, operation.id)
        written = super().put(operation)
        must = self._ledger.must
        must(
            not before.state.is_terminal or written.state is before.state,
            f"operation {operation.id} ended as {before.state}, and became {written.state}",
        )
        must(not before.settled or written.settled, f"operation {operation.id} was settled, and no longer is")
        if written.state is TaskState.RUNNING and not written.kind.only_looks:
            owner = self.get_lock(operation.deployment_id, operation.environment).owner
            held = owner is not None and owner.operation_id == operation.id
            must(held, f"operation {operation.id} runs and does not own the environment")
        return written

    def put_lock(self, lock: EnvironmentLock) -> EnvironmentLock:
        before = self.get_lock(lock.deployment_id, lock.environment)
        written = super().put_lock(lock)
        owner = before.owner
        if owner is not None and (lock.owner is None or lock.owner.operation_id != owner.operation_id):
            ended = self.get(lock.deployment_id, owner.operation_id).state.is_terminal
            self._ledger.must(ended, f"the environment was taken from operation {owner.operation_id} before its end")
        return written


class WatchedStacks(MemoryStackStore):
    """A row is never written for an operation that has ended, and a run that succeeded is on record from then on."""

    def __init__(self, ledger: Ledger, operations: WatchedOperations) -> None:
        super().__init__()
        self._ledger, self._operations = ledger, operations

    def put(self, record: StackRecord) -> StackRecord:
        before = self.get(record.deployment_id, record.stack, record.environment)
        written = super().put(record)
        operation = self._operations.get(record.deployment_id, record.operation_id)
        changed = before is None or (before.operation_id, before.status) != (record.operation_id, record.status)
        self._ledger.must(
            not (changed and operation.state.is_terminal),
            f"{record.stack} was written for operation {operation.id}, which had ended as {operation.state}",
        )
        if record.claim is not None and (before is None or before.claim is None):
            self._ledger.must(
                not operation.state.is_terminal,
                f"{record.stack} was claimed for operation {operation.id}, which had ended as {operation.state}",
            )
        report = record.report or {}
        if "result" in report or "record" in report:
            self._ledger.reported.add((record.operation_id, record.stack))
        if "unchanged" in report:
            self._ledger.unchanged.add((record.operation_id, record.stack))
        return written
