"""The ports to everything that is stored.

Adapters: ``cloud.adapters.dynamodb`` and ``cloud.adapters.s3``, and their shipped siblings in ``cloud.adapters.memory``;
all pass ``tests/contract``. Every read is one Query or GetItem; every write is conditional. A write that lost its race
raises StaleWrite, a second create AlreadyExists, a missing row NotFound. A put gives the record with its new version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cloud.domain.events import Event, NewEvent
from cloud.domain.operations import Operation
from cloud.domain.records import (
    Connection,
    Deployment,
    EnvironmentLock,
    EnvironmentRecord,
    LogLine,
    Registration,
    StackRecord,
)
from cloud.domain.schedule import Schedule
from cloud.domain.states import StackStatus

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. ``cursor`` is opaque, empty on the last page."""

    items: tuple[Item, ...]
    cursor: str = ""


class DeploymentStore(Protocol):
    """Table ``deployments``: METADATA, ENV#, REGISTRY#, IDEMPOTENCY#."""

    def create(self, deployment: Deployment) -> Deployment:
        """Raises AlreadyExists when the id is taken."""
        ...

    def get(self, deployment_id: str) -> Deployment:
        """Raises NotFound."""
        ...

    def list_by_org(self, org: str, *, limit: int = 50, cursor: str = "") -> Page[Deployment]:
        """Newest first."""
        ...

    def put(self, deployment: Deployment) -> Deployment:
        """Replace the row that has ``deployment.version``. Raises StaleWrite."""
        ...

    def get_environment(self, deployment_id: str, environment: str) -> EnvironmentRecord:
        """Raises NotFound."""
        ...

    def list_environments(self, deployment_id: str) -> tuple[EnvironmentRecord, ...]:
        """By name."""
        ...

    def put_environment(self, record: EnvironmentRecord) -> EnvironmentRecord:
        """Create (version 0) or replace. Raises StaleWrite."""
        ...

    def register_stacks(self, registrations: Sequence[Registration]) -> None:
        """Put each; the last write wins (a registration only names a program that exists)."""
        ...

    def registrations(self, deployment_id: str) -> Mapping[str, Registration]:
        """By stack name."""
        ...

    def remember(self, deployment_id: str, key: str, value: str, *, expires_at: int) -> str:
        """The value first remembered under an idempotency key: ``value``, or the earlier one when there is one."""
        ...


class OperationStore(Protocol):
    """Table ``deployments``: OPERATION#, SCHEDULE#, TOKEN#, LOCK#."""

    def create(self, operation: Operation) -> Operation:
        """Raises AlreadyExists when the operation's id is taken."""
        ...

    def get(self, deployment_id: str, operation_id: str) -> Operation: ...

    def put(self, operation: Operation) -> Operation:
        """Replace the row that has ``operation.version``. Raises StaleWrite."""
        ...

    def list(self, deployment_id: str, *, limit: int = 20, cursor: str = "") -> Page[Operation]:
        """Newest first."""
        ...

    def list_unsettled(self, *, limit: int = 100, cursor: str = "") -> Page[Operation]:
        """The operations of all deployments that are not ``settled``, oldest first, as they were a moment ago."""
        ...

    def claim_start(self, deployment_id: str, key: str, operation_id: str) -> str:
        """Bind a start key (event id or execution ARN) to an operation once; gives the operation id that holds it."""
        ...

    def create_schedule(self, deployment_id: str, operation_id: str, schedule: Schedule) -> None:
        """Idempotent: a schedule that is there already is kept (PlanDeployment may be retried)."""
        ...

    def get_schedule(self, deployment_id: str, operation_id: str) -> tuple[Schedule, int]:
        """The schedule and its version, read consistently. Raises NotFound."""
        ...

    def put_schedule(self, deployment_id: str, operation_id: str, schedule: Schedule, version: int) -> None:
        """Replace the schedule that has ``version``. Raises StaleWrite."""
        ...

    def put_token(self, deployment_id: str, operation_id: str, name: str, token: str, attempt: str) -> None:
        """Keep the task token under ``name`` (a stack, or a state such as ``AcquireEnvironment``).

        Attempts compare as texts. Raises StaleWrite when the token of a later one is there: this delivery came too late.
        """
        ...

    def get_tokens(self, deployment_id: str, operation_id: str, names: Sequence[str]) -> Mapping[str, str]:
        """The tokens that are there, read consistently."""
        ...

    def get_lock(self, deployment_id: str, environment: str) -> EnvironmentLock:
        """The lock, read consistently; an empty one (version 0) when there is no row."""
        ...

    def put_lock(self, lock: EnvironmentLock) -> EnvironmentLock:
        """Create (version 0) or replace. Raises StaleWrite."""
        ...


