"""`pulumi up`, `preview`, `refresh`, `destroy`: one operation on a stack, from the lock to the history entry."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

from . import checkpoint, language_host
from .backend import StackReference
from .builtin_provider import BuiltinProvider
from .cancellation import Cancellation, Terminated
from .checkpoint import Snapshot
from .deployment import Deployment, Outcome
from .display import Display
from .errors import Bail, PulumiError
from .event_log import open_event_log
from .events import EventStream, SecretFilter
from .locks import lock
from .monitor import EngineService, Monitor, serve
from .options import Options
from .output import print_json, print_line
from .provider_client import ProviderClient
from .provider_loading import ProviderLoader, ServicerFactory, default_servicers, program_python
from .provider_registry import ProviderRegistry
from .provider_transport import InProcessTransport
from .resource_state import ResourceState
from .snapshot_writer import SnapshotWriter
from .values import Properties, masked
from .workspace import Workspace

_TITLES = {
    ("up", False): "Updating",
    ("up", True): "Previewing update",
    ("refresh", False): "Refreshing",
    ("refresh", True): "Previewing refresh",
    ("destroy", False): "Destroying",
    ("destroy", True): "Previewing destroy",
}
_KINDS = {"up": "update", "refresh": "refresh", "destroy": "destroy"}


@dataclass(frozen=True)
class Request:
    """What is to be done. `verb`: up, refresh or destroy; a preview is `options.dry_run`.

    `client`: address of an inline program. `expect_no_changes` makes a change an error.
    """

    verb: str
    options: Options
    message: str = ""
    event_log: str = ""
    client: str = ""
    refresh: bool = False
    as_json: bool = False
    expect_no_changes: bool = False
    exec_kind: str = "cli"
    exec_agent: str = ""
    suppress_outputs: bool = False


class Operation:
    """Runs one request in a workspace."""

    def __init__(
        self, workspace: Workspace, request: Request, servicers: Mapping[str, ServicerFactory] | None = None
    ) -> None:
        self._workspace = workspace
        self._request = request
        self._servicers = default_servicers() if servicers is None else servicers
        self._dry = request.options.dry_run
        self._display = Display(quiet=request.as_json)

    def run(self) -> None:
        """Do it. Raises PulumiError for what wasn't shown yet, Bail for a failure that was."""
        workspace, request = self._workspace, self._request
        stack = workspace.stack
        program = self._prepare_program()
        with ExitStack() as cleanup:
            cleanup.callback(_discard, program)
            # A preview changes nothing; the CLI takes no lock for it either.
            cleanup.enter_context(nullcontext() if self._dry else lock(workspace.backend, stack))
            self._display.line(f"{_TITLES[request.verb, self._dry]} ({workspace.stack_display}):")
            self._display.line()
            outcome, outputs = self._deploy(stack, program, cleanup)
        self._finish(outcome, outputs)

    def _prepare_program(self) -> language_host.Program | None:
        """Make the program's process before anything here uses a thread: see language_host."""
        if self._request.verb != "up":
            return None
        if self._request.client:
            return language_host.InlineProgram(self._request.client)
        self._workspace.project.program()
        python = language_host.virtualenv_python(self._workspace.project)
        return language_host.ForkedProgram() if python is None else language_host.InterpreterProgram(python)

    def _deploy(
        self, stack: StackReference, program: language_host.Program | None, cleanup: ExitStack
    ) -> tuple[Outcome, Properties | None]:
        workspace, request = self._workspace, self._request
        config = workspace.config
        document = workspace.backend.load(stack)
        base = checkpoint.deserialize(document, workspace.crypter_of(document) if document else None)
        secrets = SecretFilter(value.text for value in config.values() if value.is_secret)
        events = EventStream(secrets, planning=self._dry)
        if request.event_log:
            log = open_event_log(request.event_log)
            events.listen(log)
            cleanup.callback(log.close)
        events.listen(self._display)
        writer = None if self._dry else SnapshotWriter(base, lambda snapshot: self._save(stack, snapshot))
        python = program_python(language_host.virtualenv_python(workspace.project)) if program else program_python(None)
        environment = {
            **workspace.environment,
            "PULUMI_PROJECT": stack.project,
            "PULUMI_STACK": stack.name,
            "PULUMI_DRY_RUN": "true" if self._dry else "false",
        }
        loader = ProviderLoader(
            self._servicers, environment, python, lambda severity, line: events.diagnostic(severity, line)
        )
        lookup: dict[str, ResourceState] = {}
        builtins = BuiltinProvider(self._outputs_of, lambda urn: lookup.get(urn))
        registry = ProviderRegistry(loader.load, ProviderClient(InProcessTransport(builtins)))
        cleanup.callback(registry.close)
        deployment = Deployment(
            stack.project, stack.name, base, request.options, config, events, registry, writer, lookup
        )
        loader.engine_address = self._serve_engine(deployment, cleanup)
        cancellation = Cancellation(deployment, events, preview=self._dry)
        cleanup.enter_context(cancellation)
        events.prelude({key: "[secret]" if value.is_secret else value.text for key, value in config.items()})
        started = int(time.time())
        try:
            outcome = self._execute(deployment, program, loader.engine_address, cleanup)
        except Terminated as terminated:
            events.stdout(f"{terminated} received; terminating\n")
            deployment.terminate()
            if program is not None:
                program.stop(at_once=True)
            outcome = deployment.terminated_outcome(time.time() - started)
        if writer is not None:
            writer.close()
        result = outcome.result
        events.summary(
            corrupt=outcome.corrupt, seconds=int(outcome.seconds) + 1, changes=outcome.changes, result=result
        )
        events.cancel()
        if not self._dry:
            self._record(stack, started, outcome)
        return outcome, deployment.stack_outputs

    def _execute(
        self, deployment: Deployment, program: language_host.Program | None, engine: str, cleanup: ExitStack
    ) -> Outcome:
        request = self._request
        if request.verb == "refresh":
            return deployment.refresh(only=True)
        if request.refresh:
            refreshed = deployment.refresh(only=False)
            if refreshed.result != "succeeded":
                return refreshed
        if program is None:
            return deployment.destroy()

        def start() -> None:
            self._start_program(deployment, program, engine, cleanup)

        return deployment.update(start)

    def _start_program(
        self, deployment: Deployment, program: language_host.Program, engine: str, cleanup: ExitStack
    ) -> None:
        from pulumi.runtime.proto import resource_pb2_grpc

        project, stack = self._workspace.project, self._workspace.stack
        directory, entry = project.program()
        organization = "organization"
        monitor = Monitor(deployment, organization, str(directory))
        server, address = serve(resource_pb2_grpc.add_ResourceMonitorServicer_to_server, monitor)
        # Last in, first out: calls are answered, the program ends, then the server.
        cleanup.callback(lambda: server.stop(1).wait())
        cleanup.callback(program.stop)
        cleanup.callback(deployment.let_go)
        parameters: dict[str, Any] = {
            "monitor": address,
            "engine": engine,
            "project": stack.project,
            "stack": stack.name,
            "organization": organization,
            "root_directory": str(project.directory),
            "directory": str(directory),
            "program": entry,
            "parallel": self._request.options.parallel,
            "dry_run": self._dry,
            "config": {key: value.text for key, value in deployment.config.items()},
            "secret_keys": [key for key, value in deployment.config.items() if value.is_secret],
        }
        program.start(
            parameters,
            lambda severity, text: deployment.events.diagnostic(severity, text, deployment.root),
            deployment.program_exited,
        )

    def _serve_engine(self, deployment: Deployment, cleanup: ExitStack) -> str:
        from pulumi.runtime.proto import engine_pb2_grpc

        service = EngineService(deployment)
        server, address = serve(engine_pb2_grpc.add_EngineServicer_to_server, service, workers=32)
        cleanup.callback(lambda: server.stop(0.2).wait())
        return address

    def _outputs_of(self, name: str) -> Properties:
        """The outputs of another stack, for stack references; its secrets are opened with this run's passphrase."""
        stack = self._workspace.reference(name)
        if not self._workspace.backend.exists(stack):
            raise PulumiError(f"unknown stack {name!r}".replace("'", '"'))
        document = self._workspace.backend.load(stack)
        return checkpoint.stack_outputs(document, self._workspace.crypter_of(document) if document else None)

    def _save(self, stack: StackReference, snapshot: Snapshot) -> None:
        workspace = self._workspace
        workspace.backend.save(stack, checkpoint.serialize(snapshot, workspace.crypter()))

    def _record(self, stack: StackReference, started: int, outcome: Outcome) -> None:
        request, workspace = self._request, self._workspace
        environment = {
            "exec.kind": request.exec_kind or "cli",
            **({"exec.agent": request.exec_agent} if request.exec_agent else {}),
            "pulumi.version": checkpoint.manifest()["version"],
            "updatePlan": "false",
        }
        workspace.backend.record_update(
            stack,
            {
                "kind": _KINDS[request.verb],
                "startTime": started,
                "message": request.message,
                "environment": environment,
                "config": {key: value.raw for key, value in workspace.config.items()},
                "version": 0,
                "result": "succeeded" if outcome.result == "succeeded" else "failed",
                "endTime": int(time.time()),
                "resourceChanges": outcome.changes,
            },
        )

    def _finish(self, outcome: Outcome, outputs: Properties | None) -> None:
        request = self._request
        shown = None if request.suppress_outputs or request.verb == "destroy" else outputs
        self._display.finish(outcome.changes, shown, None if self._dry else outcome.seconds)
        if request.as_json:
            print_json(self._digest(outcome, shown))
        if outcome.result != "succeeded":
            raise Bail("the operation failed")
        changed = {op: count for op, count in outcome.changes.items() if op not in ("same", "refresh") and count}
        if request.expect_no_changes and changed:
            raise PulumiError(
                "no changes were expected but changes were proposed"
                if self._dry
                else "no changes were expected but changes occurred"
            )
        if request.verb == "destroy" and not self._dry and not request.options.targets.constrained:
            name = self._workspace.stack_display
            print_line(
                "The resources in the stack have been deleted, but the history and configuration associated with the stack "
                f"are still maintained. \nIf you want to remove the stack completely, run `pulumi stack rm {name}`."
            )

    def _digest(self, outcome: Outcome, outputs: Properties | None) -> dict[str, Any]:
        """The document of `preview --json`."""
        return {
            "config": self._display.config,
            "steps": [
                {
                    "op": step["op"],
                    "urn": step["urn"],
                    **({"provider": step["provider"]} if step["provider"] else {}),
                    **({"oldState": step["old"]} if step["old"] else {}),
                    **({"newState": step["new"]} if step["new"] else {}),
                    **({"replaceReasons": step["keys"]} if step.get("keys") else {}),
                    **({"diffReasons": step["diffs"]} if step.get("diffs") else {}),
                    "detailedDiff": step["detailedDiff"],
                }
                for step in self._display.steps
            ],
            "outputs": masked(outputs or {}),
            "duration": int(outcome.seconds * 1e9),
            "changeSummary": outcome.changes,
        }


def _discard(program: language_host.Program | None) -> None:
    if isinstance(program, language_host.ForkedProgram):
        program.discard()
