"""Every fault that matters, by name, in groups. docs/reliability.md is this table, to read."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.faults_of_operations import APPROVALS, DEFECTS, DELIVERIES, LOCK, RESULTS, STARTS, STORES, WISHES
from tests.faults.faults_of_runs import CLAIMS, PULUMI
from tests.faults.named_fault import Named


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
    Group("Approvals", "Who was told that it is approved needn't come back.", APPROVALS),
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
