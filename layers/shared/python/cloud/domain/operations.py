"""Operations: what somebody asked for, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cloud.domain.states import StackStatus, TaskState


class OperationKind(StrEnum):
    DEPLOY = "deploy"
    DESTROY = "destroy"
    PREVIEW = "preview"
    REFRESH = "refresh"
    ROLLBACK = "rollback"
    DRIFT = "drift"

    @property
    def is_reversed(self) -> bool:
        """Whether dependents go before what they depend on."""
        return self is OperationKind.DESTROY

    @property
    def only_looks(self) -> bool:
        """Whether nothing is written but what was found out: such an operation takes no lock, and several may run at once."""
        return self in _ONLY_LOOK

    @property
    def changes_resources(self) -> bool:
        """Whether resources may change. Only such an operation moves its environment's status, and may need an approval."""
        return self in _CHANGE_RESOURCES

    @property
    def runs_programs(self) -> bool:
        """Whether Pulumi runs the stacks' programs; the other kinds work on its states alone."""
        return self in _RUN_PROGRAMS


_ONLY_LOOK = frozenset({OperationKind.PREVIEW, OperationKind.DRIFT})
_CHANGE_RESOURCES = frozenset({OperationKind.DEPLOY, OperationKind.DESTROY, OperationKind.ROLLBACK})
_RUN_PROGRAMS = frozenset({OperationKind.DEPLOY, OperationKind.PREVIEW, OperationKind.ROLLBACK})


class OnFailure(StrEnum):
    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stacks an operation touches; empty means all that are enabled.

    ``stacks``: these and what they need. ``only``: exactly these. ``start``: these and all that depends on them (--from).
    """

    stacks: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    start: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        return not (self.stacks or self.only or self.start)

    def to_dict(self) -> dict[str, list[str]]:
        return {"stacks": list(self.stacks), "only": list(self.only), "from": list(self.start)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Selection:
        return cls(tuple(data.get("stacks", ())), tuple(data.get("only", ())), tuple(data.get("from", ())))


@dataclass(frozen=True, slots=True)
class OperationOptions:
    """What the caller overrides of the manifest's policy; None keeps the manifest's."""

    on_failure: OnFailure | None = None
    max_parallel: int | None = None
    strict_layers: bool | None = None
    force: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)  # --set key=value, configuration tier 8

    def to_dict(self) -> dict[str, Any]:
        return {
            "on_failure": self.on_failure.value if self.on_failure else None,
            "max_parallel": self.max_parallel,
            "strict_layers": self.strict_layers,
            "force": self.force,
            "settings": dict(self.settings),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OperationOptions:
        return cls(
            on_failure=OnFailure(data["on_failure"]) if data.get("on_failure") else None,
            max_parallel=data.get("max_parallel"),
            strict_layers=data.get("strict_layers"),
            force=bool(data.get("force", False)),
            settings=dict(data.get("settings") or {}),
        )


@dataclass(frozen=True, slots=True)
class StackResult:
    """How one stack of an operation ended. ``changes`` counts resources by Pulumi's operation (create, update, …).

    ``seconds`` is the time inside the runner, ``program_seconds`` of it the time spent in the user's program where known.
    ``error`` is ``CloudError.to_dict()`` or None; ``blocked_by`` names the stack that stopped this one.
    """

    stack: str
    status: StackStatus
    reason: str = ""
    changes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    program_seconds: float = 0.0
    blocked_by: str = ""
    error: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "status": self.status.value,
            "reason": self.reason,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 3),
            "program_seconds": round(self.program_seconds, 3),
            "blocked_by": self.blocked_by,
            "error": dict(self.error) if self.error else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StackResult:
        return cls(
            stack=data["stack"],
            status=StackStatus(data["status"]),
            reason=data.get("reason", ""),
            changes={key: int(value) for key, value in (data.get("changes") or {}).items()},
            seconds=float(data.get("seconds", 0)),
            program_seconds=float(data.get("program_seconds", 0)),
            blocked_by=data.get("blocked_by", ""),
            error=data.get("error"),
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. Times are RFC 3339 in UTC or empty; ``version`` is the optimistic lock, 0 before the first write.

    ``cancel_forced`` asks running stacks to be killed without waiting for Pulumi to end what it is doing. ``retry_of`` names
    the operation whose unfinished stacks this one runs again. ``error`` of an operation that has not ended is what it will
    end with: its execution broke off, and somebody still runs. ``settling_since`` is when somebody last began to settle the
    stacks of an operation whose execution had ended. ``settled`` tells that nothing is left to do: the end is written and
    told, the environment is freed, and the next in its queue is woken.
    """

    id: str
    deployment_id: str
    environment: str
    kind: OperationKind
    requester: str
    state: TaskState
    created_at: str
    manifest_version: int
    org: str = ""
    project: str = ""
    selection: Selection = field(default_factory=Selection)
    options: OperationOptions = field(default_factory=OperationOptions)
    execution_arn: str = ""
    plan_digest: str = ""
    started_at: str = ""
    finished_at: str = ""
    cancel_requested: bool = False
    cancel_forced: bool = False
    retry_of: str = ""
    error: Mapping[str, Any] | None = None
    settling_since: str = ""
    settled: bool = False
    version: int = 0
