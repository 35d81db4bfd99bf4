"""Serves the registrations of a program: the part of a deployment that the program sees.

Registrations come in on many threads. Decisions are taken under one lock, provider calls run outside it. When a step
fails or the user cancels, no new step starts, what runs is awaited, and then the program is let go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .checkpoint import Snapshot
from .configuration import ConfigValue, package_inputs
from .dependency_graph import DependencyGraph
from .diffs import Changes, Diff, compare, ignore_changes
from .errors import Bail, OperationFailed, PulumiError
from .events import EventStream
from .goals import Goal
from .options import Options
from .provider_registry import INTERNAL, ProviderRegistry, default_provider_name
from .refresh_steps import ImportStep
from .resource_state import ResourceState
from .snapshot_writer import SnapshotWriter
from .step_executor import StepExecutor, StepFailed, Stopped
from .step_generator import Provider, StepGenerator
from .steps import Step
from .urns import (
    PROVIDER_TYPE_PREFIX,
    ROOT_STACK_TYPE,
    is_provider_type,
    parse_reference,
    qualified_type,
)
from .values import Properties

Decided = TypeVar("Decided")
# How long a program may take to end by itself once its work is done, or has failed.
_EXIT_SECONDS = 30.0
_FAILED_EXIT_SECONDS = 2.0


@dataclass
class RegistrationResult:
    """What a registration came to: success, fail or skip; `unknown` when the resource wasn't created on purpose."""

    state: ResourceState
    result: str = "success"
    unknown: bool = False


class ShutDown(Exception):
    """The deployment is over; the program's call has no answer."""


