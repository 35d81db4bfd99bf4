"""What an operation left undone, for the operation that retries it."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.domain.errors import NotFound
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.schedule import Schedule, Standing
from cloud.domain.selection import Remainder
from cloud.domain.states import StackStatus
from cloud.service.platform import Platform

_DONE = {
    OperationKind.DEPLOY: "deployed",
    OperationKind.DESTROY: "destroyed",
    OperationKind.PREVIEW: "previewed",
    OperationKind.REFRESH: "refreshed",
    OperationKind.DRIFT: "looked at",
    OperationKind.ROLLBACK: "rolled back",
}
_DONE_BEFORE = {
    StackStatus.DEPLOYED: "deployed",
    StackStatus.UNCHANGED: "deployed",
    StackStatus.DRIFTED: "deployed",
    StackStatus.DESTROYED: "destroyed",
}


def remainder_of(
    platform: Platform, operation: Operation, records: Mapping[str, StackRecord] | None = None
) -> Remainder | None:
    """The stacks of an ended operation that did not succeed; None when nothing of it ever ran, so that all of it is left.

    ``records`` are the environment's stacks; they tell who deployed what the operation did not touch. An operation that ended
    before it could run, and is a retry itself, has left what the one before it left.
    """
    found = _last_schedule(platform, operation)
    if found is None:
        return None
    ran, schedule = found
    succeeded = schedule.named(Standing.SUCCEEDED)
    before = {
        name: f"{_DONE_BEFORE[record.status]} by operation {record.operation_id}"
        for name, record in (records or {}).items()
        if record.status in _DONE_BEFORE and record.operation_id
    }
    return Remainder(
        ran.id,
        frozenset(schedule.stacks.keys() - set(succeeded)),
        {**before, **dict.fromkeys(succeeded, f"{_DONE[ran.kind]} by operation {ran.id}")},
    )


def _last_schedule(platform: Platform, operation: Operation) -> tuple[Operation, Schedule] | None:
    operations = platform.stores.operations
    while True:
        try:
            return operation, operations.get_schedule(operation.deployment_id, operation.id)[0]
        except NotFound:
            if not operation.retry_of:
                return None
            operation = operations.get(operation.deployment_id, operation.retry_of)
