"""Keeps the checkpoint true while a deployment runs: intent before each provider call, outcome after it.

A pending operation is written *before* the provider is called, so that a kill in the middle leaves a trace. The state
on disk is at any time: what this deployment has produced, then what it hasn't touched yet of the state before it.
Writes are serialised. Writes that would change nothing are put off until the next one, or the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .checkpoint import Operation, Snapshot
from .diffs import identical
from .resource_state import ResourceState
from .urns import ROOT_STACK_TYPE, make_urn, name_of, parse_reference, qualified_type, type_of

if TYPE_CHECKING:
    from .steps import Step

Save = Callable[[Snapshot], None]

_OPERATIONS = {
    "create": "creating",
    "create-replacement": "creating",
    "update": "updating",
    "delete": "deleting",
    "delete-replaced": "deleting",
    "discard": "deleting",
    "discard-replaced": "deleting",
    "read": "reading",
    "read-replacement": "reading",
    "import": "importing",
    "import-replacement": "importing",
}
_SAME_FIELDS = (
    "urn",
    "type",
    "custom",
    "custom_timeouts",
    "retain_on_delete",
    "provider",
    "parent",
    "deleted_with",
    "replace_with",
    "protect",
    "replacement_trigger",
)


class SnapshotWriter:
    """Records the steps of one deployment in the stack's state."""

    def __init__(self, base: Snapshot, save: Save) -> None:
        self._base = base
        self._save = save
        self._lock = threading.Lock()
        self._resources: list[ResourceState] = []
        # By id(); the states themselves are held so that no freed one lends its id to another.
        self._done: dict[int, ResourceState] = {}
        self._operations: list[Operation] = []
        self._completed: set[int] = set()
        self._dirty = True
        self._closed = False

    def begin(self, step: Step) -> None:
        """Record what is about to happen. Returns once it is on disk."""
        operation = _OPERATIONS.get(step.op)
        if operation is None:
            return
        with self._lock:
            state = step.old if operation == "deleting" else step.new
            assert state is not None  # noqa: S101 - a step of this kind has it
            self._operations.append(Operation(state, operation))
            self._write()

    def end(self, step: Step, *, successful: bool) -> None:
        """Record how it ended; a partial failure counts as a success, for the resource exists."""
        with self._lock:
            must_write = self._apply(step, successful)
            if must_write:
                self._write()
            else:
                self._dirty = True

    def outputs_registered(self, step: Step) -> None:
        """A component got its outputs, after its own step had ended."""
        with self._lock:
            if step.old is not None and step.new is not None and identical(step.old.outputs, step.new.outputs):
                self._dirty = True
            else:
                self._write()

    def rebased(self) -> None:
        """A refresh has changed the base."""
        with self._lock:
            self._dirty = True

    def close(self) -> None:
        """Write what was put off. Nothing is written after this."""
        with self._lock:
            if self._dirty and not self._closed:
                self._write()
            self._closed = True

    def abandon(self) -> None:
        """Write nothing any more: the user terminated the engine."""
        with self._lock:
            self._closed = True

    def snapshot(self) -> Snapshot:
        """The state as it is now."""
        resources = [r for r in (*self._resources, *self._base.resources) if id(r) not in self._done]
        operations = [o for o in self._operations if id(o.resource) not in self._completed]
        # Only a person can say what became of an old pending CREATE.
        operations += [o for o in self._base.pending_operations if o.type == "creating"]
        return Snapshot(resources, operations)

    def _write(self) -> None:
        if not self._closed:
            self._save(normalized(self.snapshot()))
            self._dirty = False

    def _apply(self, step: Step, successful: bool) -> bool:
        op, old, new = step.op, step.old, step.new
        if op in ("replace", "refresh"):
            return False
        if op == "remove-pending-replace":
            self._finish(old)
            return True
        for state in (old if op in ("delete", "delete-replaced", "discard", "discard-replaced") else new,):
            if state is not None:
                self._completed.add(id(state))
        if not successful:
            return True
        if op == "same":
            self._finish(old)
            if step.skipped_create:
                return False
            self._add(new)
            return _differs(old, new)
        if op in ("create", "create-replacement"):
            self._add(new)
            if old is not None and old.pending_replacement:
                self._finish(old)
        elif op in ("import", "import-replacement"):
            self._add(new)
        elif op in ("update", "read", "read-replacement"):
            if old is not None:
                self._finish(old)
            self._add(new)
        elif old is not None and not old.pending_replacement:
            self._finish(old)
        return True

    def _finish(self, state: ResourceState | None) -> None:
        if state is not None:
            self._done[id(state)] = state

    def _add(self, state: ResourceState | None) -> None:
        if state is not None:
            self._resources.append(state)


def _differs(old: ResourceState | None, new: ResourceState | None) -> bool:
    assert old is not None  # noqa: S101 - a same step has both
    assert new is not None  # noqa: S101
    return (
        any(getattr(old, name) != getattr(new, name) for name in _SAME_FIELDS)
        or not identical(old.inputs, new.inputs)
        or not identical(old.outputs, new.outputs)
        or sorted(old.dependencies) != sorted(new.dependencies)
    )


def normalized(snapshot: Snapshot) -> Snapshot:
    """The snapshot with references to old, aliased URNs replaced by the URNs that the resources have now."""
    names: dict[str, str] = {}
    for resource in snapshot.resources:
        names.update(dict.fromkeys(resource.aliases, resource.urn))
        parent = names.get(resource.parent)
        if parent and qualified_type(parent) != ROOT_STACK_TYPE:
            # The child wasn't registered (yet): it follows its parent.
            stack, project = resource.urn.removeprefix("urn:pulumi:").split("::")[:2]
            names[resource.urn] = make_urn(stack, project, parent, type_of(resource.urn), name_of(resource.urn))
    if not names:
        return snapshot

    def rename(urn: str) -> str:
        return names.get(urn, urn)

    def fix(state: ResourceState) -> ResourceState:
        fixed = state.copy()
        fixed.aliases = []
        fixed.urn = rename(state.urn)
        fixed.parent = rename(state.parent)
        fixed.dependencies = [rename(urn) for urn in state.dependencies]
        fixed.property_dependencies = {k: [rename(u) for u in v] for k, v in state.property_dependencies.items()}
        fixed.deleted_with = rename(state.deleted_with)
        fixed.replace_with = [rename(urn) for urn in state.replace_with]
        if state.provider:
            reference = parse_reference(state.provider)
            fixed.provider = f"{rename(reference.urn)}::{reference.id}"
        return fixed

    return Snapshot(
        [fix(resource) for resource in snapshot.resources],
        [Operation(fix(operation.resource), operation.type) for operation in snapshot.pending_operations],
    )
