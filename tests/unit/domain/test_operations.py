"""Operations as data."""

from __future__ import annotations

import json

import pytest

from cloud.domain.operations import OnFailure, OperationKind, OperationOptions, Selection, StackResult
from cloud.domain.states import StackStatus


def test_only_a_destroy_goes_backwards() -> None:
    assert [kind for kind in OperationKind if kind.is_reversed] == [OperationKind.DESTROY]


def test_what_the_kinds_of_operations_have_in_common() -> None:
    assert {kind for kind in OperationKind if kind.only_looks} == {OperationKind.PREVIEW, OperationKind.DRIFT}
    changing = {OperationKind.DEPLOY, OperationKind.DESTROY, OperationKind.ROLLBACK}
    assert {kind for kind in OperationKind if kind.changes_resources} == changing
    running = {OperationKind.DEPLOY, OperationKind.PREVIEW, OperationKind.ROLLBACK}
    assert {kind for kind in OperationKind if kind.runs_programs} == running


@pytest.mark.parametrize(
    ("selection", "everything"),
    [
        (Selection(), True),
        (Selection(("a",)), False),
        (Selection(only=("a", "b")), False),
        (Selection(start=("a",)), False),
    ],
)
def test_a_selection_is_read_back_and_says_whether_it_is_everything(selection: Selection, everything: bool) -> None:
    assert selection.is_everything is everything
    assert Selection.from_dict(json.loads(json.dumps(selection.to_dict()))) == selection
    assert Selection.from_dict({}) == Selection()


@pytest.mark.parametrize(
    "options",
    [
        OperationOptions(),
        OperationOptions(OnFailure.CONTINUE, 3, False, True, {"a": [1, {"b": None}]}),
        OperationOptions(strict_layers=True),
    ],
)
def test_options_are_read_back(options: OperationOptions) -> None:
    assert OperationOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options
    assert OperationOptions.from_dict({}) == OperationOptions()


def test_a_result_is_read_back_in_milliseconds() -> None:
    result = StackResult("app", StackStatus.FAILED, "r", {"create": 2}, 1.23456, 0.5, "network", {"code": "x"})
    found = StackResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert found.seconds == 1.235
    assert found.to_dict() == result.to_dict()
    assert StackResult.from_dict({"stack": "app", "status": "skipped"}) == StackResult("app", StackStatus.SKIPPED)
