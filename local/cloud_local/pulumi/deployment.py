"""One operation on a stack: runs the program's registrations, then deletes what is left over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import deletions
from .checkpoint import Operation
from .dependency_graph import DependencyGraph
from .errors import Bail, OperationFailed, PulumiError
from .refresh_steps import RefreshStep
from .registrar import Registrar
from .resource_state import ResourceState
from .step_executor import StepExecutor, StepFailed, Stopped
from .steps import Step
from .targets import UrnTargets

# How long a program may take to end by itself once its work is done, or has failed.
_EXIT_SECONDS = 30.0
_FAILED_EXIT_SECONDS = 2.0


@dataclass(frozen=True)
class Outcome:
    """How a deployment ended: succeeded, failed or canceled."""

    result: str
    changes: dict[str, int]
    corrupt: bool
    seconds: float


class Deployment(Registrar):
    """An update, destroy or refresh of one stack; an object serves for one of them."""

    _refreshed = False

    def update(self, start_program: Callable[[], None]) -> Outcome:
        """Run the program to its end, then delete what it no longer wants. `start_program` returns at once."""
        begun = time.monotonic()
        self._warn_of_pending_operations()
        if self._targets_exist(self.options.replace_targets):
            start_program()
            self._await_program()
            if not self.executor.stopped.is_set() and self._program_error is None and not self.canceled.is_set():
                targets_known = self._targets_exist(self.options.targets)
                self._delete()
                if not targets_known:
                    self.executor.failed = True
        else:
            self.executor.failed = True
        self.executor.wait_until_idle()
        self._finish_stack_outputs()
        self._report_end()
        self._release_program()
        return self._outcome(begun)

    def _report_end(self) -> None:
        """Say that steps have failed, or that the user cancelled; a program's own failure was told already."""
        kind = "preview" if self.options.dry_run else "update"
        if self._errored:
            if self._program_error is None:
                self.events.diagnostic("error", f"{kind} failed")
        elif self.canceled.is_set():
            self.events.diagnostic("error", f"{kind} canceled")

    def _release_program(self) -> None:
        """Let the program end. After a failure, what it has to say about the engine's end is of no interest."""
        if self._errored or self.canceled.is_set():
            self.events.mute()
        self.let_go()
        deadline = time.monotonic() + (_FAILED_EXIT_SECONDS if self.events.muted else _EXIT_SECONDS)
        while not self._program_gone.wait(0.1) and time.monotonic() < deadline:
            continue

    def destroy(self) -> Outcome:
        """Delete everything, or the targets."""
        begun = time.monotonic()
        self._warn_of_pending_operations()
        known = self._targets_exist(self.options.targets)
        self._delete()
        if not known:
            self.executor.failed = True
        self.executor.wait_until_idle()
        self._report_end()
        return self._outcome(begun)

    def refresh(self, *, only: bool) -> Outcome:
        """Read all resources (or the targets) again, and make what was found the base state."""
        begun = time.monotonic()
        self._refreshed = True
        self.executor = StepExecutor(self, refresh_only=only)
        self.ignore_step_errors = True
        steps: list[Step] = []
        if self._targets_exist(self.options.targets) and self._targets_exist(self.options.excludes):
            try:
                steps = self._refresh_steps()
                self.executor.run_antichain(steps)
            except (PulumiError, OperationFailed) as error:
                self.events.diagnostic("error", str(error))
                self.executor.failed = True
            self._rebase(steps)
        else:
            self.executor.failed = True
        if only or self._errored or self.canceled.is_set():
            self._report_end()
        outcome = self._outcome(begun)
        self.ignore_step_errors = False
        if not only:
            self._over.clear()
            self.executor = StepExecutor(self)
        return outcome

    def cancel(self) -> None:
        """Stop gracefully: running provider calls end, nothing new begins."""
        self.canceled.set()
        self.executor.stopped.set()
        self._wake.set()
        threading.Thread(target=self.registry.cancel, daemon=True).start()

    def terminate(self) -> None:
        """Stop at once; what runs is left to its fate, and the state as it was last written."""
        if self.writer is not None:
            self.writer.abandon()
        self.executor.stopped.set()
        self.events.mute()
        self.let_go()

    def terminated_outcome(self, seconds: float) -> Outcome:
        """How a deployment stands that was left in the middle."""
        return Outcome("failed", self.executor.changes, self.executor.corrupt, seconds)

    def let_go(self) -> None:
        """Answer all calls of the program that still wait: the engine is shutting down."""
        self._over.set()

    def _await_program(self) -> None:
        while not (self._program_done.is_set() or self.executor.stopped.is_set()):
            # With a timeout, so that the main thread keeps hearing signals.
            self._wake.wait(0.2)
            self._wake.clear()
        if self._program_done.is_set() and self._program_error:
            self.events.diagnostic("error", self._program_error)
        if self._program_error is not None:
            self.executor.stopped.set()

    def _delete(self) -> None:
        try:
            with self._decide:
                sames, deletes = deletions.generate_deletes(self, self._generator)
                groups = deletions.schedule(self, deletes)
        except Bail:
            self.executor.failed = True
            return
        except (PulumiError, OperationFailed) as error:
            self.events.diagnostic("error", str(error))
            self.executor.failed = True
            return
        try:
            self.executor.run_chain(sames)
        except (StepFailed, Stopped):
            return
        graph = DependencyGraph(self.base.resources)
        for group in groups:
            # What a resource needs that couldn't be deleted has to stay as well.
            kept = {
                id(state)
                for step in self.executor.errored
                if step.resource in graph
                for state in graph.transitive_dependencies_of(step.resource)
            }
            self.executor.run_antichain([step for step in group if id(step.resource) not in kept])
            if self.executor.stopped.is_set():
                return

    def _refresh_steps(self) -> list[Step]:
        targets, options = self.options.targets.clone(), self.options
        excludes = options.excludes.clone()
        steps: list[Step] = []
        for state in self.base.resources:
            needs = list(state.dependency_urns())
            if excludes.constrained and state.urn in excludes:
                continue
            if excludes.constrained and options.exclude_dependents and any(urn in excludes for urn in needs):
                excludes.add(state.urn)
                continue
            if state.urn not in targets:
                if not (options.target_dependents and any(urn in targets for urn in needs)):
                    continue
                targets.add(state.urn)
            self.ensure_provider(state)
            steps.append(RefreshStep(self, state))
        return steps

    def _rebase(self, steps: list[Step]) -> None:
        """Make the refreshed states the base: resources that are gone leave no dangling references."""
        refreshed = {id(step.old): step.new for step in steps}
        resources: list[ResourceState] = []
        present: set[str] = set()
        parents: dict[str, str] = {}
        for old in self.base.resources:
            state = refreshed.get(id(old), old)
            if state is None:
                parents[old.urn] = parents.get(old.parent, old.parent)
                continue
            state.dependencies = [urn for urn in state.dependencies if urn in present]
            state.property_dependencies = {
                key: [urn for urn in urns if urn in present] for key, urns in state.property_dependencies.items()
            }
            state.replace_with = [urn for urn in state.replace_with if urn in present]
            if state.deleted_with not in present:
                state.deleted_with = ""
            if state.parent not in present:
                state.parent = parents.get(state.parent, "")
            resources.append(state)
            present.add(state.urn)
        # In place: the snapshot writer keeps the same base.
        self.base.resources[:] = resources
        if self.writer is not None:
            self.writer.rebased()
        self._rebuild()

    def _targets_exist(self, targets: UrnTargets) -> bool:
        known = {state.urn for state in self.base.resources} | self._generator.urns
        missing = [urn for urn in targets.literals if urn not in known]
        for urn in missing:
            hint = "" if "$" in urn else " Did you forget to escape $ in your shell?"
            self.events.diagnostic("error", f"Target '{urn}' could not be found in the stack.{hint}")
        return not missing

    def _warn_of_pending_operations(self) -> None:
        operations = self.base.pending_operations
        # As in the engine, a refresh before it takes the warning's place.
        if operations and not self.options.dry_run and not self._refreshed:
            self.events.diagnostic("warning", pending_operations_warning(operations))

    def _outcome(self, begun: float) -> Outcome:
        self.let_go()
        result = "failed" if self._errored else "canceled" if self.canceled.is_set() else "succeeded"
        return Outcome(result, self.executor.changes, self.executor.corrupt, time.monotonic() - begun)


def pending_operations_warning(operations: list[Operation]) -> str:
    """The engine's words for operations that an interrupted run has left behind."""
    lines = "".join(f"  * {o.resource.urn}, interrupted while {o.type}\n" for o in operations)
    return (
        f"Attempting to deploy or update resources with {len(operations)} pending operations from previous deployment.\n"
        f"{lines}"
        "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to these "
        "resources to complete. You should confirm whether or not the operations listed completed successfully by checking "
        "the state of the appropriate provider. For example, if you are using AWS, you can confirm using the AWS Console.\n"
        "\n"
        "Once you have confirmed the status of the interrupted operations, you can repair your stack using `pulumi refresh` "
        "which will refresh the state from the provider you are using and clear the pending operations if there are any.\n"
        "\n"
        "Note that `pulumi refresh` will need to be run interactively to clear pending CREATE operations."
    )
