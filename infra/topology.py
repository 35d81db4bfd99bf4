"""The control plane's topology, declared once and as data: tables, functions, routes, rules and event sources.

Local mode is built from it, and the control plane's own Pulumi program deploys it; nothing here imports Pulumi or boto3.
What is not declared here does not exist, locally or in AWS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; both keys are strings and all attributes are projected."""

    name: str
    hash_key: str
    range_key: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table, on demand. Its name is ``{prefix}-{name}``; ``stream`` turns on NEW_IMAGE records."""

    name: str
    hash_key: str
    range_key: str = ""
    indexes: tuple[Index, ...] = ()
    stream: bool = False
    ttl: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket, named ``{prefix}-{name}``: versioned, encrypted, TLS only, no public access."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function: ``functions/{name}/handler.py``. ``timeout`` in seconds, ``memory`` in MiB.

    ``tables`` and ``uses`` say what its role may reach (least privilege): table names, and ``artifacts`` (the bucket),
    ``workflow`` (the state machine), ``connections`` (WebSocket), ``vault`` (the key of manifests' secrets), ``lookups`` (what
    placeholders ask AWS), ``state`` (a look at the ETags of Pulumi's states) and ``pulumi``.
    """

    name: str
    timeout: int = 30
    memory: int = 512
    tables: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A REST route: ``path`` as API Gateway writes it (``/deployments/{id}/status``)."""

    method: str
    path: str
    function: str = "serve_api"


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """A WebSocket route: ``$connect``, ``$disconnect`` or ``$default``."""

    key: str
    function: str


@dataclass(frozen=True, slots=True)
class EventSource:
    """A DynamoDB stream that feeds a function. ``batch_size`` in records, ``window`` in seconds."""

    table: str
    function: str
    batch_size: int = 100
    window: int = 0
    key_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bus:
    """A custom EventBridge bus, named ``{prefix}-{name}``."""

    name: str


class RuleTarget(StrEnum):
    STATE_MACHINE = "state-machine"
    FUNCTION = "function"


DEFAULT_BUS = "default"
"""The account's own bus, on which AWS services tell their events; every other one is declared."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An EventBridge rule. ``input_paths`` maps the target's input fields to JSON paths of the event.

    ``of_state_machine`` names the declared machine whose executions alone the rule sees: its ARN, known when it is deployed,
    is added to the pattern's ``detail.stateMachineArn``.
    """

    name: str
    bus: str
    pattern: dict[str, object]
    target: RuleTarget
    target_name: str
    input_paths: dict[str, str] = field(default_factory=dict)
    of_state_machine: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """An EventBridge rule of the default bus that calls a function every ``minutes``."""

    name: str
    minutes: int
    function: str


@dataclass(frozen=True, slots=True)
class StateMachine:
    """``statemachine/{name}.asl.json``; ``substitutions`` maps the names in the file to functions and projects."""

    name: str
    substitutions: dict[str, str]


TABLES = (
    Table(
        "deployments",
        "PK",
        "SK",
        indexes=(Index("GSI1", "organization", "created_at"), Index("GSI2", "org_status", "updated_at")),
        ttl=True,
    ),
    Table(
        "stacks",
        "PK",
        "SK",
        indexes=(Index("GSI1", "org_stack", "updated_at"), Index("GSI2", "org_status", "updated_at")),
    ),
    Table("logs", "PK", "SK", indexes=(Index("GSI1", "deployment_level", "timestamp"),), stream=True, ttl=True),
    Table("metrics", "PK", "SK", ttl=True),
    Table("websocket-connections", "PK", "SK", indexes=(Index("GSI1", "deployment_id", "PK"),), ttl=True),
)

BUCKETS = (Bucket("artifacts"), Bucket("state"))

_STORED = ("deployments", "stacks", "logs")

FUNCTIONS = (
    # The state machine's tasks: state name = folder = function = test file.
    Function("open_operation", tables=_STORED),
    Function("plan_deployment", timeout=60, memory=1024, tables=_STORED, uses=("artifacts", "state", "vault")),
    Function("request_approval", tables=_STORED),
    # It also ends an operation whose execution is gone, which takes what finish_operation takes.
    Function("acquire_environment", timeout=60, tables=(*_STORED, "metrics"), uses=("artifacts", "workflow")),
    Function("confirm_plan", timeout=60, memory=1024, tables=_STORED, uses=("artifacts",)),
    Function("await_dependencies", tables=("deployments",), uses=("workflow",)),
    Function("prepare_stack", timeout=60, tables=_STORED, uses=("artifacts", "lookups", "state", "vault")),
    Function("run_stack", timeout=900, memory=2048, tables=_STORED, uses=("artifacts", "lookups", "pulumi", "vault")),
    Function("record_stack", tables=_STORED, uses=("artifacts", "workflow")),
    Function("evaluate_outcome", tables=_STORED),
    Function("finish_operation", timeout=120, tables=(*_STORED, "metrics"), uses=("artifacts", "workflow")),
    # Looks after operations from the outside. It frees Pulumi's lock of a run that died, which takes the engine.
    Function(
        "reconcile_operation",
        timeout=300,
        memory=2048,
        tables=(*_STORED, "metrics"),
        uses=("artifacts", "pulumi", "workflow"),
    ),
    # The doors.
    Function("serve_api", memory=1024, tables=(*_STORED, "metrics"), uses=("artifacts", "state", "vault", "workflow")),
    Function("open_connection", tables=("websocket-connections",)),
    Function("close_connection", tables=("websocket-connections",)),
    Function("receive_message", tables=(*_STORED, "websocket-connections"), uses=("connections",)),
    Function("broadcast_events", timeout=60, tables=("websocket-connections",), uses=("connections",)),
)

ROUTES = (
    Route("GET", "/health"),
    Route("POST", "/validate/manifest"),
    Route("POST", "/deployments/init"),
    Route("GET", "/deployments"),
    Route("GET", "/deployments/{id}/manifest"),
    Route("PUT", "/deployments/{id}/manifest"),
    Route("POST", "/deployments/{id}/programs"),
    Route("POST", "/deployments/{id}/plan"),
    Route("POST", "/deployments/{id}/deploy"),
    Route("DELETE", "/deployments/{id}"),
    Route("POST", "/deployments/{id}/preview"),
    Route("POST", "/deployments/{id}/refresh"),
    Route("POST", "/deployments/{id}/drift"),
    Route("POST", "/deployments/{id}/retry"),
    Route("POST", "/deployments/{id}/cancel"),
    Route("GET", "/deployments/{id}/status"),
    Route("GET", "/deployments/{id}/outputs"),
    Route("GET", "/deployments/{id}/stacks"),
    Route("GET", "/deployments/{id}/operations"),
    Route("GET", "/deployments/{id}/operations/{operation_id}"),
    Route("POST", "/deployments/{id}/operations/{operation_id}/approve"),
    Route("POST", "/deployments/{id}/operations/{operation_id}/reject"),
    Route("GET", "/deployments/{id}/environments/{environment}/lock"),
    Route("DELETE", "/deployments/{id}/environments/{environment}/lock"),
    Route("GET", "/stacks/{name}/outputs"),
    Route("GET", "/stacks/{name}/status"),
    Route("GET", "/monitoring/deployments/{id}/logs"),
)

SOCKET_ROUTES = (
    SocketRoute("$connect", "open_connection"),
    SocketRoute("$disconnect", "close_connection"),
    SocketRoute("$default", "receive_message"),
)

EVENT_SOURCES = (EventSource("logs", "broadcast_events", key_prefixes=("EVENT#",)),)

BUSES = (Bus("events"),)

RULES = (
    Rule(
        "deploy-requested",
        "events",
        {"detail-type": ["cloud.deploy.requested"]},
        RuleTarget.STATE_MACHINE,
        "deployment",
        {
            "event_id": "$.id",
            "deployment_id": "$.detail.deployment_id",
            "environment": "$.detail.environment",
            "operation": "$.detail.operation",
        },
    ),
    Rule(
        "execution-ended",
        DEFAULT_BUS,
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": ["ABORTED", "FAILED", "TIMED_OUT"]},
        },
        RuleTarget.FUNCTION,
        "reconcile_operation",
        of_state_machine="deployment",
    ),
)

SCHEDULES = (Schedule("sweep-operations", minutes=1, function="reconcile_operation"),)

STATE_MACHINES = (
    StateMachine(
        "deployment",
        {
            "OpenOperationFunction": "open_operation",
            "PlanDeploymentFunction": "plan_deployment",
            "RequestApprovalFunction": "request_approval",
            "AcquireEnvironmentFunction": "acquire_environment",
            "ConfirmPlanFunction": "confirm_plan",
            "AwaitDependenciesFunction": "await_dependencies",
            "PrepareStackFunction": "prepare_stack",
            "RunStackFunction": "run_stack",
            "RecordStackFunction": "record_stack",
            "EvaluateOutcomeFunction": "evaluate_outcome",
            "FinishOperationFunction": "finish_operation",
            "RunStackProject": "run-stack",
        },
    ),
)


def function(name: str) -> Function:
    """The declared function. Raises KeyError."""
    return {declared.name: declared for declared in FUNCTIONS}[name]
