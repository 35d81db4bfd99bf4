"""AutomationRunner: one run of one stack, from the program's zip to its outputs."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cloud.adapters.pulumi.configuration import has_secret
from cloud.adapters.pulumi.engine_settings import EngineSettings
from cloud.adapters.pulumi.event_reader import EventReader
from cloud.adapters.pulumi.failures import no_engine, timed_out, was_interrupted
from cloud.adapters.pulumi.preview_file import PreviewFile
from cloud.adapters.pulumi.processes import RunProcesses
from cloud.adapters.pulumi.redaction import Redactor
from cloud.adapters.pulumi.stack_run import StackRun, ids_of, runs_program
from cloud.adapters.pulumi.supervision import EndReason, EventQueue, Outcome, Supervisor
from cloud.domain.errors import CloudError, InternalError, PulumiError
from cloud.domain.operations import OperationKind
from cloud.ports.runner import Emit, RunRequest, RunResult, ShouldStop

if TYPE_CHECKING:
    from semver import VersionInfo

LINGER_SECONDS = 3.0
"""How long an engine may take to leave after its last step before a program's daemons are ended."""


class AutomationRunner:
    """The StackRunner on the Automation API. Safe to use from several threads; each run has its own folder and processes.

    A run's folder lives as long as the run: the program, its home, its temporary files and Pulumi's home, of which only the
    installed plugins are shared. ``emit`` and ``should_stop`` are called on the thread that called ``run``.
    """

    def __init__(self, settings: EngineSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._versions: dict[str, VersionInfo] = {}
        self._lock = threading.Lock()

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        """See ``StackRunner.run``. What ``emit`` or ``should_stop`` raises ends the run and is raised again."""
        marker = uuid.uuid4().hex
        processes = RunProcesses(marker)
        queue = EventQueue(emit)
        secrets = [value for value in _inputs(request) if has_secret(value)]
        with _run_folder(self._settings) as folder:
            # The passphrase opens everything else, and stands in the environment of every program.
            redactor = Redactor([self._settings.passphrase, *secrets], folder=str(folder / "program"))
            reader = EventReader(request.stack, redactor, runs_program=runs_program(request.kind), clock=self._clock)
            supervisor = Supervisor(
                processes,
                queue,
                should_stop,
                timeout_seconds=request.timeout_seconds,
                grace_seconds=request.grace_seconds,
                on_interrupt=reader.interrupted,
                on_tick=lambda: self._end_strays(reader, processes),
                clock=self._clock,
            )
            environment = self._settings.process_environment(folder, marker)
            preview = PreviewFile(folder, request) if request.kind is OperationKind.PREVIEW else None
            if preview is not None:
                environment.update(preview.write())

            def work() -> RunResult:
                executable, version = self._engine(environment)
                run = StackRun(request, self._settings, folder, environment, processes, reader, queue, self._clock)
                return run.perform(executable, version)

            try:
                outcome = supervisor.supervise(work)
            finally:
                # However the run went: nothing that it started outlives it, or writes to a folder that is being removed.
                processes.end_all()
            try:
                result = _conclude(outcome, request, redactor)
            except CloudError as failure:
                if preview is not None and (objection := preview.objection(reader, failure)):
                    raise objection from failure
                raise
            if preview is not None and (objection := preview.objection(reader, None)):
                raise objection
            return result

    def free_lock(self, project: str, pulumi_stack: str) -> None:
        """See ``StackRunner.free_lock``: ``pulumi cancel``, in a project that holds nothing."""
        from pulumi.automation.errors import CommandError

        from cloud.adapters.pulumi.automation import EngineCommand, RunWorkspace
        from cloud.adapters.pulumi.program import prepare_program

        marker = uuid.uuid4().hex
        processes = RunProcesses(marker)
        with _run_folder(self._settings) as folder:
            environment = self._settings.process_environment(folder, marker)
            executable, version = self._engine(environment)
            prepare_program(b"", folder / "program", project, without_program=True)
            command = EngineCommand(executable, version, processes)
            workspace = RunWorkspace(work_dir=str(folder / "program"), env_vars=environment, pulumi_command=command)
            try:
                workspace.free_lock(pulumi_stack)
            except CommandError as error:
                said = Redactor([self._settings.passphrase], folder=str(folder)).message(command.last_output[1])
                raise PulumiError(f"Pulumi's lock on {pulumi_stack} could not be freed: {said}") from error
            finally:
                processes.end_all()

    def _end_strays(self, reader: EventReader, processes: RunProcesses) -> None:
        """The engine, though done, waits for everybody who holds its program's output, also for a daemon that never ends."""
        if reader.summary_at is not None and self._clock() - reader.summary_at > LINGER_SECONDS:
            processes.end_strays()

    def _engine(self, environment: Mapping[str, str]) -> tuple[str, VersionInfo]:
        """The engine's path and version. The version is asked for once: it takes as long as any other command."""
        from cloud.adapters.pulumi.automation import engine_version

        root = self._settings.pulumi_root
        name = str(Path(root).resolve() / "bin" / "pulumi") if root else "pulumi"
        executable = shutil.which(name, path=environment["PATH"])
        if executable is None:
            raise no_engine(name if root else "")
        with self._lock:
            if executable not in self._versions:
                self._versions[executable] = engine_version(executable, environment)
            return executable, self._versions[executable]


@contextmanager
def _run_folder(settings: EngineSettings) -> Iterator[Path]:
    if settings.work_root:
        Path(settings.work_root).mkdir(parents=True, exist_ok=True)
    backend = urlsplit(settings.backend_url)
    if backend.scheme == "file":
        Path(backend.path).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=settings.work_root or None)).resolve()
    try:
        for name in ("home", "tmp", "pulumi"):
            (folder / name).mkdir()
        if settings.pulumi_home:
            plugins = Path(settings.pulumi_home).resolve() / "plugins"
            plugins.mkdir(parents=True, exist_ok=True)
            (folder / "pulumi" / "plugins").symlink_to(plugins)
        yield folder
    finally:
        # A program may leave what can't be removed (a folder without write permission); that must not hide how it went.
        shutil.rmtree(folder, ignore_errors=True)


def _inputs(request: RunRequest) -> Iterator[Any]:
    yield from request.config.values()
    yield from request.unknown_config.values()
    for planned in request.upstream.values():
        yield from planned.outputs.values()


def _conclude(outcome: Outcome[RunResult], request: RunRequest, redactor: Redactor) -> RunResult:
    if outcome.result is not None:
        return outcome.result  # even when it was asked to stop: Pulumi had finished before it heard of it
    if outcome.reason is EndReason.TIMED_OUT:
        raise timed_out(request.timeout_seconds, ids_of(request)) from outcome.failure
    if outcome.reason is EndReason.STOPPED:
        raise was_interrupted(ids_of(request)) from outcome.failure
    if isinstance(outcome.failure, CloudError):
        raise outcome.failure
    said = redactor.message(f"{type(outcome.failure).__name__}: {outcome.failure}")
    raise InternalError(f"The runner failed: {said}", **ids_of(request)) from outcome.failure
