"""A resource provider as the engine uses it: property values in, property values out.

It adds what the engine's own plugin layer adds: secrets are kept for providers that don't know them, previews are
answered for providers that don't support them, and a provider whose configuration is still unknown isn't called.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import provider_pb2 as messages

from .diffs import Changes, DetailedDiff, Diff, DiffKind, PropertyDiff
from .errors import DiffUnavailable, OperationFailed, Status
from .provider_transport import Transport
from .urns import name_of, provider_package, type_of
from .values import Properties, annotate_secrets, from_wire, has_unknown, reveal, to_wire

_KINDS = [
    DiffKind.ADD,
    DiffKind.ADD_REPLACE,
    DiffKind.DELETE,
    DiffKind.DELETE_REPLACE,
    DiffKind.UPDATE,
    DiffKind.UPDATE_REPLACE,
]
CheckFailure = tuple[str, str]  # property, reason


@dataclass
class ReadResult:
    """What a provider read. `outputs` None: there is no such resource; `inputs` None: it can't tell them."""

    id: str
    outputs: Properties | None
    inputs: Properties | None
    init_errors: list[str] = field(default_factory=list)


class ProviderClient:
    """One configured (or not yet configured) provider. All calls raise OperationFailed when the provider fails."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._accept_secrets = False
        self._accept_resources = False
        self._supports_preview = False
        self._known = True

    def close(self) -> None:
        """Let go of the provider."""
        self._transport.close()

    def cancel(self) -> None:
        """Ask the provider to stop what it does as soon as it can; failing to do so is its own affair."""
        from google.protobuf import empty_pb2

        with suppress(OperationFailed):
            self._transport.call("Cancel", empty_pb2.Empty())

    def handshake(self, engine_address: str) -> None:
        """Tell the provider where the engine is, for its log messages."""
        request = messages.ProviderHandshakeRequest(
            engine_address=engine_address, configure_with_urn=True, invoke_with_preview=True
        )
        try:
            self._transport.call("Handshake", request)
        except OperationFailed as failure:
            if not failure.unimplemented:
                raise

    # -- configuration

    def check_config(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Validate provider inputs."""
        request = messages.CheckRequest(
            urn=urn, name=name_of(urn), type=type_of(urn), olds=to_wire(olds), news=to_wire(news)
        )
        try:
            response = self._transport.call("CheckConfig", request)
        except OperationFailed as failure:
            if not failure.unimplemented:
                raise
            return news, []
        inputs = from_wire(response.inputs)
        annotate_secrets(inputs, news)
        return inputs, _failures(response)

    def diff_config(self, urn: str, old_inputs: Properties, old_outputs: Properties, new_inputs: Properties) -> Diff:
        """Compare provider configurations; a replacement means that its resources have to be replaced as well."""
        request = messages.DiffRequest(
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=to_wire(old_outputs),
            news=to_wire(new_inputs),
            old_inputs=to_wire(old_inputs),
        )
        try:
            return _diff(self._transport.call("DiffConfig", request))
        except OperationFailed as failure:
            if not failure.unimplemented:
                raise
            return Diff(Changes.UNKNOWN)

    def configure(self, urn: str, provider_id: str, inputs: Properties) -> None:
        """Give the provider its configuration; with unknowns in it, the provider stays unconfigured for this preview."""
        if has_unknown(inputs):
            self._known = False
            return
        prefix = f"{provider_package(type_of(urn))}:config:"
        variables = {prefix + k: v if isinstance(v, str) else json.dumps(v) for k, v in reveal(inputs).items()}
        variables.pop(f"{prefix}version", None)
        response = self._transport.call(
            "Configure",
            messages.ConfigureRequest(
                urn=urn,
                name=name_of(urn),
                type=type_of(urn),
                id=provider_id,
                variables=variables,
                args=to_wire(inputs),
                acceptSecrets=True,
                acceptResources=True,
                sends_old_inputs=True,
                sends_old_inputs_to_delete=True,
            ),
        )
        self._known = True
        self._accept_secrets = response.acceptSecrets
        self._accept_resources = response.acceptResources
        self._supports_preview = response.supportsPreview

    # -- resources

    def check(
        self, urn: str, olds: Properties | None, news: Properties, *, allow_unknowns: bool
    ) -> tuple[Properties, list[CheckFailure]]:
        """Validate inputs and fill in defaults."""
        if not self._known:
            return news, []
        request = messages.CheckRequest(
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=self._struct(olds or {}),
            news=self._struct(news, allow_unknowns=allow_unknowns),
            randomSeed=os.urandom(32),
        )
        response = self._transport.call("Check", request)
        inputs = from_wire(response.inputs)
        if not self._accept_secrets:
            annotate_secrets(inputs, news)
        return inputs, _failures(response)

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new_inputs: Properties,
        *,
        allow_unknowns: bool,
        ignore_changes: list[str],
    ) -> Diff:
        """Compare a resource's state with new inputs. Raises DiffUnavailable while the configuration is unknown."""
        if not self._known:
            raise DiffUnavailable
        request = messages.DiffRequest(
            id=resource_id,
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=self._struct(old_outputs, allow_unknowns=allow_unknowns),
            news=self._struct(new_inputs, allow_unknowns=allow_unknowns),
            old_inputs=self._struct(old_inputs, allow_unknowns=allow_unknowns),
            ignoreChanges=ignore_changes,
        )
        return _diff(self._transport.call("Diff", request))

    def create(self, urn: str, inputs: Properties, timeout: float, *, preview: bool) -> tuple[str, Properties]:
        """Create a resource; returns its id ("" in a preview) and outputs."""
        if preview and not self._known:
            return "", {}
        if preview and not self._supports_preview:
            return "", dict(inputs)
        request = messages.CreateRequest(
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            properties=self._struct(inputs, allow_unknowns=preview),
            timeout=timeout,
            preview=preview,
        )
        try:
            response = self._transport.call("Create", request)
        except OperationFailed as failure:
            self._keep_secrets(failure.properties, inputs)
            if failure.status is Status.UNKNOWN:
                failure.status = Status.OK  # as the engine has it: nothing was made that the state would have to know
            raise
        if not response.id and not preview:
            raise OperationFailed(f"plugin returned empty resource.ID from create '{urn}'", Status.UNKNOWN)
        outputs = from_wire(response.properties)
        self._keep_secrets(outputs, inputs)
        return response.id, outputs

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new_inputs: Properties,
        timeout: float,
        *,
        preview: bool,
        ignore_changes: list[str],
    ) -> Properties:
        """Update a resource in place; returns its outputs."""
        if preview and not self._known:
            return {}
        if preview and not self._supports_preview:
            return dict(new_inputs)
        request = messages.UpdateRequest(
            id=resource_id,
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=self._struct(old_outputs, allow_unknowns=preview),
            news=self._struct(new_inputs, allow_unknowns=preview),
            old_inputs=self._struct(old_inputs, allow_unknowns=preview),
            timeout=timeout,
            ignoreChanges=ignore_changes,
            preview=preview,
        )
        try:
            response = self._transport.call("Update", request)
        except OperationFailed as failure:
            self._keep_secrets(failure.properties, new_inputs)
            raise
        outputs = from_wire(response.properties)
        self._keep_secrets(outputs, new_inputs)
        return outputs

    def delete(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Delete a resource."""
        request = messages.DeleteRequest(
            id=resource_id,
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            properties=self._struct(outputs),
            old_inputs=self._struct(inputs),
            timeout=timeout,
        )
        self._transport.call("Delete", request)

    def read(
        self, urn: str, resource_id: str, inputs: Properties | None, state: Properties | None, timeout: float = 0
    ) -> ReadResult:
        """Read a resource as it really is."""
        if not self._known:
            return ReadResult(resource_id, {}, {})
        request = messages.ReadRequest(
            id=resource_id,
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            properties=self._struct(state or {}),
            inputs=None if inputs is None else self._struct(inputs),
            timeout=timeout,
        )
        try:
            response = self._transport.call("Read", request)
        except OperationFailed as failure:
            if failure.status is not Status.PARTIAL_FAILURE:
                raise
            result = ReadResult(failure.resource_id, failure.properties, failure.inputs, failure.reasons)
        else:
            result = ReadResult(
                response.id,
                from_wire(response.properties) if response.HasField("properties") and response.id else None,
                from_wire(response.inputs) if response.HasField("inputs") else None,
            )
        self._keep_secrets(result.inputs, inputs)
        self._keep_secrets(result.outputs, state)
        return result

    def invoke(self, token: str, args: Properties, *, preview: bool) -> tuple[Properties, list[CheckFailure]]:
        """Call a function of the provider."""
        if not self._known:
            return {}, []
        request = messages.InvokeRequest(
            tok=token, args=self._struct(args, allow_unknowns=preview, keep_secrets=False), preview=preview
        )
        response = self._transport.call("Invoke", request)
        return from_wire(getattr(response, "return")), _failures(response)

    def _struct(self, properties: Properties, *, allow_unknowns: bool = False, keep_secrets: bool | None = None) -> Any:
        if not allow_unknowns:
            for key, value in properties.items():
                if has_unknown(value):
                    raise OperationFailed(f"unexpected unknown property value for {key!r}", Status.OK)
        keep = self._accept_secrets if keep_secrets is None else keep_secrets
        return to_wire(properties, keep_secrets=keep, keep_resources=self._accept_resources)

    def _keep_secrets(self, outputs: Properties | None, inputs: Properties | None) -> None:
        if not self._accept_secrets:
            annotate_secrets(outputs, inputs)


def _failures(response: Any) -> list[CheckFailure]:
    return [(failure.property, failure.reason) for failure in response.failures]


def _diff(response: Any) -> Diff:
    detailed: DetailedDiff | None = None
    if response.hasDetailedDiff or response.detailedDiff:
        detailed = {
            path: PropertyDiff(_KINDS[entry.kind], entry.inputDiff) for path, entry in response.detailedDiff.items()
        }
    changes = Changes(response.changes)
    if changes is Changes.UNKNOWN and (response.replaces or response.diffs or detailed):
        changes = Changes.SOME
    return Diff(changes, list(response.replaces), list(response.diffs), detailed, response.deleteBeforeReplace)
