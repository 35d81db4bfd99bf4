"""The port to Pulumi: one run of one stack.

Adapters: ``cloud.adapters.pulumi`` (Automation API) and ``cloud.adapters.memory.runner`` (scripted). Both pass
``tests/contract/test_stack_runner.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloud.domain.events import NewEvent
from cloud.domain.operations import OperationKind
from cloud.domain.secret import Secret

Emit = Callable[[Sequence[NewEvent]], None]
"""Takes a batch of ``stack.resource`` / ``log.created`` events, oldest first, at most 50 at a time."""

ShouldStop = Callable[[], bool]
"""Asked about once a second; True interrupts the run (SIGINT first, the process group after the grace period)."""


@dataclass(frozen=True, slots=True)
class SecretsProvider:
    """What Pulumi needs to open the stack's secrets again; kept on the stack's row from its creation.

    ``provider`` is the URL (``awskms://…``) or empty for a passphrase; exactly one of the two keys is set.
    """

    provider: str = ""
    encrypted_key: str = ""
    encryption_salt: str = ""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that one run needs.

    ``program`` is the zip of the Pulumi project (empty bytes are allowed for a destroy of a stack in Pulumi's state).
    ``config`` maps full Pulumi keys (``ecommerce:cidr``, ``aws:region``) to JSON values or ``Secret``; it is written whole.
    ``timeout_seconds`` bounds the run; at its end Pulumi gets SIGINT, ``grace_seconds`` later its process group SIGKILL.
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


@dataclass(frozen=True, slots=True)
class RunResult:
    """What Pulumi did. ``outputs`` maps names to JSON values or ``Secret``; ``changes`` counts resources by operation.

    ``resource_count`` is what the state holds afterwards (the stack itself not counted). ``references`` are the
    StackReferences found in the state, ``program_seconds`` the time between the program's first and last registration.
    """

    changes: Mapping[str, int]
    outputs: Mapping[str, Any]
    resource_count: int
    seconds: float
    secrets_provider: SecretsProvider
    program_seconds: float = 0.0
    references: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class StackRunner(Protocol):
    """Runs Pulumi for one stack."""

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        """Run to the end, giving events on the way.

        Raises ProgramFailed, StackBusy, PendingOperations, EngineMissing, RunTimedOut, RunInterrupted,
        ConfigurationError (a program that is no Pulumi project, or ships its own stack configuration) and AwsError.
        Messages and events never hold a secret's value.
        """
        ...


__all__ = ["Emit", "RunRequest", "RunResult", "Secret", "SecretsProvider", "ShouldStop", "StackRunner"]
