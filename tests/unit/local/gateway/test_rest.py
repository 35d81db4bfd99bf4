from __future__ import annotations

import base64
import contextlib
import json
import socket
from typing import Any

import pytest

from cloud_local.gateway.invocation import FunctionFailed
from cloud_local.gateway.rest import MAX_BODY_BYTES
from tests.unit.local.gateway.conftest import TOKEN, Gateway


def test_a_declared_route_calls_its_function_and_gives_its_answer(gateway: Gateway) -> None:
    gateway.functions.answers["serve_api"] = lambda event: {
        "statusCode": 201,
        "headers": {"Location": "/things/7"},
        "body": json.dumps(event["pathParameters"]),
    }

    answer = gateway.send("POST", "/things/a%20b?x=1", body=b'{"n": 1}')

    assert (answer.status, answer.json, answer.headers["location"]) == (201, {"id": "a b"}, "/things/7")
    (event,) = gateway.functions.of("serve_api")
    assert (event["resource"], event["path"], event["body"]) == ("/things/{id}", "/things/a b", '{"n": 1}')


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/things",
        "/things/",
        "//things/7",
        "/things//7",
        "/things/7//",
        "/things/a%2Fb",
        "/things/..",
        "/things/%2e%2e",
        "/health/../things/7",
        "/things/7/parts",
        "/local/things/7",
        "/Health",
        "/things/" + "x/" * 200,
    ],
)
def test_what_is_not_declared_does_not_exist(gateway: Gateway, path: str) -> None:
    answer = gateway.send("GET", path)

    assert (answer.status, answer.json["code"]) == (404, "not-found")
    assert answer.headers["content-type"] == "application/problem+json"
    assert gateway.functions.calls == []


def test_one_slash_at_the_end_is_ignored_as_api_gateway_does(gateway: Gateway) -> None:
    assert gateway.send("GET", "/things/7/").status == 200


@pytest.mark.parametrize("path", ["/things/%FF", "/things/%C3%28", "/things/a%0Ab", "/things/%00", "/%0a"])
def test_a_path_that_is_not_utf8_or_has_control_characters_is_a_bad_request(gateway: Gateway, path: str) -> None:
    answer = gateway.send("GET", path)

    assert (answer.status, answer.json["code"]) == (400, "configuration")
    assert gateway.functions.calls == []


def test_a_very_long_path_reaches_its_function_or_is_refused_but_never_breaks_the_server(gateway: Gateway) -> None:
    assert gateway.send("GET", "/things/" + "x" * 8_000).status == 200
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as raw, contextlib.suppress(ConnectionError):
        raw.sendall(b"GET /things/" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert raw.recv(100)[9:12] in (b"400", b"414", b"431", b"")  # or it is cut off while it still sends
    assert gateway.send("GET", "/health").status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"])
def test_a_method_that_is_not_declared_names_those_that_are(gateway: Gateway, method: str) -> None:
    answer = gateway.send(method, "/things/7")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert method == "HEAD" or "GET, POST" in answer.json["detail"]
    assert gateway.functions.calls == []


def test_health_answers_without_a_token(gateway: Gateway) -> None:
    assert gateway.send("GET", "/health", token=None).status == 200
    (event,) = gateway.functions.of("serve_api")
    assert event["requestContext"]["authorizer"]["claims"]["sub"] == "anonymous"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "tökén", "x" * 9_000, " ", "a b"])
def test_any_other_token_is_refused(gateway: Gateway, token: str | None) -> None:
    answer = gateway.send("GET", "/things/7", token=token)

    assert (answer.status, answer.json["code"]) == (401, "auth")
    assert gateway.functions.calls == []


def test_what_the_gateway_itself_refuses_has_an_id_too(gateway: Gateway) -> None:
    ids = {gateway.send("GET", path, token=None).json["request_id"] for path in ("/things/7", "/things/7", "/nowhere")}
    assert len(ids - {""}) == 3


