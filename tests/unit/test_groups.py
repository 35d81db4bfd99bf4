"""Groups of tests are what the scheduler is told: see tests/conftest.py."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def expensive() -> str:
    return "made once"


def is_grouped(request: pytest.FixtureRequest, name: str) -> bool:
    """Whether the scheduler knows; without xdist there is none."""
    return not hasattr(request.config, "workerinput") or request.node.nodeid.endswith(f"@{name}")


@pytest.mark.xdist_group("groups")
@pytest.mark.parametrize("text", ["a", "b@c", "d[e]"])
def test_a_group_that_is_named_is_known(request: pytest.FixtureRequest, text: str) -> None:
    assert is_grouped(request, "groups")


def test_tests_that_share_a_fixture_of_their_module_are_a_group(request: pytest.FixtureRequest, expensive: str) -> None:
    assert is_grouped(request, "tests/unit/test_groups.py")


def test_a_test_that_shares_nothing_stands_alone(request: pytest.FixtureRequest) -> None:
    assert "@" not in request.node.nodeid
