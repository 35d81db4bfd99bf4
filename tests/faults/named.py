"""Every fault that matters, by name: where it strikes and how the operation ends. docs/reliability.md is this table, to read.

The stage is ``network`` and, on top of it, ``app``; each has two resources. ``state`` and the stacks' ends are those of the
first operation; afterwards the world must be in order, and a plain deploy (or destroy) must bring about what is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.points import Fault, Kind

GRAPH = {"network": (), "app": ("network",)}
TASKS = (
    "open_operation",
    "plan_deployment",
    "acquire_environment",
    "confirm_plan",
    "await_dependencies network",
    "prepare_stack network",
    "record_stack network",
    "evaluate_outcome",
    "finish_operation",
)
"""Every task of the state machine but RunStack, which is never repeated."""
_WRITES_NOTHING = ("open_operation", "evaluate_outcome")

DONE: Mapping[str, str] = {"network": "deployed", "app": "deployed"}
GONE: Mapping[str, str] = {"network": "destroyed", "app": "destroyed"}
FAILED: Mapping[str, str] = {"network": "failed", "app": "skipped"}
CANCELLED: Mapping[str, str] = {"network": "cancelled", "app": "cancelled"}


@dataclass(frozen=True)
class Named:
    """``plot`` is one of scenarios.PLOTS. Where the end depends on who is faster, ``state`` is one ``or`` another, and
    ``stacks`` None. ``runs`` counts Pulumi's runs of ``network`` in the first operation."""

    name: str
    faults: tuple[Fault, ...]
    state: str
    stacks: Mapping[str, str] | None
    plot: str = "deploy"
    runs: int | None = 1
    of: str = "deploy"


def at(point: str, kind: Kind, occurrence: int = 1, seconds: float = 0.0) -> tuple[Fault, ...]:
    return (Fault(point, kind, occurrence, seconds),)


_MID_CREATE = "pulumi network: before create network-1"
_SLOW = at(_MID_CREATE, Kind.DELAY, 1, 5.0)
"""So that nobody has to be faster than the creation."""
_RUN = "run_stack network"
_RECORD = "record_stack network"

PULUMI = (
    Named("runner killed before a create", at(_MID_CREATE, Kind.KILL), "failed", FAILED),
    Named(
        "runner killed after a create, before it is recorded",
        at("pulumi network: after create network-1", Kind.KILL),
        "failed",
        FAILED,
    ),
    Named(
        "runner killed between two resources",
        at("pulumi network: after recording network-1", Kind.KILL),
        "failed",
        FAILED,
    ),
    Named(
        "runner killed before outputs are recorded", at("pulumi network: before outputs", Kind.KILL), "failed", FAILED
    ),
    Named("runner killed after outputs are recorded", at("pulumi network: after outputs", Kind.KILL), "failed", FAILED),
    Named(
        "runner killed in a destroy, before a delete",
        at("pulumi app: before delete app-2", Kind.KILL),
        "failed",
        {"app": "failed", "network": "skipped"},
        plot="deploy then destroy",
        of="destroy",
        runs=0,
    ),
    Named(
        "runner killed in a destroy, after a delete",
        at("pulumi app: after delete app-2", Kind.KILL),
        "failed",
        {"app": "failed", "network": "skipped"},
        plot="deploy then destroy",
        of="destroy",
        runs=0,
    ),
    Named("pulumi alone killed in a create", at(_MID_CREATE, Kind.KILL_ENGINE), "failed", FAILED),
    Named(
        "runner killed while a killed run is settled",
        (*at("pulumi network: after create network-1", Kind.KILL), *at("pulumi network: before settling *", Kind.KILL)),
        "failed",
        FAILED,
        plot="deploy then retry",
    ),
)

