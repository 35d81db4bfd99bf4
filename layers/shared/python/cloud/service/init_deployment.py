"""Register a deployment: its id is unique by a conditional write."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from cloud.domain.errors import AlreadyExists
from cloud.domain.identifiers import DEPLOYMENT_ID, ORGANISATION, PROJECT
from cloud.domain.records import Deployment
from cloud.service.platform import Platform

ID_ATTEMPTS = 5
"""36^6 ids: five collisions in a row mean that the randomness is broken."""


def init_deployment(
    platform: Platform,
    *,
    org: str,
    project: str,
    deployment_id: str = "",
    description: str = "",
    template: str = "",
    tags: Mapping[str, str] | None = None,
) -> Deployment:
    """Create the deployment, with a random id unless one is given.

    Raises ConfigurationError for a name that isn't one, AlreadyExists for an id that is taken.
    """
    ORGANISATION.require(org)
    PROJECT.require(project)
    if deployment_id:
        DEPLOYMENT_ID.require(deployment_id)
    now = platform.timestamp()

    def create() -> Deployment:
        return platform.stores.deployments.create(
            Deployment(
                id=deployment_id or platform.clock.new_deployment_id(),
                org=org,
                project=project,
                created_at=now,
                updated_at=now,
                description=description,
                template=template,
                tags=dict(tags or {}),
            )
        )

    for _ in range(0 if deployment_id else ID_ATTEMPTS - 1):
        with contextlib.suppress(AlreadyExists):
            return create()
    return create()
