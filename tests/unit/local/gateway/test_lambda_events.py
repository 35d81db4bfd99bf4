from __future__ import annotations

import re
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from cloud_local.gateway.lambda_events import Identity, query_pairs, rest_event, socket_event

REST_FIELDS = {
    *("resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters", "requestContext"),
    *("multiValueQueryStringParameters", "pathParameters", "stageVariables", "body", "isBase64Encoded"),
}
CONTEXT_FIELDS = {
    *("accountId", "apiId", "authorizer", "domainName", "domainPrefix", "extendedRequestId", "httpMethod", "identity"),
    *("path", "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage"),
}
IDENTITY_FIELDS = {
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user", "userAgent", "userArn"),
}
SOCKET_CONTEXT_FIELDS = {
    *("routeKey", "eventType", "extendedRequestId", "requestTime", "messageDirection", "stage", "connectedAt"),
    *("requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId", "authorizer"),
}
"""As the Lambda and API Gateway developer guides print them."""


def an_event(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "method": "GET",
        "path": "/deployments/D1BRV40/status",
        "resource": "/deployments/{id}/status",
        "parameters": {"id": "D1BRV40"},
        "query": [("a", "1"), ("b", ""), ("a", "2")],
        "headers": [("accept", "text/plain"), ("accept", "application/json"), ("user-agent", "test")],
        "body": b"",
        "identity": Identity("ana"),
    }
    return rest_event(**{**given, **changes})


def test_a_rest_event_has_the_fields_that_aws_documents_and_no_others() -> None:
    event = an_event()

    assert set(event) == REST_FIELDS
    assert set(event["requestContext"]) == CONTEXT_FIELDS
    assert set(event["requestContext"]["identity"]) == IDENTITY_FIELDS


def test_powertools_reads_every_field_of_a_rest_event() -> None:
    event = APIGatewayProxyEvent(an_event())
    context = event.request_context

    assert (event.http_method, event.path, event.resource) == (
        "GET",
        "/deployments/D1BRV40/status",
        "/deployments/{id}/status",
    )
    assert event.path_parameters == {"id": "D1BRV40"}
    assert event.resolved_headers_field["Accept"] == ["text/plain", "application/json"]
    assert event.headers["ACCEPT"] == "application/json"
    assert event.get_multi_value_query_string_values("a") == ["1", "2"]
    assert event.query_string_parameters == {"a": "2", "b": ""}
    assert (event.body, event.is_base64_encoded, event.stage_variables) == (None, False, {})
    assert (context.stage, context.path) == ("local", "/local/deployments/D1BRV40/status")
    assert (context.http_method, context.resource_path, context.protocol) == ("GET", event.resource, "HTTP/1.1")
    assert context.authorizer.claims["custom:org"] == "*"
    assert (context.identity.source_ip, context.identity.user_agent) == ("127.0.0.1", "test")
    assert context.request_id == context.extended_request_id
    assert context.request_time is not None
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.request_time)
    for name in (name for name in dir(type(context)) if not name.startswith("_")):
        getattr(context, name)  # KeyError for a field that is always there in AWS


def test_what_is_absent_is_null_as_in_aws() -> None:
    event = an_event(query=[], parameters={})

    assert event["queryStringParameters"] is event["multiValueQueryStringParameters"] is event["pathParameters"] is None


def test_two_events_have_two_request_ids() -> None:
    assert an_event()["requestContext"]["requestId"] != an_event()["requestContext"]["requestId"]


def a_socket_event(key: str, **details: Any) -> dict[str, Any]:
    return socket_event(
        route_key=key, connection_id="abc=", connected_at=1_700_000_000_000, identity=Identity("ana", "acme"), **details
    )


def test_a_connect_event_has_headers_and_query_and_no_body() -> None:
    event = a_socket_event("$connect", headers=[("host", "localhost")], query=query_pairs(b"a=1&a=%C3%BC"))

    assert set(event["requestContext"]) == SOCKET_CONTEXT_FIELDS
    assert (event["requestContext"]["eventType"], event["requestContext"]["connectionId"]) == ("CONNECT", "abc=")
    assert event["headers"] == {"host": "localhost"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "ü"]}
    assert "body" not in event


def test_a_message_event_has_its_body_and_a_message_id() -> None:
    event = a_socket_event("$default", body="hello")

    assert set(event["requestContext"]) == SOCKET_CONTEXT_FIELDS | {"messageId"}
    assert (event["requestContext"]["eventType"], event["body"]) == ("MESSAGE", "hello")
    assert event["requestContext"]["authorizer"]["org"] == "acme"


def test_a_disconnect_event_says_how_it_ended() -> None:
    context = a_socket_event("$disconnect", closed=(1001, "going away"))["requestContext"]

    assert set(context) == SOCKET_CONTEXT_FIELDS | {"disconnectStatusCode", "disconnectReason"}
    assert (context["eventType"], context["disconnectStatusCode"], context["disconnectReason"]) == (
        "DISCONNECT",
        1001,
        "going away",
    )
