"""Provider resources: `pulumi:providers:<package>` has the lifecycle of a resource, and serves others once configured.

A provider is checked under its URN alone, and known under `<urn>::<id>` as soon as it is configured.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress

from .diffs import NO_CHANGES, Changes, Diff, equal
from .errors import PulumiError
from .provider_client import CheckFailure, ProviderClient, ReadResult
from .resource_state import ResourceState
from .urns import ProviderReference, is_provider_type, parse_reference, provider_package, type_of
from .values import UNKNOWN_MARK, Properties

INTERNAL = "__internal"
Load = Callable[[str], ProviderClient]


def provider_config(inputs: Properties) -> Properties:
    """A provider resource's inputs without the engine's own keys."""
    return {key: value for key, value in inputs.items() if key != INTERNAL}


class ProviderRegistry:
    """All providers of one deployment; also the provider *of* provider resources (check, diff, create, update, delete)."""

    def __init__(self, load: Load, builtins: ProviderClient) -> None:
        self._load = load
        self._builtins = builtins
        self._providers: dict[ProviderReference, ProviderClient] = {}
        self._unconfigured: dict[str, ProviderClient] = {}
        self._aliases: dict[str, str] = {}
        self._lock = threading.RLock()

    def get(self, reference: str) -> ProviderClient | None:
        """The configured provider of a reference."""
        with self._lock:
            return self._providers.get(parse_reference(reference))

    def register_alias(self, urn: str, alias: str) -> None:
        """A provider resource used to have another URN; old references to it keep working."""
        if urn != alias:
            self._aliases[urn] = alias

    def ensure(self, state: ResourceState) -> ProviderClient:
        """Load and configure a provider from its state, unless it already is."""
        with self._lock:
            client = self._providers.get(ProviderReference(state.urn, state.id))
            if client is None:
                client = self._unconfigured.pop(state.urn, None) or self._new(state.urn)
                client.configure(state.urn, state.id, provider_config(state.inputs))
                self._set(state.urn, state.id, client)
            return client

    def cancel(self) -> None:
        """Tell all providers that the deployment is being cancelled."""
        with self._lock:
            clients = [*self._providers.values(), *self._unconfigured.values()]
        for client in {id(c): c for c in clients}.values():
            client.cancel()

    def close(self) -> None:
        """End all providers."""
        with self._lock:
            clients = {id(c): c for c in (*self._providers.values(), *self._unconfigured.values())}
            self._providers.clear()
            self._unconfigured.clear()
        for client in clients.values():
            with suppress(Exception):  # closing is courtesy; the deployment is over
                client.close()

    # -- the lifecycle of provider resources, in the form of a ProviderClient

    def check(
        self, urn: str, olds: Properties | None, news: Properties, *, allow_unknowns: bool
    ) -> tuple[Properties, list[CheckFailure]]:
        """Load the plugin and let it check its configuration."""
        del allow_unknowns  # always allowed for configuration
        with self._lock:
            client = self._unconfigured.get(urn) or self._new(urn)
            self._unconfigured[urn] = client
        inputs, failures = client.check_config(urn, provider_config(olds or {}), provider_config(news))
        if not failures:
            for key in ("version", INTERNAL):
                if key in news:
                    inputs.setdefault(key, news[key])
        return inputs, failures

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
        """Compare configurations with the plugin's DiffConfig."""
        del allow_unknowns, ignore_changes
        with self._lock:
            client = self._unconfigured.get(urn) or self._providers[ProviderReference(urn, resource_id)]
        news = provider_config(new_inputs)
        diff = client.diff_config(urn, provider_config(old_inputs), old_outputs, news)
        if diff.changes is Changes.UNKNOWN:
            return NO_CHANGES if equal(old_outputs, news) else Diff(Changes.SOME)
        return diff

    def create(self, urn: str, inputs: Properties, timeout: float, *, preview: bool) -> tuple[str, Properties]:
        """Configure the plugin; from here on it serves resources."""
        del timeout
        provider_id = UNKNOWN_MARK if preview else str(uuid.uuid4())
        return provider_id, self._configure(urn, provider_id, inputs)

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
        """Configure the plugin anew under the same id."""
        del old_inputs, old_outputs, timeout, preview, ignore_changes
        return self._configure(urn, resource_id, new_inputs)

    def delete(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Forget the provider; its process ends with the deployment."""
        del inputs, outputs, timeout, urn, resource_id

    def read(
        self, urn: str, resource_id: str, inputs: Properties | None, state: Properties | None, timeout: float = 0
    ) -> ReadResult:
        """Provider resources can't be read."""
        del inputs, state, timeout, resource_id
        raise PulumiError(f"provider resources may not be read: {urn}")

    def _configure(self, urn: str, provider_id: str, inputs: Properties) -> Properties:
        with self._lock:
            client = self._unconfigured.pop(urn, None) or self._new(urn)
        config = provider_config(inputs)
        client.configure(urn, provider_id, config)
        self._set(urn, provider_id, client)
        return config

    def _set(self, urn: str, provider_id: str, client: ProviderClient) -> None:
        with self._lock:
            self._providers[ProviderReference(urn, provider_id)] = client
            if urn in self._aliases:
                self._providers[ProviderReference(self._aliases[urn], provider_id)] = client

    def _new(self, urn: str) -> ProviderClient:
        type_ = type_of(urn)
        if not is_provider_type(type_):
            raise PulumiError(f"urn {urn} is not a provider type")
        package = provider_package(type_)
        return self._builtins if package == "pulumi" else self._load(package)


def default_provider_name(version: str) -> str:
    """The name of the default provider resource for a version of a package: `default_7_51_1`."""
    if not version:
        return "default"
    return "default_" + version.replace(".", "_").replace("-", "_").replace("+", "_")
