"""A small provider in memory and an engine around it, for tests of the engine without processes."""

# ruff: noqa: N802 - the methods of a gRPC service

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from cloud_local.pulumi.builtin_provider import BuiltinProvider
from cloud_local.pulumi.checkpoint import Snapshot
from cloud_local.pulumi.configuration import ConfigValue
from cloud_local.pulumi.deployment import Deployment, Outcome
from cloud_local.pulumi.errors import OperationFailed, Status
from cloud_local.pulumi.events import EventStream, SecretFilter
from cloud_local.pulumi.goals import Goal
from cloud_local.pulumi.options import Options
from cloud_local.pulumi.provider_client import ProviderClient
from cloud_local.pulumi.provider_registry import ProviderRegistry
from cloud_local.pulumi.provider_transport import InProcessTransport
from cloud_local.pulumi.registrar import RegistrationResult, ShutDown
from cloud_local.pulumi.snapshot_writer import SnapshotWriter
from cloud_local.pulumi.values import from_wire, to_wire


class Cloud:
    """What exists in the pretended cloud, and every call that was made, in order."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fail: set[str] = set()
        self.delete_first = False
        self.lock = threading.Lock()
        self.count = 0


class ThingProvider:
    """Things have any properties; `kind` can't change in place; `bad` inputs are refused; a `computed` output is added."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def Handshake(self, request: Any, context: Any) -> Any:
        return messages.ProviderHandshakeResponse()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        replace = from_wire(request.old_inputs).get("region") != from_wire(request.news).get("region")
        return messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME if replace else messages.DiffResponse.DIFF_NONE,
            replaces=["region"] if replace else [],
        )

    def Configure(self, request: Any, context: Any) -> Any:
        return messages.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:
        news = from_wire(request.news)
        failures = [messages.CheckFailure(property="bad", reason="bad is not allowed")] if "bad" in news else []
        return messages.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        olds, news = from_wire(request.old_inputs), from_wire(request.news)
        changed = sorted(k for k in {*olds, *news} if olds.get(k) != news.get(k))
        replaces = [k for k in changed if k == "kind"]
        return messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE,
            replaces=replaces,
            diffs=changed,
            deleteBeforeReplace=self.cloud.delete_first,
            detailedDiff={
                k: messages.PropertyDiff(
                    kind=messages.PropertyDiff.UPDATE_REPLACE if k in replaces else messages.PropertyDiff.UPDATE
                )
                for k in changed
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = from_wire(request.properties)
        if request.preview:
            return messages.CreateResponse(properties=request.properties)
        with self.cloud.lock:
            self.cloud.calls.append(f"create {request.name}")
            if f"create {request.name}" in self.cloud.fail:
                raise OperationFailed("the cloud refused", Status.OK)
            self.cloud.count += 1
            identity = f"{request.name}-{self.cloud.count}"
            self.cloud.things[identity] = inputs
        return messages.CreateResponse(id=identity, properties=to_wire({**inputs, "computed": f"of {identity}"}))

    def Update(self, request: Any, context: Any) -> Any:
        inputs = from_wire(request.news)
        if not request.preview:
            self.cloud.calls.append(f"update {request.name}")
            if f"update {request.name}" in self.cloud.fail:
                raise OperationFailed("the cloud refused", Status.OK)
            self.cloud.things[request.id] = inputs
        return messages.UpdateResponse(properties=to_wire({**inputs, "computed": f"of {request.id}"}))

    def Delete(self, request: Any, context: Any) -> Any:
        self.cloud.calls.append(f"delete {request.id}")
        if f"delete {request.name}" in self.cloud.fail:
            raise OperationFailed("the cloud refused", Status.OK)
        del self.cloud.things[request.id]
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:
        thing = self.cloud.things.get(request.id)
        if thing is None:
            return messages.ReadResponse()
        outputs = {**thing, "computed": f"of {request.id}"}
        return messages.ReadResponse(id=request.id, properties=to_wire(outputs), inputs=to_wire(thing))


Program = Callable[["Engine"], None]


@dataclass
class Engine:
    """One stack, and the state that its operations leave. `events` are those of the last operation."""

    cloud: Cloud = field(default_factory=Cloud)
    state: Snapshot = field(default_factory=Snapshot)
    saved: list[Snapshot] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, ConfigValue] = field(default_factory=dict)
    deployment: Deployment | None = None

    def _new(self, options: Options) -> tuple[Deployment, SnapshotWriter | None]:
        self.events = []
        secrets = SecretFilter(v.text for v in self.config.values() if v.is_secret)
        stream = EventStream(secrets, planning=options.dry_run)
        stream.listen(lambda event, _internal: self.events.append(event))
        lookup: dict[str, Any] = {}
        builtins = ProviderClient(InProcessTransport(BuiltinProvider(lambda _name: {}, lookup.get)))
        registry = ProviderRegistry(
            lambda _package: ProviderClient(InProcessTransport(ThingProvider(self.cloud))), builtins
        )
        writer = None if options.dry_run else SnapshotWriter(self.state, self.saved.append)
        deployment = Deployment("shop", "dev", self.state, options, self.config, stream, registry, writer, lookup)
        self.deployment = deployment
        return deployment, writer

    def up(self, program: Program, options: Options | None = None, *, refresh: bool = False) -> Outcome:
        """Run a program, which calls `register` on this object."""
        deployment, writer = self._new(options or Options())
        if refresh:
            deployment.refresh(only=False)

        def run() -> None:
            error: str | None = None
            try:
                program(self)
            except ShutDown:
                error = ""
            except Exception as problem:  # noqa: BLE001 - whatever a program raises
                error = str(problem)
            deployment.program_exited(error)

        outcome = deployment.update(lambda: threading.Thread(target=run).start())
        return self._end(outcome, writer)

    def destroy(self, options: Options | None = None) -> Outcome:
        deployment, writer = self._new(options or Options())
        return self._end(deployment.destroy(), writer)

    def refresh(self, options: Options | None = None) -> Outcome:
        deployment, writer = self._new(options or Options())
        return self._end(deployment.refresh(only=True), writer)

    def _end(self, outcome: Outcome, writer: SnapshotWriter | None) -> Outcome:
        if writer is not None:
            writer.close()
            self.state = self.saved[-1]
        return outcome

    def register(self, name: str, properties: dict[str, Any] | None = None, **options: Any) -> RegistrationResult:
        """Register a thing (or, with `type_` and `custom`, anything else)."""
        assert self.deployment is not None
        type_ = options.pop("type_", "test:index:Thing")
        custom = options.pop("custom", True)
        provider = options.pop("provider", "")
        if custom and not provider and not type_.startswith("pulumi:providers:"):
            provider = self.deployment.default_provider("test", "")
        dependencies = options.pop("dependencies", [])
        goal = Goal(type_, name, custom, properties or {}, provider=provider, dependencies=dependencies, **options)
        if not goal.property_dependencies:
            goal.property_dependencies = {key: list(dependencies) for key in goal.properties}
        return self.deployment.register(goal)

    def named(self, name: str) -> Any:
        """The only state of that name."""
        (state,) = [s for s in self.state.resources if s.urn.endswith(f"::{name}")]
        return state

    def names(self) -> list[str]:
        """Names of all resources in the state, in order, without default providers."""
        names = [s.urn.split("::", 3)[3] for s in self.state.resources]
        return [n for n in names if not n.startswith("default")]

    def operations(self) -> list[tuple[str, str]]:
        """(operation, name) of the steps of the last operation, without default providers."""
        found = [e["resourcePreEvent"]["metadata"] for e in self.events if "resourcePreEvent" in e]
        pairs = [(m["op"], m["urn"].split("::", 3)[3]) for m in found]
        return [(op, name) for op, name in pairs if not name.startswith("default")]

    def messages(self, severity: str) -> str:
        """All diagnostics of a severity, joined."""
        found = [e["diagnosticEvent"] for e in self.events if "diagnosticEvent" in e]
        return "".join(d["message"] for d in found if d["severity"] == severity)


@pytest.fixture
def engine() -> Engine:
    return Engine()
