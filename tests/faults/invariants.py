"""What must hold when everything is over: rows, Pulumi's state, AWS, the lock and the events tell one story."""

from __future__ import annotations

from cloud.domain.events import Event
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, TaskState
from tests.faults.cloud_model import Checkpoint
from tests.faults.world import World

_STANDING = (StackStatus.DEPLOYED, StackStatus.UNCHANGED, StackStatus.DRIFTED)
_GOOD = {"deployed", "unchanged", "drifted", "destroyed"}
_UNDER_WAY = {None, "deploying", "destroying", "waiting"}


def check(world: World) -> list[str]:
    """Every sentence that is not true of a world in which nothing is under way; those found on the way come first."""
    ledger = world.ledger
    _acknowledged(world)
    _environment_is_free(world)
    for operation in world.operations():
        _ended_once(world, operation)
    for row in world.rows():
        _agrees(world, row)
    for stack in world.graph:
        _state_and_aws(world, stack)
    return ledger.violations


def check_deployed(world: World) -> list[str]:
    """After a plain deploy that had no fault: all is there, as the programs want it, and nothing else."""
    _ended_well(world)
    must = world.ledger.must
    expected: dict[str, str] = {}
    rows = {row.stack: row for row in world.rows()}
    for stack in _in_order(world):
        program, state = world.programs[stack], world.model.checkpoint(world.pulumi_stack(stack))
        given = {f"shop:from_{need}": expected[need] for need in world.graph[stack]}
        outputs = program.outputs(stack, given)
        expected[stack] = outputs["id"]
        has = {name: known.revision for name, known in state.resources.items()}
        must(has == program.wants(stack), f"{stack} has {has} and should have {program.wants(stack)}")
        must(dict(state.outputs) == outputs, f"{stack} exports {state.outputs} and should export {outputs}")
        row = rows.get(stack)
        must(row is not None and row.status in _STANDING, f"{stack} is not deployed: {row.status if row else 'no row'}")
        kept = row is not None and row.state_etag == f"etag-{state.etag}"
        must(kept, f"{stack} would run again for nothing: its row knows another state than there is")
    return check(world)


def check_destroyed(world: World) -> list[str]:
    """After a plain destroy that had no fault: nothing is left."""
    _ended_well(world)
    must = world.ledger.must
    left = sorted(f"{each.stack}/{each.name}" for each in world.model.aws.resources.values())
    must(not left, f"left in AWS: {', '.join(left)}")
    return check(world)


def _ended_well(world: World) -> None:
    last = world.operations()[-1]
    good = last.state in (TaskState.SUCCEEDED, TaskState.COMPLETED)
    world.ledger.must(good, f"the {last.kind} afterwards ended as {last.state}: {last.error}")


def _acknowledged(world: World) -> None:
    must, known = world.ledger.must, {operation.id: operation for operation in world.operations()}
    for operation_id in filter(None, world.asked.values()):
        must(operation_id in known, f"operation {operation_id} was acknowledged, and does not exist")
    for operation_id in world.cancelled:
        must(known[operation_id].state.is_terminal, f"the cancelled operation {operation_id} never ended")
    asked, made = len(world.asked), len(known)
    must(made <= asked, f"{asked} operations were asked for, and there are {made}")


def _environment_is_free(world: World) -> None:
    must, lock = world.ledger.must, world.stores.operations.get_lock(world.deployment_id, "dev")
    must(lock.owner is None, f"the environment is still held by {lock.owner.operation_id if lock.owner else ''}")
    must(not lock.queue, "somebody still waits for the environment")
    for row in world.rows():
        must(row.claim is None, f"{row.stack} is still claimed")
    for stack in world.graph:
        must(not world.model.checkpoint(world.pulumi_stack(stack)).lock, f"Pulumi's lock on {stack} was left behind")


