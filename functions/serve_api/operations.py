"""Routes that plan, start, watch, cancel and approve operations."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from cloud.bootstrap import platform
from cloud.domain.operations import Operation, OperationKind
from cloud.service import queries
from cloud.service.cancel_operation import cancel_operation, running_operation
from cloud.service.preview_plan import preview_plan
from cloud.service.request_approval import decide
from cloud.service.retry_operation import retry_operation
from cloud.service.start_operation import start_operation
from functions.serve_api.requests import (
    CancelBody,
    OperationBody,
    PlanBody,
    RetryBody,
    parse_body,
    parse_idempotency_key,
    parse_limit,
    require_operation_id,
)

router = Router()  # type: ignore[no-untyped-call]


def caller() -> str:
    """Who asks, as the authoriser has established."""
    authorizer = router.current_event.raw_event.get("requestContext", {}).get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    return str(claims.get("email") or claims.get("sub") or "unknown")


def _accepted(operation: Operation) -> Response[str]:
    location = f"/deployments/{operation.deployment_id}/operations/{operation.id}"
    body = json.dumps(queries.operation_view(operation))
    return Response(202, "application/json", body, {"Location": location})


def _idempotency_key() -> str:
    headers = {key.lower(): value for key, value in router.current_event.headers.items()}
    return parse_idempotency_key(str(headers.get("idempotency-key", "")))


def _start(deployment_id: str, kind: OperationKind) -> Response[str]:
    body = parse_body(OperationBody, router.current_event.body)
    operation = start_operation(
        platform(),
        deployment_id,
        body.environment,
        kind,
        requester=caller(),
        selection=body.selection(),
        options=body.options(),
        idempotency_key=_idempotency_key(),
    )
    return _accepted(operation)


@router.post("/deployments/<deployment_id>/plan")
def plan(deployment_id: str) -> dict[str, Any]:
    body = parse_body(PlanBody, router.current_event.body)
    return preview_plan(
        platform(),
        deployment_id,
        body.environment,
        OperationKind(body.operation),
        selection=body.selection(),
        options=body.options(),
    )


@router.post("/deployments/<deployment_id>/deploy")
def deploy(deployment_id: str) -> Response[str]:
    return _start(deployment_id, OperationKind.DEPLOY)


@router.delete("/deployments/<deployment_id>")
def destroy(deployment_id: str) -> Response[str]:
    return _start(deployment_id, OperationKind.DESTROY)


@router.post("/deployments/<deployment_id>/preview")
def preview(deployment_id: str) -> Response[str]:
    return _start(deployment_id, OperationKind.PREVIEW)


@router.post("/deployments/<deployment_id>/refresh")
def refresh(deployment_id: str) -> Response[str]:
    return _start(deployment_id, OperationKind.REFRESH)


@router.post("/deployments/<deployment_id>/drift")
def drift(deployment_id: str) -> Response[str]:
    return _start(deployment_id, OperationKind.DRIFT)


@router.post("/deployments/<deployment_id>/retry")
def retry(deployment_id: str) -> Response[str]:
    body = parse_body(RetryBody, router.current_event.body)
    operation = retry_operation(
        platform(),
        deployment_id,
        requester=caller(),
        operation_id=require_operation_id(body.operation_id) if body.operation_id else "",
        environment=body.environment,
        idempotency_key=_idempotency_key(),
    )
    return _accepted(operation)


@router.post("/deployments/<deployment_id>/cancel")
def cancel(deployment_id: str) -> Response[str]:
    body = parse_body(CancelBody, router.current_event.body)
    operation_id = body.operation_id or running_operation(platform(), deployment_id, body.environment)
    return _accepted(cancel_operation(platform(), deployment_id, operation_id, caller=caller(), force=body.force))


@router.get("/deployments/<deployment_id>/operations")
def operations(deployment_id: str) -> dict[str, Any]:
    query = router.current_event.query_string_parameters
    limit = parse_limit(query.get("limit"), 20)
    return queries.list_operations(platform(), deployment_id, limit=limit, cursor=str(query.get("cursor", "")))


@router.get("/deployments/<deployment_id>/operations/<operation_id>")
def operation(deployment_id: str, operation_id: str) -> dict[str, Any]:
    return queries.get_operation(platform(), deployment_id, operation_id)


@router.post("/deployments/<deployment_id>/operations/<operation_id>/approve")
def approve(deployment_id: str, operation_id: str) -> Response[str]:
    return _accepted(decide(platform(), deployment_id, operation_id, approve=True, caller=caller()))


@router.post("/deployments/<deployment_id>/operations/<operation_id>/reject")
def reject(deployment_id: str, operation_id: str) -> Response[str]:
    return _accepted(decide(platform(), deployment_id, operation_id, approve=False, caller=caller()))
