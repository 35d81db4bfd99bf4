from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from cloud.domain.errors import CredentialsExpired, NotFound
from cloud_local.gateway.access import Access
from cloud_local.gateway.management import MAX_FRAME_BYTES
from tests.unit.local.gateway.conftest import ACCESS, TOKEN, Gateway

pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
def client(gateway: Gateway) -> Iterator[ClientConnection]:
    with gateway.connect(max_size=None) as connected:
        yield connected


def api(gateway: Gateway, **changes: str) -> Any:
    keys = {"aws_access_key_id": ACCESS.access_key, "aws_secret_access_key": ACCESS.secret_key}
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=gateway.server.management_url,
        **{"region_name": "us-east-1", **keys, **changes},
    )


def test_frames_that_our_functions_post_arrive_in_order(gateway: Gateway, client: ClientConnection) -> None:
    management = gateway.management()
    for frame in (b'{"n": 1}', "größe".encode(), b"x" * MAX_FRAME_BYTES, b""):
        management.post(gateway.id_of(), frame)

    assert [client.recv(20) for _ in range(4)] == ['{"n": 1}', "größe", "x" * MAX_FRAME_BYTES, ""]


def test_a_disconnected_client_is_told_gets_what_was_posted_before_and_is_gone(
    gateway: Gateway, client: ClientConnection
) -> None:
    management = gateway.management()
    management.post(gateway.id_of(), b"last words")
    management.disconnect(gateway.id_of())

    with pytest.raises(NotFound):
        management.post(gateway.id_of(), b"too late")
    assert client.recv(20) == "last words"
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert len(gateway.functions.wait_for("close_connection")) == 1


def test_what_is_known_of_a_connection_can_be_asked(gateway: Gateway, client: ClientConnection) -> None:
    found = api(gateway).get_connection(ConnectionId=gateway.id_of())

    assert found["Identity"]["SourceIp"] == "127.0.0.1"
    assert abs(datetime.now(UTC) - found["ConnectedAt"]) < timedelta(minutes=5)


def error_of(call: Any, **arguments: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    response = failed.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_a_connection_that_never_was_is_gone(gateway: Gateway) -> None:
    for name in ("post_to_connection", "delete_connection", "get_connection"):
        arguments = {"Data": b"{}"} if name.startswith("post") else {}
        assert error_of(getattr(api(gateway), name), ConnectionId="never=", **arguments) == (410, "GoneException")


def test_a_connection_can_not_be_posted_to_before_it_is_accepted(gateway: Gateway) -> None:
    seen: list[tuple[int, str]] = []

    def greet(event: dict[str, Any]) -> dict[str, int]:
        connection_id = event["requestContext"]["connectionId"]
        seen.append(error_of(api(gateway).post_to_connection, ConnectionId=connection_id, Data=b"hi"))
        return {"statusCode": 200}

    gateway.functions.answers["open_connection"] = greet
    with gateway.connect():
        assert seen == [(410, "GoneException")]


def test_a_frame_that_is_too_long_or_no_text_is_refused(gateway: Gateway, client: ClientConnection) -> None:
    post = api(gateway).post_to_connection

    too_long = error_of(post, ConnectionId=gateway.id_of(), Data=b"x" * (MAX_FRAME_BYTES + 1))
    assert too_long == (413, "PayloadTooLargeException")
    assert error_of(post, ConnectionId=gateway.id_of(), Data=b"\xff\xfe")[0] == 400
    post(ConnectionId=gateway.id_of(), Data=b"fine")
    assert client.recv(20) == "fine"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aws_secret_access_key": "another"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "another"}, "UnrecognizedClientException"),
        ({"region_name": "eu-west-1"}, "UnrecognizedClientException"),
    ],
)
def test_other_credentials_are_refused(
    gateway: Gateway, client: ClientConnection, changes: dict[str, str], code: str
) -> None:
    call = api(gateway, **changes).post_to_connection

    assert error_of(call, ConnectionId=gateway.id_of(), Data=b"forged") == (403, code)


@pytest.mark.parametrize(
    "authorization", [None, "", f"Bearer {TOKEN}", "AWS4-HMAC-SHA256 Credential=local/x", "ü", "x" * 9_000]
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "GET", "PUT"])
def test_without_a_signature_nobody_calls_it_not_even_with_the_token(
    gateway: Gateway, client: ClientConnection, authorization: str | None, method: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    path = f"/local/@connections/{gateway.id_of()}"
    assert gateway.send(method, path, token=None, headers=headers, body=b"forged").status == 403
    client.send("still open")
    gateway.functions.wait_for("receive_message")


def signed(gateway: Gateway, method: str, path: str, body: bytes, **headers: str) -> dict[str, str]:
    request = AWSRequest(method, f"http://127.0.0.1:{gateway.port}{path}", dict(headers), body)
    SigV4Auth(Credentials(ACCESS.access_key, ACCESS.secret_key), "execute-api", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_a_signature_holds_for_one_request_only(gateway: Gateway, client: ClientConnection) -> None:
    path = f"/local/@connections/{gateway.id_of()}"
    headers = signed(gateway, "POST", path, b"signed")

    def status(
        method: str = "POST", path: str = path, body: bytes = b"signed", more: dict[str, str] | None = None
    ) -> int:
        return gateway.send(method, path, token=None, headers={**headers, **(more or {})}, body=body).status

    assert status() == 200
    assert status(body=b"another") == 403
    assert status(method="DELETE") == 403
    assert status(path="/local/@connections/another=") == 403
    assert status(path=f"{path}?a=1") == 403
    assert status(more={"Host": f"localhost:{gateway.port}"}) == 403
    assert status(more={"X-Amz-Content-SHA256": "0" * 64}) == 403


def test_a_web_page_is_refused_even_with_a_signature(gateway: Gateway, client: ClientConnection) -> None:
    path = f"/local/@connections/{gateway.id_of()}"
    headers = signed(gateway, "POST", path, b"signed")

    for more in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert gateway.send("POST", path, token=None, headers={**headers, **more}, body=b"signed").status == 403


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_signature_and_one_from_the_future_are_refused(gateway: Gateway, minutes: int) -> None:
    headers = {name.lower(): value for name, value in signed(gateway, "POST", "/local/@connections/a=", b"x").items()}
    headers["host"] = f"127.0.0.1:{gateway.port}"

    def problem(now: datetime) -> tuple[str, str] | None:
        return ACCESS.signature_problem("POST", "/local/@connections/a=", headers, b"x", now)

    assert problem(datetime.now(UTC)) is None
    assert problem(datetime.now(UTC) + timedelta(minutes=minutes)) == (
        "InvalidSignatureException",
        "Signature expired.",
    )


def test_the_adapter_tells_a_refusal_from_a_connection_that_is_gone(
    gateway: Gateway, client: ClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    with pytest.raises(CredentialsExpired):
        gateway.management().post(gateway.id_of(), b"forged")


def test_access_without_a_token_or_a_key_would_let_in_everybody_and_is_refused() -> None:
    with pytest.raises(ValueError, match="token"):
        Access("", "local", "key")
    with pytest.raises(ValueError, match="key"):
        Access("token", "local", "")


def test_access_shows_its_secrets_to_nobody() -> None:
    assert TOKEN not in repr(ACCESS)
    assert ACCESS.secret_key not in repr(ACCESS)
    assert (
        json.dumps(ACCESS.without_secrets([("authorization", "x"), ("a", f"-{TOKEN}-"), ("b", "c")])) == '[["b", "c"]]'
    )
