"""Steps that bring the state to what is really there: refresh and import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .diffs import NO_CHANGES, Changes, Diff, equal, ignore_changes
from .errors import OperationFailed, Status
from .resource_state import ResourceState, timestamp
from .steps import Step
from .urns import is_provider_type, package_of

if TYPE_CHECKING:
    from .registrar import Registrar


class RefreshStep(Step):
    """Read a resource again. `new` is the old state until it is read; None when the resource is gone."""

    op = "refresh"
    logical = False

    def __init__(self, deployment: Registrar, old: ResourceState) -> None:
        super().__init__(deployment, old, old)
        self._diff: Diff = NO_CHANGES

    @property
    def resource(self) -> ResourceState:
        assert self.old is not None  # noqa: S101
        return self.old

    @property
    def result_op(self) -> str:
        """What the refresh found: same, update or delete."""
        if self.new is None:
            return "delete"
        if self.new is self.old:
            return "same"
        assert self.old is not None  # noqa: S101
        if self.old.external:
            return "same" if equal(self.old.outputs, self.new.outputs) else "update"
        return "same" if self._diff.changes is Changes.NONE else "update"

    def apply(self) -> None:
        old = self.old
        assert old is not None  # noqa: S101
        if not old.custom or is_provider_type(old.type) or old.pending_replacement:
            return
        provider = self.deployment.provider_of(old)
        result = provider.read(old.urn, old.id, old.inputs, old.outputs, old.custom_timeouts.get("read", 0))
        if result.init_errors:
            reasons = "".join(f"\n* {reason}" for reason in result.init_errors)
            self.deployment.events.diagnostic(
                "warning", f"Refreshed resource is in an unhealthy state:{reasons}", old.urn
            )
        if not result.id or result.outputs is None:
            self.new = None
            return
        new = old.copy()
        new.id, new.outputs, new.init_errors = result.id, result.outputs, result.init_errors
        new.inputs = old.inputs if result.inputs is None else result.inputs
        if not equal(new.inputs, old.inputs) or not equal(new.outputs, old.outputs):
            new.modified = timestamp()
        self.new = new
        if not old.external:
            # What an `up` of the unchanged program would do next, seen from the other side: that is the drift.
            diff = self.deployment.diff_resource(
                provider, new.urn, new.id, new.inputs, new.outputs, old.inputs, old.ignore_changes
            )
            self._diff = diff.inverted()
            self.diffs, self.detailed_diff = self._diff.changed_keys, self._diff.detailed


class ImportStep(Step):
    """Take over a resource that exists. `original`: what it replaces, if the program had another under this URN."""

    op = "import"

    def __init__(
        self,
        deployment: Registrar,
        new: ResourceState,
        ignored: list[str],
        original: ResourceState | None = None,
    ) -> None:
        super().__init__(deployment, None, new)
        self._ignored = ignored
        self._original = original
        if original is not None:
            self.op = "import-replacement"
            self.logical = False

    def apply(self) -> None:
        new = self.new
        assert new is not None  # noqa: S101
        provider = self.deployment.provider_of(new)
        result = provider.read(new.urn, new.import_id, None, None, new.custom_timeouts.get("read", 0))
        if result.outputs is None:
            raise OperationFailed(f"resource '{new.import_id}' does not exist", Status.OK)
        if result.inputs is None:
            package = package_of(new.type)
            raise OperationFailed(
                f"provider does not support importing resources; please try updating the '{package}' plugin", Status.OK
            )
        new.id = result.id or new.import_id
        new.init_errors = result.init_errors
        new.inputs, new.outputs = result.inputs, result.outputs
        self.old = new.copy()
        new.created = new.modified = timestamp()
        new.inputs, _ = ignore_changes(new.inputs, self.old.inputs, self._ignored)
        if self._original is not None:
            self._original.delete = True
