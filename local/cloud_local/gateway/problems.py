"""What the gateway itself answers when it calls no function: problem details, as serve_api's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

from starlette.responses import Response


def problem(
    status: int, title: str, code: str, detail: str, hint: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """``code`` is that of an error of ``cloud.domain.errors``, by which a client raises it again."""
    body = {"type": f"urn:cloud:error:{code}", "title": title, "status": status, "detail": detail, "code": code}
    text = json.dumps({**body, "errors": [], "request_id": str(uuid.uuid4()), "hint": hint})
    return Response(text, status, headers, media_type="application/problem+json")


def forbidden() -> Response:
    return problem(403, "AuthError", "auth", "The local gateway serves no web pages and answers on loopback only.")


def unauthorized() -> Response:
    hint = "The context file that `cloud local start` writes holds it."
    return problem(401, "AuthError", "auth", "The request shows no valid token.", hint, {"WWW-Authenticate": "Bearer"})
