"""What the rows say about themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus

BARE = StackRecord("D1BRV40", "network", "dev", "acme", StackStatus.PENDING, "")


@pytest.mark.parametrize("status", list(StackStatus))
def test_what_never_ran_and_has_nothing_is_not_deployed(status: StackStatus) -> None:
    stands = status in (StackStatus.DEPLOYED, StackStatus.UNCHANGED, StackStatus.DRIFTED)
    assert replace(BARE, status=status).is_deployed is stands


@pytest.mark.parametrize("status", list(StackStatus))
def test_what_ran_or_has_resources_may_be_in_the_state_of_pulumi(status: StackStatus) -> None:
    assert replace(BARE, status=status, resource_count=1).is_deployed
    assert replace(BARE, status=status, program_digest="0" * 64).is_deployed
