"""The plan: graph → cycle check → layers → what runs, in which order, and why. Pure data, printable before anything runs.

``make_plan`` takes plain nodes, so that whatever describes stacks (a manifest, the record of an older deployment) can be
planned. The same input in any order gives an equal plan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.graph import critical_path, layers_of, reverse, within
from cloud.domain.identifiers import PulumiStack
from cloud.domain.operations import OnFailure, OperationKind, Selection
from cloud.domain.quotas import Budget, make_budget
from cloud.domain.schedule import Schedule, make_schedule
from cloud.domain.selection import Remainder, acts_on_what_exists, select, select_remainder
from cloud.domain.stack_graph import StackNode, candidates_for, missing_beneath

__all__ = ["Plan", "StackNode", "StackPlan", "make_plan"]


@dataclass(frozen=True, slots=True)
class StackPlan:
    """One stack of the operation.

    ``dependencies`` are those inside the operation, in the direction in which it runs: for a destroy these are the
    dependents. ``layer`` counts from 1 within the operation. ``prediction`` says when the stack would turn out unchanged;
    empty when nothing is known.
    """

    stack: str
    pulumi_stack: str
    layer: int
    dependencies: tuple[str, ...]
    executor: str
    predicted_seconds: float
    reason: str
    prediction: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StackPlan:
        return cls(
            stack=data["stack"],
            pulumi_stack=data["pulumi_stack"],
            layer=int(data["layer"]),
            dependencies=tuple(data["dependencies"]),
            executor=data["executor"],
            predicted_seconds=float(data["predicted_seconds"]),
            reason=data["reason"],
            prediction=data.get("prediction", ""),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation would do. ``left_out`` maps every other stack of the deployment to the reason.

    ``critical_path`` is the longest path by predicted seconds: no run ends sooner. ``warnings`` are sentences.
    """

    kind: OperationKind
    deployment_id: str
    environment: str
    layers: tuple[tuple[StackPlan, ...], ...]
    left_out: Mapping[str, str]
    selection: Selection
    max_parallel: int
    strict_layers: bool
    critical_path: tuple[str, ...]
    critical_path_seconds: float
    budget: Budget
    warnings: tuple[str, ...] = field(default=())

    @property
    def width(self) -> int:
        """The number of stacks in the widest layer."""
        return self.budget.widest_layer

    @property
    def stacks(self) -> dict[str, StackPlan]:
        """The stacks by name, in the order of the plan."""
        return {planned.stack: planned for layer in self.layers for planned in layer}

    def schedule(self, on_failure: OnFailure) -> Schedule:
        """The schedule of this plan, before ``Begin``. A stack of unknown duration is taken for one second."""
        stacks = self.stacks
        return make_schedule(
            {name: planned.dependencies for name, planned in stacks.items()},
            seconds={name: planned.predicted_seconds or 1.0 for name, planned in stacks.items()},
            max_parallel=self.max_parallel,
            on_failure=on_failure,
            strict_layers=self.strict_layers,
        )

    def require_runnable(self) -> None:
        """Raises QuotaExceeded for what does not fit inline, and ConfigurationError for an executor that isn't there yet."""
        self.budget.require_inline(deployment_id=self.deployment_id)
        problems = [
            Problem(
                "CodeBuild does not run stacks in this version.",
                path=f"stacks.{name}.executor",
                expected="auto or lambda",
            )
            for name, planned in self.stacks.items()
            if planned.executor == "codebuild"
        ]
        if problems:
            raise ConfigurationError(
                "The plan needs CodeBuild, which this version deploys no project for.",
                hint="Leave out executor, or set it to lambda.",
                problems=problems,
                deployment_id=self.deployment_id,
            )

    def with_predictions(self, predictions: Mapping[str, str]) -> Plan:
        """The same plan with what is predicted of its stacks."""
        layers = tuple(
            tuple(replace(planned, prediction=predictions.get(planned.stack, "")) for planned in layer)
            for layer in self.layers
        )
        return replace(self, layers=layers)

    def standing_aside(self, reason: str) -> Plan:
        """The plan with nothing to do: all that it would have touched is left out, for one reason."""
        left_out = {**self.left_out, **dict.fromkeys(self.stacks, reason)}
        return replace(
            self,
            layers=(),
            left_out=dict(sorted(left_out.items())),
            critical_path=(),
            critical_path_seconds=0.0,
            budget=make_budget([], dependency_count=0),
            warnings=(f"Nothing is done: {reason}.",),
        )

    def digest(self) -> str:
        """SHA-256 (hexadecimal) of what would be done; what an approval is given to, and what is checked after the lock.

        Predictions and sentences are left out: a better estimate must not ask for a new approval.
        """
        done = {
            "kind": self.kind.value,
            "deployment_id": self.deployment_id,
            "environment": self.environment,
            "max_parallel": self.max_parallel,
            "strict_layers": self.strict_layers,
            "layers": [
                [[planned.stack, planned.pulumi_stack, planned.dependencies, planned.executor] for planned in layer]
                for layer in self.layers
            ],
        }
        return hashlib.sha256(json.dumps(done, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "deployment_id": self.deployment_id,
            "environment": self.environment,
            "layers": [
                [{**asdict(planned), "dependencies": list(planned.dependencies)} for planned in layer]
                for layer in self.layers
            ],
            "left_out": dict(self.left_out),
            "selection": self.selection.to_dict(),
            "max_parallel": self.max_parallel,
            "strict_layers": self.strict_layers,
            "critical_path": list(self.critical_path),
            "critical_path_seconds": self.critical_path_seconds,
            "width": self.width,
            "budget": self.budget.to_dict(),
            "warnings": list(self.warnings),
            "digest": self.digest(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """What ``to_dict`` wrote; the derived ``width`` and ``digest`` are computed anew."""
        return cls(
            kind=OperationKind(data["kind"]),
            deployment_id=data["deployment_id"],
            environment=data["environment"],
            layers=tuple(tuple(StackPlan.from_dict(planned) for planned in layer) for layer in data["layers"]),
            left_out=dict(data["left_out"]),
            selection=Selection.from_dict(data["selection"]),
            max_parallel=int(data["max_parallel"]),
            strict_layers=bool(data["strict_layers"]),
            critical_path=tuple(data["critical_path"]),
            critical_path_seconds=float(data["critical_path_seconds"]),
            budget=Budget.from_dict(data["budget"]),
            warnings=tuple(data["warnings"]),
        )


def make_plan(
    stacks: Mapping[str, StackNode],
    *,
    kind: OperationKind,
    deployment_id: str,
    environment: str,
    selection: Selection | None = None,
    remainder: Remainder | None = None,
    max_parallel: int = 8,
    strict_layers: bool = False,
) -> Plan:
    """Plan one operation. ``stacks`` are all stacks of the deployment, disabled and destroyed ones too.

    ``remainder`` is what a retry has to do; it takes the place of the ``selection``, which is only told.

    Whether the plan fits into one execution is not checked here, so that a plan that is too big can be looked at:
    ``plan.require_runnable()`` refuses it.

    Raises DependencyError as ``candidates_for`` does, and what ``select`` raises for a selection.
    """
    chosen_by = selection or Selection()
    candidates = candidates_for(kind, stacks, environment)
    selected = (
        select(
            chosen_by,
            kind=kind,
            environment=environment,
            candidates=candidates.dependencies,
            others=candidates.others,
        )
        if remainder is None
        else select_remainder(remainder, kind=kind, candidates=candidates.dependencies, others=candidates.others)
    )
    can_miss = not ((chosen_by.is_everything and remainder is None) or acts_on_what_exists(kind))
    warnings = missing_beneath(stacks, selected.stacks) if can_miss else ()
    inside = within(candidates.dependencies, selected.stacks, list(candidates.dependencies))
    order = list(inside)
    if kind.is_reversed:
        inside, order = reverse(inside), order[::-1]
    seconds, path = critical_path(inside, {name: stacks[name].predicted_seconds for name in inside}, order)
    by_layer: dict[int, list[StackPlan]] = {}
    for name, layer in sorted(layers_of(inside, order).items()):
        by_layer.setdefault(layer, []).append(
            StackPlan(
                stack=name,
                pulumi_stack=PulumiStack(deployment_id, name, environment).name,
                layer=layer,
                dependencies=tuple(inside[name]),
                executor=stacks[name].executor,
                predicted_seconds=stacks[name].predicted_seconds,
                reason=selected.stacks[name],
            )
        )
    layers = tuple(tuple(by_layer[layer]) for layer in sorted(by_layer))
    return Plan(
        kind=kind,
        deployment_id=deployment_id,
        environment=environment,
        layers=layers,
        left_out=selected.left_out,
        selection=chosen_by,
        max_parallel=max_parallel,
        strict_layers=strict_layers,
        critical_path=path,
        critical_path_seconds=seconds,
        budget=make_budget(
            [[planned.stack for planned in layer] for layer in layers],
            dependency_count=sum(map(len, inside.values())),
        ),
        warnings=warnings,
    )
