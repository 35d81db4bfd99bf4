"""Pieces of state machine definitions, and waiting for what they do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

INVOKE = "arn:aws:states:::lambda:invoke"


def task(function: str, payload: Any = None, **more: Any) -> dict[str, Any]:
    """A Task that invokes a function and ends, unless ``more`` says what comes next."""
    parameters = {"FunctionName": function, "Payload": {} if payload is None else payload}
    flow = {} if "Next" in more or "End" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, "TimeoutSeconds": 60, **flow, **more}


def callback(function: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Task that waits for its token, given to the function as ``token``."""
    return task(function, {**payload, "token.$": "$$.Task.Token"}, **more) | {"Resource": f"{INVOKE}.waitForTaskToken"}


def poll(found: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What ``found`` returns once it isn't None: the AWS API has no way to be told, so its clients ask again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value is not None:
            return value
        time.sleep(0.005)
    raise AssertionError(f"nothing within {seconds} s")
