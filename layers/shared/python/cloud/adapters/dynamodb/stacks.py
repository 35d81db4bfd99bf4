"""Stacks in their environments: the port ``StackStore`` on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from cloud.adapters.aws_errors import translated
from cloud.adapters.dynamodb.database import database, version_of
from cloud.adapters.dynamodb.deployments import partition
from cloud.adapters.dynamodb.rows import StackRow
from cloud.domain.errors import StaleWrite
from cloud.domain.records import RunClaim, StackRecord
from cloud.domain.states import StackStatus
from cloud.ports.stores import Page
from cloud.settings import Settings


class DynamoStackStore:
    def __init__(self, settings: Settings) -> None:
        self._database = database(settings)
        self._stacks = self._database.bind(StackRow, settings.stacks_table)

    def get(self, deployment_id: str, stack: str, environment: str) -> StackRecord | None:
        row = self._database.get(
            self._stacks, partition(deployment_id), _sort_key(stack, environment), f"read the stack {stack}"
        )
        return None if row is None else _stack(row)

    def get_many(self, deployment_id: str, stacks: Sequence[str], environment: str) -> Mapping[str, StackRecord]:
        rows = self._database.get_many(
            self._stacks,
            partition(deployment_id),
            (_sort_key(stack, environment) for stack in stacks),
            f"read stacks of {deployment_id}",
        )
        return {row.stack: _stack(row) for row in rows}

    def list(self, deployment_id: str, environment: str = "") -> tuple[StackRecord, ...]:
        with translated(f"list the stacks of {deployment_id}"):
            rows = self._stacks.query(
                partition(deployment_id), self._stacks.SK.startswith("STACK#"), consistent_read=True
            )
            found = [_stack(row) for row in rows if environment in ("", row.environment)]
        # By name, as a person sorts: the key's separator would come into it ('#' sorts before '-').
        return tuple(sorted(found, key=lambda record: (record.stack, record.environment)))

    def list_by_status(self, org: str, status: StackStatus, *, limit: int = 50, cursor: str = "") -> Page[StackRecord]:
        return self._database.page(
            self._stacks,
            f"{org}#{status.value}",
            _stack,
            action=f"list the stacks of {org} that are {status.value}",
            limit=limit,
            cursor=cursor,
            index=("GSI2", "org_status", "updated_at"),
        )

    def put(self, record: StackRecord) -> StackRecord:
        self._database.put_versioned(
            self._row(record),
            f"write the stack {record.stack}",
            lambda: StaleWrite(
                f"The stack {record.stack} in {record.environment} has changed since version {record.version}.",
                deployment_id=record.deployment_id,
                environment=record.environment,
                stack=record.stack,
            ),
        )
        return replace(record, version=record.version + 1)

    def _row(self, record: StackRecord) -> StackRow:
        return self._stacks(
            partition(record.deployment_id),
            _sort_key(record.stack, record.environment),
            org_stack=f"{record.org}#{record.stack}",
            org_status=f"{record.org}#{record.status.value}",
            updated_at=record.updated_at,
            deployment_id=record.deployment_id,
            stack=record.stack,
            environment=record.environment,
            org=record.org,
            status=record.status.value,
            operation_id=record.operation_id,
            attempt=record.attempt,
            outputs=dict(record.outputs),
            changes=dict(record.changes),
            resource_count=record.resource_count,
            seconds=list(record.seconds),
            last_seconds=record.last_seconds,
            program_seconds=record.program_seconds,
            blocked_by=record.blocked_by,
            reason=record.reason,
            error=None if record.error is None else dict(record.error),
            secrets_provider=None if record.secrets_provider is None else dict(record.secrets_provider),
            program_digest=record.program_digest,
            dependencies=list(record.dependencies),
            claim=None if record.claim is None else asdict(record.claim),
            report=None if record.report is None else dict(record.report),
            is_recorded=record.is_recorded,
            fingerprint=dict(record.fingerprint),
            state_etag=record.state_etag,
            succeeded_at=record.succeeded_at,
            references=list(record.references),
            outputs_digest=record.outputs_digest,
            has_drift=record.has_drift,
            **version_of(record.version),
        )


def _sort_key(stack: str, environment: str) -> str:
    return f"STACK#{stack}#{environment}"


def _stack(row: StackRow) -> StackRecord:
    return StackRecord(
        deployment_id=row.deployment_id,
        stack=row.stack,
        environment=row.environment,
        org=row.org,
        status=StackStatus(row.status),
        updated_at=row.updated_at,
        operation_id=row.operation_id,
        attempt=int(row.attempt),
        outputs=row.outputs,
        changes=row.changes,
        resource_count=int(row.resource_count),
        seconds=tuple(row.seconds),
        last_seconds=row.last_seconds,
        program_seconds=row.program_seconds,
        blocked_by=row.blocked_by,
        reason=row.reason,
        error=row.error,
        secrets_provider=row.secrets_provider,
        program_digest=row.program_digest,
        dependencies=tuple(row.dependencies),
        claim=None if row.claim is None else RunClaim(**row.claim),
        report=row.report,
        is_recorded=row.is_recorded,
        fingerprint=row.fingerprint,
        state_etag=row.state_etag,
        succeeded_at=row.succeeded_at,
        references=tuple(row.references),
        outputs_digest=row.outputs_digest,
        has_drift=row.has_drift,
        version=row.version,
    )
