"""Request bodies and parameters: strict, every problem at once, never a defect."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError, NotFound, Throttled
from cloud.domain.operations import OnFailure, OperationOptions, Selection
from functions.serve_api.problems import problem_response
from functions.serve_api.requests import (
    PATH_PARAMETERS,
    CancelBody,
    InitBody,
    ManifestBody,
    OperationBody,
    PlanBody,
    parse_body,
    parse_idempotency_key,
    parse_limit,
)


def test_a_body_becomes_a_selection_and_options() -> None:
    body = parse_body(
        OperationBody,
        '{"environment": "dev", "stacks": ["a"], "only": ["b"], "from": ["c"], "on_failure": "continue", '
        '"max_parallel": 3, "strict_layers": false, "force": true, "settings": {"x": [1]}}',
    )
    assert body.selection() == Selection(("a",), ("b",), ("c",))
    assert body.options() == OperationOptions(OnFailure.CONTINUE, 3, False, True, {"x": [1]})
    assert parse_body(OperationBody, '{"environment": "dev"}').options() == OperationOptions()
    assert parse_body(PlanBody, '{"environment": "dev"}').operation == "deploy"


@given(
    st.one_of(st.text(), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
)
def test_whatever_comes_is_a_body_or_one_error_of_ours(text: str) -> None:
    for model in (OperationBody, PlanBody, InitBody, ManifestBody, CancelBody):
        try:
            parse_body(model, text)
        except ConfigurationError as error:
            error.message.encode()


def test_no_body_is_an_empty_object() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_body(OperationBody, None)
    assert [problem.path for problem in caught.value.problems] == ["environment"]


@given(st.text())
def test_a_path_parameter_is_a_name_or_there_is_no_such_thing(text: str) -> None:
    for require in PATH_PARAMETERS.values():
        try:
            assert require(text) == text
            assert len(text) <= 40
        except NotFound as error:
            error.message.encode()


def test_names_pass() -> None:
    assert PATH_PARAMETERS["id"]("D1BRV40")
    assert PATH_PARAMETERS["operation_id"]("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert PATH_PARAMETERS["name"]("database-rds")
    assert PATH_PARAMETERS["environment"]("dev")


@pytest.mark.parametrize("text", ["0", "501", "x", "-1", "1.5", "٣", "9" * 40, ""])
def test_a_limit_out_of_its_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_limit(text, 50)


def test_a_limit_has_a_default() -> None:
    assert (parse_limit(None, 50), parse_limit("7", 50)) == (50, 7)


def test_an_idempotency_key_is_short_and_visible() -> None:
    assert parse_idempotency_key("") == ""
    assert parse_idempotency_key("k" * 255)
    for text in ("k" * 256, "a b", "é", "\n"):
        with pytest.raises(ConfigurationError):
            parse_idempotency_key(text)


def test_a_throttled_answer_says_when_to_come_back() -> None:
    assert problem_response(Throttled("slow"), "r").headers["Retry-After"] == "1"
    assert "Retry-After" not in problem_response(NotFound("x"), "r").headers
