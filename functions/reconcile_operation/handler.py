"""ReconcileOperation: bring operations to the truth, when Step Functions tells of an execution's end and every minute."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.domain.errors import CloudError
from cloud.domain.operations import Operation
from cloud.observability import logger_of
from cloud.service.reconcile_operation import reconcile_execution, sweep_operations

logger = logger_of("reconcile_operation")

STATUS_CHANGE = "Step Functions Execution Status Change"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """EventBridge's event. Gives what was found; a failure is raised, for Lambda delivers an event again."""
    if event.get("detail-type") == STATUS_CHANGE:
        verdict = reconcile_execution(platform(), event["detail"])
        return {"verdict": verdict.value if verdict else None}

    def failed(operation: Operation, error: CloudError) -> None:
        logger.error(error.message, extra={"operation_id": operation.id, "error": error.to_dict()})

    counts = sweep_operations(
        platform(), remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000, failed=failed
    )
    if counts:
        logger.info("Swept.", extra={"operations": counts})
    return {"operations": counts}
