"""``watch``: where it begins, and how it bears a control plane that comes and goes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cloud.client.rest import CloudClient
from cloud.domain.errors import NetworkError
from cloud_cli import deploying
from cloud_cli.session import UsageError
from cloud_cli.targets import parse_cursor


@pytest.mark.parametrize(
    ("since", "operation", "found"),
    [
        ("", "", ("", 0)),
        ("", "01A", ("01A", 0)),
        ("41", "", ("", 41)),
        ("41", "01A", ("01A", 41)),
        ("01A:41", "", ("01A", 41)),
        ("01A:41", "01A", ("01A", 41)),
    ],
)
def test_since_is_a_sequence_or_a_cursor(since: str, operation: str, found: tuple[str, int]) -> None:
    assert parse_cursor(since, operation) == found


@pytest.mark.parametrize("since", ["x", "01A:", ":7", "-1", "01A:x", "01A:1:2", "٣"])
def test_what_is_no_cursor_is_refused_with_what_one_looks_like(since: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_cursor(since, "")
    assert "{operation_id}:{sequence}" in error.value.hint


def test_a_cursor_of_another_operation_is_refused() -> None:
    with pytest.raises(UsageError, match="01B"):
        parse_cursor("01A:41", "01B")


class Coming:
    """A control plane that is there from the ``number``-th question on."""

    def __init__(self, number: int) -> None:
        self.asked, self._number = 0, number

    def operation(self, *_: str) -> dict[str, Any]:
        self.asked += 1
        if self.asked < self._number:
            raise NetworkError("not yet")
        return {"state": "succeeded"}


OPERATION = {"id": "01A", "deployment_id": "D123456"}


def test_how_it_ended_is_asked_for_until_somebody_answers() -> None:
    pauses: list[float] = []
    client = Coming(3)
    found = deploying.ended_operation(cast("CloudClient", client), OPERATION, sleep=pauses.append)
    assert found == {"state": "succeeded"}
    assert pauses == list(deploying.PAUSES_SECONDS[:2])


def test_a_control_plane_that_stays_away_is_told() -> None:
    client = Coming(100)
    with pytest.raises(NetworkError):
        deploying.ended_operation(cast("CloudClient", client), OPERATION, sleep=lambda _: None)
    assert client.asked == len(deploying.PAUSES_SECONDS) + 1
