"""The events that API Gateway hands to Lambda: REST proxy (payload 1.0) and WebSocket, field by field as AWS documents them.

Different from AWS on purpose: no credentials stand in them (the Authorization header and ``?token=`` are left out), as they
would otherwise reach the logs of whoever logs an event.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

ACCOUNT_ID = "123456789012"
API_ID = "local"
STAGE = "local"
SOURCE_IP = "127.0.0.1"

Pairs = Sequence[tuple[str, str]]
"""Headers or query parameters in their order; a name may come more than once."""


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
    query: Pairs,
    headers: Pairs,
    body: bytes,
    identity: Identity,
) -> dict[str, Any]:
    """A REST proxy event. ``path`` is decoded; the body becomes text, as without binary media types in API Gateway."""
    request_id = str(uuid.uuid4())
    now = datetime.now(UTC)
    caller = (
        "accessKey accountId caller cognitoAuthenticationProvider cognitoAuthenticationType cognitoIdentityId "
        "cognitoIdentityPoolId principalOrgId user userArn"
    )
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        **_headers(headers),
        **_query(query),
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "authorizer": {"claims": identity.claims(), "scopes": None},
            "domainName": "localhost",
            "domainPrefix": API_ID,
            "extendedRequestId": request_id,
            "httpMethod": method,
            "identity": {
                **dict.fromkeys(caller.split()),
                "sourceIp": SOURCE_IP,
                "userAgent": dict(headers).get("user-agent"),
            },
            "path": f"/{STAGE}{path}",
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": _request_time(now),
            "requestTimeEpoch": _milliseconds(now),
            "resourceId": resource,
            "resourcePath": resource,
            "stage": STAGE,
        },
        "body": body.decode(errors="replace") or None,
        "isBase64Encoded": False,
    }


def socket_event(
    *,
    route_key: str,
    connection_id: str,
    connected_at: int,
    identity: Identity,
    body: str | None = None,
    query: Pairs = (),
    headers: Pairs = (),
    closed: tuple[int, str] = (1005, ""),
) -> dict[str, Any]:
    """A WebSocket event. ``connected_at`` is epoch milliseconds; ``closed`` the code and reason of a ``$disconnect``."""
    kind = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route_key, "MESSAGE")
    now = datetime.now(UTC)
    request_id = str(uuid.uuid4())
    context: dict[str, Any] = {
        "routeKey": route_key,
        "eventType": kind,
        "messageDirection": "IN",
        "connectionId": connection_id,
        "connectedAt": connected_at,
        "requestId": request_id,
        "requestTime": _request_time(now),
        "requestTimeEpoch": _milliseconds(now),
        "extendedRequestId": request_id,
        "stage": STAGE,
        "apiId": API_ID,
        "domainName": "localhost",
        "identity": {"sourceIp": SOURCE_IP, "userAgent": dict(headers).get("user-agent")},
        "authorizer": {
            "principalId": identity.user,
            "sub": identity.user,
            "email": identity.user,
            "org": identity.org,
        },
    }
    event: dict[str, Any] = {"requestContext": context, "isBase64Encoded": False}
    if kind == "CONNECT":
        event |= {**_headers(headers), **_query(query)}
    elif kind == "DISCONNECT":
        context["disconnectStatusCode"], context["disconnectReason"] = closed
    else:
        context["messageId"] = str(uuid.uuid4())
        event["body"] = body
    return event


def query_pairs(raw: bytes) -> list[tuple[str, str]]:
    """The parameters of a raw query string, decoded."""
    return parse_qsl(raw.decode("latin-1"), keep_blank_values=True)


def _headers(pairs: Pairs) -> dict[str, Any]:
    return {"headers": dict(pairs), "multiValueHeaders": _gathered(pairs)}


def _query(pairs: Pairs) -> dict[str, Any]:
    return {"queryStringParameters": dict(pairs) or None, "multiValueQueryStringParameters": _gathered(pairs) or None}


def _gathered(pairs: Pairs) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered


def _request_time(moment: datetime) -> str:
    return f"{moment:%d/%b/%Y:%H:%M:%S +0000}"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
