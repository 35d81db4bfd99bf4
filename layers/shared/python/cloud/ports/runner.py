"""The port to Pulumi: one run of one stack.

Adapters: ``cloud.adapters.pulumi`` (Automation API) and ``cloud.adapters.memory.runner`` (scripted). Both pass
``tests/contract/test_stack_runner.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from cloud.domain.events import NewEvent
from cloud.domain.operations import OperationKind
from cloud.domain.secret import Secret

Emit = Callable[[Sequence[NewEvent]], None]
"""Takes a batch of ``stack.resource`` / ``log.created`` events, oldest first, at most 50 at a time."""


class Stop(IntEnum):
    """How a run should end before its time. True and False are INTERRUPT and NO."""

    NO = 0
    INTERRUPT = 1
    """SIGINT, so that Pulumi ends what it is doing; the process group after the grace period."""
    KILL = 2
    """The process group at once: what Pulumi is doing stays behind as a pending operation."""


ShouldStop = Callable[[], Stop | bool]
"""Asked about once a second. It may first say INTERRUPT and later KILL."""


@dataclass(frozen=True, slots=True)
class SecretsProvider:
    """What Pulumi needs to open the stack's secrets again; kept on the stack's row from its creation.

    ``provider`` is the URL (``awskms://…``) or empty for a passphrase; exactly one of the two keys is set.
    """

    provider: str = ""
    encrypted_key: str = ""
    encryption_salt: str = ""


@dataclass(frozen=True, slots=True)
class PlannedOutputs:
    """What a preview expects a stack to export: the known outputs (JSON values or ``Secret``), and the names of the unknown.

    ``secret`` names those that are secret and whose value didn't leave the engine. With ``is_open`` not even the names are
    known: the stack isn't deployed, and nothing could preview it.
    """

    outputs: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True, order=True)
class PlannedStep:
    """What a preview would do with one resource. ``op`` is Pulumi's (create, update, replace, delete, import, …).

    ``replace_keys`` are the properties that force a replacement.
    """

    urn: str
    op: str
    replace_keys: tuple[str, ...] = ()
    type: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that one run needs.

    ``program`` is the zip of the Pulumi project (empty bytes are allowed for a destroy of a stack in Pulumi's state).
    ``config`` maps full Pulumi keys (``ecommerce:cidr``, ``aws:region``) to JSON values or ``Secret``; it is written whole.
    ``timeout_seconds`` bounds the run; at its end Pulumi gets SIGINT, ``grace_seconds`` later its process group SIGKILL.
    ``refresh`` has a deploy read the resources before it compares: its state alone doesn't know what was changed by hand.
    Of a preview only: ``upstream`` maps the stacks whose outputs aren't what is deployed to what they are expected to export,
    and ``unknown_config`` maps full keys to values with an ``Unknown`` somewhere in them (``config`` doesn't hold them).
    """

    operation_id: str
    deployment_id: str
    environment: str
    stack: str
    pulumi_stack: str
    project: str
    kind: OperationKind
    program: bytes
    config: Mapping[str, Any] = field(default_factory=dict)
    secrets_provider: SecretsProvider | None = None
    timeout_seconds: float = 1800.0
    grace_seconds: float = 30.0
    refresh: bool = False
    upstream: Mapping[str, PlannedOutputs] = field(default_factory=dict)
    unknown_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What Pulumi did. ``outputs`` maps names to JSON values or ``Secret``; ``changes`` counts resources by operation.

    ``resource_count`` is what the state holds afterwards (the stack itself not counted). ``references`` are the
    StackReferences found in the state, ``program_seconds`` the time between the program's first and last registration.
    Of a preview, ``outputs`` are the planned ones that are known; ``unknown_outputs`` can't be known yet, the values of
    ``secret_outputs`` stay in the engine; ``steps`` are what it would do, sorted. ``has_pending`` tells that the state still
    holds pending operations.
    """

    changes: Mapping[str, int]
    outputs: Mapping[str, Any]
    resource_count: int
    seconds: float
    secrets_provider: SecretsProvider
    program_seconds: float = 0.0
    references: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unknown_outputs: tuple[str, ...] = ()
    has_pending: bool = False
    secret_outputs: tuple[str, ...] = ()
    steps: tuple[PlannedStep, ...] = ()


class StackRunner(Protocol):
    """Runs Pulumi for one stack."""

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        """Run to the end, giving events on the way.

        Raises ProgramFailed, NotPreviewable, StackBusy, PendingOperations, EngineMissing, RunTimedOut, RunInterrupted,
        ConfigurationError (a program that is no Pulumi project, or ships its own stack configuration) and AwsError.
        Messages and events never hold a secret's value.
        """
        ...

    def free_lock(self, project: str, pulumi_stack: str) -> None:
        """Delete Pulumi's own lock on a stack, or nothing when there is none. Only for an owner that is proved dead.

        Raises PulumiError when the engine can't, EngineMissing without one.
        """
        ...


__all__ = [
    "Emit",
    "PlannedOutputs",
    "PlannedStep",
    "RunRequest",
    "RunResult",
    "Secret",
    "SecretsProvider",
    "ShouldStop",
    "StackRunner",
    "Stop",
]
