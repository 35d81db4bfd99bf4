"""The REST door: parse, call one use case, format. No rule lives here."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from cloud import __version__
from cloud.domain.errors import CloudError, InternalError, NotFound
from cloud.observability import logger_of
from functions.serve_api import deployments, locks, operations
from functions.serve_api.problems import problem_response
from functions.serve_api.requests import PATH_PARAMETERS

logger = logger_of("serve_api")
app = APIGatewayRestResolver()
app.include_router(deployments.router)
app.include_router(operations.router)
app.include_router(locks.router)


def require_identifiers(resolver: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """What a path names must have the form of a name, or there is no such thing: nothing else becomes part of a key."""
    given = resolver.current_event.path_parameters
    for parameter, require in PATH_PARAMETERS.items():
        if parameter in given:
            require(given[parameter])
    return next_middleware(resolver)


app.use(middlewares=[require_identifiers])


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok", "version": __version__}


@app.exception_handler(CloudError)  # type: ignore[untyped-decorator]
def show_error(error: CloudError) -> Response[str]:
    logger.info(error.message, extra={"error": error.to_dict()})
    return problem_response(error, app.current_event.request_context.request_id or "")


@app.not_found
def show_not_found(_error: NotFoundError) -> Response[str]:
    event = app.current_event
    return problem_response(
        NotFound(f"There is no {event.http_method} {event.path}."), event.request_context.request_id or ""
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's REST proxy event → response. A defect of ours is logged whole and shown as a problem without details."""
    try:
        return app.resolve(event, context)
    except Exception:
        logger.exception("The request failed.")
        request_id = str(event.get("requestContext", {}).get("requestId", ""))
        error = InternalError(
            "The platform failed on this request.", hint="The log of serve_api holds the whole story."
        )
        response = problem_response(error, request_id)
        return {
            "statusCode": response.status_code,
            "headers": {"Content-Type": response.content_type},
            "body": response.body,
            "isBase64Encoded": False,
        }