def test_bytes_that_are_no_text_in_the_token_are_refused(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as raw:
        raw.sendall(b"GET /things/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\x80\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("authorization", [TOKEN, f"Bearer {TOKEN}", f"bearer  {TOKEN} "])
def test_the_token_counts_with_its_scheme_and_without_it_as_for_a_cognito_authoriser(
    gateway: Gateway, authorization: str
) -> None:
    assert gateway.send("GET", "/things/7", token=None, headers={"Authorization": authorization}).status == 200


@pytest.mark.parametrize("authorization", [f"Basic {TOKEN}", f"Bearer Bearer {TOKEN}", f"{TOKEN}, {TOKEN}"])
def test_the_token_counts_in_no_other_form(gateway: Gateway, authorization: str) -> None:
    assert gateway.send("GET", "/things/7", token=None, headers={"Authorization": authorization}).status == 401


@pytest.mark.parametrize("user", ["x" * 129, "a\tb", "a\x85b"])
def test_a_name_that_no_user_has_is_refused(gateway: Gateway, user: str) -> None:
    assert gateway.send("GET", "/things/7", headers={"X-Cloud-User": user}).status == 401


def test_the_caller_says_its_name(gateway: Gateway) -> None:
    gateway.send("GET", "/things/7", headers={"X-Cloud-User": "ana"})

    claims = gateway.functions.of("serve_api")[0]["requestContext"]["authorizer"]["claims"]
    assert (claims["sub"], claims["cognito:groups"]) == ("ana", "Administrators")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:80"},
        {"Host": "localhost:80:80"},
        {"Host": "10.0.0.1"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/health", "/things/7"])
def test_a_web_page_is_refused_even_with_the_token(gateway: Gateway, headers: dict[str, str], path: str) -> None:
    assert gateway.send("GET", path, headers=headers).status == 403
    assert gateway.functions.calls == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:99"])
def test_every_name_of_loopback_is_served(gateway: Gateway, host: str) -> None:
    assert gateway.send("GET", "/health", headers={"Host": host}).status == 200


def test_neither_header_nor_query_carries_the_token_into_an_event(gateway: Gateway) -> None:
    gateway.send("GET", f"/things/7?token={TOKEN}&a=1&a=2", headers={"X-Copied": f"it is {TOKEN}", "X-Other": "kept"})

    (event,) = gateway.functions.of("serve_api")
    assert TOKEN not in json.dumps(event)
    assert event["headers"]["x-other"] == "kept"
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}


def test_a_body_as_large_as_lambda_takes_arrives_and_a_larger_one_is_refused_before_any_call(gateway: Gateway) -> None:
    gateway.functions.answers["serve_api"] = lambda event: {"statusCode": 200, "body": str(len(event["body"]))}

    assert gateway.send("POST", "/things/7", body=b"x" * MAX_BODY_BYTES).body == str(MAX_BODY_BYTES).encode()
    refused = gateway.send("POST", "/things/7", body=b"x" * (MAX_BODY_BYTES + 1))

    assert (refused.status, refused.json["code"]) == (413, "configuration")
    assert len(gateway.functions.of("serve_api")) == 1


def test_a_body_of_unknown_length_is_counted_while_it_is_read(gateway: Gateway) -> None:
    chunk = b"%x\r\n" % 2**20 + b"x" * 2**20 + b"\r\n"
    head = f"POST /things/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as raw:
        raw.sendall(head.encode() + 7 * chunk + b"0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_is_no_text_is_replaced_where_it_is_none_and_breaks_nothing(gateway: Gateway) -> None:
    assert gateway.send("POST", "/things/7", body=b"\xff\xfe{}").status == 200
    assert gateway.functions.of("serve_api")[0]["body"] == "��{}"


def fail(status: int) -> Any:
    def function(_: dict[str, Any]) -> Any:
        raise FunctionFailed("it has no more to give", status)

    return function


def raise_value_error(_: dict[str, Any]) -> Any:
    raise ValueError("a defect of the gateway's own")


@pytest.mark.parametrize(
    ("function", "status"), [(fail(502), 502), (fail(504), 504), (fail(413), 413), (raise_value_error, 502)]
)
def test_a_function_that_fails_is_a_problem_and_the_next_request_is_served(
    gateway: Gateway, function: Any, status: int
) -> None:
    gateway.functions.answers["serve_api"] = function
    failed = gateway.send("GET", "/things/7")
    del gateway.functions.answers["serve_api"]

    assert (failed.status, failed.headers["content-type"]) == (status, "application/problem+json")
    assert "serve_api failed" in failed.json["detail"]
    assert gateway.send("GET", "/things/7").status == 200


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "200",
        {},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 101},
        {"statusCode": 700},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nInjected: yes"}},
        {"statusCode": 200, "multiValueHeaders": {"a": 7}},
    ],
)
def test_an_answer_that_is_none_is_a_bad_gateway(gateway: Gateway, answer: Any) -> None:
    gateway.functions.answers["serve_api"] = lambda _: answer

    assert gateway.send("GET", "/things/7").status == 502


def test_all_headers_and_binary_bodies_of_an_answer_arrive(gateway: Gateway) -> None:
    gateway.functions.answers["serve_api"] = lambda _: {
        "statusCode": "200",
        "headers": {"X-One": "1", "Content-Length": "9999", "Content-Type": "image/png"},
        "multiValueHeaders": {"x-one": ["1"], "Set-Cookie": ["a=1", "b=2"]},
        "body": base64.b64encode(b"\x00\xff").decode(),
        "isBase64Encoded": True,
    }

    with socket.create_connection(("127.0.0.1", gateway.port), 20) as raw:
        raw.sendall(
            f"GET /things/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n".encode()
        )
        text = b"".join(iter(lambda: raw.recv(4096), b""))

    lines = text.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert lines.count(b"x-one: 1") == 1
    assert {b"set-cookie: a=1", b"set-cookie: b=2", b"content-length: 2", b"content-type: image/png"} <= set(lines)
    assert text.endswith(b"\r\n\r\n\x00\xff")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_gets_none(gateway: Gateway, status: int) -> None:
    gateway.functions.answers["serve_api"] = lambda _: {"statusCode": status, "body": "ignored"}

    assert gateway.send("GET", "/things/7").status == status
    assert gateway.send("GET", "/things/7").body == b""
