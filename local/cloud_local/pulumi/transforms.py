"""Resource, stack and invoke transforms: functions of the program that change registrations before the engine sees them.

The program serves them as callbacks over gRPC; order: the resource's own, its parents', the stack's.
"""

from __future__ import annotations

import threading
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from .errors import PulumiError
from .provider_transport import OPTIONS


class Transforms:
    """All transforms that a program has registered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stubs: dict[str, Any] = {}
        self._stack: list[Any] = []
        self._stack_invokes: list[Any] = []
        self._by_resource: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}

    def add_stack_transform(self, callback: Any) -> None:
        """A transform for all resources."""
        with self._lock:
            self._stack.append(callback)

    def add_stack_invoke_transform(self, callback: Any) -> None:
        """A transform for all function calls."""
        with self._lock:
            self._stack_invokes.append(callback)

    def remember(self, urn: str, request: Any) -> None:
        """A registered resource's transforms apply to its children too."""
        with self._lock:
            self._by_resource[urn] = list(request.transforms)
            self._parents[urn] = request.parent

    def apply(self, request: Any) -> None:
        """Run all transforms that concern a registration request, on the request itself."""
        with self._lock:
            callbacks = list(request.transforms)
            parent = request.parent
            while parent:
                callbacks += self._by_resource.get(parent, [])
                parent = self._parents.get(parent, "")
            callbacks += self._stack
        for callback in callbacks:
            answer = resource_pb2.TransformResponse.FromString(
                self._call(
                    callback,
                    resource_pb2.TransformRequest(
                        type=request.type,
                        name=request.name,
                        custom=request.custom,
                        parent=request.parent,
                        properties=request.object,
                        options=_options(request),
                    ),
                )
            )
            if answer.HasField("properties"):
                request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _set_options(request, answer.options)

    def apply_to_invoke(self, request: Any) -> None:
        """Run the invoke transforms on a function call, on the request itself."""
        with self._lock:
            callbacks = list(self._stack_invokes)
        for callback in callbacks:
            options = resource_pb2.TransformInvokeOptions(
                provider=request.provider, version=request.version, plugin_download_url=request.pluginDownloadURL
            )
            answer = resource_pb2.TransformInvokeResponse.FromString(
                self._call(
                    callback,
                    resource_pb2.TransformInvokeRequest(token=request.tok, args=request.args, options=options),
                )
            )
            if answer.HasField("args"):
                request.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                request.provider, request.version = answer.options.provider, answer.options.version

    def _call(self, callback: Any, request: Any) -> Any:
        with self._lock:
            if callback.target not in self._stubs:
                channel = grpc.insecure_channel(callback.target, options=OPTIONS)
                self._stubs[callback.target] = callback_pb2_grpc.CallbacksStub(channel)
            stub = self._stubs[callback.target]
        try:
            answer = stub.Invoke(
                callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
            )
        except grpc.RpcError as error:
            raise PulumiError(f"invoke transform: {error.details()}") from error
        return answer.response


# (field of the options, field of the request), by kind
_LISTS = [
    ("depends_on", "dependencies"),
    ("ignore_changes", "ignoreChanges"),
    ("replace_on_changes", "replaceOnChanges"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("hide_diff", "hideDiffs"),
    ("replace_with", "replace_with"),
]
_TEXTS = [
    ("version", "version"),
    ("provider", "provider"),
    ("plugin_download_url", "pluginDownloadURL"),
    ("deleted_with", "deletedWith"),
    ("import", "importId"),
]
_OPTIONALS = [("protect", "protect"), ("retain_on_delete", "retainOnDelete")]
_MESSAGES = [("custom_timeouts", "customTimeouts"), ("replacement_trigger", "replacement_trigger")]


def _options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions(aliases=request.aliases, providers=request.providers)
    for urn in request.aliasURNs:
        options.aliases.add(urn=urn)
    for ours, theirs in _LISTS:
        getattr(options, ours).extend(getattr(request, theirs))
    for ours, theirs in _TEXTS:
        setattr(options, ours, getattr(request, theirs))
    for ours, theirs in _OPTIONALS:
        if request.HasField(theirs):
            setattr(options, ours, getattr(request, theirs))
    for ours, theirs in _MESSAGES:
        if request.HasField(theirs):
            getattr(options, ours).CopyFrom(getattr(request, theirs))
    if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def _set_options(request: Any, options: Any) -> None:
    for ours, theirs in _LISTS:
        field = getattr(request, theirs)
        del field[:]
        field.extend(getattr(options, ours))
    for ours, theirs in _TEXTS:
        setattr(request, theirs, getattr(options, ours))
    for ours, theirs in _OPTIONALS:
        if options.HasField(ours):
            setattr(request, theirs, getattr(options, ours))
        else:
            request.ClearField(theirs)
    for ours, theirs in _MESSAGES:
        request.ClearField(theirs)
        if options.HasField(ours):
            getattr(request, theirs).CopyFrom(getattr(options, ours))
    request.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    request.deleteBeforeReplace = options.delete_before_replace
    request.ClearField("aliasURNs")
    request.ClearField("aliases")
    request.aliases.extend(options.aliases)
    request.ClearField("providers")
    for name, provider in options.providers.items():
        request.providers[name] = provider
