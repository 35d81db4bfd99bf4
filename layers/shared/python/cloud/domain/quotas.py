"""What one execution of the state machine may hold, and what a plan needs of it.

The state machine runs its layers and stacks in *inline* Map states, whose iterations share one history and one payload. A
plan that does not fit is refused before anything starts, with every figure: an execution that runs into a quota is ended
by AWS in the middle of a deployment.

Sources, all in the Step Functions Developer Guide ("Service quotas", "Using Map state in Inline mode") and the DynamoDB
Developer Guide ("Service, account, and table quotas"):

- 25,000 events in the history of one Standard execution; the execution fails at that figure.
- 262,144 bytes of input or output of a state, as UTF-8.
- up to 40 concurrent iterations of an inline Map.
- 400 KB for one DynamoDB item, names and values together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cloud.domain.errors import Problem, QuotaExceeded

AWS_HISTORY_EVENTS = 25_000
AWS_PAYLOAD_BYTES = 262_144
AWS_INLINE_ITERATIONS = 40
AWS_ITEM_BYTES = 400 * 1024

MAX_HISTORY_EVENTS = 20_000
"""Our bound. With the largest plan that fits it, three retries of every stack still stay below AWS's 25,000."""

MAX_LAYERS = AWS_INLINE_ITERATIONS
MAX_STACKS_IN_LAYER = AWS_INLINE_ITERATIONS
"""A waiting iteration holds its place, so a Map must never have more items than it may run at once."""

# Events in an execution's history, by the type of the state.
TASK_EVENTS = 5  # TaskStateEntered, TaskScheduled, TaskStarted, TaskSucceeded or TaskFailed, TaskStateExited
TOKEN_TASK_EVENTS = 6  # .waitForTaskToken and .sync: one TaskSubmitted more
CHOICE_EVENTS = 2  # ChoiceStateEntered, ChoiceStateExited
END_EVENTS = 2  # SucceedStateEntered, SucceedStateExited; a Fail state has one
MAP_EVENTS = 4  # MapStateEntered, MapStateStarted, MapStateSucceeded, MapStateExited
ITERATION_EVENTS = 2  # MapIterationStarted, MapIterationSucceeded
EXECUTION_EVENTS = 2  # ExecutionStarted, ExecutionSucceeded
EVENTS_PER_RETRY = 3  # TaskFailed, then TaskScheduled and TaskStarted again

EVENTS_PER_STACK = (
    ITERATION_EVENTS
    + TOKEN_TASK_EVENTS  # AwaitDependencies
    + TASK_EVENTS  # PrepareStack
    + CHOICE_EVENTS  # ChooseExecutor
    + TOKEN_TASK_EVENTS  # RunStackBuild, the longer of the two routes
    + TASK_EVENTS  # RecordStack
)
"""The longest way of one stack through RunLayer, without retries."""

EVENTS_PER_LAYER = ITERATION_EVENTS + MAP_EVENTS  # RunLayer

EVENTS_PER_OPERATION = (
    EXECUTION_EVENTS
    + 5 * TASK_EVENTS  # OpenOperation, PlanDeployment, ConfirmPlan, EvaluateOutcome, FinishOperation
    + 2 * TOKEN_TASK_EVENTS  # RequestApproval, AcquireEnvironment
    + 3 * CHOICE_EVENTS  # IsDuplicate, NeedsApproval, HowItEnded; NeedsEnvironment lies on the shorter way only
    + MAP_EVENTS  # DeployLayers
    + END_EVENTS  # OperationSucceeded
)
"""Everything around the layers on its longest way, without retries."""

RETRIES_PER_STACK = 1
"""Retries that the worst case counts for every stack of the operation; single stacks may have many more."""

PAYLOAD_ENVELOPE_BYTES = 4096
"""Reserved for what else is in the input of DeployLayers: ids, policy, the answers of the states before it."""

