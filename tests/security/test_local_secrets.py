"""What local mode must not give away: the token and its keys, to logs, events, errors or whoever asks on loopback."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cloud.client.contexts import LOCAL, Context, load_context
from cloud_local import lifecycle


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOUD_HOME", str(path))
        lifecycle.start(["--scripted"])
        yield path
        lifecycle.stop()


@pytest.fixture
def context(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("CLOUD_HOME", str(home))
    return load_context(LOCAL)


def test_the_token_stands_in_the_context_file_and_nowhere_else_on_disk(home: Path, context: Context) -> None:
    """After requests of every kind, good and bad, by header and by address."""
    with httpx.Client(base_url=context.url, trust_env=False) as http:
        for path in ("/health", "/nothing", "/deployments?org=acme", f"/deployments?token={context.token}", "/%FF"):
            for token in (context.token, context.token + "x", ""):
                http.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})
    with connect(f"{context.websocket_url}?token={context.token}", proxy=None) as client:
        client.send(json.dumps({"action": "ping", "note": context.token}))
        assert json.loads(client.recv(20)) == {"type": "pong"}
    with pytest.raises(InvalidStatus), connect(f"{context.websocket_url}?token={context.token}x", proxy=None):
        pass
    with socket.create_connection(("127.0.0.1", int(context.url.rsplit(":", 1)[1])), 20) as raw:
        raw.sendall(f"GET /local?token={context.token}\xe9 HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
        raw.recv(100)

    holding = [path for path in home.rglob("*") if path.is_file() and context.token.encode() in path.read_bytes()]
    assert holding == [home / "contexts" / "local.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "local").stat().st_mode) == 0o700


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer forged", "Bearer " + "x" * 8_000, "Basic bG9jYWw6"])
def test_a_forged_token_is_a_problem_that_tells_nothing(context: Context, authorization: str) -> None:
    answer = httpx.get(f"{context.url}/deployments?org=acme", headers={"Authorization": authorization}, trust_env=False)

    assert (answer.status_code, answer.json()["code"]) == (401, "auth")
    assert context.token not in answer.text
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("place", ["url", "aws_url"])
def test_a_web_page_reaches_neither_the_gateway_nor_the_emulated_aws(
    context: Context, headers: dict[str, str], place: str
) -> None:
    """By a cross-origin request or by DNS rebinding, even when it knows the token."""
    address = getattr(context, place) + "/health"
    answer = httpx.get(address, headers={"Authorization": f"Bearer {context.token}", **headers}, trust_env=False)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="listening addresses are read from /proc")
def test_both_servers_listen_on_loopback_only(home: Path, context: Context) -> None:
    ports = {int(url.rsplit(":", 1)[1]) for url in (context.url, context.aws_url)}
    table = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    listening = {int(entry.split(":")[1], 16): entry.split(":")[0] for entry in table}

    assert {listening[port] for port in ports} == {"0100007F"}  # 127.0.0.1


def test_connections_are_closed_to_the_bearer_of_the_token(context: Context) -> None:
    with connect(context.websocket_url, additional_headers={"Authorization": context.token}, proxy=None) as client:
        answer = httpx.post(
            f"{context.url}/local/@connections/any=",
            content=b"forged",
            headers={"Authorization": f"Bearer {context.token}"},
            trust_env=False,
        )
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "IncompleteSignatureException")
        client.send('{"action": "ping"}')
        assert json.loads(client.recv(20)) == {"type": "pong"}


def test_the_context_holds_what_a_client_needs_and_shows_no_token(home: Path, context: Context) -> None:
    written = json.loads((home / "contexts" / "local.json").read_text(encoding="utf-8"))

    assert set(written) == {"url", "websocket_url", "token", "user", "aws_url"}
    assert len(context.token) >= 32
    assert context.token not in repr(context)