class StackStore(Protocol):
    """Table ``stacks``."""

    def get(self, deployment_id: str, stack: str, environment: str) -> StackRecord | None: ...

    def get_many(self, deployment_id: str, stacks: Sequence[str], environment: str) -> Mapping[str, StackRecord]:
        """Those that exist, by stack name, read consistently."""
        ...

    def list(self, deployment_id: str, environment: str = "") -> tuple[StackRecord, ...]:
        """All stacks of a deployment (of one environment), by name."""
        ...

    def list_by_status(self, org: str, status: StackStatus, *, limit: int = 50, cursor: str = "") -> Page[StackRecord]:
        """Newest first."""
        ...

    def put(self, record: StackRecord) -> StackRecord:
        """Create (version 0) or replace the row that has ``record.version``. Raises StaleWrite."""
        ...


class EventLog(Protocol):
    """Table ``logs``: EVENT# rows and log lines."""

    def append(
        self, deployment_id: str, environment: str, operation_id: str, events: Sequence[NewEvent]
    ) -> tuple[Event, ...]:
        """Number and store the events, in batches of at most 50, each in one transaction with the operation's counter.

        Concurrent appends interleave by batch; the sequence of an operation has no gaps and no number twice. The batch that
        holds the operation's last event (``domain.events.closes``) closes its log: what comes later is neither stored nor
        given, so that two who tell the end at once tell it once.
        """
        ...

    def read(self, deployment_id: str, operation_id: str, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        """Events with a sequence above ``after``, in order. One that is missing between them is stored no more."""
        ...

    def write_lines(self, lines: Sequence[LogLine]) -> None:
        """Store log lines (an empty id gets one)."""
        ...

    def recent_lines(self, deployment_id: str, *, since: str = "", limit: int = 100, cursor: str = "") -> Page[LogLine]:
        """Log lines from ``since`` on (RFC 3339), newest first when ``since`` is empty, else oldest first."""
        ...

    def lines_by_level(self, deployment_id: str, level: str, *, limit: int = 100, cursor: str = "") -> Page[LogLine]:
        """Newest first."""
        ...


class MetricStore(Protocol):
    """Table ``metrics``."""

    def record(self, name: str, timestamp: str, value: float, labels: Mapping[str, str]) -> None: ...


class ConnectionStore(Protocol):
    """Table ``websocket-connections``: META and SUB# items."""

    def open(self, connection: Connection) -> None: ...

    def get(self, connection_id: str) -> Connection:
        """Raises NotFound."""
        ...

    def touch(self, connection_id: str, last_ping: str) -> bool:
        """Note a sign of life, and say whether the connection is known; one that is gone stays gone."""
        ...

    def close(self, connection_id: str) -> None:
        """Remove the connection with its subscriptions; closing twice is no error."""
        ...

    def subscribe(self, connection_id: str, deployment_id: str) -> None:
        """From when this returns ``subscribers`` lists the connection. Raises NotFound when it is gone."""
        ...

    def unsubscribe(self, connection_id: str, deployment_id: str) -> None: ...

    def subscribers(self, deployment_id: str) -> tuple[str, ...]:
        """Ids of the connections that follow a deployment."""
        ...


class ArtifactStore(Protocol):
    """Bucket ``artifacts``: programs by digest, manifests by version, records of operations."""

    def presign_program(self, digest: str, *, expires_seconds: int = 900) -> str:
        """A URL that takes one PUT of the zip whose SHA-256 (hex) is ``digest``."""
        ...

    def has_program(self, digest: str) -> bool: ...

    def put_program(self, data: bytes) -> str:
        """Store a zip under its SHA-256 (hex) and give the digest; storing it again changes nothing."""
        ...

    def get_program(self, digest: str) -> bytes:
        """Raises NotFound, and StateError when the bytes don't have that digest."""
        ...

    def put_manifest(self, deployment_id: str, version: int, document: Mapping[str, Any]) -> None:
        """Raises AlreadyExists: a version is written once. ``document`` is JSON."""
        ...

    def get_manifest(self, deployment_id: str, version: int) -> Mapping[str, Any]:
        """Raises NotFound."""
        ...

    def put_record(self, deployment_id: str, operation_id: str, name: str, document: Mapping[str, Any]) -> None:
        """Write ``history/{deployment}/{operation}/{name}`` (``plan.json``, ``record.json``, …), overwriting."""
        ...

    def put_text(self, deployment_id: str, operation_id: str, name: str, text: str) -> None:
        """As ``put_record``, for what is no JSON document: ``events.jsonl``, ``logs/{stack}.log``."""
        ...

    def get_text(self, deployment_id: str, operation_id: str, name: str) -> str:
        """Raises NotFound."""
        ...

    def get_record(self, deployment_id: str, operation_id: str, name: str) -> Mapping[str, Any]:
        """Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores as the use cases take them."""

    deployments: DeploymentStore
    operations: OperationStore
    stacks: StackStore
    events: EventLog
    metrics: MetricStore
    connections: ConnectionStore
    artifacts: ArtifactStore


__all__ = [
    "ArtifactStore",
    "ConnectionStore",
    "DeploymentStore",
    "EventLog",
    "MetricStore",
    "OperationStore",
    "Page",
    "StackStore",
    "Stores",
]
