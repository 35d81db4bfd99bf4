"""Run claims: one runner per stack at any time, also when executors die, hang or come back.

A runner takes the claim on the stack's row by a conditional write, renews it while it runs, and gives it back with the report
of how the run ended. It loses it when its row is another's: then it stops at once and what it would have written is refused.
Nobody takes a claim from a runner that may live: see ``is_dead``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cloud.domain.errors import CloudError, StackBusy, StaleWrite
from cloud.domain.operations import Operation
from cloud.domain.records import RunClaim, StackRecord
from cloud.ports.runner import Stop
from cloud.service.optimistic import stubbornly, until_fresh
from cloud.service.platform import Platform

HEARTBEAT_SECONDS = 15.0
EXPIRES_SECONDS = 60.0
"""After the last heartbeat: a runner that could not renew for so long has stopped itself."""
INTERRUPT_SECONDS = 24.0
"""Without a renewal for so long a runner interrupts itself: Pulumi ends what it is doing, and writes its state."""
GIVE_UP_SECONDS = 45.0
"""Without one for so long it kills what is left, so that it has ended before its claim expires."""
MARGIN_SECONDS = 90.0
"""Kept of the executor's life for an interrupted Pulumi to write its state (2-orchestration, Interrupt)."""
CANCEL_CHECK_SECONDS = 1.0


def new_claim(platform: Platform, operation: Operation, attempt: int, remaining_seconds: float) -> RunClaim:
    """A claim that is not stored yet; its executor lives for ``remaining_seconds`` and the margin at most."""
    now = platform.timestamp()
    ends_by = platform.clock.now() + timedelta(seconds=max(remaining_seconds, 0.0) + MARGIN_SECONDS)
    return RunClaim(operation.id, attempt, platform.clock.new_ulid(), now, now, _text(ends_by))


def is_expired(claim: RunClaim, now: datetime) -> bool:
    """Whether the runner has been silent for so long that it has stopped itself, if it could."""
    return now >= _time(claim.heartbeat_at) + timedelta(seconds=EXPIRES_SECONDS)


def is_dead(claim: RunClaim, now: datetime) -> bool:
    """Whether its runner is proved to have ended: its executor's own time limit has passed.

    Silence alone is no proof: a runner that hangs in one call of Pulumi writes again when it wakes.
    """
    return now >= _time(claim.ends_by) + timedelta(seconds=EXPIRES_SECONDS)


def require_free(row: StackRecord, now: datetime) -> None:
    """Raises StackBusy when another operation's run may still be alive; the state machine asks again later."""
    if row.claim is not None and not is_dead(row.claim, now):
        raise StackBusy(
            f"A run of {row.stack} from operation {row.claim.operation_id} may still be alive: it was last heard of at "
            f"{row.claim.heartbeat_at}, and its executor ends by {row.claim.ends_by}.",
            hint="It is waited for; nothing needs to be done.",
            stack=row.stack,
            operation_id=row.claim.operation_id,
        )


class CancelWatch:
    """What a runner asks whether it should stop: whether the operation was cancelled, or has ended without this run.

    The store is asked at most once a second, however often this is called.
    """

    def __init__(self, platform: Platform, operation: Operation, monotonic: Callable[[], float]) -> None:
        self._platform, self._operation, self._monotonic = platform, operation, monotonic
        self._asked: float | None = None

    def __call__(self) -> Stop:
        now = self._monotonic()
        if self._asked is not None and now - self._asked < CANCEL_CHECK_SECONDS:
            return Stop.NO
        self._asked = now
        try:
            current = self._platform.stores.operations.get(self._operation.deployment_id, self._operation.id)
        except CloudError as error:
            if not error.retryable:
                raise
            return Stop.NO  # a store that stumbles must not end a run that nobody wants ended; it is asked again
        if current.cancel_requested and current.cancel_forced:
            return Stop.KILL
        return Stop.INTERRUPT if current.cancel_requested or current.state.is_terminal else Stop.NO


class HeldClaim:
    """The claim of the run under way; it is what the runner asks whether it should stop.

    ``row`` is the stack's row as it was stored with the claim.
    """

    def __init__(
        self,
        platform: Platform,
        operation: Operation,
        row: StackRecord,
        claim: RunClaim,
        monotonic: Callable[[], float],
    ) -> None:
        self._platform, self._operation, self._monotonic = platform, operation, monotonic
        self._cancelled = CancelWatch(platform, operation, monotonic)
        self._row, self._claim = row, claim
        self._tried = self._renewed = monotonic()
        self._lost = False

    def __call__(self) -> Stop:
        """Renew when it is time, and look whether the operation was cancelled or has ended without this run."""
        now = self._monotonic()
        if now - self._renewed >= GIVE_UP_SECONDS:
            self._lost = True
        if self._lost:
            return Stop.KILL
        if now - self._tried >= HEARTBEAT_SECONDS:
            self._tried = now
            self._renew(now)
        if self._lost:
            return Stop.KILL
        is_silent = now - self._renewed >= INTERRUPT_SECONDS
        return max(self._cancelled(), Stop.INTERRUPT if is_silent else Stop.NO)

    def give_back(self, report: Mapping[str, Any]) -> None:
        """End the claim and leave ``report`` for RecordStack. Raises StackBusy, and refuses it, when the claim was lost."""

        def attempt() -> None:
            try:
                self._platform.stores.stacks.put(replace(self._row, claim=None, report=report))
            except StaleWrite:
                self._read_again()
                if self._lost:
                    raise self._refused() from None
                raise

        stubbornly(lambda: until_fresh(attempt))

    def _renew(self, now: float) -> None:
        beat = replace(self._claim, heartbeat_at=self._platform.timestamp())
        try:
            self._row = self._platform.stores.stacks.put(replace(self._row, claim=beat))
            self._renewed = now
        except StaleWrite:
            self._tried = now - HEARTBEAT_SECONDS  # not renewed yet: tried again at the next question
            self._read_again()
        except CloudError as error:
            if not error.retryable:
                raise
            self._tried = now - HEARTBEAT_SECONDS

    def _read_again(self) -> None:
        row = self._platform.stores.stacks.get(self._row.deployment_id, self._row.stack, self._row.environment)
        if row is None or row.claim is None or row.claim.holder != self._claim.holder:
            self._lost = True
        else:
            self._row = row

    def _refused(self) -> StackBusy:
        return StackBusy(
            f"The result of this run of {self._row.stack} is refused: its claim was lost.",
            stack=self._row.stack,
            operation_id=self._operation.id,
        )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
