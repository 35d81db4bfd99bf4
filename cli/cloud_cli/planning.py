"""The plan of a deploy, made here from the manifest; what the control plane knows of the stacks only sharpens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import ConfigurationError
from cloud.domain.operations import OperationKind, Selection
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus

if TYPE_CHECKING:
    from cloud.domain.plan import Plan
    from cloud_cli.checking import Project


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says about an operation; None keeps the manifest's policy."""

    stacks: Sequence[str] = ()
    only: Sequence[str] = ()
    start: Sequence[str] = ()
    on_failure: str | None = None
    max_parallel: int | None = None
    strict_layers: bool | None = None
    force: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def selection(self) -> Selection:
        return Selection(tuple(self.stacks), tuple(self.only), tuple(self.start))

    def request(self, environment: str) -> dict[str, Any]:
        """The body of the REST calls that plan or start an operation."""
        return {
            "environment": environment,
            **self.selection.to_dict(),
            "on_failure": self.on_failure,
            "max_parallel": self.max_parallel,
            "strict_layers": self.strict_layers,
            "force": self.force,
            "settings": dict(self.settings),
        }


def make_deploy_plan(
    project: Project,
    environment: str,
    choices: Choices,
    known: Mapping[str, StackRecord] | None = None,
    *,
    kind: OperationKind = OperationKind.DEPLOY,
) -> Plan:
    """The plan of a deploy, or of its preview. ``known`` are the environment's stacks as the control plane has them.

    Raises ConfigurationError for an environment that is not enabled, and what ``make_plan`` raises.
    """
    from cloud.domain.nodes import nodes_of
    from cloud.domain.plan import make_plan

    manifest = project.manifest
    if not manifest.environment(environment).enabled:
        raise ConfigurationError(
            f"The environment {environment!r} is not enabled.",
            hint=f"Set environments.{environment}.enabled to true in the manifest.",
            deployment_id=project.deployment_id,
        )
    policy = manifest.policy
    return make_plan(
        nodes_of(manifest, environment, records=known, config_files=project.config_files),
        kind=kind,
        deployment_id=project.deployment_id,
        environment=environment,
        selection=choices.selection,
        max_parallel=choices.max_parallel or policy.max_parallel,
        strict_layers=policy.strict_layers if choices.strict_layers is None else choices.strict_layers,
    )


def known_stacks(status: Mapping[str, Any], environment: str) -> dict[str, StackRecord]:
    """The stacks in the answer of ``GET …/status``, as far as a plan needs them: what exists, and how long it took."""
    deployment = status["deployment"]
    found: dict[str, StackRecord] = {}
    for item in status["environments"]:
        for stack in item["stacks"] if item["name"] == environment else ():
            found[stack["stack"]] = StackRecord(
                deployment["id"],
                stack["stack"],
                environment,
                deployment["org"],
                StackStatus(stack["status"]),
                stack.get("updated_at", ""),
                resource_count=int(stack.get("resource_count") or 0),
                seconds=(float(stack["seconds"]),) if stack.get("seconds") else (),
            )
    return found
