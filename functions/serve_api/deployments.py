"""Routes of deployments, their manifests, programs, stacks, outputs and logs."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from cloud.bootstrap import platform
from cloud.domain.errors import ConfigurationError
from cloud.service import queries
from cloud.service.init_deployment import init_deployment
from cloud.service.put_manifest import get_manifest, put_manifest, validate_manifest
from cloud.service.upload_program import upload_program
from functions.serve_api.requests import (
    InitBody,
    ManifestBody,
    ProgramBody,
    ValidateBody,
    parse_body,
    parse_limit,
    require_deployment_id,
)

router = Router()  # type: ignore[no-untyped-call]


def _json(status: int, body: Any, **headers: str) -> Response[str]:
    return Response(
        status, "application/json", json.dumps(body), {key: value for key, value in headers.items() if value}
    )


def _query(name: str, default: str = "") -> str:
    return str(router.current_event.query_string_parameters.get(name, default))


def required_deployment() -> str:
    """The query's ``deployment_id``. Raises ConfigurationError when there is none."""
    deployment_id = _query("deployment_id")
    if not deployment_id:
        raise ConfigurationError("The query names no deployment_id.", hint="Add ?deployment_id=D1BRV40.")
    return require_deployment_id(deployment_id)


def required_environment() -> str:
    """The query's ``environment``. Raises ConfigurationError when there is none."""
    environment = _query("environment")
    if not environment:
        raise ConfigurationError("The query names no environment.", hint="Add ?environment=dev.")
    return environment


@router.post("/validate/manifest")
def validate() -> dict[str, Any]:
    body = parse_body(ValidateBody, router.current_event.body)
    return validate_manifest(body.manifest)


@router.post("/deployments/init")
def init() -> Response[str]:
    body = parse_body(InitBody, router.current_event.body)
    deployment = init_deployment(
        platform(),
        org=body.org,
        project=body.project,
        deployment_id=body.id,
        description=body.description,
        template=body.template,
        tags=body.tags,
    )
    return _json(201, queries.deployment_view(deployment), Location=f"/deployments/{deployment.id}/status")


@router.get("/deployments")
def list_deployments() -> dict[str, Any]:
    org = _query("org")
    if not org:
        raise ConfigurationError("The query names no org.", hint="Add ?org=acme-corp.")
    limit = parse_limit(router.current_event.query_string_parameters.get("limit"), 50)
    return queries.list_deployments(platform(), org, limit=limit, cursor=_query("cursor"))


@router.get("/deployments/<deployment_id>/manifest")
def read_manifest(deployment_id: str) -> Response[str]:
    document = get_manifest(platform(), deployment_id)
    return _json(200, document, ETag=f'"{document["version"]}"')


@router.put("/deployments/<deployment_id>/manifest")
def write_manifest(deployment_id: str) -> Response[str]:
    body = parse_body(ManifestBody, router.current_event.body)
    headers = {key.lower(): value for key, value in router.current_event.headers.items()}
    stored = put_manifest(
        platform(),
        deployment_id,
        text=body.manifest,
        configs=body.configs,
        programs=body.programs,
        if_match=str(headers.get("if-match", "")).strip('"'),
    )
    return _json(200, stored, ETag=f'"{stored["version"]}"')


@router.post("/deployments/<deployment_id>/programs")
def request_upload(deployment_id: str) -> dict[str, Any]:
    body = parse_body(ProgramBody, router.current_event.body)
    return upload_program(platform(), deployment_id, body.digest)


@router.get("/deployments/<deployment_id>/status")
def status(deployment_id: str) -> dict[str, Any]:
    return queries.deployment_status(platform(), deployment_id, _query("environment"))


@router.get("/deployments/<deployment_id>/stacks")
def stacks(deployment_id: str) -> dict[str, Any]:
    return {"items": queries.stacks(platform(), deployment_id, _query("environment"))}


@router.get("/deployments/<deployment_id>/outputs")
def outputs(deployment_id: str) -> dict[str, Any]:
    return queries.outputs(platform(), deployment_id, required_environment())


@router.get("/stacks/<name>/outputs")
def stack_outputs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = queries.outputs(platform(), required_deployment(), required_environment(), name)[name]
    return found


@router.get("/stacks/<name>/status")
def stack_status(name: str) -> dict[str, Any]:
    return queries.stack_status(platform(), required_deployment(), required_environment(), name)


@router.get("/monitoring/deployments/<deployment_id>/logs")
def logs(deployment_id: str) -> dict[str, Any]:
    level = _query("level")
    if level not in ("", "debug", "info", "warning", "error"):
        raise ConfigurationError(f"level is {level!r}.", hint="It is debug, info, warning or error.")
    limit = parse_limit(router.current_event.query_string_parameters.get("limit"), 100)
    return queries.log_lines(
        platform(), deployment_id, since=_query("since"), level=level, limit=limit, cursor=_query("cursor")
    )
