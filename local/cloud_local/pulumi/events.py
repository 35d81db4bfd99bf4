"""Engine events, as JSON documents of apitype.EngineEvent, numbered and in order.

No secret leaves by this door: secret values are `[secret]` in resource states, and texts that hold one are filtered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .errors import Status
from .resource_state import ResourceState
from .urns import is_provider_type, name_of
from .values import (
    ASSET_KIND,
    MASK,
    SECRET_KIND,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_MARK,
    Secret,
    secret_strings,
    transform,
)

if TYPE_CHECKING:
    from .steps import Step

Event = dict[str, Any]
Listener = Callable[[Event, bool], None]  # the event, and whether it is the engine's own business

# As the CLI's own filter does, very short secrets are let through: masking them would garble everything.
SHORTEST_CONFIG_SECRET = 3
# Secrets that appear in resources are filtered from texts too, when they are long enough not to be ordinary words.
SHORTEST_RESOURCE_SECRET = 8


class SecretFilter:
    """Replaces known secrets in texts by `[secret]`."""

    def __init__(self, config_secrets: Iterable[str] = ()) -> None:
        self._secrets = {s for s in config_secrets if len(s) >= SHORTEST_CONFIG_SECRET}

    def learn(self, value: Any) -> None:
        """Note the secrets inside a property value."""
        for text in secret_strings(value):
            if len(text) >= SHORTEST_RESOURCE_SECRET:
                self._secrets.add(text)

    def __call__(self, text: str) -> str:
        for known in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(known, MASK)
        return text


class EventStream:
    """Numbers events and hands them to the listeners, one after the other."""

    def __init__(self, secrets: SecretFilter, *, planning: bool) -> None:
        self.secrets = secrets
        self._planning = planning
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        self._sequence = 0
        self.muted = False

    def mute(self) -> None:
        """Take no diagnostics any more."""
        self.muted = True

    def listen(self, listener: Listener) -> None:
        """Hand all further events to `listener`."""
        self._listeners.append(listener)

    def emit(self, kind: str, payload: dict[str, Any], *, internal: bool = False) -> None:
        """Send one event."""
        with self._lock:
            event = {"sequence": self._sequence, "timestamp": int(time.time()), kind: payload}
            self._sequence += 1
            for listener in self._listeners:
                listener(event, internal)

    # -- the kinds of events

    def prelude(self, config: dict[str, str]) -> None:
        """The configuration, secrets masked."""
        self.emit("preludeEvent", {"config": config})

    def stdout(self, message: str) -> None:
        """A message of the engine itself."""
        self.emit("stdoutEvent", {"message": message, "color": "never"})

    def diagnostic(
        self, severity: str, message: str, urn: str = "", *, stream_id: int = 0, ephemeral: bool = False
    ) -> None:
        """A message about a resource or the program: severity debug, info, info#err, warning or error."""
        if self.muted:
            return
        prefix = f"{severity}: " if severity in ("debug", "warning", "error") else ""
        payload: dict[str, Any] = {"urn": urn} if urn else {}
        if prefix:
            payload["prefix"] = prefix
        text = self.secrets(message)
        payload |= {"message": text if text.endswith("\n") else f"{text}\n", "color": "never", "severity": severity}
        if stream_id:
            payload["streamID"] = stream_id
        if ephemeral:
            payload["ephemeral"] = True
        self.emit("diagnosticEvent", payload)

    def before(self, step: Step) -> None:
        """A step begins."""
        self._step("resourcePreEvent", step, step.op)

    def outputs(self, step: Step, op: str) -> None:
        """A step has ended well."""
        self._step("resOutputsEvent", step, op)

    def failed(self, step: Step, status: Status, steps: int) -> None:
        """A step has failed."""
        payload = {"metadata": self._metadata(step, step.op), "status": int(status), "steps": steps}
        self.emit("resOpFailedEvent", payload, internal=is_internal(step))

    def summary(self, *, corrupt: bool, seconds: int, changes: dict[str, int], result: str) -> None:
        """The end of the operation."""
        self.emit(
            "summaryEvent",
            {
                "maybeCorrupt": corrupt,
                "durationSeconds": seconds,
                "resourceChanges": changes,
                "PolicyPacks": {},
                "isPreview": self._planning,
                "result": result,
            },
        )

    def cancel(self) -> None:
        """The last event of all."""
        self.emit("cancelEvent", {})

    def _step(self, kind: str, step: Step, op: str) -> None:
        payload: dict[str, Any] = {"metadata": self._metadata(step, op)}
        if self._planning:
            payload["planning"] = True
        self.emit(kind, payload, internal=is_internal(step))

    def _metadata(self, step: Step, op: str) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "op": op,
            "urn": step.urn,
            "type": step.type,
            "old": self._state(step.old),
            "new": self._state(step.new),
        }
        if step.keys:
            metadata["keys"] = step.keys
        if step.diffs:
            metadata["diffs"] = step.diffs
        metadata["detailedDiff"] = (
            None
            if step.detailed_diff is None
            else {k: {"diffKind": d.kind.value, "inputDiff": d.input_diff} for k, d in step.detailed_diff.items()}
        )
        if step.logical:
            metadata["logical"] = True
        metadata["provider"] = step.provider_reference
        return metadata

    def _state(self, state: ResourceState | None) -> dict[str, Any] | None:
        if state is None:
            return None
        self.secrets.learn(state.inputs)
        self.secrets.learn(state.outputs)
        document: dict[str, Any] = {"type": state.type, "urn": state.urn}
        for name, key in (("custom", "custom"), ("delete", "delete")):
            if getattr(state, name):
                document[key] = True
        document |= {"id": state.id, "parent": state.parent}
        for name, key in (
            ("protect", "protect"),
            ("taint", "taint"),
            ("external", "external"),
            ("retain_on_delete", "retainOnDelete"),
        ):
            if getattr(state, name):
                document[key] = True
        document |= {
            "inputs": self._public(state.inputs),
            "outputs": self._public(state.outputs),
            "provider": state.provider,
        }
        if state.init_errors:
            document["initErrors"] = state.init_errors
        return document

    def _public(self, value: Any) -> Any:
        return transform(value, self._public_leaf)

    def _public_leaf(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return {SIGNATURE: SECRET_KIND, "ciphertext": MASK}
        if value is UNKNOWN:
            return UNKNOWN_MARK
        if isinstance(value, str):
            return self.secrets(value)
        if isinstance(value, dict) and value.get(SIGNATURE) == ASSET_KIND and "text" in value:
            return {**value, "text": "<contents elided>"}
        return value


def is_internal(step: Step) -> bool:
    """True for steps that are the engine's own business: default providers, and ends of interrupted replacements."""
    if step.op == "remove-pending-replace":
        return True
    return is_provider_type(step.type) and name_of(step.urn).startswith("default")
