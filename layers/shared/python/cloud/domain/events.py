"""The one event envelope: in DynamoDB, on the WebSocket, on EventBridge and in ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cloud.domain.errors import ConfigurationError

MAX_DATA_BYTES = 30_000
"""Of an event's data as JSON in ASCII: with its envelope an event fits into one WebSocket frame (32 KB)."""


class EventType(StrEnum):
    DEPLOYMENT_STATUS = "deployment.status"
    STACK_STATUS = "stack.status"
    STACK_RESOURCE = "stack.resource"
    STACK_DEPLOYED = "stack.deployed"
    STACK_FAILED = "stack.failed"
    STACK_SKIPPED = "stack.skipped"
    LOG_CREATED = "log.created"
    APPROVAL_REQUESTED = "approval.requested"
    DRIFT_DETECTED = "drift.detected"
    METRIC_RECORDED = "metric.recorded"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no place in its operation yet; the event log numbers it when it is stored.

    ``data`` is JSON; everything about a stack carries ``stack``.
    """

    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event. ``sequence`` counts from 1 within the operation, without gaps; ``timestamp`` is RFC 3339 in UTC."""

    type: EventType
    deployment_id: str
    environment: str
    operation_id: str
    sequence: int
    timestamp: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.operation_id, self.sequence)

    def to_dict(self) -> dict[str, Any]:
        return {
            "type": self.type.value,
            "deployment_id": self.deployment_id,
            "environment": self.environment,
            "operation_id": self.operation_id,
            "sequence": self.sequence,
            "timestamp": self.timestamp,
            "data": dict(self.data),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Event:
        return cls(
            EventType(data["type"]),
            data["deployment_id"],
            data["environment"],
            data["operation_id"],
            int(data["sequence"]),
            data["timestamp"],
            dict(data.get("data") or {}),
        )


def closes(event: NewEvent | Event) -> bool:
    """Whether it is its operation's last event: nothing is stored after it."""
    return event.type is EventType.DEPLOYMENT_STATUS and event.data.get("terminal") is True


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The last event a client has seen: ``{operation_id}:{sequence}``."""

    operation_id: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.operation_id}:{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises ConfigurationError when ``text`` is not a cursor."""
        operation_id, colon, sequence = text.partition(":")
        if not operation_id or not colon or not sequence.isascii() or not sequence.isdigit():
            raise ConfigurationError(f"{text!r} is not a cursor.", hint="A cursor is {operation_id}:{sequence}.")
        return cls(operation_id, int(sequence))
