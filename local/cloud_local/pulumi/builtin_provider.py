"""The provider of the `pulumi` package: stack references, stashes, and lookups of other resources."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from .errors import OperationFailed, Status
from .resource_state import ResourceState
from .values import Properties, from_wire, has_secret, to_wire

STACK_REFERENCE = "pulumi:pulumi:StackReference"
STASH = "pulumi:index:Stash"

OutputsOf = Callable[
    [str], Properties
]  # the outputs of a stack by its full name; raises PulumiError when there is none
Lookup = Callable[[str], ResourceState | None]


class BuiltinProvider:
    """Speaks the provider protocol, so that the engine treats it like any other provider."""

    def __init__(self, outputs_of: OutputsOf, lookup: Lookup) -> None:
        self._outputs_of = outputs_of
        self._lookup = lookup

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        required = {STACK_REFERENCE: "name", STASH: "input"}.get(request.type)
        if required is None:
            raise OperationFailed(f"unrecognized resource type '{request.type}'", Status.OK)
        failures = [
            messages.CheckFailure(property=key, reason=f'unknown property "{key}"')
            for key in request.news.fields
            if key != required
        ]
        if required not in request.news.fields:
            failures.append(messages.CheckFailure(property=required, reason=f'missing required property "{required}"'))
        return messages.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        key = "name" if request.type == STACK_REFERENCE else "input"
        if request.news.fields[key] == request.old_inputs.fields[key]:
            return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)
        replaces = [key] if request.type == STACK_REFERENCE else []
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_SOME, replaces=replaces, diffs=[key])

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        inputs = from_wire(request.properties)
        outputs = (
            self._reference(inputs["name"])
            if request.type == STACK_REFERENCE
            else {"input": inputs["input"], "output": inputs["input"]}
        )
        new_id = "" if request.preview else str(uuid.uuid4())
        return messages.CreateResponse(id=new_id, properties=to_wire(outputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        news, olds = from_wire(request.news), from_wire(request.olds)
        return messages.UpdateResponse(properties=to_wire({"input": news["input"], "output": olds.get("output")}))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        inputs = from_wire(request.inputs)
        if request.type == STACK_REFERENCE:
            if "name" not in inputs:
                raise OperationFailed("stack reference can not be imported", Status.UNKNOWN)
            outputs = to_wire(self._reference(inputs["name"]))
        elif not inputs:
            raise OperationFailed("stash can not be imported", Status.UNKNOWN)
        else:
            outputs = request.properties
        return messages.ReadResponse(id=request.id, inputs=request.inputs, properties=outputs)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        args = from_wire(request.args)
        if request.tok == "pulumi:pulumi:readStackOutputs":
            outputs = self._reference(args["name"])
        elif request.tok == "pulumi:pulumi:getResource":
            outputs = self._resource(args["urn"])
        else:
            raise OperationFailed(f"unrecognized function name: '{request.tok}'", Status.OK)
        return messages.InvokeResponse(**{"return": to_wire(outputs)})

    def _reference(self, name: str) -> Properties:
        outputs = self._outputs_of(name)
        return {
            "name": name,
            "outputs": outputs,
            "secretOutputNames": sorted(key for key, value in outputs.items() if has_secret(value)),
        }

    def _resource(self, urn: str) -> Properties:
        state = self._lookup(urn)
        if state is None:
            raise OperationFailed(f"unknown resource {urn}", Status.OK)
        return {"urn": urn, "id": state.id, "provider": state.provider, "state": state.outputs}
