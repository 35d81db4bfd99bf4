"""A program's view of the provider, for tests: declare, change, refresh, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import provider_pb2

from cloud_local.provider.engine_log import EngineLog
from cloud_local.provider.servicer import AwsProvider
from cloud_local.provider.values import from_struct, to_struct

REGION = "eu-central-1"


@dataclass
class Resource:
    """A resource as an engine remembers it: identifier, checked inputs, outputs."""

    token: str
    name: str
    id: str
    inputs: Any
    state: Any
    declared: Mapping[str, Any]

    @property
    def urn(self) -> str:
        return f"urn:pulumi:dev::shop::{self.token}::{self.name}"

    def __getitem__(self, name: str) -> Any:
        return from_struct(self.state)[0][name]

    @property
    def outputs(self) -> dict[str, Any]:
        return from_struct(self.state)[0]


@dataclass
class Engine:
    """As much of an engine as the provider can tell: calls in-process, as the stand-in makes them."""

    endpoint: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    made: list[Resource] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Seconds the provider would have slept."""

    def __post_init__(self) -> None:
        environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            **self.environment,
        }
        log = EngineLog(lambda item: self.warnings.append(item.message))
        self.provider = AwsProvider(environment, log, sleep=self.waits.append)
        self.provider.Configure(provider_pb2.ConfigureRequest(args=to_struct(dict(self.configuration))))

    def check(self, token: str, name: str, inputs: Mapping[str, Any], old: Any = None) -> Any:
        urn = f"urn:pulumi:dev::shop::{token}::{name}"
        return self.provider.Check(
            provider_pb2.CheckRequest(urn=urn, name=name, type=token, olds=old, news=to_struct(inputs))
        )

    def create(self, token: str, name: str, inputs: Mapping[str, Any]) -> Resource:
        checked = self.check(token, name, inputs)
        assert not checked.failures, checked.failures
        urn = f"urn:pulumi:dev::shop::{token}::{name}"
        made = self.provider.Create(provider_pb2.CreateRequest(urn=urn, properties=checked.inputs))
        resource = Resource(token, name, made.id, checked.inputs, made.properties, inputs)
        self.made.append(resource)
        return resource

    def preview(self, token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        checked = self.check(token, name, inputs)
        assert not checked.failures, checked.failures
        urn = f"urn:pulumi:dev::shop::{token}::{name}"
        request = provider_pb2.CreateRequest(urn=urn, properties=checked.inputs, preview=True)
        return from_struct(self.provider.Create(request).properties)[0]

    def read(self, resource: Resource) -> Any:
        return self.provider.Read(
            provider_pb2.ReadRequest(
                urn=resource.urn, id=resource.id, properties=resource.state, inputs=resource.inputs
            )
        )

    def refresh(self, resource: Resource) -> Any:
        """The drift a refresh finds, as DiffResponse: what an update would have to change back."""
        found = self.read(resource)
        assert found.id == resource.id
        return self.provider.Diff(
            provider_pb2.DiffRequest(
                urn=resource.urn, id=resource.id, olds=found.properties, old_inputs=found.inputs, news=resource.inputs
            )
        )

    def diff(self, resource: Resource, inputs: Mapping[str, Any]) -> Any:
        checked = self.check(resource.token, resource.name, inputs, resource.inputs)
        assert not checked.failures, checked.failures
        return self.provider.Diff(
            provider_pb2.DiffRequest(
                urn=resource.urn,
                id=resource.id,
                olds=resource.state,
                old_inputs=resource.inputs,
                news=checked.inputs,
            )
        )

    def update(self, resource: Resource, inputs: Mapping[str, Any]) -> None:
        checked = self.check(resource.token, resource.name, inputs, resource.inputs)
        assert not checked.failures, checked.failures
        answer = self.provider.Update(
            provider_pb2.UpdateRequest(
                urn=resource.urn,
                id=resource.id,
                olds=resource.state,
                old_inputs=resource.inputs,
                news=checked.inputs,
            )
        )
        resource.inputs, resource.state, resource.declared = checked.inputs, answer.properties, inputs

    def delete(self, resource: Resource) -> None:
        request = provider_pb2.DeleteRequest(
            urn=resource.urn, id=resource.id, properties=resource.state, old_inputs=resource.inputs
        )
        self.provider.Delete(request)
        if resource in self.made:
            self.made.remove(resource)

    def exists(self, resource: Resource) -> bool:
        return bool(self.read(resource).id)

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.provider.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments)))
        return from_struct(getattr(answer, "return"))[0]

    def clean(self) -> None:
        """Delete everything made, last first, as a destroy does."""
        for resource in reversed(list(self.made)):
            self.delete(resource)
