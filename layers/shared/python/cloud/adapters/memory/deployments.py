"""The port ``DeploymentStore`` in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloud.adapters.memory.isolation import isolated, page_of
from cloud.domain.errors import AlreadyExists, NotFound, StaleWrite
from cloud.domain.records import Deployment, EnvironmentRecord, Registration
from cloud.ports.stores import Page
from cloud.ports.workflow import Clock


class MemoryDeploymentStore:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._deployments: dict[str, Deployment] = {}
        self._environments: dict[tuple[str, str], EnvironmentRecord] = {}
        self._registrations: dict[tuple[str, str], Registration] = {}
        self._keys: dict[tuple[str, str], tuple[str, int]] = {}

    def create(self, deployment: Deployment) -> Deployment:
        with self._lock:
            if deployment.id in self._deployments:
                raise AlreadyExists(f"The deployment {deployment.id} exists already.", deployment_id=deployment.id)
            self._deployments[deployment.id] = isolated(replace(deployment, version=1))
        return replace(deployment, version=1)

    def get(self, deployment_id: str) -> Deployment:
        with self._lock:
            found = self._deployments.get(deployment_id)
        if found is None:
            raise NotFound(f"There is no deployment {deployment_id}.", deployment_id=deployment_id)
        return isolated(found)

    def list_by_org(self, org: str, *, limit: int = 50, cursor: str = "") -> Page[Deployment]:
        with self._lock:
            found = [deployment for deployment in self._deployments.values() if deployment.org == org]
        return page_of(found, lambda item: (item.created_at, item.id), scope=f"org {org}", limit=limit, cursor=cursor)

    def put(self, deployment: Deployment) -> Deployment:
        with self._lock:
            stored = self._deployments.get(deployment.id)
            if stored is None or stored.version != deployment.version:
                raise StaleWrite(
                    f"The deployment {deployment.id} has changed since version {deployment.version}.",
                    deployment_id=deployment.id,
                )
            self._deployments[deployment.id] = isolated(replace(deployment, version=deployment.version + 1))
        return replace(deployment, version=deployment.version + 1)

    def get_environment(self, deployment_id: str, environment: str) -> EnvironmentRecord:
        with self._lock:
            found = self._environments.get((deployment_id, environment))
        if found is None:
            raise NotFound(
                f"The deployment {deployment_id} has no environment {environment}.",
                deployment_id=deployment_id,
                environment=environment,
            )
        return found

    def list_environments(self, deployment_id: str) -> tuple[EnvironmentRecord, ...]:
        with self._lock:
            found = [record for record in self._environments.values() if record.deployment_id == deployment_id]
        return tuple(sorted(found, key=lambda record: record.name))

    def put_environment(self, record: EnvironmentRecord) -> EnvironmentRecord:
        written = replace(record, version=record.version + 1)
        with self._lock:
            stored = self._environments.get((record.deployment_id, record.name))
            if (stored.version if stored else 0) != record.version:
                raise StaleWrite(
                    f"The environment {record.name} of {record.deployment_id} has changed since version "
                    f"{record.version}.",
                    deployment_id=record.deployment_id,
                    environment=record.name,
                )
            self._environments[record.deployment_id, record.name] = written
        return written

    def register_stacks(self, registrations: Sequence[Registration]) -> None:
        with self._lock:
            for item in registrations:
                self._registrations[item.deployment_id, item.stack] = item

    def registrations(self, deployment_id: str) -> Mapping[str, Registration]:
        with self._lock:
            return {
                stack: item for (owner, stack), item in sorted(self._registrations.items()) if owner == deployment_id
            }

    def remember(self, deployment_id: str, key: str, value: str, *, expires_at: int) -> str:
        now = int(self._clock.now().timestamp())
        with self._lock:
            stored, expires = self._keys.get((deployment_id, key), ("", now))
            if expires > now:
                return stored
            self._keys[deployment_id, key] = (value, expires_at)
        return value
