"""Deployments, environments, registrations and idempotency keys: the port ``DeploymentStore`` on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloud.adapters.aws_errors import translated
from cloud.adapters.dynamodb.database import Database, database, version_of
from cloud.adapters.dynamodb.first_value import put_first
from cloud.adapters.dynamodb.rows import DeploymentRow, EnvironmentRow, KeyRow, RegistrationRow
from cloud.domain.errors import AlreadyExists, NotFound, StaleWrite
from cloud.domain.records import Deployment, EnvironmentRecord, Registration
from cloud.domain.states import DeploymentStatus
from cloud.ports.stores import Page
from cloud.ports.workflow import Clock
from cloud.settings import Settings


class DynamoDeploymentStore:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        table = settings.deployments_table
        self._clock = clock
        self._database: Database = database(settings)
        self._deployments = self._database.bind(DeploymentRow, table)
        self._environments = self._database.bind(EnvironmentRow, table)
        self._registrations = self._database.bind(RegistrationRow, table)
        self._keys = self._database.bind(KeyRow, table)

    def create(self, deployment: Deployment) -> Deployment:
        self._database.put_versioned(
            self._deployment_row(replace(deployment, version=0)),
            f"create the deployment {deployment.id}",
            lambda: AlreadyExists(f"The deployment {deployment.id} exists already.", deployment_id=deployment.id),
        )
        return replace(deployment, version=1)

    def get(self, deployment_id: str) -> Deployment:
        row = self._database.get(
            self._deployments, partition(deployment_id), "METADATA", f"read the deployment {deployment_id}"
        )
        if row is None:
            raise NotFound(f"There is no deployment {deployment_id}.", deployment_id=deployment_id)
        return _deployment(row)

    def list_by_org(self, org: str, *, limit: int = 50, cursor: str = "") -> Page[Deployment]:
        return self._database.page(
            self._deployments,
            org,
            _deployment,
            action=f"list the deployments of {org}",
            limit=limit,
            cursor=cursor,
            index=("GSI1", "organization", "created_at"),
        )

    def put(self, deployment: Deployment) -> Deployment:
        def stale() -> StaleWrite:
            return StaleWrite(
                f"The deployment {deployment.id} has changed since version {deployment.version}.",
                deployment_id=deployment.id,
            )

        if deployment.version == 0:
            raise stale()
        self._database.put_versioned(self._deployment_row(deployment), f"write the deployment {deployment.id}", stale)
        return replace(deployment, version=deployment.version + 1)

    def get_environment(self, deployment_id: str, environment: str) -> EnvironmentRecord:
        row = self._database.get(
            self._environments,
            partition(deployment_id),
            f"ENV#{environment}",
            f"read the environment {environment} of {deployment_id}",
        )
        if row is None:
            raise NotFound(
                f"The deployment {deployment_id} has no environment {environment}.",
                deployment_id=deployment_id,
                environment=environment,
            )
        return _environment(row)

    def list_environments(self, deployment_id: str) -> tuple[EnvironmentRecord, ...]:
        with translated(f"list the environments of {deployment_id}"):
            rows = self._environments.query(
                partition(deployment_id), self._environments.SK.startswith("ENV#"), consistent_read=True
            )
            return tuple(_environment(row) for row in rows)

    def put_environment(self, record: EnvironmentRecord) -> EnvironmentRecord:
        self._database.put_versioned(
            self._environment_row(record),
            f"write the environment {record.name} of {record.deployment_id}",
            lambda: StaleWrite(
                f"The environment {record.name} of {record.deployment_id} has changed since version {record.version}.",
                deployment_id=record.deployment_id,
                environment=record.name,
            ),
        )
        return replace(record, version=record.version + 1)

    def register_stacks(self, registrations: Sequence[Registration]) -> None:
        # A batch refuses two items with one key: the last of a stack is the one that counts.
        last = {(item.deployment_id, item.stack): item for item in registrations}
        with translated("register the stacks"), self._registrations.batch_write() as batch:
            for item in last.values():
                batch.save(
                    self._registrations(
                        partition(item.deployment_id),
                        f"REGISTRY#{item.stack}",
                        deployment_id=item.deployment_id,
                        stack=item.stack,
                        program_digest=item.program_digest,
                        updated_at=item.updated_at,
                    )
                )

    def registrations(self, deployment_id: str) -> Mapping[str, Registration]:
        with translated(f"list the registered stacks of {deployment_id}"):
            rows = self._registrations.query(
                partition(deployment_id), self._registrations.SK.startswith("REGISTRY#"), consistent_read=True
            )
            return {row.stack: _registration(row) for row in rows}

    def remember(self, deployment_id: str, key: str, value: str, *, expires_at: int) -> str:
        row = self._keys(partition(deployment_id), f"IDEMPOTENCY#request#{key}", value=value, ttl=expires_at)
        return put_first(self._database, row, self._clock, f"remember a request for {deployment_id}")

    def _deployment_row(self, deployment: Deployment) -> DeploymentRow:
        return self._deployments(
            partition(deployment.id),
            "METADATA",
            deployment_id=deployment.id,
            organization=deployment.org,
            project=deployment.project,
            created_at=deployment.created_at,
            updated_at=deployment.updated_at,
            description=deployment.description,
            template=deployment.template,
            tags=dict(deployment.tags),
            manifest_version=deployment.manifest_version,
            **version_of(deployment.version),
        )

    def _environment_row(self, record: EnvironmentRecord) -> EnvironmentRow:
        return self._environments(
            partition(record.deployment_id),
            f"ENV#{record.name}",
            deployment_id=record.deployment_id,
            environment=record.name,
            org=record.org,
            org_status=f"{record.org}#{record.status.value}",
            updated_at=record.updated_at,
            enabled=record.enabled,
            status=record.status.value,
            account=record.account,
            region=record.region,
            last_operation=record.last_operation,
            **version_of(record.version),
        )


def partition(deployment_id: str) -> str:
    """The partition of everything that belongs to a deployment."""
    return f"DEPLOYMENT#{deployment_id}"


def _deployment(row: DeploymentRow) -> Deployment:
    return Deployment(
        id=row.deployment_id,
        org=row.organization,
        project=row.project,
        created_at=row.created_at,
        updated_at=row.updated_at,
        description=row.description,
        template=row.template,
        tags=row.tags,
        manifest_version=int(row.manifest_version),
        version=row.version,
    )


def _environment(row: EnvironmentRow) -> EnvironmentRecord:
    return EnvironmentRecord(
        deployment_id=row.deployment_id,
        name=row.environment,
        org=row.org,
        enabled=row.enabled,
        status=DeploymentStatus(row.status),
        updated_at=row.updated_at,
        account=row.account,
        region=row.region,
        last_operation=row.last_operation,
        version=row.version,
    )


def _registration(row: RegistrationRow) -> Registration:
    return Registration(
        deployment_id=row.deployment_id,
        stack=row.stack,
        program_digest=row.program_digest,
        updated_at=row.updated_at,
    )
