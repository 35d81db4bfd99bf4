"""Errors on their way through the state machine.

A task fails by raising: the class names the error for Retry and Catch, and its message is the error as JSON, so that nothing
is lost between the raise and the Catch that hands it to RecordStack or FinishOperation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cloud.domain.errors import (
    CloudError,
    InternalError,
    Problem,
    RunInterrupted,
    RunTimedOut,
    error_classes,
    from_dict,
)

MAX_PROBLEMS = 50
MAX_TEXT = 2_000
"""Characters of each text of an error on its way: the Cause of a Catch must fit into a state's 256 KB with all else."""


def to_wire(error: CloudError) -> CloudError:
    """The same error with its content as JSON for a message; what a handler raises to the Lambda runtime.

    Of very many problems the first are kept, with their number; of very long texts the beginning.
    """
    content = error.to_dict()
    content["message"], content["hint"] = _shortened(error.message), _shortened(error.hint)
    content["problems"] = [
        {name: _shortened(value) if isinstance(value, str) else value for name, value in problem.items()}
        for problem in content["problems"][:MAX_PROBLEMS]
    ]
    if len(error.problems) > MAX_PROBLEMS:
        left = len(error.problems) - MAX_PROBLEMS
        content["problems"].append(asdict(Problem(f"and {left} more problems")))
    wire = type(error)(error.message)
    wire.args = (json.dumps(content, sort_keys=True),)
    return wire


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def from_catch(caught: Mapping[str, Any]) -> CloudError:
    """The error behind a Catch's ``{"Error": …, "Cause": …}``, whoever raised it: ours, Lambda's, or Step Functions'."""
    name, cause = str(caught.get("Error") or ""), str(caught.get("Cause") or "")
    message = cause
    try:
        parsed = json.loads(cause)
        message = str(parsed.get("errorMessage", cause)) if isinstance(parsed, dict) else cause
        own = json.loads(message)
        if own["code"] and own["message"]:
            return from_dict(own)
    except (ValueError, TypeError, AttributeError, KeyError):
        pass  # not one of ours: Lambda's and Step Functions' own errors carry plain text
    by_name = {cls.__name__: cls for cls in error_classes()}
    if name in by_name:
        return by_name[name](message or f"{name}.")
    if name in ("States.Timeout", "Sandbox.Timedout"):
        return RunTimedOut(f"The step did not end in time. {message}".strip())
    return InternalError(
        f"The platform failed: {name or 'unknown error'}. {message}".strip(),
        hint="The function's log holds the whole story.",
    )


def is_cancellation(error: CloudError) -> bool:
    """Whether the error is somebody's wish rather than a failure."""
    return isinstance(error, RunInterrupted)
