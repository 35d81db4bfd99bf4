"""What every task handler does around its one call."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from cloud.domain.errors import LockHeld, Problem
from cloud.entry import attempt_of, task
from cloud.observability import count, ids_of, logger_of

EVENT = {"deployment_id": "D1BRV40", "operation_id": "01OP", "stack": "network", "token": "very long", "environment": 7}


def logged(text: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(out: io.StringIO, request: pytest.FixtureRequest) -> Logger:
    return Logger(service=request.node.name, stream=out)


def test_a_result_passes(logger: Logger) -> None:
    @task(logger)
    def handler(event: Any, context: Any) -> Any:
        return [event, context]

    assert handler(EVENT, "context") == [EVENT, "context"]
    assert handler.__name__ == "handler"


def test_our_error_leaves_in_its_class_with_all_it_has_and_is_logged(logger: Logger, out: io.StringIO) -> None:
    @task(logger)
    def handler(_event: Any, _context: Any) -> Any:
        raise LockHeld("Somebody holds it.", hint="Wait.", problems=[Problem("p")], owner="ann")

    with pytest.raises(LockHeld) as caught:
        handler(EVENT, None)
    content = json.loads(str(caught.value))
    assert (content["code"], content["hint"], content["ids"]) == ("lock-held", "Wait.", {"owner": "ann"})
    (line,) = logged(out)
    assert (line["level"], line["message"], line["stack"]) == ("WARNING", "Somebody holds it.", "network")
    assert "very long" not in out.getvalue()


def test_a_defect_is_logged_whole_and_stays_what_it_is(logger: Logger, out: io.StringIO) -> None:
    @task(logger)
    def handler(_event: Any, _context: Any) -> Any:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        handler({"input": EVENT}, None)
    (line,) = logged(out)
    assert (line["level"], line["operation_id"]) == ("ERROR", "01OP")
    assert "a defect" in line["exception"]


def test_only_what_names_the_work_is_a_key_of_the_log() -> None:
    ids = {"deployment_id": "D1BRV40", "operation_id": "01OP", "stack": "network"}
    assert ids_of(EVENT) == ids_of({"input": EVENT}) == ids
    assert ids_of("text") == ids_of({"input": "text"}) == ids_of(None) == {}


def test_a_logger_is_of_its_function() -> None:
    assert logger_of("run_stack").service == "run_stack"


def test_counts_of_one_invocation_are_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    count("run_stack", StacksRun=1, ResourcesChanged=0)
    count("run_stack", StacksRun=1)
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["service"], first["StacksRun"], first["ResourcesChanged"]) == ("run_stack", [1.0], [0.0])
    assert "ResourcesChanged" not in second


def test_attempts_grow_as_texts_over_retries_and_later_entries() -> None:
    """Whatever form the state's time has: AWS's milliseconds with Z, or an emulation's microseconds, or none at all."""
    entered = (
        "2025-01-01T00:00:09Z",
        "2025-01-01T00:00:10.000Z",
        "2025-01-01T00:00:10.000500+00:00",
        "2025-01-01T00:00:11Z",
    )
    attempts = [
        attempt_of({"entered_at": moment, "retries": retries}) for moment in entered for retries in (0, 1, 9, 10)
    ]
    assert ["", *attempts] == sorted({attempt_of({"token": "of an older definition"}), *attempts})
