"""Faults of everything around the runs: results, the lock, people, starts, deliveries."""

from __future__ import annotations

from tests.faults.named_fault import CANCELLED, DONE, FAILED, MID_CREATE, RECORD, RUN, SLOW, Named, at
from tests.faults.points import Fault, Kind

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

RESULTS = (
    Named("killed between row and event", at(f"{RECORD}: after stacks.put result", Kind.KILL), "succeeded", DONE),
    Named("killed between event and schedule", at(f"{RECORD}: after events.append", Kind.KILL), "succeeded", DONE),
    Named("killed between schedule and token", at(f"{RECORD}: before workflow.succeed", Kind.KILL), "succeeded", DONE),
    Named("token lost", at(f"{RECORD}: before workflow.succeed", Kind.DROP), "succeeded", DONE),
    Named("token's answer lost", at(f"{RECORD}: after workflow.succeed", Kind.LOSE), "succeeded", DONE),
    Named("row's answer lost", at(f"{RECORD}: after stacks.put result", Kind.LOSE), "succeeded", DONE),
    Named("event's answer lost", at(f"{RECORD}: after events.append", Kind.LOSE), "succeeded", DONE),
    Named("schedule's answer lost", at(f"{RECORD}: after operations.put_schedule", Kind.LOSE), "succeeded", DONE),
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
    Named("cancelled in a create", (*at(MID_CREATE, Kind.CANCEL), *SLOW), "cancelled", CANCELLED),
    Named("cancelled by force in a create", (*at(MID_CREATE, Kind.FORCE), *SLOW), "cancelled", CANCELLED),
    Named("cancelled before the run", at(f"{RUN}: invoke", Kind.CANCEL), "cancelled", CANCELLED, runs=None),
    Named("cancelled before the plan", at("plan_deployment: invoke", Kind.CANCEL), "cancelled", {}, runs=0),
    Named("cancelled when all is done", at("finish_operation: invoke", Kind.CANCEL), "succeeded", DONE),
    Named("execution stopped in a create", (*at(MID_CREATE, Kind.STOP), *SLOW), "error", CANCELLED),
    Named("execution stopped before the plan", at("plan_deployment: invoke", Kind.STOP), "error", {}, runs=0),
    Named("execution stopped in its last step", at("finish_operation: invoke", Kind.STOP), "succeeded", DONE),
    Named(
        "execution stopped, and its event lost",
        (*at(MID_CREATE, Kind.STOP), *SLOW, *at("reconcile_operation status*: invoke", Kind.HANG)),
        "error",
        None,
    ),
    Named(
        "reconciler killed in the middle",
        (*at(MID_CREATE, Kind.STOP), *SLOW, *at("reconcile_operation *: after events.append", Kind.KILL, 2)),
        "error",
        CANCELLED,
    ),
    Named(
        "two reconcilers at once",
        (*at(MID_CREATE, Kind.STOP), *SLOW, *at("reconcile_operation *: invoke", Kind.TWICE)),
        "error",
        CANCELLED,
    ),
)

APPROVALS = (
    Named("request's answer lost", at("request_approval: answer", Kind.LOSE), "succeeded", DONE, plot="approve"),
    Named("request goes on unheard", at("request_approval: invoke", Kind.UNHEARD), "succeeded", DONE, plot="approve"),
    Named("request delivered twice", at("request_approval: invoke", Kind.TWICE), "succeeded", DONE, plot="approve"),
    Named(
        "killed between the decision and its token",
        at("serve_api approve: before workflow.succeed", Kind.KILL),
        "succeeded",
        DONE,
        plot="approve",
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
    Named("run_stack network throttled by DynamoDB", at(f"{RUN}: before *", Kind.THROTTLE), "failed", FAILED, runs=0),
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
