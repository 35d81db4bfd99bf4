"""Step Functions tells EventBridge whenever an execution's status changes; moto does not.

The event is the one that AWS documents for Standard workflows, on the default bus. It is told after the status has changed,
so that whoever is told and asks sees it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Publish = Callable[[str, dict[str, Any]], object]
"""(bus, event)"""

_publish: Publish | None = None


def publish_to(publish: Publish | None) -> None:
    """Where the events go from now on; None: nowhere. moto's interpreter is of the process, and so is this."""
    global _publish
    _publish = publish


def status_changed(execution: Any) -> None:
    """Tell of the status that moto's execution has now."""
    publish = _publish
    if publish is not None:
        publish("default", _event(execution))


def _event(execution: Any) -> dict[str, Any]:
    ended = execution.stop_date
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": execution.account_id,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": execution.region_name,
        "resources": [execution.exec_arn],
        "detail": {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": execution.name,
            "status": str(getattr(execution.exec_status, "value", execution.exec_status)),
            "startDate": _milliseconds(execution.start_date),
            "stopDate": _milliseconds(ended) if ended else None,
            "input": json.dumps(execution.input_data),
            "inputDetails": {"included": True},
            "output": json.dumps(execution.output) if execution.output is not None else None,
            "outputDetails": {"included": True} if execution.output is not None else None,
            "error": execution.error,
            "cause": execution.cause,
        },
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
