"""EventBridge: events that were put are matched against the declared rules and delivered to their targets.

moto stores rules but delivers to no function and no state machine. The rules here are the caller's data (the topology), so
that a rule that isn't declared delivers nothing locally either.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloud_local.aws.faults import InvokeRefused
from cloud_local.aws.lambda_runtime import FunctionRegistry
from cloud_local.aws.patterns import Matcher, compile_pattern

_logger = logging.getLogger(__name__)

StartExecution = Callable[[str, str, str], None]
"""(state machine ARN, execution name, input as JSON text)"""

_VARIABLE = re.compile(r"<([A-Za-z0-9_-]+)>")


@dataclass(frozen=True, slots=True)
class FunctionTarget:
    """A function, by name or ARN; invoked asynchronously, as EventBridge does."""

    function: str


@dataclass(frozen=True, slots=True)
class StateMachineTarget:
    """A state machine; its execution is named by the event, so that an event delivered twice starts once."""

    arn: str


@dataclass(frozen=True, slots=True)
class EventRule:
    """A rule. What the target gets is the event, or one of: ``input`` (a constant), ``input_path`` (a part of the event),
    ``input_paths`` with ``input_template`` (a transformer; without a template, an object with a field per path).

    Paths are ``$`` and dotted fields (``$.detail.deployment_id``); a field that isn't there is null.
    """

    name: str
    pattern: Mapping[str, Any]
    target: FunctionTarget | StateMachineTarget
    bus: str = "default"
    input: Any = None
    input_path: str = ""
    input_paths: Mapping[str, str] = field(default_factory=dict)
    input_template: str = ""

    def input_for(self, event: Mapping[str, Any]) -> Any:
        """What the target is given for ``event``."""
        if self.input is not None:
            return self.input
        if self.input_path:
            return _at(event, self.input_path)
        if not self.input_paths:
            return event
        values = {name: _at(event, path) for name, path in self.input_paths.items()}
        return _fill(self.input_template, values) if self.input_template else values


class EventRouter:
    """Matches and delivers. ``delivered`` counts deliveries per rule name, for whoever asks why nothing happened."""

    def __init__(
        self, functions: FunctionRegistry, start_execution: StartExecution, *, account_id: str, region: str
    ) -> None:
        self._functions = functions
        self._start_execution = start_execution
        self._account_id = account_id
        self._region = region
        self._rules: list[tuple[EventRule, Matcher]] = []
        self._lock = threading.Lock()
        self.delivered: dict[str, int] = {}

    def add(self, rules: Iterable[EventRule]) -> None:
        """Raises ValueError, naming the rule, for a pattern or a path that isn't supported."""
        for rule in rules:
            try:
                for path in (rule.input_path, *rule.input_paths.values()):
                    _check_path(path)
                matcher = compile_pattern(rule.pattern)
            except ValueError as error:
                raise ValueError(f"Rule {rule.name}: {error}") from error
            with self._lock:
                self._rules.append((rule, matcher))

    def observe(self, operation: str, request: bytes, response: bytes) -> None:
        """Called by the front after a call to EventBridge; accepted entries of PutEvents are published."""
        if operation != "PutEvents":
            return
        entries, results = json.loads(request)["Entries"], json.loads(response)["Entries"]
        for entry, result in zip(entries, results, strict=True):
            if "EventId" in result:
                bus = str(entry.get("EventBusName") or "default").rpartition("/")[2]
                self.publish(bus, self._envelope(entry, result["EventId"]))

    def publish(self, bus: str, event: Mapping[str, Any]) -> int:
        """Deliver an event (in EventBridge's envelope) to every rule of the bus that matches; returns how many did."""
        with self._lock:
            rules = list(self._rules)
        matching = [rule for rule, matcher in rules if rule.bus == bus and matcher(event)]
        for rule in matching:
            self._deliver(rule, event)
        return len(matching)

    def _deliver(self, rule: EventRule, event: Mapping[str, Any]) -> None:
        payload = rule.input_for(event)
        try:
            if isinstance(rule.target, FunctionTarget):
                self._functions.invoke_async(rule.target.function, payload)
            else:
                self._start_execution(rule.target.arn, f"{event['id']}_{rule.name}"[:80], json.dumps(payload))
        except InvokeRefused as refused:
            _logger.error("Rule %s could not deliver event %s: %s", rule.name, event["id"], refused)
            return
        with self._lock:
            self.delivered[rule.name] = self.delivered.get(rule.name, 0) + 1

    def _envelope(self, entry: Mapping[str, Any], event_id: str) -> dict[str, Any]:
        put_at = entry.get("Time")
        moment = datetime.fromtimestamp(put_at, UTC) if isinstance(put_at, (int, float)) else datetime.now(UTC)
        return {
            "version": "0",
            "id": event_id or str(uuid.uuid4()),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": self._account_id,
            "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "region": self._region,
            "resources": entry.get("Resources", []),
            "detail": json.loads(entry["Detail"]),
        }


def _check_path(path: str) -> None:
    if path and not re.fullmatch(r"\$(\.[A-Za-z0-9_-]+)*", path):
        raise ValueError(f"the path {path!r} isn't supported; it is '$' and dotted fields.")


def _at(event: Any, path: str) -> Any:
    for name in path.split(".")[1:]:
        event = event.get(name) if isinstance(event, Mapping) else None
    return event


def _fill(template: str, values: Mapping[str, Any]) -> Any:
    """The template with its ``<name>``s filled in: JSON where the result is JSON, else the text.

    A name inside quotes is inserted as text, one outside as JSON, as EventBridge does.
    """

    def text(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        quoted = template[: match.start()].count('"') % 2 == 1
        if not quoted:
            return json.dumps(value)
        return json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(value).replace('"', '\\"')

    filled = _VARIABLE.sub(text, template)
    try:
        return json.loads(filled)
    except ValueError:
        return filled
