"""The provider's laws: comparison, names, wire values; and its calls to AWS under throttling."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from cloud_local.provider import install
from cloud_local.provider.compare import differences, is_empty, same
from cloud_local.provider.config import Settings, settings_of
from cloud_local.provider.connection import Connection
from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import fill, parse
from cloud_local.provider.naming import AutoName, NameTooLong
from cloud_local.provider.tags import own, without_ignored
from cloud_local.provider.values import SECRET, SIGNATURE, from_struct, to_struct

scalars = st.booleans() | st.integers(-1000, 1000) | st.text("abc{}[]", max_size=6)
names = st.text("abcdefg", min_size=1, max_size=4)
values = st.recursive(scalars, lambda item: st.lists(item, max_size=3) | st.dictionaries(names, item, max_size=3))
objects = st.dictionaries(names, values, max_size=4)


@given(objects)
def test_a_declaration_never_differs_from_itself(properties: dict[str, Any]) -> None:
    assert differences(properties, properties) == []
    assert same(properties, properties)


@given(st.lists(values, max_size=4), st.randoms())
def test_order_is_no_difference(items: list[Any], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert differences({"items": items}, {"items": shuffled}) == []


@given(objects, names, scalars.filter(lambda item: not is_empty(item)))
def test_a_new_property_is_told_as_added_and_the_way_back_as_deleted(
    properties: dict[str, Any], name: str, value: Any
) -> None:
    without = {key: item for key, item in properties.items() if key != name}
    forth, back = differences(without, {**without, name: value}), differences({**without, name: value}, without)
    assert [(item.path, item.change) for item in forth] == [(name, "ADD")]
    assert [(item.path, item.change) for item in back] == [(name, "DELETE")]


@given(objects)
def test_what_goes_over_the_wire_comes_back(properties: dict[str, Any]) -> None:
    assert from_struct(to_struct(properties))[0] == properties


def test_a_secret_deep_inside_marks_its_whole_property() -> None:
    hidden = {SIGNATURE: SECRET, "value": "hunter2"}
    plain, secret = from_struct(to_struct({"open": 1, "closed": {"deep": [hidden]}}))
    assert plain == {"open": 1, "closed": {"deep": ["hunter2"]}}
    assert secret == {"closed"}


@given(st.text("abc-", min_size=1, max_size=40), st.integers(20, 64), st.binary(max_size=8))
def test_an_automatic_name_keeps_its_stem_and_its_longest_length_or_is_refused(
    name: str, longest: int, seed: bytes
) -> None:
    try:
        made = AutoName(longest=longest).make(name, seed)
    except NameTooLong:
        assert len(name) + 8 > longest
    else:
        assert made.startswith(f"{name}-")
        assert len(made) == len(name) + 8 <= longest


@given(names, names)
def test_a_composed_identifier_is_taken_apart_again(role: str, policy: str) -> None:
    assert parse("{role}:{name}", fill("{role}:{name}", {"role": role, "name": policy})) == {
        "role": role,
        "name": policy,
    }


def test_tags_of_the_provider_and_ignored_ones_are_told_from_the_resources_own() -> None:
    settings = Settings(
        "eu-west-1", default_tags={"a": "1"}, ignored_tags=frozenset({"x"}), ignored_tag_prefixes=("auto:",)
    )
    live = without_ignored(settings, {"a": "1", "b": "2", "x": "3", "auto:y": "4", "aws:cloudformation": "5"})
    assert live == {"a": "1", "b": "2"}
    assert own(settings, {}, live) == {"b": "2"}
    assert own(settings, {"a": "1"}, live) == {"a": "1", "b": "2"}


def test_settings_come_from_configuration_before_environment() -> None:
    environment = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "env"}
    given_here = {"region": "us-west-2", "accessKey": "own", "endpoints": '[{"cloudwatchlogs": "http://127.0.0.1:2"}]'}
    settings = settings_of(given_here, environment)
    assert settings.region == "us-west-2"
    assert settings.access_key == "own"
    assert settings.endpoint_of("logs") == "http://127.0.0.1:2"
    assert settings.endpoint_of("ec2") == "http://127.0.0.1:1"


class Throttling(BaseHTTPRequestHandler):
    """An AWS that throttles as often as its server says, and then answers."""

    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.calls += 1
        throttled = server.calls <= server.throttled
        body = b'{"__type": "ThrottlingException", "message": "slow down"}' if throttled else b'{"Keys": []}'
        self.send_response(400 if throttled else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@pytest.fixture
def throttling() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Throttling)
    server.calls, server.throttled = 0, 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def connected(server: Any, waits: list[float]) -> Connection:
    endpoint = f"http://127.0.0.1:{server.server_port}"
    return Connection(Settings("eu-west-1", "key", "secret", endpoint=endpoint), waits.append)


def test_a_throttled_call_is_tried_again_after_growing_waits(throttling: Any) -> None:
    throttling.throttled = 3
    waits: list[float] = []
    assert connected(throttling, waits).call("kms", "list_keys", {})["Keys"] == []
    assert throttling.calls == 4
    assert [wait <= 2 ** (attempt + 1) for attempt, wait in enumerate(waits)] == [True] * 3


def test_a_call_throttled_to_the_last_attempt_is_an_error(throttling: Any) -> None:
    throttling.throttled = 100
    with pytest.raises(ClientError, match="ThrottlingException"):
        connected(throttling, []).call("kms", "list_keys", {})
    assert throttling.calls == 5


def test_a_cancelled_connection_starts_no_call(throttling: Any) -> None:
    connection = connected(throttling, [])
    connection.cancel()
    with pytest.raises(ProviderError, match="cancelled"):
        connection.call("kms", "list_keys", {})
    assert throttling.calls == 0


def test_clients_are_made_once_for_all_threads(throttling: Any) -> None:
    connection = connected(throttling, [])
    made: list[Any] = []
    threads = [threading.Thread(target=lambda: made.append(connection.client("kms"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len({id(client) for client in made}) == 1


def test_the_plugin_is_installed_as_an_executable_of_its_own_name(tmp_path: Path) -> None:
    path = install(tmp_path / "bin")
    assert path.name == "pulumi-resource-aws"
    assert path.stat().st_mode & 0o111
