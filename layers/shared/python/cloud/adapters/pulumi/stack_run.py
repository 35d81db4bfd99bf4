"""The steps of one run, in order; they happen on the supervised thread."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.adapters.pulumi.checkpoint import Checkpoint
from cloud.adapters.pulumi.configuration import read_keys, stack_file, write_stack_file
from cloud.adapters.pulumi.dependencies import must_install, runtime_of
from cloud.adapters.pulumi.engine_settings import EngineSettings
from cloud.adapters.pulumi.event_reader import EventReader
from cloud.adapters.pulumi.failures import FailedCommand, Ids, ended_early, explain, not_installed
from cloud.adapters.pulumi.pending_lookup import AwsLookup
from cloud.adapters.pulumi.processes import RunProcesses
from cloud.adapters.pulumi.program import prepare_program
from cloud.adapters.pulumi.settling import Settler
from cloud.adapters.pulumi.supervision import EventQueue
from cloud.domain.errors import CloudError
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import PlannedOutputs, RunRequest, RunResult, SecretsProvider

if TYPE_CHECKING:
    from pulumi.automation.events import EngineEvent
    from semver import VersionInfo

    from cloud.adapters.pulumi.automation import EngineCommand, RunStack, RunWorkspace

_UPDATES = frozenset({OperationKind.DEPLOY, OperationKind.ROLLBACK})
_HOLDS_LOCK = re.compile(r"(Updating|Destroying|Refreshing) \(")
"""The headline of an operation that changes the stack, which a self-managed backend prints once it has the lock; the first
event, which proves as much, comes seconds later."""
_ON_STATE_ALONE = frozenset({OperationKind.DESTROY, OperationKind.REFRESH, OperationKind.DRIFT})


def runs_program(kind: OperationKind) -> bool:
    """Whether Pulumi runs the user's program for it; the other kinds work on the state alone."""
    return kind not in _ON_STATE_ALONE


def ids_of(request: RunRequest) -> Ids:
    """What an error of this run is about."""
    return {
        "deployment_id": request.deployment_id,
        "environment": request.environment,
        "stack": request.stack,
        "operation_id": request.operation_id,
    }


