"""The states of operations, stacks and environments, and the one table of legal transitions.

A transition that is not in its table is refused (``IllegalTransition``) before it is written, and the write itself is
conditional, so that an out-of-order event can never overwrite a later state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from cloud.domain.errors import IllegalTransition


class TaskState(StrEnum):
    """Of operations and of every unit of work.

    queued: accepted, waiting for the lock. running: the state machine executes it. processing: one unit is inside Pulumi.
    completed: ended with nothing to change, or partly by choice. succeeded: all applied. failed: a stack failed.
    error: the platform failed.
    """

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PROCESSING = "processing"
    COMPLETED = "completed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERROR = "error"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self in _TERMINAL

    @property
    def is_active(self) -> bool:
        return self in (TaskState.RUNNING, TaskState.PROCESSING)


_TERMINAL = frozenset(
    {TaskState.COMPLETED, TaskState.SUCCEEDED, TaskState.FAILED, TaskState.ERROR, TaskState.CANCELLED}
)


class StackStatus(StrEnum):
    """Of one stack in one environment. ``skipped`` always carries blocked_by."""

    PENDING = "pending"
    WAITING = "waiting"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    UNCHANGED = "unchanged"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    DRIFTED = "drifted"

    @property
    def is_settled(self) -> bool:
        """Nothing is under way for the stack."""
        return self not in (StackStatus.PENDING, StackStatus.WAITING, StackStatus.DEPLOYING, StackStatus.DESTROYING)

    @property
    def is_standing(self) -> bool:
        """The stack is there as its last deploy left it, or has drifted since."""
        return self in _STANDING


class DeploymentStatus(StrEnum):
    """Of one environment of a deployment (item ``ENV#{environment}``)."""

    INITIALIZED = "initialized"
    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    CANCELLED = "cancelled"


_State = TypeVar("_State", bound=StrEnum)

_T, _S, _D = TaskState, StackStatus, DeploymentStatus

_UNDER_WAY = (_S.DEPLOYING, _S.DESTROYING)
_NOT_RUN = (_S.SKIPPED, _S.CANCELLED, _S.UNCHANGED, _S.FAILED)
_STANDING = (_S.DEPLOYED, _S.UNCHANGED, _S.DRIFTED)
_GONE = (_S.DESTROYED, _S.FAILED, _S.SKIPPED, _S.CANCELLED)
_ENDED = {_D.DEPLOYED, _D.FAILED, _D.ROLLED_BACK, _D.DESTROYED, _D.CANCELLED}
_BEGIN = {_D.PLANNED, _D.AWAITING_APPROVAL, _D.DEPLOYING, _D.DESTROYING, _D.ROLLING_BACK}

# One table by type: the members are texts, so `failed` of one enumeration equals `failed` of another.
TRANSITIONS: Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]] = MappingProxyType(
    {
        TaskState: {
            _T.PENDING: frozenset({_T.QUEUED, _T.RUNNING, _T.CANCELLED, _T.ERROR}),
            _T.QUEUED: frozenset({_T.RUNNING, _T.CANCELLED, _T.ERROR, _T.FAILED}),
            _T.RUNNING: frozenset({_T.PROCESSING, *_TERMINAL}),
            _T.PROCESSING: frozenset({_T.RUNNING, *_TERMINAL}),
            **{state: frozenset() for state in _TERMINAL},
        },
        # A stack begins again from any state at rest; what is under way ends in a result of its own kind.
        StackStatus: {
            _S.PENDING: frozenset({_S.WAITING, *_UNDER_WAY, *_NOT_RUN}),
            _S.WAITING: frozenset({*_UNDER_WAY, *_NOT_RUN}),
            _S.DEPLOYING: frozenset({_S.DEPLOYED, _S.UNCHANGED, _S.FAILED, _S.CANCELLED}),
            _S.DESTROYING: frozenset({_S.DESTROYED, _S.FAILED, _S.CANCELLED}),
            **{state: frozenset({_S.PENDING, _S.WAITING}) for state in _GONE},
            **{state: frozenset({_S.PENDING, _S.WAITING, *_STANDING}) for state in _STANDING},
        },
        DeploymentStatus: {
            _D.INITIALIZED: frozenset({*_BEGIN, _D.FAILED, _D.CANCELLED}),
            _D.PLANNED: frozenset({*_BEGIN, _D.FAILED, _D.CANCELLED}),
            _D.AWAITING_APPROVAL: frozenset({_D.PLANNED, _D.DEPLOYING, _D.DESTROYING, _D.FAILED, _D.CANCELLED}),
            _D.DEPLOYING: frozenset({_D.DEPLOYED, _D.FAILED, _D.CANCELLED, _D.ROLLING_BACK}),
            _D.ROLLING_BACK: frozenset({_D.ROLLED_BACK, _D.FAILED, _D.CANCELLED}),
            _D.DESTROYING: frozenset({_D.DESTROYED, _D.DEPLOYED, _D.FAILED, _D.CANCELLED}),
            **{state: frozenset(_BEGIN) for state in _ENDED},
        },
    }
)


def is_legal(current: StrEnum, new: StrEnum) -> bool:
    """Whether ``current → new`` is in the table. Staying where one is is always legal: deliveries repeat."""
    return type(current) is type(new) and (current == new or new in TRANSITIONS[type(current)][current])


def require_transition(current: _State, new: _State, *, deployment_id: str = "", stack: str = "") -> _State:
    """Return ``new``; raises IllegalTransition when the table does not allow it."""
    if not is_legal(current, new):
        raise IllegalTransition(
            f"{type(new).__name__} cannot go from {current.value} to {new.value}.",
            deployment_id=deployment_id,
            stack=stack,
        )
    return new
