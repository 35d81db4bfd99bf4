"""Steps: what the engine does to one resource, in the terms of Pulumi's own steps (pkg/resource/deploy/step.go).

`apply` calls the provider and completes the new state. It raises OperationFailed; with a partial failure the new state
is complete nevertheless.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .diffs import DetailedDiff, Diff
from .errors import DeleteProtected, OperationFailed, Status
from .resource_state import ResourceState, timestamp
from .urns import is_provider_type
from .values import UNKNOWN_MARK

if TYPE_CHECKING:
    from .registrar import Registrar


class Step(ABC):
    """One step. `logical` steps are what the program asked for; the others serve them.

    `keys` cause a replacement, `diffs` changed.
    """

    op = ""
    logical = True
    skipped_create = False
    untargeted = False

    def __init__(self, deployment: Registrar, old: ResourceState | None, new: ResourceState | None) -> None:
        self.deployment = deployment
        self.old = old
        self.new = new
        self.keys: list[str] = []
        self.diffs: list[str] = []
        self.detailed_diff: DetailedDiff | None = None

    @property
    def resource(self) -> ResourceState:
        """The state that the step is about."""
        state = self.new if self.new is not None else self.old
        assert state is not None  # noqa: S101 - every step has one of them
        return state

    @property
    def urn(self) -> str:
        """Of the resource."""
        return self.resource.urn

    @property
    def type(self) -> str:
        """Of the resource."""
        return self.resource.type

    @property
    def provider_reference(self) -> str:
        """The provider that does it."""
        return self.resource.provider

    def with_diff(self, diff: Diff | None, keys: list[str] | None = None) -> Step:
        """Note why the step is taken."""
        if diff is not None:
            self.keys = diff.replace_keys if keys is None else keys
            self.diffs = diff.changed_keys
            self.detailed_diff = diff.detailed
        elif keys is not None:
            self.keys = keys
        return self

    @abstractmethod
    def apply(self) -> None:
        """Do it."""


class SameStep(Step):
    """The resource stays as it is. A skipped create isn't even recorded: the resource wasn't among the targets."""

    op = "same"

    def __init__(
        self, deployment: Registrar, old: ResourceState, new: ResourceState, *, untargeted: bool = False
    ) -> None:
        super().__init__(deployment, old, new)
        self.untargeted = untargeted

    def apply(self) -> None:
        assert self.old is not None  # noqa: S101
        assert self.new is not None  # noqa: S101
        self.new.id, self.new.outputs = self.old.id, self.old.outputs
        if is_provider_type(self.new.type) and not self.skipped_create and not self.untargeted:
            # Old inputs: what the provider calls "no difference" must look the same to it every time.
            configured = self.new.copy()
            configured.inputs = self.old.inputs
            self.deployment.registry.ensure(configured)


class SkippedCreateStep(SameStep):
    """A resource that the program wants, but that isn't among the targets and doesn't exist yet."""

    skipped_create = True

    def __init__(self, deployment: Registrar, new: ResourceState) -> None:
        super().__init__(deployment, new.copy(), new)


class CreateStep(Step):
    """Create a resource, perhaps as the replacement of `old`; `pending_delete` marks `old` for deletion afterwards."""

    op = "create"

    def __init__(
        self,
        deployment: Registrar,
        new: ResourceState,
        replacing: ResourceState | None = None,
        *,
        pending_delete: bool = False,
    ) -> None:
        super().__init__(deployment, replacing, new)
        self._pending_delete = pending_delete
        if replacing is not None:
            self.op = "create-replacement"
            self.logical = False

    def apply(self) -> None:
        new = self.new
        assert new is not None  # noqa: S101
        failure: OperationFailed | None = None
        if new.custom:
            provider = self.deployment.provider_of(new)
            try:
                new.id, new.outputs = provider.create(
                    new.urn,
                    new.inputs,
                    new.custom_timeouts.get("create", 0),
                    preview=self.deployment.options.dry_run,
                )
            except OperationFailed as error:
                if error.status is not Status.PARTIAL_FAILURE:
                    raise
                failure = error
                new.id, new.outputs = error.resource_id, error.properties or {}
                new.init_errors = error.reasons
        new.created = new.modified = timestamp()
        if self.old is not None and self._pending_delete:
            self.old.delete = True
        if failure is not None:
            raise failure


class UpdateStep(Step):
    """Update a resource in place."""

    op = "update"

    def __init__(
        self, deployment: Registrar, old: ResourceState, new: ResourceState, ignore_changes: list[str]
    ) -> None:
        super().__init__(deployment, old, new)
        self._ignore_changes = ignore_changes

    def apply(self) -> None:
        old, new = self.old, self.new
        assert old is not None  # noqa: S101
        assert new is not None  # noqa: S101
        new.id, new.created, new.modified = old.id, old.created, old.modified
        if not new.custom:
            return
        provider = self.deployment.provider_of(new)
        try:
            new.outputs = provider.update(
                new.urn,
                old.id,
                old.inputs,
                old.outputs,
                new.inputs,
                new.custom_timeouts.get("update", 0),
                preview=self.deployment.options.dry_run,
                ignore_changes=self._ignore_changes,
            )
        except OperationFailed as error:
            if error.status is Status.PARTIAL_FAILURE:
                new.outputs = error.properties or {}
                new.init_errors = error.reasons
                new.modified = timestamp()
                # The resource wasn't brought to the new inputs, so the state must not claim them.
                new.inputs = dict(old.inputs)
            raise
        new.modified = timestamp()


class ReplaceStep(Step):
    """Says that a resource is being replaced; the creation and the deletion are steps of their own."""

    op = "replace"

    def apply(self) -> None:
        """Nothing to do."""


class DeleteStep(Step):
    """Delete a resource: because it is no longer wanted, or (`replacing`) because another takes its place.

    `pending_replacement`: the deletion comes first, and the state stays until its replacement is created.
    """

    def __init__(
        self,
        deployment: Registrar,
        old: ResourceState,
        *,
        replacing: bool = False,
        pending_replacement: bool = False,
    ) -> None:
        super().__init__(deployment, old, None)
        self._pending_replacement = pending_replacement
        self.logical = not replacing
        if old.external:
            self.op = "discard-replaced" if replacing else "discard"
        else:
            self.op = "delete-replaced" if replacing else "delete"

    def apply(self) -> None:
        old, options = self.old, self.deployment.options
        assert old is not None  # noqa: S101
        if self.logical and old.protect and not options.ignore_protect:
            raise DeleteProtected(old.urn)
        goes_with_another = bool(old.deleted_with) and self.deployment.is_deleting(old.deleted_with)
        keep = options.dry_run or old.external or old.retain_on_delete or goes_with_another
        if old.custom and not keep:
            provider = self.deployment.provider_of(old)
            provider.delete(old.urn, old.id, old.inputs, old.outputs, old.custom_timeouts.get("delete", 0))
        if self._pending_replacement:
            old.pending_replacement = True


class RemovePendingReplaceStep(Step):
    """Forget a resource that was deleted for a replacement which the program no longer wants."""

    op = "remove-pending-replace"
    logical = False

    def __init__(self, deployment: Registrar, old: ResourceState) -> None:
        super().__init__(deployment, old, None)

    def apply(self) -> None:
        """Nothing to do in the cloud."""


class ReadStep(Step):
    """Read a resource that Pulumi doesn't manage; also in previews, unless its id isn't known yet."""

    op = "read"

    def __init__(
        self, deployment: Registrar, old: ResourceState | None, new: ResourceState, *, replacing: bool = False
    ) -> None:
        super().__init__(deployment, old, new)
        self._replacing = replacing
        if replacing:
            self.op = "read-replacement"
            self.logical = False

    def apply(self) -> None:
        old, new = self.old, self.new
        assert new is not None  # noqa: S101
        if new.id == UNKNOWN_MARK:
            new.outputs = {}
        else:
            provider = self.deployment.provider_of(new)
            result = provider.read(new.urn, new.id, new.inputs, new.inputs, new.custom_timeouts.get("read", 0))
            if result.outputs is None:
                raise OperationFailed(f"resource '{new.id}' does not exist", Status.OK)
            new.outputs, new.init_errors = result.outputs, result.init_errors
            new.id = result.id or new.id
        if self._replacing and old is not None:
            old.delete = True
        if old is not None:
            new.created, new.modified = old.created, old.modified
