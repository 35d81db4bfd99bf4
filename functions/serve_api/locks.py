"""Routes that show and free the lock of an environment."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from cloud.bootstrap import platform
from cloud.service.release_lock import release_lock
from cloud.service.show_lock import show_lock

router = Router()  # type: ignore[no-untyped-call]


@router.get("/deployments/<deployment_id>/environments/<environment>/lock")
def show(deployment_id: str, environment: str) -> dict[str, Any]:
    return show_lock(platform(), deployment_id, environment)


@router.delete("/deployments/<deployment_id>/environments/<environment>/lock")
def release(deployment_id: str, environment: str) -> dict[str, Any]:
    return release_lock(platform(), deployment_id, environment)