CLAIMS = (
    Named(
        "runner killed before its claim", at(f"{_RUN}: before stacks.put claim", Kind.KILL), "failed", FAILED, runs=0
    ),
    Named("runner killed after its claim", at(f"{_RUN}: after stacks.put claim", Kind.KILL), "failed", FAILED, runs=0),
    Named("runner killed before its report", at(f"{_RUN}: before stacks.put report", Kind.KILL), "failed", FAILED),
    Named("runner killed after its report", at(f"{_RUN}: after stacks.put report", Kind.KILL), "succeeded", DONE),
    Named("runner's answer lost", at(f"{_RUN}: answer", Kind.LOSE), "succeeded", DONE),
    Named("runner hangs until its time limit", at(f"{_RUN}: before events.append", Kind.HANG), "failed", FAILED),
    Named("claim throttled", at(f"{_RUN}: before stacks.put claim", Kind.THROTTLE), "failed", FAILED, runs=0),
    Named("claim's answer lost", at(f"{_RUN}: after stacks.put claim", Kind.LOSE), "failed", FAILED, runs=0),
    Named("report throttled", at(f"{_RUN}: before stacks.put report", Kind.THROTTLE), "succeeded", DONE),
    Named("report's answer lost", at(f"{_RUN}: after stacks.put report", Kind.LOSE), "succeeded", DONE),
    Named("run's events throttled", at(f"{_RUN}: before events.append", Kind.THROTTLE), "succeeded", DONE),
    Named("run's invocation refused", at(f"{_RUN}: invoke", Kind.REFUSE), "succeeded", DONE),
    Named("run's invocation failed", at(f"{_RUN}: invoke", Kind.BREAK), "failed", FAILED, runs=0),
    Named("run delivered twice", at(f"{_RUN}: invoke", Kind.TWICE), "succeeded", DONE),
    Named("run is late and unheard", at(f"{_RUN}: invoke", Kind.UNHEARD), "succeeded or failed", None, runs=None),
    Named(
        "run goes on unheard",
        (*at(f"{_RUN}: invoke", Kind.UNHEARD), *at(f"{_RECORD}: invoke", Kind.DELAY, 1, 0.05)),
        "succeeded",
        DONE,
    ),
    Named("run delivered again when all is over", at(f"{_RUN}: invoke", Kind.LATE, 1, 1000.0), "succeeded", DONE),
    Named(
        "heartbeat hangs for a while",
        (*at(_MID_CREATE, Kind.DELAY, 1, 40.0), *at(f"{_RUN}: before stacks.put heartbeat", Kind.DELAY, 1, 15.0)),
        "succeeded",
        DONE,
    ),
    Named(
        "heartbeat hangs until the run is taken for dead",
        (*at(_MID_CREATE, Kind.DELAY, 1, 100.0), *at(f"{_RUN}: before stacks.put heartbeat", Kind.DELAY, 1, 58.0)),
        "failed",
        FAILED,
    ),
    Named(
        "heartbeat hangs, and the execution is stopped",
        (
            *at(_MID_CREATE, Kind.DELAY, 1, 100.0),
            *at(f"{_RUN}: before stacks.put heartbeat", Kind.STOP),
            *at(f"{_RUN}: before stacks.put heartbeat", Kind.DELAY, 1, 58.0),
        ),
        "error",
        None,
        plot="two deploys",
    ),
)

RESULTS = (
    Named("killed between row and event", at(f"{_RECORD}: after stacks.put result", Kind.KILL), "succeeded", DONE),
    Named("killed between event and schedule", at(f"{_RECORD}: after events.append", Kind.KILL), "succeeded", DONE),
    Named("killed between schedule and token", at(f"{_RECORD}: before workflow.succeed", Kind.KILL), "succeeded", DONE),
    Named("token lost", at(f"{_RECORD}: before workflow.succeed", Kind.DROP), "succeeded", DONE),
    Named("token's answer lost", at(f"{_RECORD}: after workflow.succeed", Kind.LOSE), "succeeded", DONE),
    Named("row's answer lost", at(f"{_RECORD}: after stacks.put result", Kind.LOSE), "succeeded", DONE),
    Named("event's answer lost", at(f"{_RECORD}: after events.append", Kind.LOSE), "succeeded", DONE),
    Named("schedule's answer lost", at(f"{_RECORD}: after operations.put_schedule", Kind.LOSE), "succeeded", DONE),
)

LOCK = (
    Named(
        "killed after the ticket", at("acquire_environment: after operations.put_lock", Kind.KILL), "error", {}, runs=0
    ),
    Named("ticket's answer lost", at("acquire_environment: after operations.put_lock", Kind.LOSE), "succeeded", DONE),
    Named(
        "killed between the end and the release",
        at("finish_operation: before operations.put_lock", Kind.KILL),
        "succeeded",
        DONE,
        plot="two deploys",
    ),
    Named(
        "killed between the release and the next one's token",
        at("finish_operation: after operations.put_lock", Kind.KILL),
        "succeeded",
        DONE,
        plot="two deploys",
    ),
    Named(
        "the next one's token lost",
        at("finish_operation: before workflow.succeed", Kind.DROP),
        "succeeded",
        DONE,
        plot="two deploys",
    ),
    Named(
        "every attempt of the last step dies",
        tuple(Fault("finish_operation: before operations.put *", Kind.KILL, attempt) for attempt in range(1, 5)),
        "succeeded",
        DONE,
        plot="two deploys",
    ),
)

WISHES = (
    Named("cancelled in a create", (*at(_MID_CREATE, Kind.CANCEL), *_SLOW), "cancelled", CANCELLED),
    Named("cancelled by force in a create", (*at(_MID_CREATE, Kind.FORCE), *_SLOW), "cancelled", CANCELLED),
    Named("cancelled before the run", at(f"{_RUN}: invoke", Kind.CANCEL), "cancelled", CANCELLED, runs=None),
    Named("cancelled before the plan", at("plan_deployment: invoke", Kind.CANCEL), "cancelled", {}, runs=0),
    Named("cancelled when all is done", at("finish_operation: invoke", Kind.CANCEL), "succeeded", DONE),
    Named("execution stopped in a create", (*at(_MID_CREATE, Kind.STOP), *_SLOW), "error", CANCELLED),
    Named("execution stopped before the plan", at("plan_deployment: invoke", Kind.STOP), "error", {}, runs=0),
    Named("execution stopped in its last step", at("finish_operation: invoke", Kind.STOP), "succeeded", DONE),
    Named(
        "execution stopped, and its event lost",
        (*at(_MID_CREATE, Kind.STOP), *_SLOW, *at("reconcile_operation status*: invoke", Kind.HANG)),
        "error",
        None,
    ),
    Named(
        "reconciler killed in the middle",
        (*at(_MID_CREATE, Kind.STOP), *_SLOW, *at("reconcile_operation *: after events.append", Kind.KILL, 2)),
        "error",
        CANCELLED,
    ),
    Named(
        "two reconcilers at once",
        (*at(_MID_CREATE, Kind.STOP), *_SLOW, *at("reconcile_operation *: invoke", Kind.TWICE)),
        "error",
        CANCELLED,
    ),
)

