"""Show what an operation would do, without starting it."""

from __future__ import annotations

from typing import Any

from cloud.domain.operations import OperationKind, OperationOptions, Selection
from cloud.service.planning import plan_operation
from cloud.service.platform import Platform
from cloud.service.predicting import predicted
from cloud.service.start_operation import new_operation


def preview_plan(
    platform: Platform,
    deployment_id: str,
    environment: str,
    kind: OperationKind,
    *,
    selection: Selection,
    options: OperationOptions,
) -> dict[str, Any]:
    """The plan as JSON. Raises what starting the operation would be refused with."""
    operation = new_operation(
        platform, deployment_id, environment, kind, requester="", selection=selection, options=options
    )
    return predicted(platform, operation, plan_operation(platform, operation)).to_dict()
