"""The row of a stack as an operation finds it, and whether it is the operation's turn to write it."""

from __future__ import annotations

from cloud.domain.errors import StateError
from cloud.domain.operations import Operation
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, require_transition
from cloud.service.platform import Platform


def stored_row(platform: Platform, operation: Operation, stack: str) -> StackRecord:
    """The stack's row as it stands, or one that is not stored yet."""
    return platform.stores.stacks.get(operation.deployment_id, stack, operation.environment) or StackRecord(
        operation.deployment_id, stack, operation.environment, operation.org, StackStatus.PENDING, ""
    )


def row_of(platform: Platform, operation: Operation, stack: str) -> StackRecord:
    """The stack's row for the operation to write.

    Raises StateError when the row is another operation's and this one has ended: then a delivery came too late, and
    somebody else holds the environment. The operation is read after the row, so that a row that was written in between
    makes the write stale.
    """
    row = stored_row(platform, operation, stack)
    if row.operation_id != operation.id:
        require_under_way(platform.stores.operations.get(operation.deployment_id, operation.id), stack)
    return row


def require_under_way(operation: Operation, stack: str) -> None:
    """Raises StateError for an operation that has ended."""
    if operation.state.is_terminal:
        raise StateError(f"The operation has ended: {operation.state.value}.", stack=stack, operation_id=operation.id)


def waiting_status(row: StackRecord) -> StackStatus:
    """Where an operation begins with what another one left, by way of waiting, as the table of transitions has it.

    What another operation left under way has broken off with it: this operation would not hold the environment otherwise.
    """
    broken_off = row.operation_id and not row.status.is_settled
    status = StackStatus.FAILED if broken_off else row.status
    return require_transition(status, StackStatus.WAITING, deployment_id=row.deployment_id, stack=row.stack)
