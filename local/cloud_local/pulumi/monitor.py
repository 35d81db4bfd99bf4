"""The services that a program talks to: ResourceMonitor and Engine, over gRPC on loopback."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from .assets import hash_assets
from .errors import OperationFailed, PulumiError
from .goals import Alias, Goal, parse_duration
from .provider_transport import OPTIONS
from .registrar import Registrar, ShutDown
from .resource_state import ResourceState
from .transforms import Transforms
from .urns import is_provider_type, package_of, parse_reference, provider_package, type_of
from .values import Properties, decode_value, from_wire, has_unknown, to_wire

# The engine knows a third, "skip", that the Python SDK has no name for and treats like "fail".
_RESULTS: dict[str, Any] = {"success": 0, "fail": 1, "skip": 2}
_WORKERS = 256  # calls block while their resource is being made; a program may have hundreds of them open
_FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "OUTPUT_VALUES",
    "ALIAS_SPECS",
    "REPLACEMENT_TRIGGER",
    "DELETED_WITH",
    "REPLACE_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
)
_OLD_FEATURES = {
    "secrets",
    "resourceReferences",
    "outputValues",
    "aliasSpecs",
    "replacementTrigger",
    "deletedWith",
    "replaceWith",
    "transforms",
    "invokeTransforms",
}


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Turns the program's requests into what the deployment does."""

    def __init__(self, deployment: Registrar, organization: str, working_directory: str) -> None:
        self._deployment = deployment
        self._organization = organization
        self._directory = working_directory
        self._transforms = Transforms()
        self._lock = threading.Lock()
        # What children inherit, by the parent's URN.
        self._goals: dict[str, Goal] = {}
        self._component_providers: dict[str, dict[str, str]] = {}

    # -- about the deployment

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        deployment = self._deployment
        return resource_pb2.DeploymentInfo(
            project=deployment.project,
            stack=deployment.stack,
            organization=self._organization,
            config={key: value.text for key, value in deployment.config.items()},
            configSecretKeys=[key for key, value in deployment.config.items() if value.is_secret],
            dryRun=deployment.options.dry_run,
            parallel=deployment.options.parallel,
            supportedFeatures=[getattr(resource_pb2, f"RESOURCE_MONITOR_FEATURE_{name}") for name in _FEATURES],
        )

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _OLD_FEATURES)

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        self._deployment.program_finished()
        self._deployment.wait_for_shutdown()
        return empty_pb2.Empty()

    # -- resources

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer(context, lambda: self._register(request))

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        def register() -> Any:
            outputs = hash_assets(from_wire(request.outputs), self._directory)
            self._deployment.register_outputs(request.urn, outputs)
            return empty_pb2.Empty()

        return self._answer(context, register)

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer(context, lambda: self._read(request))

    def _register(self, request: Any) -> Any:
        if request.remote:
            raise PulumiError(f"the emulated engine can't construct remote components ({request.type})")
        self._inherit(request)
        self._transforms.apply(request)
        request.provider = self._resolve_provider(request.provider, request.providers, request.parent, request.type)
        dependencies: dict[str, set[str]] = {}
        properties = hash_assets(from_wire(request.object, dependencies), self._directory)
        goal = self._goal(request, properties, dependencies)
        result = self._deployment.register(goal)
        state = result.state
        with self._lock:
            self._goals[state.urn] = goal
            self._transforms.remember(state.urn, request)
            if not request.custom:
                inherited = self._component_providers.get(request.parent, {})
                self._component_providers[state.urn] = {**inherited, **request.providers}
        if result.result != "success" and not request.supportsResultReporting:
            raise PulumiError("resource registration failed")
        # A component's old outputs may refer to resources that aren't registered yet.
        outputs = state.outputs if request.custom else {}
        if not request.supportsPartialValues:
            outputs = {key: value for key, value in outputs.items() if not has_unknown(value)}
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id=state.id,
            object=to_wire(outputs, keep_secrets=request.acceptSecrets, keep_resources=request.acceptResources),
            result=_RESULTS[result.result],
            unknown=result.unknown,
        )

    def _goal(self, request: Any, properties: Properties, found: dict[str, set[str]]) -> Goal:
        """The registration as a goal. Properties depend on what the SDK says and on what their outputs carry."""
        if request.propertyDependencies:
            by_property = {key: set(value.urns) for key, value in request.propertyDependencies.items()}
        else:
            by_property = {key: set(request.dependencies) for key in properties}
        for key, urns in found.items():
            by_property.setdefault(key, set()).update(urns)
        if is_provider_type(request.type) and request.version:
            properties["version"] = request.version
        reference = request.provider
        if request.custom and not is_provider_type(request.type) and not reference:
            reference = self._deployment.default_provider(package_of(request.type), request.version)
        timeouts = request.customTimeouts
        return Goal(
            type=request.type,
            name=request.name,
            custom=request.custom,
            properties=properties,
            parent=request.parent,
            protect=request.protect if request.HasField("protect") else None,
            dependencies=sorted(request.dependencies),
            provider=reference if request.custom and not is_provider_type(request.type) else "",
            property_dependencies={key: sorted(urns) for key, urns in by_property.items()},
            delete_before_replace=request.deleteBeforeReplace
            if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
            else None,
            ignore_changes=list(request.ignoreChanges),
            additional_secret_outputs=list(request.additionalSecretOutputs),
            aliases=[Alias(urn=urn) for urn in request.aliasURNs] + [_alias(alias) for alias in request.aliases],
            import_id=request.importId,
            timeouts={
                verb: parse_duration(getattr(timeouts, verb))
                for verb in ("create", "update", "delete", "read")
                if getattr(timeouts, verb)
            },
            replace_on_changes=list(request.replaceOnChanges),
            replacement_trigger=decode_value(request.replacement_trigger)
            if request.HasField("replacement_trigger")
            else None,
            retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
            hide_diff=list(request.hideDiffs),
            deleted_with=request.deletedWith,
            replace_with=list(request.replace_with),
        )

    def _inherit(self, request: Any) -> None:
        """Options that children take over from their parent."""
        parent = self._goals.get(request.parent)
        if parent is None:
            return
        if not request.deletedWith:
            request.deletedWith = parent.deleted_with
        if not request.HasField("protect") and parent.protect is not None:
            request.protect = parent.protect
        if not request.HasField("retainOnDelete") and parent.retain_on_delete is not None:
            request.retainOnDelete = parent.retain_on_delete
        if not request.provider and parent.provider and request.custom:
            serves = provider_package(type_of(parse_reference(parent.provider).urn))
            if serves == package_of(request.type):
                request.provider = parent.provider

    def _resolve_provider(self, given: str, providers: Any, parent: str, type_: str) -> str:
        package = package_of(type_)
        if given:
            return given
        if package in providers:
            return str(providers[package])
        return self._component_providers.get(parent, {}).get(package, "")

    def _read(self, request: Any) -> Any:
        reference = request.provider
        if not reference and not is_provider_type(request.type):
            reference = self._resolve_provider("", {}, request.parent, request.type)
            reference = reference or self._deployment.default_provider(package_of(request.type), request.version)
        state = ResourceState(
            urn="",
            type=request.type,
            custom=True,
            id=request.id,
            inputs=from_wire(request.properties),
            parent=request.parent,
            external=True,
            dependencies=sorted(request.dependencies),
            provider=reference,
            additional_secret_outputs=list(request.additionalSecretOutputs),
        )
        result = self._deployment.read(state, request.name)
        return resource_pb2.ReadResourceResponse(
            urn=result.state.urn,
            properties=to_wire(
                result.state.outputs, keep_secrets=request.acceptSecrets, keep_resources=request.acceptResources
            ),
        )

    # -- functions

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer(context, lambda: self._invoke(request))

    def _invoke(self, request: Any) -> Any:
        self._transforms.apply_to_invoke(request)
        package = package_of(request.tok)
        reference = self._resolve_provider(request.provider, {}, request.parent, request.tok)
        reference = reference or self._deployment.default_provider(package, request.version)
        provider = self._deployment.registry.get(reference)
        if provider is None:
            raise PulumiError(f"Invoke: unknown provider '{reference}'")
        try:
            outputs, failures = provider.invoke(
                request.tok, from_wire(request.args), preview=self._deployment.options.dry_run
            )
        except OperationFailed as error:
            raise PulumiError(f"invocation of {request.tok} returned an error: {error}") from error
        return resource_pb2.ResourceInvokeResponse(
            failures=[_check_failure(*failure) for failure in failures],
            **{
                "return": to_wire(
                    outputs, keep_resources=request.acceptResources or request.tok.endswith("getResource")
                )
            },
        )

    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"the emulated engine can't call methods of resources ({request.tok})"
        )

    # -- transforms and packages

    def RegisterStackTransform(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        self._transforms.add_stack_transform(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        self._transforms.add_stack_invoke_transform(request)
        return empty_pb2.Empty()

    def _answer(self, context: Any, do: Any) -> Any:
        try:
            return do()
        except ShutDown:
            _abort(context, grpc.StatusCode.UNAVAILABLE, "resource monitor shut down")
        except (PulumiError, OperationFailed) as error:
            _abort(context, grpc.StatusCode.UNKNOWN, str(error))


def _abort(context: Any, code: grpc.StatusCode, details: str) -> NoReturn:
    context.abort(code, details)
    raise AssertionError("abort raises")


def _check_failure(prop: str, reason: str) -> Any:
    from pulumi.runtime.proto import provider_pb2

    return provider_pb2.CheckFailure(property=prop, reason=reason)


def _alias(alias: Any) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


class EngineService(engine_pb2_grpc.EngineServicer):
    """Logging, and the identity of the stack resource."""

    def __init__(self, deployment: Registrar) -> None:
        self._deployment = deployment

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        severity = ("debug", "info", "warning", "error")[request.severity]
        self._deployment.events.diagnostic(
            severity, request.message, request.urn, stream_id=request.streamId, ephemeral=request.ephemeral
        )
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return engine_pb2.GetRootResourceResponse(urn=self._deployment.root)

    def SetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        self._deployment.root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return engine_pb2.RequirePulumiVersionResponse()


def serve(add_to_server: Any, servicer: Any, workers: int = _WORKERS) -> tuple[Any, str]:
    """Serve one service on a free loopback port; returns the server and its address."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=workers), options=OPTIONS)
    add_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"