class Registrar:
    """The resources of one deployment of one stack. `writer` None: nothing is recorded (a preview)."""

    def __init__(
        self,
        project: str,
        stack: str,
        base: Snapshot,
        options: Options,
        config: dict[str, ConfigValue],
        events: EventStream,
        registry: ProviderRegistry,
        writer: SnapshotWriter | None,
        lookup: dict[str, ResourceState] | None = None,
    ) -> None:
        self.project = project
        self.stack = stack
        self.base = base
        self.options = options
        self.config = config
        self.events = events
        self.registry = registry
        self.writer = writer
        self.ignore_step_errors = False
        self.news: dict[str, ResourceState] = {}
        self.reads: dict[str, ResourceState] = {}
        self._lookup = {} if lookup is None else lookup
        self.root = ""
        self._provider_resources: dict[str, ResourceState] = {}
        self._default_providers: dict[tuple[str, str], str] = {}
        self._default_lock = threading.Lock()
        self._skipped: set[str] = set()
        self._stack_outputs: Properties | None = None
        self._program_error: str | None = None
        self._program_done = threading.Event()
        self._program_gone = threading.Event()
        self._wake = threading.Event()
        self._over = threading.Event()
        self.canceled = threading.Event()
        self._rebuild()
        self.executor = StepExecutor(self)
        self._generator = StepGenerator(self)
        self._decide = threading.RLock()

    def _rebuild(self) -> None:
        self.olds = {state.urn: state for state in self.base.resources if not state.delete}
        self.graph = DependencyGraph(self.base.resources)

    # -- what steps and the generator ask for

    def provider_of(self, state: ResourceState) -> Provider:
        """The provider that manages a resource."""
        if is_provider_type(state.type):
            return self.registry
        provider = self.registry.get(state.provider)
        if provider is None:
            raise OperationFailed(f"unknown provider '{state.provider}' for resource '{state.urn}'")
        return provider

    def load_provider(self, urn: str, custom: bool, reference: str, type_: str) -> Provider | None:
        """The provider of a registration; None for components. Raises PulumiError when there is no such provider."""
        if not custom:
            return None
        if is_provider_type(type_):
            return self.registry
        try:
            provider = self.registry.get(reference)
        except ValueError as error:
            raise PulumiError(f"bad provider reference '{reference}' for resource '{urn}': {error}") from error
        if provider is None:
            known = self.olds.get(parse_reference(reference).urn)
            if known is None or known.id != parse_reference(reference).id:
                raise PulumiError(f"unknown provider '{reference}' for resource '{urn}'")
            provider = self.registry.ensure(known)
        return provider

    def ensure_provider(self, state: ResourceState) -> None:
        """Load the provider that a resource of the old state was made with."""
        if not state.provider:
            return
        reference = parse_reference(state.provider)
        if self.registry.get(state.provider) is not None:
            return
        for candidate in self.base.resources:
            if candidate.urn == reference.urn and candidate.id == reference.id:
                self.registry.ensure(candidate)
                return
        raise PulumiError(f"could not load provider for resource {state.urn}: unknown provider {state.provider}")

    def diff_resource(
        self,
        provider: Provider,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new_inputs: Properties,
        ignored: list[str],
        *,
        allow_unknowns: bool | None = None,
    ) -> Diff:
        """Ask the provider what changes; when it can't tell, compare the inputs."""
        diff = provider.diff(
            urn,
            resource_id,
            old_inputs,
            old_outputs,
            new_inputs,
            allow_unknowns=self.options.dry_run if allow_unknowns is None else allow_unknowns,
            ignore_changes=ignored,
        )
        if diff.changes is not Changes.UNKNOWN:
            return diff
        news, _ = ignore_changes(new_inputs, old_inputs, ignored)
        compared = compare(old_inputs, news)
        return Diff(
            compared.changes, diff.replace_keys, compared.changed_keys, compared.detailed, diff.delete_before_replace
        )

    def remember(self, step: Step) -> None:
        """Note the state that a step has made, for lookups by URN."""
        assert step.new is not None  # noqa: S101
        known = self.reads if step.op in ("read", "read-replacement") else self.news
        known[step.new.urn] = step.new
        self._lookup[step.new.urn] = step.new
        if step.new.type == ROOT_STACK_TYPE:
            self.root = step.new.urn

    def remember_provider(self, state: ResourceState, alias: str) -> None:
        """Note a provider resource that the program registers."""
        for urn in (state.urn, alias):
            if urn:
                self._provider_resources[urn] = state

    def provider_resource(self, urn: str) -> ResourceState | None:
        """A provider resource of this deployment."""
        return self._provider_resources.get(urn) or self.olds.get(urn)

    def is_deleting(self, urn: str) -> bool:
        """True when the resource of that URN is being deleted."""
        return urn in self._generator.deletes

    def wake(self) -> None:
        """Something ended that the main thread waits for."""
        self._wake.set()

    # -- what the program asks for

    def default_provider(self, package: str, version: str) -> str:
        """The reference of the default provider of a package, registered on first use. Raises PulumiError if disabled."""
        with self._default_lock:
            key = (package, version)
            if key not in self._default_providers:
                self._refuse_disabled_default(package)
                inputs = package_inputs(self.config, package)
                if version:
                    inputs[INTERNAL] = {}
                    inputs["version"] = version
                goal = Goal(
                    PROVIDER_TYPE_PREFIX + package, default_provider_name(version), custom=True, properties=inputs
                )
                state = self.register(goal).state
                self._default_providers[key] = f"{state.urn}::{state.id}"
            return self._default_providers[key]

    def _refuse_disabled_default(self, package: str) -> None:
        import json

        disabled = self.config.get("pulumi:disable-default-providers")
        if disabled is not None and package != "pulumi":
            names = [name.strip() for name in json.loads(disabled.text or "[]")]
            if "*" in names or package in names:
                raise PulumiError(
                    f"Default provider for '{package}' disabled. '{package}' must use an explicit provider."
                )

    def register(self, goal: Goal) -> RegistrationResult:
        """Bring a resource to what the program wants. Raises ShutDown when the deployment ends first."""
        decision = self._deciding(lambda: self._generator.generate(goal))
        result = self._run(decision.steps)
        if not decision.imported or result is not None:
            return self._result_of(decision.steps, result)
        step = decision.steps[0]
        assert isinstance(step, ImportStep)  # noqa: S101 - an import decision begins with it
        further = self._deciding(lambda: self._generator.continue_import(goal, step))
        if not further:
            return RegistrationResult(step.resource)
        return self._result_of(further, self._run(further))

    def read(self, state: ResourceState, name: str) -> RegistrationResult:
        """Read a resource that Pulumi doesn't manage. Raises ShutDown when the deployment ends first."""
        steps = self._deciding(lambda: self._generator.generate_read(state, name))
        return self._result_of(steps, self._run(steps))

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """A component has its outputs; the stack's own are kept until the end. Raises ShutDown like `register`."""
        if self.executor.stopped.is_set() or self._over.is_set():
            self._await_shutdown()
        if qualified_type(urn) == ROOT_STACK_TYPE:
            self._stack_outputs = outputs
            return
        self._set_outputs(urn, outputs)

    def program_finished(self, error: str | None = None) -> None:
        """The program will register nothing more; `error` is why it failed, "" when that was reported already."""
        if not self._program_done.is_set():
            # A program that we stopped ourselves hasn't failed.
            self._program_error = None if self.executor.stopped.is_set() else error
            self._program_done.set()
            self._wake.set()

    def program_exited(self, error: str | None) -> None:
        """The program's process has ended; `error` as for `program_finished`, which this may come after."""
        if self._program_done.is_set() and error is not None and not self.executor.stopped.is_set():
            if error:
                self.events.diagnostic("error", error)
            self._program_error = error
        self.program_finished(error)
        self._program_gone.set()

    def wait_for_shutdown(self) -> None:
        """Block the program until the deployment is over."""
        self._over.wait()

    # -- how it goes

    def _deciding(self, decide: Callable[[], Decided]) -> Decided:
        """Take a decision, alone; errors end the deployment as the engine's do."""
        with self._decide:
            if not self.executor.stopped.is_set() and not self._over.is_set():
                try:
                    return decide()
                except Bail:
                    self._fail()
                except (PulumiError, OperationFailed) as error:
                    self.events.diagnostic("error", str(error))
                    self._fail()
        self._await_shutdown()
        raise ShutDown

    def _fail(self) -> None:
        self.executor.failed = True
        self.executor.stopped.set()
        self._wake.set()

    def _run(self, steps: list[Step]) -> RegistrationResult | None:
        """Run the steps of a registration; a result only when they didn't simply succeed."""
        if self._depends_on_failure(steps):
            self._skipped.update(step.urn for step in steps)
            return RegistrationResult(steps[-1].resource, "skip")
        try:
            self.executor.run_chain(steps)
        except StepFailed as failed:
            if self.options.continue_on_error and not self.executor.stopped.is_set():
                return RegistrationResult(failed.step.resource, "fail")
            self._await_shutdown()
        except Stopped:
            self._await_shutdown()
        return None

    def _depends_on_failure(self, steps: list[Step]) -> bool:
        self._skipped.update(step.urn for step in self.executor.errored)
        return bool(self._skipped) and any(
            urn in self._skipped for step in steps for urn in step.resource.dependency_urns()
        )

    @staticmethod
    def _result_of(steps: list[Step], result: RegistrationResult | None) -> RegistrationResult:
        if result is not None:
            return result
        step = next(step for step in reversed(steps) if step.new is not None)
        return RegistrationResult(step.resource, unknown=step.skipped_create)

    def _await_shutdown(self) -> None:
        """The program hangs in its call until all running steps have ended; then it learns that the engine is gone."""
        self._over.wait()
        raise ShutDown

    def _set_outputs(self, urn: str, outputs: Properties) -> None:
        step = self.executor.awaiting_outputs.pop(urn, None)
        if step is None:
            self.events.diagnostic("error", f"cannot complete a resource '{urn}' whose registration isn't pending")
            self._fail()
            return
        if step.skipped_create:
            return
        step.resource.outputs = outputs
        self.events.outputs(step, step.op)
        if self.writer is not None:
            self.writer.outputs_registered(step)

    def _finish_stack_outputs(self) -> None:
        """The stack's outputs; after a failure, what is missing among them isn't taken for removed."""
        if self._stack_outputs is None or not self.root or self.root not in self.executor.awaiting_outputs:
            return
        outputs = self._stack_outputs
        if self._errored:
            old = self.olds.get(self.root)
            outputs = {**(old.outputs if old is not None else {}), **outputs}
        self._set_outputs(self.root, outputs)

    @property
    def _errored(self) -> bool:
        return self.executor.failed or self._generator.saw_error or self._program_error is not None

    @property
    def stack_outputs(self) -> Properties | None:
        """The stack's outputs as this deployment leaves (or, in a preview, plans) them."""
        state = self.news.get(self.root)
        return None if state is None else state.outputs
