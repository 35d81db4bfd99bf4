"""Operations, schedules, task tokens and environment locks: the port ``OperationStore`` on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cloud.adapters.dynamodb.database import Refused, database, version_of
from cloud.adapters.dynamodb.deployments import partition
from cloud.adapters.dynamodb.first_value import put_first
from cloud.adapters.dynamodb.rows import KeyRow, LockRow, OperationRow, ScheduleRow, TokenRow
from cloud.domain.errors import AlreadyExists, NotFound, StaleWrite
from cloud.domain.operations import Operation, OperationKind, OperationOptions, Selection
from cloud.domain.records import EnvironmentLock, LockTicket
from cloud.domain.states import TaskState
from cloud.ports.stores import Page
from cloud.ports.workflow import Clock
from cloud.settings import Settings

if TYPE_CHECKING:
    from cloud.domain.schedule import Schedule

START_KEY_LIFE = timedelta(days=90)  # as long as Step Functions remembers the name of a closed execution
UNSETTLED = "UNSETTLED"
"""The hash key of GSI2 for operations that are not settled. It belongs to no organisation, whose names are lower-case, and
nothing that a user asks for reads it. An operation writes it some five times: one partition takes 200 operations a second."""
TOKEN_LIFE = timedelta(days=366)  # no execution, and so no task, outlives a year


class DynamoOperationStore:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        table = settings.deployments_table
        self._clock = clock
        self._database = database(settings)
        self._operations = self._database.bind(OperationRow, table)
        self._schedules = self._database.bind(ScheduleRow, table)
        self._tokens = self._database.bind(TokenRow, table)
        self._locks = self._database.bind(LockRow, table)
        self._keys = self._database.bind(KeyRow, table)

    def create(self, operation: Operation) -> Operation:
        self._database.put_versioned(
            self._operation_row(replace(operation, version=0)),
            f"create the operation {operation.id}",
            lambda: AlreadyExists(
                f"The operation {operation.id} exists already.",
                deployment_id=operation.deployment_id,
                operation_id=operation.id,
            ),
        )
        return replace(operation, version=1)

    def get(self, deployment_id: str, operation_id: str) -> Operation:
        row = self._database.get(
            self._operations,
            partition(deployment_id),
            f"OPERATION#{operation_id}",
            f"read the operation {operation_id}",
        )
        if row is None:
            raise NotFound(
                f"The deployment {deployment_id} has no operation {operation_id}.",
                deployment_id=deployment_id,
                operation_id=operation_id,
            )
        return _operation(row)

    def put(self, operation: Operation) -> Operation:
        def stale() -> StaleWrite:
            return StaleWrite(
                f"The operation {operation.id} has changed since version {operation.version}.",
                deployment_id=operation.deployment_id,
                operation_id=operation.id,
            )

        if operation.version == 0:
            raise stale()
        self._database.put_versioned(self._operation_row(operation), f"write the operation {operation.id}", stale)
        return replace(operation, version=operation.version + 1)

    def list(self, deployment_id: str, *, limit: int = 20, cursor: str = "") -> Page[Operation]:
        return self._database.page(
            self._operations,
            partition(deployment_id),
            _operation,
            action=f"list the operations of {deployment_id}",
            limit=limit,
            cursor=cursor,
            condition=self._operations.SK.startswith("OPERATION#"),
            prefix="OPERATION#",
        )

    def list_unsettled(self, *, limit: int = 100, cursor: str = "") -> Page[Operation]:
        return self._database.page(
            self._operations,
            UNSETTLED,
            _operation,
            action="list the operations that are not settled",
            limit=limit,
            cursor=cursor,
            index=("GSI2", "org_status", "updated_at"),
            newest_first=False,
        )

    def claim_start(self, deployment_id: str, key: str, operation_id: str) -> str:
        row = self._keys(
            partition(deployment_id),
            f"IDEMPOTENCY#start#{key}",
            value=operation_id,
            ttl=int((self._clock.now() + START_KEY_LIFE).timestamp()),
        )
        return put_first(self._database, row, self._clock, f"claim the start of {operation_id}")

    def create_schedule(self, deployment_id: str, operation_id: str, schedule: Schedule) -> None:
        row = self._schedules(
            partition(deployment_id), f"SCHEDULE#{operation_id}", schedule=schedule.to_dict(), **version_of(0)
        )
        try:
            self._database.put(row, None, f"create the schedule of {operation_id}")
        except Refused:
            return  # PlanDeployment was repeated; what stands there may already have advanced

    def get_schedule(self, deployment_id: str, operation_id: str) -> tuple[Schedule, int]:
        from cloud.domain.schedule import Schedule

        row = self._database.get(
            self._schedules,
            partition(deployment_id),
            f"SCHEDULE#{operation_id}",
            f"read the schedule of {operation_id}",
        )
        if row is None:
            raise NotFound(
                f"The operation {operation_id} has no schedule.", deployment_id=deployment_id, operation_id=operation_id
            )
        return Schedule.from_dict(row.schedule), row.version

    def put_schedule(self, deployment_id: str, operation_id: str, schedule: Schedule, version: int) -> None:
        def stale() -> StaleWrite:
            return StaleWrite(
                f"The schedule of {operation_id} has changed since version {version}.",
                deployment_id=deployment_id,
                operation_id=operation_id,
            )

        if version == 0:
            raise stale()
        row = self._schedules(
            partition(deployment_id), f"SCHEDULE#{operation_id}", schedule=schedule.to_dict(), version=version
        )
        self._database.put_versioned(row, f"write the schedule of {operation_id}", stale)

    def put_token(self, deployment_id: str, operation_id: str, name: str, token: str, attempt: str) -> None:
        row = self._tokens(
            partition(deployment_id),
            f"TOKEN#{operation_id}#{name}",
            name=name,
            token=token,
            attempt=attempt,
            ttl=int((self._clock.now() + TOKEN_LIFE).timestamp()),
        )
        is_latest = self._tokens.attempt.does_not_exist() | (self._tokens.attempt <= attempt)
        try:
            self._database.put(row, is_latest, f"store the task token of {name}")
        except Refused as refused:
            raise StaleWrite(
                f"A later attempt of {name} waits already.", deployment_id=deployment_id, operation_id=operation_id
            ) from refused

    def get_tokens(self, deployment_id: str, operation_id: str, names: Sequence[str]) -> Mapping[str, str]:
        rows = self._database.get_many(
            self._tokens,
            partition(deployment_id),
            (f"TOKEN#{operation_id}#{name}" for name in names),
            f"read the task tokens of {operation_id}",
        )
        return {row.name: row.token for row in rows}

    def get_lock(self, deployment_id: str, environment: str) -> EnvironmentLock:
        row = self._database.get(
            self._locks, partition(deployment_id), f"LOCK#{environment}", f"read the lock of {environment}"
        )
        return EnvironmentLock(deployment_id, environment) if row is None else _lock(row)

    def put_lock(self, lock: EnvironmentLock) -> EnvironmentLock:
        row = self._locks(
            partition(lock.deployment_id),
            f"LOCK#{lock.environment}",
            deployment_id=lock.deployment_id,
            environment=lock.environment,
            owner=asdict(lock.owner) if lock.owner else None,
            queue=[asdict(ticket) for ticket in lock.queue],
            next_ticket=lock.next_ticket,
            **version_of(lock.version),
        )
        self._database.put_versioned(
            row,
            f"write the lock of {lock.environment}",
            lambda: StaleWrite(
                f"The lock of {lock.environment} has changed since version {lock.version}.",
                deployment_id=lock.deployment_id,
                environment=lock.environment,
            ),
        )
        return replace(lock, version=lock.version + 1)

    def _operation_row(self, operation: Operation) -> OperationRow:
        return self._operations(
            partition(operation.deployment_id),
            f"OPERATION#{operation.id}",
            deployment_id=operation.deployment_id,
            operation_id=operation.id,
            environment=operation.environment,
            kind=operation.kind.value,
            requester=operation.requester,
            state=operation.state.value,
            created_at=operation.created_at,
            manifest_version=operation.manifest_version,
            org=operation.org,
            project=operation.project,
            selection=operation.selection.to_dict(),
            options=operation.options.to_dict(),
            execution_arn=operation.execution_arn,
            plan_digest=operation.plan_digest,
            started_at=operation.started_at,
            finished_at=operation.finished_at,
            cancel_requested=operation.cancel_requested,
            cancel_forced=operation.cancel_forced,
            retry_of=operation.retry_of,
            error=None if operation.error is None else dict(operation.error),
            settling_since=operation.settling_since,
            settled=operation.settled,
            org_status=None if operation.settled else UNSETTLED,
            updated_at=None if operation.settled else operation.created_at,
            **version_of(operation.version),
        )


def _operation(row: OperationRow) -> Operation:
    return Operation(
        id=row.operation_id,
        deployment_id=row.deployment_id,
        environment=row.environment,
        kind=OperationKind(row.kind),
        requester=row.requester,
        state=TaskState(row.state),
        created_at=row.created_at,
        manifest_version=int(row.manifest_version),
        org=row.org,
        project=row.project,
        selection=Selection.from_dict(row.selection),
        options=OperationOptions.from_dict(row.options),
        execution_arn=row.execution_arn,
        plan_digest=row.plan_digest,
        started_at=row.started_at,
        finished_at=row.finished_at,
        cancel_requested=row.cancel_requested,
        cancel_forced=row.cancel_forced,
        retry_of=row.retry_of,
        error=row.error,
        settling_since=row.settling_since,
        settled=row.settled,
        version=row.version,
    )


def _lock(row: LockRow) -> EnvironmentLock:
    return EnvironmentLock(
        deployment_id=row.deployment_id,
        environment=row.environment,
        owner=LockTicket(**row.owner) if row.owner else None,
        queue=tuple(LockTicket(**ticket) for ticket in row.queue),
        next_ticket=int(row.next_ticket),
        version=row.version,
    )
