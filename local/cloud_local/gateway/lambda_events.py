"""The events that API Gateway hands to Lambda: REST proxy (payload 1.0) and WebSocket, field by field as AWS documents them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

API_ID = "local"
STAGE = "local"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, as the authoriser says it. In local mode: whoever holds the local token."""

    user: str
    org: str = "*"

    def claims(self) -> dict[str, str]:
        return {"sub": self.user, "email": self.user, "custom:org": self.org, "cognito:groups": "Administrators"}


def rest_event(
    *,
    method: str,
    path: str,
    resource: str,
    parameters: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: str,
    identity: Identity,
) -> dict[str, Any]:
    """A REST proxy event. ``query`` is the raw query string; the body is text."""
    pairs = parse_qsl(query, keep_blank_values=True)
    multiple: dict[str, list[str]] = {}
    for key, value in pairs:
        multiple.setdefault(key, []).append(value)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {key: [value] for key, value in headers.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": multiple or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": API_ID,
            "authorizer": {"claims": identity.claims()},
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": headers.get("user-agent", "")},
            "path": f"/{STAGE}{path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourcePath": resource,
            "stage": STAGE,
        },
        "body": body or None,
        "isBase64Encoded": False,
    }


def socket_event(
    *, route_key: str, connection_id: str, connected_at: int, identity: Identity, body: str | None = None
) -> dict[str, Any]:
    """A WebSocket event. ``connected_at`` is epoch milliseconds; tokens never stand in it."""
    kind = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route_key, "MESSAGE")
    event: dict[str, Any] = {
        "requestContext": {
            "routeKey": route_key,
            "eventType": kind,
            "messageDirection": "IN",
            "connectionId": connection_id,
            "connectedAt": connected_at,
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
            "extendedRequestId": str(uuid.uuid4()),
            "stage": STAGE,
            "apiId": API_ID,
            "domainName": "localhost",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"sub": identity.user, "email": identity.user, "org": identity.org},
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event["requestContext"]["messageId"] = str(uuid.uuid4())
        event["body"] = body
    return event
