"""The REST client: errors come back as what they were, pages are read to the end, and tokens stay at home."""

import json
from typing import Any

import httpx
import pytest

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud.domain.errors import CloudError, ConfigurationError, InternalError, LockHeld, NetworkError, error_classes
from functions.serve_api.problems import problem_body

CONTEXT = Context("http://127.0.0.1:1", "ws://127.0.0.1:1", "t0ken", "ann")


def a_client(answer: Any) -> CloudClient:
    return CloudClient(CONTEXT, transport=httpx.MockTransport(answer))


def test_every_error_of_the_tree_comes_back_as_its_own_class() -> None:
    for cls in error_classes():
        sent = cls("what went wrong", hint="what to do", deployment_id="D123456")
        body = problem_body(sent, "r-1")
        with (
            a_client(lambda _, body=body, sent=sent: httpx.Response(sent.http_status, json=body)) as client,
            pytest.raises(CloudError) as caught,
        ):
            client.health()
        assert caught.value.code == sent.code
        assert caught.value.to_dict() == sent.to_dict()


def test_problems_keep_their_places() -> None:
    body = {
        "detail": "one problem",
        "code": "configuration",
        "errors": [{"message": "unknown key", "path": "stacks.x", "file": "manifest.yaml", "line": 3, "column": 5}],
    }
    with (
        a_client(lambda _: httpx.Response(422, json=body)) as client,
        pytest.raises(ConfigurationError) as caught,
    ):
        client.health()
    assert caught.value.problems[0].render() == "manifest.yaml:3:5: stacks.x: unknown key"


def test_a_page_of_a_proxy_is_an_internal_error_with_its_status() -> None:
    with (
        a_client(lambda _: httpx.Response(502, text="<html>")) as client,
        pytest.raises(InternalError, match="502"),
    ):
        client.health()


def test_no_server_is_a_network_error() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with a_client(refuse) as client, pytest.raises(NetworkError, match="does not answer"):
        client.health()


def test_pages_are_read_to_the_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor") == "next":
            return httpx.Response(200, json={"items": [{"id": "D000002"}], "cursor": ""})
        return httpx.Response(200, json={"items": [{"id": "D000001"}], "cursor": "next"})

    with a_client(answer) as client:
        assert [item["id"] for item in client.deployments("acme")] == ["D000001", "D000002"]


def test_a_start_carries_its_idempotency_key_and_the_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"id": "01A"})

    with a_client(answer) as client:
        client.deploy("D123456", {"environment": "dev"}, idempotency_key="k")
    assert seen[0].headers["Idempotency-Key"] == "k"
    assert seen[0].headers["Authorization"] == "Bearer t0ken"
    assert json.loads(seen[0].content) == {"environment": "dev"}


def test_a_program_that_the_control_plane_has_is_not_uploaded_again() -> None:
    with a_client(lambda _: httpx.Response(200, json={"exists": True, "url": ""})) as client:
        assert len(client.upload_program("D123456", b"zip")) == 64


def test_a_deployment_in_use_is_told_from_one_that_is_not_there() -> None:
    body = problem_body(LockHeld("busy"), "r-1")
    with a_client(lambda _: httpx.Response(409, json=body)) as client, pytest.raises(LockHeld):
        client.exists("D123456")


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        ("deploy", "POST", "/deployments/D123456/deploy"),
        ("destroy", "DELETE", "/deployments/D123456"),
        ("preview", "POST", "/deployments/D123456/preview"),
        ("refresh", "POST", "/deployments/D123456/refresh"),
        ("drift", "POST", "/deployments/D123456/drift"),
        ("retry", "POST", "/deployments/D123456/retry"),
    ],
)
def test_every_operation_is_started_at_its_route_under_its_key(call: str, method: str, path: str) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"id": "01J"})

    with a_client(answer) as client:
        start = getattr(client, call)
        assert start("D123456", {"environment": "dev"}, idempotency_key="once") == {"id": "01J"}
        start("D123456", {"environment": "dev"})
    first, second = seen
    assert (first.method, first.url.path, json.loads(first.content)) == (method, path, {"environment": "dev"})
    assert first.headers["idempotency-key"] == "once"
    assert "idempotency-key" not in second.headers
