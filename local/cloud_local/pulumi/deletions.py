"""What is to be deleted at the end of a deployment, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dependency_graph import DependencyGraph, antichains
from .errors import Bail
from .resource_state import ResourceState
from .steps import DeleteStep, RemovePendingReplaceStep, SameStep, Step
from .targets import UrnTargets

if TYPE_CHECKING:
    from .registrar import Registrar
    from .step_generator import StepGenerator


def generate_deletes(deployment: Registrar, generator: StepGenerator) -> tuple[list[Step], list[Step]]:
    """Steps that keep untargeted resources, and steps that delete: what the program didn't register, and what was replaced.

    Raises Bail when a deletion would take along a resource that isn't among the targets.
    """
    chosen = _selection(deployment, generator)
    sames: list[Step] = []
    deletes: list[Step] = []
    for state in deployment.base.resources:
        if not chosen(state):
            if not generator.is_operated_on(state.urn):
                new = state.copy()
                new.id = ""
                sames.append(SameStep(deployment, state, new, untargeted=True))
            continue
        step = _deletion(deployment, generator, state)
        if step is not None:
            deployment.ensure_provider(state)
            deletes.append(step)
    _refuse_untargeted(deployment, generator, deletes)
    return sames, deletes


def schedule(deployment: Registrar, deletes: list[Step]) -> list[list[Step]]:
    """The deletions in groups, to be run one after the other; the steps of a group may run at once."""
    steps = {id(step.resource): step for step in deletes}
    groups = antichains(DependencyGraph(deployment.base.resources), [step.resource for step in deletes])
    return [[steps[id(state)] for state in group] for group in groups]


def _deletion(deployment: Registrar, generator: StepGenerator, state: ResourceState) -> Step | None:
    if state.delete:
        if id(state) in generator.replacements.condemned:
            return None
        generator.deletes.add(state.urn)
        return DeleteStep(deployment, state, replacing=True)
    if generator.is_operated_on(state.urn):
        return None
    generator.deletes.add(state.urn)
    if state.pending_replacement:
        return RemovePendingReplaceStep(deployment, state)
    return DeleteStep(deployment, state)


class _selection:  # noqa: N801 - used like a function
    """Which resources of the old state may be deleted."""

    def __init__(self, deployment: Registrar, generator: StepGenerator) -> None:
        options = deployment.options
        self._allowed: set[str] | None = None
        self._forbidden: set[str] = set()
        if options.targets.constrained:
            self._allowed = _with_dependents(deployment, generator, options.targets)
        elif options.excludes.constrained:
            self._forbidden = _with_dependencies(deployment, options.excludes)

    def __call__(self, state: ResourceState) -> bool:
        if self._allowed is not None:
            return state.urn in self._allowed
        return state.urn not in self._forbidden


def _with_dependents(deployment: Registrar, generator: StepGenerator, targets: UrnTargets) -> set[str]:
    graph = DependencyGraph(deployment.base.resources)
    urns: set[str] = set()
    for state in deployment.base.resources:
        if state.urn in targets:
            urns.add(state.urn)
            urns |= {d.urn for d in graph.depending_on(state, include_children=True)}
    for state in deployment.base.resources:
        if state.urn in urns:
            urns |= {d.urn for d, _ in generator.replacements.dependents(state)}
            urns |= {d.urn for d in generator.replacements.cascading(state.urn)}
    return urns


def _with_dependencies(deployment: Registrar, excludes: UrnTargets) -> set[str]:
    graph = DependencyGraph(deployment.base.resources)
    kept: set[str] = set()
    for state in deployment.base.resources:
        if state.urn in excludes:
            kept.add(state.urn)
            kept |= {d.urn for d in graph.transitive_dependencies_of(state)}
            if deployment.options.exclude_dependents:
                kept |= {d.urn for d in graph.depending_on(state, include_children=True)}
    return kept


def _refuse_untargeted(deployment: Registrar, generator: StepGenerator, deletes: list[Step]) -> None:
    options = deployment.options
    strays = [step for step in deletes if step.urn not in options.targets and not options.target_dependents]
    for step in strays:
        deployment.events.diagnostic(
            "error",
            f"Resource '{step.urn}' will be destroyed but was not specified in --target list.\n"
            "Either include resource in --target list or pass --target-dependents to proceed.",
            step.urn,
        )
        generator.saw_error = True
    if strays and not options.dry_run:
        raise Bail("delete untargeted resource")