def _ended_once(world: World, operation: Operation) -> None:
    must, ledger = world.ledger.must, world.ledger
    must(operation.state.is_terminal, f"operation {operation.id} is still {operation.state}")
    events = _events(world, operation)
    numbers = [event.sequence for event in events]
    must(numbers == list(range(1, len(events) + 1)), f"the events of {operation.id} have a gap")
    ends = [event.sequence for event in events if event.data.get("terminal")]
    must(ends == [len(events)], f"operation {operation.id} told its end at {ends} of {len(events)} events")
    if events:
        must(
            events[-1].data.get("state") == operation.state.value,
            f"operation {operation.id} told another end than it has",
        )
    told: dict[str, set[str]] = {}
    for event in events:
        if "stack" in event.data and event.data.get("status") not in _UNDER_WAY:
            told.setdefault(event.data["stack"], set()).add(event.data["status"])
    if operation.started_at and operation.kind is not OperationKind.DRIFT:
        schedule, _ = world.stores.operations.get_schedule(world.deployment_id, operation.id)
        must(schedule.is_finished, f"some stack of operation {operation.id} never ended")
        for stack in schedule.stacks:
            must(len(told.get(stack, ())) == 1, f"{stack} of {operation.id} was told as {sorted(told.get(stack, ()))}")
    finished = {(each.operation_id, each.stack) for each in world.model.finished} | ledger.unchanged
    for stack, statuses in told.items():
        key, good, said = (operation.id, stack), bool(statuses & _GOOD), ", ".join(sorted(statuses))
        must(good or key not in ledger.reported, f"{stack} of {operation.id} succeeded, and was told as {said}")
        if not operation.kind.only_looks:
            must(not good or key in finished, f"{stack} of {operation.id} was told as {said}; Pulumi never finished it")


def _events(world: World, operation: Operation) -> list[Event]:
    found: list[Event] = []
    while page := world.stores.events.read(world.deployment_id, operation.id, after=len(found), limit=500):
        found.extend(page)
    return found


def _agrees(world: World, row: StackRecord) -> None:
    """The row against Pulumi's state."""
    must, state = world.ledger.must, world.model.checkpoint(world.pulumi_stack(row.stack))
    must(row.status.is_settled, f"the row of {row.stack} is still {row.status}")
    must(row.is_recorded and row.report is None, f"the result of {row.stack} was never made of its report")
    must(
        state.is_empty or row.is_deployed, f"Pulumi's state of {row.stack} holds something, and its row says it is gone"
    )
    if row.status in _STANDING and row.status is not StackStatus.DRIFTED:
        must(not state.pending, f"{row.stack} is {row.status} with pending operations")
        must(
            dict(row.outputs) == dict(state.outputs),
            f"the row of {row.stack} has {row.outputs}, Pulumi {state.outputs}",
        )
        must(row.resource_count == len(state.resources), f"the row of {row.stack} counts other resources than Pulumi")
    if row.status is StackStatus.DESTROYED:
        must(state.is_empty, f"{row.stack} is destroyed, and Pulumi's state is not empty")
    if row.fingerprint and row.state_etag == f"etag-{state.etag}":
        must(not state.pending, f"{row.stack} could be taken for unchanged, with pending operations")


def _state_and_aws(world: World, stack: str) -> None:
    """Pulumi's state against AWS: the same resources, or noted as pending."""
    must, name = world.ledger.must, world.pulumi_stack(stack)
    state: Checkpoint = world.model.checkpoint(name)
    there = world.model.aws.of(name)
    names = [each.name for each in there]
    must(len(set(names)) == len(names), f"{stack} has a resource twice in AWS: {sorted(names)}")
    known = {each.id for each in state.resources.values()}
    for resource in there:
        noted = resource.id in known or resource.name in state.pending
        must(noted, f"{resource.name} is in AWS, and Pulumi's state knows nothing of it")
    for each, where in state.resources.items():
        exists = where.id in world.model.aws.resources
        must(exists or each in state.pending, f"{each} is in Pulumi's state, and not in AWS")
        if exists and each not in state.pending:
            actual = world.model.aws.resources[where.id].revision
            must(
                actual == where.revision, f"{each} has revision {actual} in AWS and {where.revision} in Pulumi's state"
            )


def _in_order(world: World) -> list[str]:
    done: list[str] = []
    while len(done) < len(world.graph):
        done += [n for n, needs in world.graph.items() if n not in done and all(need in done for need in needs)]
    return done
