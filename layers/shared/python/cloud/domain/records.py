"""What is remembered between operations, as plain data. Rows (adapters) and wire (doors) are other models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.domain.states import DeploymentStatus, StackStatus


@dataclass(frozen=True, slots=True)
class Deployment:
    """A business project's set of stacks. ``version`` is the optimistic lock of the row, 0 before the first write.

    ``manifest_version`` counts the manifests put so far (0: none yet).
    """

    id: str
    org: str
    project: str
    created_at: str
    updated_at: str
    description: str = ""
    template: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    manifest_version: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """One environment of a deployment, item ``ENV#{environment}``."""

    deployment_id: str
    name: str
    org: str
    enabled: bool
    status: DeploymentStatus
    updated_at: str
    account: str = ""
    region: str = ""
    last_operation: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class RunClaim:
    """Who runs Pulumi for a stack. ``holder`` is new for each run, so that nobody takes another's claim for its own.

    ``taken_at`` and ``heartbeat_at`` are RFC 3339 in UTC; a claim expires ``run_claims.EXPIRES_SECONDS`` after its last
    heartbeat. ``ends_by`` is when the executor is dead by its own time limit, whatever it does.
    """

    operation_id: str
    attempt: int
    holder: str
    taken_at: str
    heartbeat_at: str
    ends_by: str


@dataclass(frozen=True, slots=True)
class StackRecord:
    """One stack in one environment, item ``STACK#{stack}#{environment}``.

    ``attempt`` fences results: a write that carries an older operation or attempt is refused. ``outputs`` maps names to
    JSON values; a secret one is stored as ``{"secret": true}`` without its value (Pulumi's state keeps it).
    ``seconds`` holds the durations of the last deploys that changed something, newest last, for predictions;
    ``last_seconds`` is the last run's, whatever it did.
    ``program_digest`` is that of the program that last ran, noted before Pulumi starts: as long as it stands there, Pulumi's
    state may hold something, whatever became of the run. ``dependencies`` are what the stack needed when it last ran, hard
    and optional ones, so that it is destroyed before them also when the manifest no longer has it.
    ``claim`` is there while a run is under way. ``report`` is how the run of ``attempt`` ended, until RecordStack has made the
    row's result of it (``service/results.py`` gives its shape); ``is_recorded`` that it has, for ``operation_id``.
    Of the last success: ``fingerprint`` maps each cause of change to its digest and ``state_etag`` is what the state object's
    ETag was, both empty from the next claim on until that run succeeds; ``succeeded_at`` is when, and ``references`` are the
    StackReferences in its state. ``outputs_digest`` is a keyed digest of the outputs with their secrets, empty while they may
    be moving. ``has_drift`` is known drift: it stays until a refresh or deploy finds the opposite.
    """

    deployment_id: str
    stack: str
    environment: str
    org: str
    status: StackStatus
    updated_at: str
    operation_id: str = ""
    attempt: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    resource_count: int = 0
    seconds: tuple[float, ...] = ()
    last_seconds: float = 0.0
    program_seconds: float = 0.0
    blocked_by: str = ""
    reason: str = ""
    error: Mapping[str, Any] | None = None
    secrets_provider: Mapping[str, str] | None = None
    program_digest: str = ""
    dependencies: tuple[str, ...] = ()
    claim: RunClaim | None = None
    report: Mapping[str, Any] | None = None
    is_recorded: bool = False
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    state_etag: str = ""
    succeeded_at: str = ""
    references: tuple[str, ...] = ()
    outputs_digest: str = ""
    has_drift: bool = False
    version: int = 0

    @property
    def is_deployed(self) -> bool:
        """Whether Pulumi's state may still hold resources of this stack: also after a run that failed half-way."""
        return (
            bool(self.program_digest)
            or self.resource_count > 0
            or self.status in (StackStatus.DEPLOYED, StackStatus.UNCHANGED, StackStatus.DRIFTED)
        )


@dataclass(frozen=True, slots=True)
class Registration:
    """A stack's registered program, item ``REGISTRY#{stack}``: the digest of its zip in the artifacts."""

    deployment_id: str
    stack: str
    program_digest: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class LockTicket:
    """A place in an environment's queue."""

    operation_id: str
    execution_arn: str
    requester: str
    number: int
    taken_at: str


@dataclass(frozen=True, slots=True)
class EnvironmentLock:
    """Item ``LOCK#{environment}``: who holds the environment and who waits, by ticket number. ``version`` 0: no row."""

    deployment_id: str
    environment: str
    owner: LockTicket | None = None
    queue: tuple[LockTicket, ...] = ()
    next_ticket: int = 1
    version: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log line, item ``TIMESTAMP#{iso}#{uuid}``. ``level`` is debug, info, warning or error."""

    deployment_id: str
    environment: str
    timestamp: str
    level: str
    message: str
    stack: str = ""
    operation_id: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """A WebSocket connection. Times are RFC 3339 in UTC; ``expires_at`` is epoch seconds (TTL)."""

    id: str
    user_id: str
    org: str
    email: str
    connected_at: str
    last_ping: str
    expires_at: int