SCHEDULE_ENVELOPE_BYTES = 1024
"""Reserved for the keys, the version and the head of the schedule's item."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a plan needs. Bytes are UTF-8; ``history_events`` is without retries, the worst case with them."""

    stacks: int
    layers: int
    widest_layer: int
    history_events: int
    history_events_worst_case: int
    payload_bytes: int
    schedule_bytes: int

    def exceeded(self) -> list[Problem]:
        """One problem for every figure that is over its bound."""
        figures = (
            ("layers", self.layers, MAX_LAYERS, "shorten the longest chain of dependencies"),
            ("stacks in one layer", self.widest_layer, MAX_STACKS_IN_LAYER, "deploy a part with --stack"),
            ("history events", self.history_events_worst_case, MAX_HISTORY_EVENTS, "deploy a part with --stack"),
            ("bytes of state input", self.payload_bytes, AWS_PAYLOAD_BYTES, "deploy a part with --stack"),
            ("bytes of the schedule item", self.schedule_bytes, AWS_ITEM_BYTES, "declare fewer dependencies"),
        )
        return [
            Problem(f"the plan needs {need:,} {what}", expected=f"at most {bound:,}", suggestion=advice)
            for what, need, bound, advice in figures
            if need > bound
        ]

    def require_inline(self, *, deployment_id: str = "") -> None:
        """Raises QuotaExceeded with every exceeded figure when the plan does not fit into inline Maps."""
        problems = self.exceeded()
        if problems:
            figures = "; ".join(f"{problem.message}, {problem.expected} fit" for problem in problems)
            raise QuotaExceeded(
                f"The plan does not fit into one execution: {figures}.",
                hint="Split the deployment, or select a part of it: this version runs no Distributed Maps.",
                problems=problems,
                deployment_id=deployment_id,
            )

    def to_dict(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Budget:
        return cls(**{key: int(value) for key, value in data.items()})


def make_budget(
    layers: Sequence[Sequence[str]], *, dependency_count: int, retries_per_stack: int = RETRIES_PER_STACK
) -> Budget:
    """The budget of a plan: the names of its stacks by layer, and its number of dependencies."""
    stacks = sum(len(layer) for layer in layers)
    return Budget(
        stacks=stacks,
        layers=len(layers),
        widest_layer=max((len(layer) for layer in layers), default=0),
        history_events=history_events(stacks=stacks, layers=len(layers), retries_per_stack=0),
        history_events_worst_case=history_events(
            stacks=stacks, layers=len(layers), retries_per_stack=retries_per_stack
        ),
        payload_bytes=payload_bytes(layers),
        schedule_bytes=schedule_bytes([name for layer in layers for name in layer], dependency_count),
    )


def history_events(*, stacks: int, layers: int, retries_per_stack: int = 0) -> int:
    """Events in the history of the whole execution, at most."""
    per_stack = EVENTS_PER_STACK + retries_per_stack * EVENTS_PER_RETRY
    return EVENTS_PER_OPERATION + layers * EVENTS_PER_LAYER + stacks * per_stack


def map_items(layers: Sequence[Sequence[str]]) -> list[dict[str, list[dict[str, str]]]]:
    """The items of DeployLayers: ``[{"stacks": [{"stack": name}, …]}, …]``."""
    return [{"stacks": [{"stack": name} for name in layer]} for layer in layers]


def payload_bytes(layers: Sequence[Sequence[str]]) -> int:
    """The input of DeployLayers, with the reserve for what else it carries."""
    return PAYLOAD_ENVELOPE_BYTES + len(json.dumps(map_items(layers), separators=(",", ":")).encode())


def schedule_bytes(names: Sequence[str], dependency_count: int) -> int:
    """An upper bound of ``Schedule.to_dict()`` as JSON, blanks included, at its largest: when every stack names its blocker.

    A stack is ``["name", layer, [positions], "s", "blocker"], ``; layers and positions have no more digits than the number
    of stacks.
    """
    digits = len(str(len(names)))
    longest = max((len(name) for name in names), default=0)
    fixed = len('["", , [], "s", ""], ') + digits + longest
    return SCHEDULE_ENVELOPE_BYTES + sum(len(name) + fixed for name in names) + dependency_count * (digits + len(", "))
