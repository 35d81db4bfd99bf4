from __future__ import annotations

import threading
from typing import Any

import pytest

from cloud_local.aws.lambda_runtime import FunctionRegistry, LambdaFunction
from cloud_local.aws.schedules import Schedule, ScheduleClock


def clock_of(functions: FunctionRegistry, seconds: float) -> ScheduleClock:
    schedule = Schedule("sweep", seconds, "sweep")
    return ScheduleClock(schedule, functions, account_id="123456789012", region="us-east-1")


def test_a_function_is_called_at_its_rate_until_it_is_stopped() -> None:
    seen: list[dict[str, Any]] = []
    twice = threading.Event()

    def sweep(event: dict[str, Any], _: Any) -> None:
        seen.append(event)
        if len(seen) == 2:
            twice.set()

    functions = FunctionRegistry("123456789012", "us-east-1")
    functions.register([LambdaFunction("sweep", sweep)])
    clock = clock_of(functions, 0.01)
    clock.start()
    assert twice.wait(10)
    clock.stop()
    functions.drain()
    calls = len(seen)
    assert len({event.pop("id") for event in seen}) == calls
    assert seen[0].pop("time").endswith("Z")
    assert seen[0] == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/sweep"],
        "detail": {},
    }


def test_a_function_that_is_not_there_is_logged_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = clock_of(FunctionRegistry("123456789012", "us-east-1"), 60)
    clock.fire()
    clock.fire()
    assert caplog.text.count("The schedule sweep could not call its function") == 2
