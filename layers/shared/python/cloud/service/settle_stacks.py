"""What the state machine left unrecorded when it broke off: every stack of an operation ends, also when a Map failed."""

from __future__ import annotations

from cloud.domain import schedule as scheduler
from cloud.domain.errors import CloudError
from cloud.domain.operations import Operation
from cloud.domain.states import TaskState
from cloud.service.announcing import told_events
from cloud.service.platform import Platform
from cloud.service.record_stack import record_stack
from cloud.service.scheduling import apply


def settle_stacks(platform: Platform, operation: Operation) -> None:
    """Record each stack of the schedule whose result is not written or not told yet. Nothing new starts.

    A run that left a result is recorded with it. One that did not is failed: nobody knows how far Pulumi came, and its
    runner stops as soon as it sees that the operation has ended.
    """
    operations = platform.stores.operations
    if operation.state is not TaskState.RUNNING:
        return  # it broke off before anything could run, be there a schedule or not
    schedule, _ = operations.get_schedule(operation.deployment_id, operation.id)
    apply(platform, operation, scheduler.CancelRequested())
    told = {
        (event.data.get("stack"), event.data.get("status"))
        for event in told_events(platform, operation)
        if "stack" in event.data
    }
    rows = platform.stores.stacks.list(operation.deployment_id, operation.environment)
    done = {
        row.stack
        for row in rows
        if row.operation_id == operation.id and row.status.is_settled and (row.stack, row.status.value) in told
    }
    for stack in sorted(schedule.stacks.keys() - done):
        try:
            record_stack(platform, operation.deployment_id, operation.id, stack, None)
        except CloudError as error:
            # One that can't be recorded must not keep the environment locked; the next operation takes it for failed.
            if error.retryable:
                raise