class StackRun:
    """Prepare the folder, open the stack, configure it, let Pulumi act, read the state again."""

    def __init__(
        self,
        request: RunRequest,
        settings: EngineSettings,
        folder: Path,
        environment: Mapping[str, str],
        processes: RunProcesses,
        reader: EventReader,
        queue: EventQueue,
        clock: Callable[[], float],
    ) -> None:
        self._request = request
        self._settings = settings
        self._program = folder / "program"
        self._environment = environment
        self._processes = processes
        self._reader = reader
        self._queue = queue
        self._clock = clock
        self._began = clock()
        self._holds_lock = False

    def perform(self, executable: str, version: VersionInfo) -> RunResult:
        """The whole run; raises as ``StackRunner.run`` says, but for its being interrupted."""
        from pulumi.automation.errors import CommandError

        from cloud.adapters.pulumi.automation import EngineCommand, RunWorkspace

        request = self._request
        path = stack_file(self._program, request.pulumi_stack)
        prepare_program(
            request.program, self._program, request.project, without_program=request.kind in _ON_STATE_ALONE
        )
        command = EngineCommand(executable, version, self._processes)
        workspace = RunWorkspace(
            work_dir=str(self._program),
            env_vars=self._environment,
            secrets_provider=self._settings.secrets_provider or None,
            pulumi_command=command,
        )
        if runs_program(request.kind) and must_install(self._program):
            self._install(command)
        try:
            stack = self._open(workspace)
            if stack is None:
                return self._nothing_there()
            keys = self._configure(workspace, path)
            settler = self._settler(stack, workspace)
            settler.settle(request.kind)
            self._act(stack, must_look=settler.must_look)
        except CommandError as error:
            # Its text is the display of the whole run; what it says is told from the events instead.
            failed = FailedCommand(command.exit_code or 0, *command.last_output)
            self._clean_up(workspace, killed=failed.signal > 0)
            raise explain(failed, self._reader, ids_of(request)) from error
        # Only where the events are whole: a stream that broke before the summary proves nothing about the program.
        is_told = self._reader.summary_at is not None
        if runs_program(request.kind) and is_told and not self._reader.has_finished_program:
            self._clean_up(workspace, killed=False)
            raise ended_early(ids_of(request))
        return self._result(self._read_state(workspace), keys)

    def _install(self, command: EngineCommand) -> None:
        """What the program depends on, into its folder. Pulumi's plugins stay those that are there (see EngineSettings)."""
        from pulumi.automation.errors import CommandError

        runtime, _ = runtime_of(self._program)
        self._queue.put([self._log("info", f"Installing what the program depends on ({runtime}).")])
        try:
            command.run(["install", "--no-plugins"], str(self._program), self._environment)
        except CommandError as error:
            failed = FailedCommand(command.exit_code or 0, *command.last_output)
            raise not_installed(failed, runtime, self._reader, ids_of(self._request)) from error

    def _open(self, workspace: RunWorkspace) -> RunStack | None:
        """The stack, made if need be; None where there is none and nothing to make it for."""
        from pulumi.automation.errors import StackNotFoundError

        from cloud.adapters.pulumi.automation import create_stack, select_stack

        try:
            stack = select_stack(self._request.pulumi_stack, workspace)
        except StackNotFoundError:
            if self._request.kind in _ON_STATE_ALONE:
                return None
            return create_stack(self._request.pulumi_stack, workspace)
        self._learn(workspace.checkpoint)
        self._reader.expected = workspace.checkpoint.resource_count
        return stack

    def _configure(self, workspace: RunWorkspace, path: Path) -> SecretsProvider:
        """Write the configuration file whole. The keys are the state's own, else those on record, else the new stack's."""
        unknown = SecretsProvider()
        keys = workspace.checkpoint.keys
        if keys == unknown:
            keys = read_keys(path)
        if keys == unknown:
            keys = self._request.secrets_provider or unknown
        for key, text in write_stack_file(path, self._request.config, keys).items():
            workspace.set_secret(self._request.pulumi_stack, key, text)
        return keys if keys != unknown else read_keys(path)

    def _act(self, stack: RunStack, *, must_look: bool) -> None:
        options: dict[str, Any] = {
            "color": "never",
            "on_event": self._on_event,
            "on_output": self._on_output,
            "suppress_outputs": True,
            "suppress_progress": True,
        }
        kind = self._request.kind
        if kind in _UPDATES:
            stack.up(**options, refresh=must_look or self._request.refresh or None)
        elif kind is OperationKind.DESTROY:
            stack.destroy(**options, refresh=must_look or None)
        elif kind is OperationKind.REFRESH:
            stack.refresh(**options)
        elif kind is OperationKind.DRIFT:
            stack.preview_refresh(**options)
        else:
            stack.preview(**options)

    def _settler(self, stack: RunStack, workspace: RunWorkspace) -> Settler:
        find = AwsLookup(self._environment, self._processes.pause)
        return Settler(stack, workspace, self._reader, self._queue, find, self._on_output, ids_of(self._request))

    def _on_event(self, event: EngineEvent) -> None:
        self._queue.put(self._reader.read(event))

    def _on_output(self, line: str) -> None:
        self._holds_lock = self._holds_lock or bool(_HOLDS_LOCK.match(line))

    def _read_state(self, workspace: RunWorkspace) -> Checkpoint:
        workspace.select_stack(self._request.pulumi_stack)
        self._learn(workspace.checkpoint)
        return workspace.checkpoint

    def _learn(self, checkpoint: Checkpoint) -> None:
        for secret in checkpoint.secrets:
            self._reader.redactor.learn(secret)

    def _result(self, state: Checkpoint, keys: SecretsProvider) -> RunResult:
        self._queue.put(self._reader.last_words())
        is_preview = self._request.kind is OperationKind.PREVIEW
        planned = self._reader.planned if is_preview else PlannedOutputs(state.outputs)
        return RunResult(
            changes=dict(self._reader.changes),
            outputs=dict(planned.outputs),
            unknown_outputs=planned.unknown,
            secret_outputs=planned.secret,
            steps=tuple(sorted(self._reader.steps)) if is_preview else (),
            resource_count=state.resource_count,
            seconds=self._clock() - self._began,
            secrets_provider=state.keys if state.keys != SecretsProvider() else keys,
            program_seconds=self._reader.program.seconds,
            references=state.references,
            warnings=tuple(self._reader.warnings),
            has_pending=bool(state.pending or state.unread),
        )

    def _nothing_there(self) -> RunResult:
        message = "Pulumi's state holds no such stack: there is nothing to do."
        self._queue.put([self._log("warning", message)])
        keys = self._request.secrets_provider or SecretsProvider()
        return replace(self._result(Checkpoint(), keys), warnings=(message,))

    def _clean_up(self, workspace: RunWorkspace, *, killed: bool) -> None:
        """After a failure: end what the CLI left behind, free its lock if it died holding it, and say what was done."""
        from pulumi.automation.errors import CommandError

        self._processes.begin_cleaning_up()
        # The lock is ours, because the engine had it and there is only one; and its owner is proved dead: we have its exit
        # code, and nothing of it is left.
        if killed and (self._holds_lock or self._reader.has_started) and self._settings.is_self_managed:
            try:
                workspace.free_lock(self._request.pulumi_stack)
            except CommandError as error:
                said = self._reader.redactor.message(str(error))
                self._queue.put([self._log("warning", f"Pulumi's lock on the stack could not be freed: {said}")])
        state = Checkpoint()
        with contextlib.suppress(CommandError, CloudError):
            state = self._read_state(workspace)
        self._queue.put(self._reader.last_words())
        if self._reader.has_started:
            self._queue.put([self._what_was_done(state)])

    def _what_was_done(self, state: Checkpoint) -> NewEvent:
        changes = dict(self._reader.changes)
        counted = ", ".join(f"{count} {operation}" for operation, count in sorted(changes.items())) or "nothing"
        message = f"Done before the run ended: {counted}; the state holds {state.resource_count} resources."
        return self._log("info", message, changes=changes, resource_count=state.resource_count)

    def _log(self, level: str, message: str, **more: Any) -> NewEvent:
        return NewEvent(
            EventType.LOG_CREATED, {"stack": self._request.stack, "level": level, "message": message, **more}
        )