STARTS = (
    Named(
        "killed between the row and StartExecution",
        at("serve_api start deploy: before workflow.start", Kind.KILL),
        "succeeded",
        DONE,
    ),
    Named(
        "killed after StartExecution", at("serve_api start deploy: after workflow.start", Kind.KILL), "succeeded", DONE
    ),
    Named("start's answer lost", at("serve_api start deploy: answer", Kind.LOSE), "succeeded", DONE),
    Named("start delivered twice", at("serve_api start deploy: invoke", Kind.TWICE), "succeeded", DONE),
)

DELIVERIES = tuple(
    Named(f"{task} {kind}", at(f"{task}: {where}", kind, 1, seconds), "succeeded", DONE)
    for task in TASKS
    for where, kind, seconds in (
        ("invoke", Kind.REFUSE, 0.0),
        ("invoke", Kind.BREAK, 0.0),
        ("invoke", Kind.TWICE, 0.0),
        ("invoke", Kind.UNHEARD, 0.0),
        ("invoke", Kind.LATE, 1000.0),
        ("invoke", Kind.DELAY, 20.0),
        ("answer", Kind.LOSE, 0.0),
    )
)


STORES = (
    *(
        Named(f"{task} throttled by DynamoDB", at(f"{task}: before *", Kind.THROTTLE), "succeeded", DONE)
        for task in TASKS
    ),
    *(
        Named(f"{task} loses DynamoDB's answer", at(f"{task}: after *", Kind.LOSE), "succeeded", DONE)
        for task in TASKS
        if task not in _WRITES_NOTHING
    ),
    Named("run_stack network throttled by DynamoDB", at(f"{_RUN}: before *", Kind.THROTTLE), "failed", FAILED, runs=0),
)

DEFECTS = (
    *(
        Named(f"a defect in {task}", at(f"{task}: before *", Kind.RAISE), "error", {}, runs=0)
        for task in ("open_operation", "plan_deployment", "acquire_environment", "confirm_plan")
    ),
    *(
        Named(f"a defect in {task} network", at(f"{task} network: before *", Kind.RAISE), "failed", FAILED, runs=0)
        for task in ("await_dependencies", "prepare_stack", "run_stack")
    ),
    Named("a defect in evaluate_outcome", at("evaluate_outcome: before *", Kind.RAISE), "error", DONE),
    *(
        Named(f"a defect in {task}, once", at(f"{task}: before *", Kind.RAISE), "succeeded", DONE)
        for task in ("record_stack network", "finish_operation")
    ),
)


@dataclass(frozen=True)
class Group:
    """Faults that belong together; ``text`` says what they have in common."""

    title: str
    text: str
    faults: tuple[Named, ...]


GROUPS = (
    Group(
        "Inside Pulumi",
        "An operation is noted in Pulumi's state before AWS is asked. The next run looks in AWS for what was pending, and "
        "takes it or makes it; it never repeats blindly.",
        PULUMI,
    ),
    Group(
        "Around a run",
        "A runner holds the stack's claim while it runs, and leaves its report and the claim in one write. What has a report "
        "counts; what has none is failed once the claim is silent.",
        CLAIMS,
    ),
    Group(
        "Results and wake-ups",
        "RecordStack writes the row, tells it, writes the schedule, then sends the tokens. Repeating it does what is missing.",
        RESULTS,
    ),
    Group(
        "The environment's lock",
        "The last step frees the environment, and wakes the next. The reconciler does it for a last step that died.",
        LOCK,
    ),
    Group("What people do", "A cancel and a stopped execution end in one state, and nothing runs on.", WISHES),
    Group("Starts", "However often a start is asked for and answered, with one key it is one operation.", STARTS),
    Group(
        "DynamoDB",
        "AWS's clients repeat by themselves; what still fails is repeated by the state machine, except a run, which is never "
        "begun twice.",
        STORES,
    ),
    Group(
        "Defects",
        "What no code expects ends the operation as the platform's error, or its stack as failed; the last resorts are tried "
        "again.",
        DEFECTS,
    ),
    Group(
        "Deliveries of the other tasks",
        "Refused, failed, delivered twice or much later, late, or with its answer lost: no delivery of a task changes the end.",
        DELIVERIES,
    ),
)
NAMED = tuple(fault for group in GROUPS for fault in group.faults)
