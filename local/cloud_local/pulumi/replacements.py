"""Replacements that delete first: everything that must go together with a resource, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .diffs import Diff, replace_on_changes
from .errors import Bail
from .resource_state import ResourceState
from .steps import CreateStep, DeleteStep, ReplaceStep, Step
from .urns import is_provider_type
from .values import UNKNOWN

if TYPE_CHECKING:
    from .registrar import Registrar
    from .step_generator import StepGenerator


class Replacements:
    """Works out delete-before-replace for one deployment."""

    def __init__(self, deployment: Registrar, generator: StepGenerator) -> None:
        self._deployment = deployment
        self._generator = generator
        self._keys: dict[str, list[str]] = {}
        # States, not URNs, that already have a deletion.
        self.condemned: dict[int, ResourceState] = {}

    def keys_of(self, urn: str) -> list[str]:
        """The properties because of which a dependent was deleted."""
        return self._keys.get(urn, [])

    def delete_first(self, new: ResourceState, old: ResourceState, diff: Diff) -> list[Step]:
        """Delete what depends on the resource, the furthest first, then the resource; then create it anew.

        The dependents are created again when the program registers them. Raises Bail when one of them is protected.
        """
        deployment, generator = self._deployment, self._generator
        steps: list[Step] = []
        dependents = self.dependents(old) if old in deployment.graph else []
        dependents += [(state, []) for state in self.cascading(new.urn) if state not in [d for d, _ in dependents]]
        for state, keys in reversed(dependents):
            if id(state) in self.condemned:
                continue
            self._keys[state.urn] = keys
            if state.delete:
                steps.append(DeleteStep(deployment, state))
            elif state.protect and not deployment.options.ignore_protect:
                message = (
                    f'unable to replace resource "{state.urn}" as part of replacing "{new.urn}" as it is currently marked '
                    "for protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi "
                    f"program and run `pulumi up`, or use the command:\n`pulumi state unprotect '{state.urn}'`"
                )
                deployment.events.diagnostic("error", message, new.urn)
                generator.saw_error = True
                raise Bail(message)
            else:
                steps.append(DeleteStep(deployment, state, replacing=True, pending_replacement=True))
            deployment.ensure_provider(state)
            generator.deletes.add(state.urn)
            self.condemned[id(state)] = state
        deployment.ensure_provider(old)
        if not old.pending_replacement:
            generator.deletes.add(old.urn)
            steps.append(DeleteStep(deployment, old, replacing=True, pending_replacement=True))
        steps.append(ReplaceStep(deployment, old, new).with_diff(diff))
        steps.append(CreateStep(deployment, new, old).with_diff(diff))
        # The resource itself is being created by the last step; only its dependents still wait for theirs.
        return steps

    def dependents(self, root: ResourceState) -> list[tuple[ResourceState, list[str]]]:
        """What must be replaced because `root` is deleted first, in dependency order, with the properties that say so.

        A dependent needn't go if losing what its inputs come from would only update it; its provider's Diff knows.
        """
        generator = self._generator
        replaced = {root.urn}
        registered = generator.reads | generator.creates | generator.sames | generator.updates
        registered |= generator.deletes | generator.replaces
        found = []
        for state in self._deployment.graph.depending_on(root, registered):
            keys = self._must_replace(state, replaced)
            if keys is not None:
                found.append((state, keys))
                replaced.add(state.urn)
        return found

    def cascading(self, urn: str) -> list[ResourceState]:
        """Resources that asked to be replaced with this one (replaceWith, deletedWith)."""
        states: dict[str, ResourceState] = {}
        for state in (*self._deployment.news.values(), *self._deployment.olds.values()):
            if urn in state.replace_with or state.deleted_with == urn:
                states.setdefault(state.urn, state)
        return list(states.values())

    def _must_replace(self, state: ResourceState, replaced: set[str]) -> list[str] | None:
        if not state.custom or state.external:
            return None
        if state.provider_urn in replaced:
            self._deployment.ensure_provider(state)
            return []
        if state.deleted_with in replaced:
            return []
        inputs = dict(state.inputs)
        for key in inputs:
            if replaced & set(state.property_dependencies.get(key, ())):
                inputs[key] = UNKNOWN
        if not any(value is UNKNOWN for value in inputs.values()):
            return None
        if is_provider_type(state.type):
            self._deployment.registry.ensure(state)
        else:
            self._deployment.ensure_provider(state)
        provider = self._deployment.load_provider(state.urn, True, state.provider, state.type)
        assert provider is not None  # noqa: S101 - the resource is custom
        diff = self._deployment.diff_resource(
            provider,
            state.urn,
            state.id,
            state.inputs,
            state.outputs,
            inputs,
            state.ignore_changes,
            allow_unknowns=True,
        )
        diff = replace_on_changes(diff, state.replace_on_changes, [])
        return diff.replace_keys if diff.replaces else None
