"""What must hold at the moment when Pulumi starts for a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud.domain.operations import OperationKind
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunRequest

if TYPE_CHECKING:
    from tests.faults.world import World

STANDING = (StackStatus.DEPLOYED, StackStatus.UNCHANGED, StackStatus.DRIFTED)
CANCEL_SECONDS = 60.0
"""A run that was let through just before a cancel begins within this time, however slow its calls are."""


def look_at_a_start(world: World, request: RunRequest) -> None:
    """The environment is the operation's, there is room for the run, and what the stack needs is done."""
    if request.kind.only_looks:
        return
    must, of, stack = world.ledger.must, request.operation_id, request.stack
    owner = world.stores.operations.get_lock(world.deployment_id, "dev").owner
    must(owner is not None and owner.operation_id == of, f"a run of {stack} began for {of}, which holds no environment")
    cancelled = world.cancelled.get(of)
    in_time = cancelled is None or world.tasks.now - cancelled < CANCEL_SECONDS
    must(in_time, f"a run of {stack} began a minute after {of} was cancelled")
    at_work = [other for task, other in world.model.live.items() if other.operation_id == of and not task.ended]
    must(len(at_work) < world.max_parallel, f"more than {world.max_parallel} stacks of {of} run at once")
    if request.kind is OperationKind.DEPLOY:
        rows = {row.stack: row for row in world.rows()}
        lacking = [need for need in world.graph[stack] if need not in rows or rows[need].status not in STANDING]
        must(not lacking, f"{stack} began before {', '.join(lacking)}")
    if request.kind is OperationKind.DESTROY:
        above = [name for name, needs in world.graph.items() if stack in needs and _stands(world, name)]
        must(not above, f"{stack} was about to be destroyed under {', '.join(above)}")


def _stands(world: World, stack: str) -> bool:
    return bool(world.model.checkpoint(world.pulumi_stack(stack)).resources)
