"""Errors on their way through the state machine."""

from __future__ import annotations

import json

import pytest

from cloud.domain.errors import (
    CloudError,
    ConfigurationError,
    InternalError,
    Problem,
    RunInterrupted,
    RunTimedOut,
    Throttled,
    error_classes,
)
from cloud.service.failures import MAX_PROBLEMS, MAX_TEXT, from_catch, is_cancellation, to_wire


def caught_of(error: CloudError) -> dict[str, str]:
    """What a Catch holds when a Lambda function raised ``error``."""
    wire = to_wire(error)
    cause = {"errorType": type(wire).__name__, "errorMessage": str(wire), "stackTrace": []}
    return {"Error": type(wire).__name__, "Cause": json.dumps(cause)}


@pytest.mark.parametrize("cls", list(error_classes()), ids=lambda cls: cls.__name__)
def test_every_error_of_the_tree_comes_through_whole(cls: type[CloudError]) -> None:
    error = cls("It is wrong.", hint="Mend it.", problems=[Problem("here", path="a.b", line=3)], stack="network")
    assert type(to_wire(error)) is cls
    found = from_catch(caught_of(error))
    assert type(found) is cls
    assert found.to_dict() == error.to_dict()


def test_an_error_with_very_much_to_say_fits_into_a_payload() -> None:
    problems = [Problem("x" * 10_000, path=str(number)) for number in range(5_000)]
    found = from_catch(caught_of(ConfigurationError("y" * 1_000_000, hint="z" * 1_000_000, problems=problems)))
    assert len(found.message) == MAX_TEXT + 1
    assert len(found.problems) == MAX_PROBLEMS + 1
    assert found.problems[-1].message == "and 4950 more problems"
    assert len(json.dumps(caught_of(found))) < 200_000


def test_an_error_of_step_functions_or_of_lambda_becomes_one_of_ours() -> None:
    assert isinstance(from_catch({"Error": "States.Timeout", "Cause": ""}), RunTimedOut)
    assert isinstance(from_catch({"Error": "Sandbox.Timedout", "Cause": '{"errorMessage": "late"}'}), RunTimedOut)
    unknown = from_catch({"Error": "Lambda.Unknown", "Cause": "who knows"})
    assert isinstance(unknown, InternalError)
    assert "Lambda.Unknown" in unknown.message
    assert "who knows" in unknown.message
    assert isinstance(from_catch({}), InternalError)


def test_what_a_token_was_failed_with_is_an_error_of_its_name() -> None:
    found = from_catch({"Error": "RunInterrupted", "Cause": "Cancelled by ops."})
    assert is_cancellation(found)
    assert found.message == "Cancelled by ops."
    assert from_catch({"Error": "Throttled"}).message == "Throttled."
    assert not is_cancellation(Throttled("x"))
    assert is_cancellation(RunInterrupted("x"))


@pytest.mark.parametrize(
    "cause",
    ["123", "[]", "{"]
    + [json.dumps({"errorMessage": message}) for message in (7, "{}", '{"a": 1}', '{"code": "", "message": ""}')],
)
def test_a_cause_that_only_looks_like_ours_keeps_its_text(cause: str) -> None:
    found = from_catch({"Error": "KeyError", "Cause": cause})
    assert isinstance(found, InternalError)
    assert "KeyError" in found.message
    assert found.message != ""
