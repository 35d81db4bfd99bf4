"""Which resources take part in an operation: `--target`, `--exclude`, their dependents, and `--replace`."""

from __future__ import annotations

from .options import Options
from .resource_state import ResourceState
from .urns import ROOT_STACK_TYPE, is_provider_type, qualified_type


class Selection:
    """The choice of one deployment; it grows, as dependents of the chosen are seen."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._targets = options.targets.clone()
        self._excludes = options.excludes.clone()

    def includes(self, state: ResourceState) -> bool:
        """True when the resource takes part; providers and the stack itself always do."""
        options = self._options
        if is_provider_type(state.type) or qualified_type(state.urn) == ROOT_STACK_TYPE:
            return True
        if options.targets.constrained:
            return self._targeted(state)
        if options.excludes.constrained:
            if state.urn in options.excludes:
                return False
            needs = {*state.dependency_urns(), state.provider_urn}
            return not (options.exclude_dependents and any(urn in self._excludes for urn in needs))
        return True

    def note(self, state: ResourceState, *, included: bool) -> None:
        """Remember the decision for the resource's own dependents."""
        if self._options.excludes.constrained and not included:
            self._excludes.add(state.urn)
        elif included and self._targeted(state):
            self._targets.add(state.urn)

    def replaces(self, urn: str, old: ResourceState | None) -> bool:
        """True when the user asked to replace the resource, or its state is tainted."""
        targets = self._options.replace_targets
        return (targets.constrained and urn in targets) or (old is not None and old.taint)

    def _targeted(self, state: ResourceState) -> bool:
        options = self._options
        if options.targets.constrained and state.urn in options.targets:
            return True
        if not options.target_dependents:
            return False
        needs = {*state.dependency_urns(), state.provider_urn} - {""}
        return any(urn in self._targets for urn in needs)
