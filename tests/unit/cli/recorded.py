"""A recorded operation: one stack of each fate, as the control plane told it."""

from typing import Any

from cloud.domain.events import Event, EventType
from cloud.domain.operations import OperationKind
from cloud.domain.plan import Plan, StackNode, make_plan

OPERATION_ID = "01JD0000000000000000000000"


def an_operation(**changes: Any) -> dict[str, Any]:
    return {
        "id": OPERATION_ID,
        "deployment_id": "D123456",
        "environment": "dev",
        "kind": "deploy",
        "state": "queued",
        "requester": "ann",
        "selection": {"stacks": [], "only": [], "from": []},
        "options": {"on_failure": None},
        "manifest_version": 1,
        "error": None,
        "created_at": "2026-01-01T12:00:00.000Z",
        "started_at": "",
        "finished_at": "",
        "plan": None,
        "stacks": [],
        **changes,
    }


def a_plan(*, seconds: float = 10.0) -> Plan:
    nodes = {
        "network": StackNode("network", predicted_seconds=seconds),
        "security": StackNode("security", dependencies=("network",), predicted_seconds=seconds),
        "orders": StackNode("orders", dependencies=("network",), predicted_seconds=seconds),
        "invoices": StackNode("invoices", dependencies=("orders",), predicted_seconds=seconds),
    }
    return make_plan(nodes, kind=OperationKind.DEPLOY, deployment_id="D123456", environment="dev")


def an_event(sequence: int, kind: EventType, at: float, /, **data: Any) -> Event:
    timestamp = f"2026-01-01T12:00:{at:06.3f}Z"
    return Event(kind, "D123456", "dev", OPERATION_ID, sequence, timestamp, data)


def a_resource(sequence: int, seconds: float, stack: str, state: str, done: int, **data: Any) -> Event:
    told = {"op": "create", "type": "aws:ec2/vpc:Vpc", "name": "main", "expected": 4, **data}
    return an_event(sequence, EventType.STACK_RESOURCE, seconds, stack=stack, state=state, done=done, **told)


def half_way() -> list[Event]:
    """The network is being deployed."""
    return [
        an_event(1, EventType.DEPLOYMENT_STATUS, 0.1, operation="deploy", state="queued", terminal=False),
        an_event(2, EventType.DEPLOYMENT_STATUS, 0.5, operation="deploy", state="running", status="deploying"),
        an_event(3, EventType.STACK_STATUS, 1.0, stack="network", status="deploying"),
        a_resource(4, 1.5, "network", "started", 0),
        a_resource(5, 2.0, "network", "done", 1),
        a_resource(6, 2.5, "network", "started", 1, type="aws:ec2/subnet:Subnet", name="public-1"),
    ]


def to_the_end() -> list[Event]:
    """The rest: orders fails and blocks invoices, security is done."""
    changes = {"create": 4}
    return [
        an_event(7, EventType.STACK_DEPLOYED, 6.0, stack="network", status="deployed", changes=changes, seconds=5.0),
        an_event(8, EventType.STACK_STATUS, 6.1, stack="orders", status="deploying"),
        an_event(9, EventType.STACK_STATUS, 6.1, stack="security", status="deploying"),
        an_event(10, EventType.LOG_CREATED, 6.3, stack="orders", level="info", message="connecting"),
        an_event(11, EventType.LOG_CREATED, 6.4, stack="orders", level="error", message="no table\nTraceback …"),
        an_event(12, EventType.STACK_FAILED, 6.5, stack="orders", status="failed", reason="no table"),
        an_event(
            13,
            EventType.STACK_SKIPPED,
            6.6,
            stack="invoices",
            status="skipped",
            blocked_by="orders",
            reason="orders failed",
        ),
        an_event(
            14,
            EventType.STACK_DEPLOYED,
            9.0,
            stack="security",
            status="unchanged",
            changes={"same": 2},
            seconds=2.9,
            reason="Pulumi found nothing to change",
        ),
        an_event(
            15, EventType.DEPLOYMENT_STATUS, 9.2, operation="deploy", state="failed", terminal=True, message="failed"
        ),
    ]


def ended() -> dict[str, Any]:
    """The operation as REST shows it in the end."""
    error = {
        "code": "program-failed",
        "message": "no table",
        "hint": "Make the table first.",
        "retryable": False,
        "ids": {},
        "problems": [],
    }
    return an_operation(
        state="failed",
        started_at="2026-01-01T12:00:00.500Z",
        finished_at="2026-01-01T12:00:09.200Z",
        plan=a_plan().to_dict(),
        stacks=[
            {
                "stack": "invoices",
                "status": "skipped",
                "blocked_by": "orders",
                "reason": "orders failed",
                "changes": {},
            },
            {"stack": "network", "status": "deployed", "seconds": 5.0, "changes": {"create": 4}},
            {
                "stack": "orders",
                "status": "failed",
                "reason": "no table",
                "error": error,
                "changes": {},
                "seconds": 99.0,
            },
            {"stack": "security", "status": "unchanged", "seconds": 2.9, "changes": {"same": 2}},
        ],
    )
