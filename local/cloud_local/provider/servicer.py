"""The provider as Pulumi's ResourceProvider service (pulumi/provider.proto)."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from cloud_local.provider import checking, config, diffing, invokes, lifecycle, reading
from cloud_local.provider.connection import Connection, NotEmulated
from cloud_local.provider.engine_log import EngineLog
from cloud_local.provider.errors import AwsFailure, PartialFailure, ProviderError, UnknownType
from cloud_local.provider.lookups import LOOKUPS
from cloud_local.provider.model import parse
from cloud_local.provider.package_schema import package_schema
from cloud_local.provider.scene import Scene
from cloud_local.provider.schema import schema_of
from cloud_local.provider.types import TYPES
from cloud_local.provider.values import UNKNOWN, Properties, from_struct, to_struct


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """`aws`, on boto3. Every method may be called with `context=None`, and by several threads at once.

    Raises (every method): ProviderError, a `grpc.RpcError` with code and details.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        log: EngineLog | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._sleep = sleep
        self._connection: Connection | None = None
        self.log = log or EngineLog()

    # -- the plugin itself

    def GetPluginInfo(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        return plugin_pb2.PluginInfo(version=version("pulumi_aws"))

    def Handshake(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        self.log.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        self.log.attach(request.address)
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        return provider_pb2.GetSchemaResponse(
            schema=package_schema(version("pulumi_aws"), TYPES, [*invokes.FUNCTIONS, *LOOKUPS])
        )

    def GetMapping(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        return provider_pb2.GetMappingResponse()

    def Cancel(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        if self._connection is not None:
            self._connection.cancel()
        return empty_pb2.Empty()

    # -- configuration

    def CheckConfig(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        news, _ = from_struct(request.news)
        failures = config.failures_of(news, self._environment)
        return provider_pb2.CheckResponse(inputs=request.news, failures=[_failure(*item) for item in failures])

    def DiffConfig(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        olds, _ = from_struct(request.old_inputs if request.old_inputs.fields else request.olds)
        news, _ = from_struct(request.news)
        return diffing.config_diff(olds, news)

    def Configure(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        given, _ = from_struct(request.args)
        if not request.args.fields:
            given = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        failures = config.failures_of(given, self._environment)
        if failures:
            raise ProviderError("; ".join(reason for _, reason in failures))
        connection = Connection(config.settings_of(given, self._environment), self._sleep)
        connection.assume_roles()
        _check_account(connection)
        self._connection = connection
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=True,
            supports_autonaming_configuration=True,
        )

    @property
    def connection(self) -> Connection:
        """The configured connection.

        Raises:
            ProviderError: before Configure.
        """
        if self._connection is None:
            raise ProviderError("the aws provider isn't configured")
        return self._connection

    # -- resources

    def Check(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        olds, _ = from_struct(request.olds)
        news, secret = from_struct(request.news)
        scene = self._scene(request.urn, news)
        inputs, failures = checking.check(
            scene, olds, request.randomSeed, request.autonaming if request.HasField("autonaming") else None
        )
        if inputs.get("tagsAll") and "tags" in secret:
            secret |= {"tagsAll"}
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs, secret), failures=[_failure(*item) for item in failures]
        )

    def Diff(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        old_inputs, _ = from_struct(request.old_inputs if request.old_inputs.fields else request.olds)
        news, _ = from_struct(request.news)
        scene = self._scene(request.urn, news, request.id)
        return diffing.diff(scene, old_inputs, list(request.ignoreChanges))

    def Create(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        inputs, secret = from_struct(request.properties)
        scene = self._scene(request.urn, inputs)
        if request.preview:
            state = diffing.preview_of_creation(scene)
            return provider_pb2.CreateResponse(id="", properties=to_struct(state, secret))
        try:
            lifecycle.create(scene)
            found = reading.live(scene)
            if found is None:
                raise ProviderError(f"creating {scene.title} ({scene.id}): AWS accepted it, but it can't be read back")
            state = reading.outputs_after_change(scene, found)
        except NotEmulated as gap:
            if scene.id:
                raise ProviderError(f"creating {scene.title} ({scene.name}): {gap}") from gap
            state = self._record(scene, gap)
        except (ClientError, BotoCoreError, ProviderError) as error:
            raise self._failed(scene, "creating", error, secret) from error
        return provider_pb2.CreateResponse(id=scene.id, properties=to_struct(state, secret))

    def Read(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        state, state_secret = from_struct(request.properties)
        inputs, secret = from_struct(request.inputs)
        if request.id.startswith(lifecycle.RECORDED):
            return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        scene = self._scene(request.urn, {**state, **inputs}, request.id)
        if not inputs and "{" in scene.row.id:
            scene.properties |= parse(scene.row.id, request.id)
        scene.properties.setdefault("tags", {})
        try:
            found = reading.live(scene)
        except (ClientError, BotoCoreError) as error:
            raise scene.failure("reading", error) from error
        except NotEmulated as gap:
            raise ProviderError(f"reading {scene.title} ({scene.id}): {gap}") from gap
        if found is None:
            return provider_pb2.ReadResponse()
        outputs, updated = reading.refreshed(scene, found, inputs, state)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=to_struct(outputs, secret | state_secret),
            inputs=to_struct(updated, secret),
        )

    def Update(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        olds, old_secret = from_struct(request.olds)
        news, secret = from_struct(request.news)
        secret |= old_secret - news.keys()  # what was secret and isn't declared anew stays so
        old_inputs, _ = from_struct(request.old_inputs)
        scene = self._scene(request.urn, news, request.id)
        scene.old = old_inputs or {name: value for name, value in olds.items() if name in scene.schema.inputs}
        if request.preview:
            state = diffing.preview_of_update(scene, olds)
            return provider_pb2.UpdateResponse(properties=to_struct(state, secret))
        if scene.id.startswith(lifecycle.RECORDED):
            scene.warn(f"{scene.schema.token}: the change is recorded but not applied: the type is recorded only")
            return provider_pb2.UpdateResponse(properties=to_struct({**olds, **news}, secret))
        # What AWS computed (an ARN) may be needed to say which resource; declarations win.
        scene.properties = {**{name: olds[name] for name in olds.keys() - scene.schema.inputs.keys()}, **news}
        computed = scene.properties.keys() - news.keys()
        try:
            lifecycle.update(scene)
            scene.properties = {name: value for name, value in scene.properties.items() if name not in computed}
            found = reading.live(scene)
            if found is None:
                raise ProviderError(f"updating {scene.title} ({scene.id}): it no longer exists")
            state = reading.outputs_after_change(scene, found)
        except (ClientError, BotoCoreError) as error:
            raise scene.failure("updating", error) from error
        return provider_pb2.UpdateResponse(properties=to_struct(state, secret))

    def Delete(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        state, _ = from_struct(request.properties)
        inputs, _ = from_struct(request.old_inputs)
        scene = self._scene(request.urn, {**state, **inputs}, request.id)
        try:
            lifecycle.delete(scene, self._sleep)
        except (ClientError, BotoCoreError) as error:
            raise scene.failure("deleting", error) from error
        except NotEmulated as gap:
            raise ProviderError(f"deleting {scene.title} ({scene.id}): {gap}") from gap
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any = None) -> Any:  # noqa: N802, ARG002
        arguments, secret = from_struct(request.args)
        answer = invokes.invoke(self.connection, request.tok, arguments)
        return provider_pb2.InvokeResponse(**{"return": to_struct(answer, frozenset(secret) & answer.keys())})

    # -- within

    def _scene(self, urn: str, properties: Properties, identifier: str = "") -> Scene:
        _, _, qualified = urn.partition("::")
        _, _, typed = qualified.partition("::")
        type_path, _, name = typed.partition("::")
        token = type_path.rpartition("$")[2]
        row = TYPES.get(token)
        if row is None:
            raise UnknownType(f"the emulated aws provider has no resource type {token}")
        return Scene(
            connection=self.connection,
            row=row,
            schema=schema_of(token),
            name=name,
            properties=properties,
            warn=lambda message: self.log.warning(message, urn),
            id=identifier,
        )

    def _record(self, scene: Scene, gap: NotEmulated) -> Properties:
        """The state of a resource that the emulator has no operation for."""
        scene.id = lifecycle.RECORDED + secrets.token_hex(8)
        scene.warn(f"{scene.schema.token} ({scene.name}) is recorded but not created: {gap}")
        state = {name: value for name, value in scene.properties.items() if not name.startswith("__")}
        if "arn" in scene.schema.outputs:
            kind = scene.schema.token.rpartition(":")[2].lower()
            known = scene.known
            state["arn"] = (
                f"arn:{known['partition']}:{scene.row.service}:{scene.region}:{known['account']}:{kind}/{scene.id}"
            )
        return state

    def _failed(
        self, scene: Scene, verb: str, error: ClientError | BotoCoreError | ProviderError, secret: frozenset[str]
    ) -> ProviderError:
        failure = error if isinstance(error, ProviderError) else scene.failure(verb, error)
        if not scene.id:
            return failure
        inputs = to_struct(scene.properties, secret)
        return PartialFailure(failure.details(), scene.id, inputs, inputs, [failure.details()])


def _failure(name: str, reason: str) -> Any:
    return provider_pb2.CheckFailure(property=name, reason=reason)


def _check_account(connection: Connection) -> None:
    settings = connection.settings
    if settings.allowed_accounts and connection.account not in settings.allowed_accounts:
        raise ProviderError(f"AWS account ID not allowed: {connection.account}")
    if settings.forbidden_accounts and connection.account in settings.forbidden_accounts:
        raise ProviderError(f"AWS account ID not allowed: {connection.account} is forbidden")


__all__ = ["UNKNOWN", "AwsFailure", "AwsProvider"]
