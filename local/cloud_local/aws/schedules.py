"""EventBridge's scheduled rules: a function is invoked, asynchronously, at a rate.

As in AWS the first call comes when the first period has passed, and a call is made whether or not the one before has ended.
"""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloud_local.aws.faults import InvokeRefused
from cloud_local.aws.lambda_runtime import FunctionRegistry

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """``function`` by name or ARN."""

    name: str
    seconds: float
    function: str


class ScheduleClock:
    """Calls a schedule's function at its rate, on a thread of its own, until it is stopped."""

    def __init__(self, schedule: Schedule, functions: FunctionRegistry, *, account_id: str, region: str) -> None:
        self._schedule = schedule
        self._functions = functions
        self._arn = f"arn:aws:events:{region}:{account_id}:rule/{schedule.name}"
        self._account_id, self._region = account_id, region
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"schedule:{schedule.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No call is made afterwards."""
        self._stopped.set()
        self._thread.join()

    def fire(self) -> None:
        """One call, now."""
        try:
            self._functions.invoke_async(self._schedule.function, self._event())
        except InvokeRefused as refused:
            _logger.error("The schedule %s could not call its function: %s", self._schedule.name, refused)

    def _run(self) -> None:
        while not self._stopped.wait(self._schedule.seconds):
            self.fire()

    def _event(self) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._account_id,
            "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "region": self._region,
            "resources": [self._arn],
            "detail": {},
        }
