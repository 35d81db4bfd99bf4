"""The stacks of a deployment in one environment: which of them an operation could touch, and what depends on what.

What is wrong with the stacks themselves (unknown dependencies, cycles, declared layers) is judged over the whole
deployment, so that a manifest is right or wrong in every environment alike. Only then the environment is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloud.domain.errors import Problem
from cloud.domain.graph import Dependencies, dependency_error, graph_problems, layers_of, topological_order, within
from cloud.domain.operations import OperationKind
from cloud.domain.selection import acts_on_what_exists


@dataclass(frozen=True, slots=True)
class StackNode:
    """One stack as the planner needs to know it, in one environment.

    ``implicit_dependencies`` come from ``{{stack.x.y}}`` placeholders; one that is optional too counts as optional.
    ``optional_dependencies`` may name stacks that do not exist. ``deployed`` means that Pulumi's state may hold resources,
    also after a failed run. ``declared_layer`` is the manifest's ``layer``, ``executor`` its auto | lambda | codebuild.
    ``predicted_seconds`` is 0 when nothing is known. ``lost`` means that the manifest has it no more, though it is deployed.
    """

    name: str
    dependencies: tuple[str, ...] = ()
    optional_dependencies: tuple[str, ...] = ()
    implicit_dependencies: tuple[str, ...] = ()
    enabled: bool = True
    declared_layer: int | None = None
    executor: str = "auto"
    predicted_seconds: float = 0.0
    deployed: bool = False
    lost: bool = False

    def hard(self) -> set[str]:
        """What must be there, whether it was declared or follows from a placeholder."""
        implicit = set(self.implicit_dependencies).difference(self.optional_dependencies)
        return implicit.union(self.dependencies)


Nodes = Mapping[str, StackNode]


@dataclass(frozen=True, slots=True)
class Candidates:
    """``dependencies`` holds the stacks that the operation could touch, every one after its dependencies; ``others`` the
    rest, with the reason."""

    dependencies: Dependencies
    others: Mapping[str, str]


def candidates_for(kind: OperationKind, stacks: Nodes, environment: str) -> Candidates:
    """The stacks that an operation of this kind could touch.

    Deploys touch the enabled stacks; an optional dependency counts where it is enabled too. Destroy, refresh and drift
    touch the deployed ones, enabled or not, and keep the order also where a stack between two of them is not deployed.

    Raises DependencyError with every unknown dependency and cycle, or else every wrong declared layer and every hard
    dependency on a disabled stack.
    """
    dependencies = {name: _within_deployment(node, stacks) for name, node in stacks.items()}
    order = topological_order(dependencies)
    problems = _wrong_layers(stacks, dependencies, order)
    if acts_on_what_exists(kind):
        inside: Dependencies = within(dependencies, [name for name in order if stacks[name].deployed], order)
    else:
        problems += _disabled_dependencies(stacks, environment)
        inside = {
            name: [other for other in dependencies[name] if stacks[other].enabled]
            for name in order
            if stacks[name].enabled
        }
    if problems:
        raise dependency_error(problems)
    others = {name: _why_not(kind, node, environment) for name, node in stacks.items() if name not in inside}
    return Candidates(inside, others)


def deployment_problems(stacks: Nodes) -> list[Problem]:
    """Everything that is wrong in every environment, for whoever reports it with other problems instead of raising."""
    dependencies = {name: _within_deployment(node, stacks) for name, node in stacks.items()}
    problems = graph_problems(dependencies)
    return problems or _wrong_layers(stacks, dependencies, topological_order(dependencies))


def missing_beneath(stacks: Nodes, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """A warning for each chosen stack that needs what is neither chosen nor deployed; its run would stop at once."""
    return tuple(
        f"{name} needs {other}, which is not deployed and not selected."
        for name in chosen
        for other in sorted(stacks[name].hard())
        if other not in chosen and not stacks[other].deployed
    )


def _within_deployment(node: StackNode, stacks: Nodes) -> set[str]:
    """Hard dependencies, known or not, and the optional ones that exist."""
    return node.hard().union(name for name in node.optional_dependencies if name in stacks)


def _wrong_layers(stacks: Nodes, dependencies: Dependencies, order: Sequence[str]) -> list[Problem]:
    declared = sorted(name for name in stacks if stacks[name].declared_layer is not None)
    layers = layers_of(dependencies, order) if declared else {}
    return [
        Problem(
            f"{name} declares layer {stacks[name].declared_layer}, but its dependencies put it into layer {layers[name]}",
            path=f"stacks.{name}.layer",
            expected=str(layers[name]),
        )
        for name in declared
        if stacks[name].declared_layer != layers[name]
    ]


def _disabled_dependencies(stacks: Nodes, environment: str) -> list[Problem]:
    disabled = {name for name, node in stacks.items() if not node.enabled}
    return [
        Problem(
            f"{name} depends on {other}, which is disabled in {environment}",
            path=f"stacks.{name}.dependencies",
            suggestion=f"enable {other}, disable {name}, or make the dependency optional",
        )
        for name in sorted(stacks.keys() - disabled if disabled else ())
        for other in sorted(stacks[name].hard() & disabled)
    ]


def _why_not(kind: OperationKind, node: StackNode, environment: str) -> str:
    if acts_on_what_exists(kind):
        return f"not deployed in {environment}"
    if node.lost:
        return "no longer in the manifest; it stays deployed"
    return f"disabled in {environment}{'; it stays deployed' if node.deployed else ''}"
