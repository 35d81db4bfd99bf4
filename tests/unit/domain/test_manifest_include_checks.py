"""The folders that a stack includes: none is packed twice."""

from __future__ import annotations

import pytest

from cloud.domain.manifest_parsing import check_manifest
from tests.unit.domain.test_manifest_checks import manifest_text, messages, problems_of


def test_folders_beside_the_program_and_each_other_are_good() -> None:
    assert problems_of({"network": {"include": ["shared", "stacks/common", "shared2/naming", "shared-more"]}}) == []


@pytest.mark.parametrize(
    ("include", "told"),
    [
        (["shared", "./shared/"], "[1]: 'shared' is listed twice"),
        (["shared/naming", "shared"], "[0]: 'shared/naming' is inside 'shared', which is listed too"),
        (["stacks/network"], "[0]: 'stacks/network' belongs to the program's own folder, which is packed anyway"),
        (
            ["stacks/network/src"],
            "[0]: 'stacks/network/src' belongs to the program's own folder, which is packed anyway",
        ),
        (["stacks"], "[0]: 'stacks' holds the program itself, 'stacks/network'"),
    ],
)
def test_a_folder_that_would_be_packed_twice_is_refused_where_it_stands(include: list[str], told: str) -> None:
    assert messages(problems_of({"network": {"include": include}})) == [f"stacks.network.include{told}"]


def test_what_was_refused_for_its_form_is_told_once_and_shifts_no_other() -> None:
    found = problems_of({"network": {"include": ["../lib", 3, "shared", "stacks"]}})
    assert [problem.path for problem in found] == [f"stacks.network.include[{index}]" for index in (0, 1, 3)]


def test_the_place_in_the_file_is_told() -> None:
    (problem,) = check_manifest(manifest_text({"network": {"source": "infra/net", "include": ["infra"]}})).problems
    assert problem.line > 1
    assert problem.expected == "a folder beside the program"


def test_ten_thousand_folders_are_checked_at_once() -> None:
    include = [f"shared/{number}/{'deep/' * 10}" for number in range(10_000)]
    assert problems_of({"network": {"include": include}}) == []
