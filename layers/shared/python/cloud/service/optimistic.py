"""Read, change, write, and again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cloud.domain.errors import CloudError, StaleWrite

Result = TypeVar("Result")

ATTEMPTS = 50
"""A schedule has at most ``max_parallel`` writers at once; each lost race means that another one made progress."""

STUBBORN_ATTEMPTS = 5


def until_fresh(attempt: Callable[[], Result], attempts: int = ATTEMPTS) -> Result:
    """The result of ``attempt``, which reads and writes, repeated on StaleWrite. The last StaleWrite is raised.

    There is no pause: a race is lost only because another writer won it, so the whole always moves on.
    """
    for _ in range(attempts - 1):
        try:
            return attempt()
        except StaleWrite:
            continue
    return attempt()


def stubbornly(attempt: Callable[[], None]) -> None:
    """Do what must not fail because a store stumbles, beyond the repetitions that the store makes itself."""
    for _ in range(STUBBORN_ATTEMPTS - 1):
        try:
            attempt()
        except CloudError as error:
            if not error.retryable:
                raise
        else:
            return
    attempt()
