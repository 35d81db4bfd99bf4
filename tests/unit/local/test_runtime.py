"""Local mode as an object in this process."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud.domain.errors import ConfigurationError, EngineMissing, InternalError
from cloud_local.aws.faults import Respond, throttled
from cloud_local.runtime import LocalCloud, Options


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_PROFILE", "nobody")
        with LocalCloud(Options(tmp_path_factory.mktemp("local"), scripted=True)) as running:
            yield running
        assert os.environ["AWS_PROFILE"] == "nobody"
        assert "CLOUD_STATE_MACHINE_ARN" not in os.environ
        assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.fixture
def client(local: LocalCloud) -> Iterator[CloudClient]:
    local.aws.functions.interceptors.clear()
    with CloudClient(Context(**local.context())) as connected:
        yield connected


def test_a_request_goes_through_the_gateway_and_the_function_to_the_tables(
    local: LocalCloud, client: CloudClient
) -> None:
    deployment = client.init(org="acme", project="web")["id"]

    item = local.aws.client("dynamodb").get_item(
        TableName="cloud-deployments", Key={"PK": {"S": f"DEPLOYMENT#{deployment}"}, "SK": {"S": "METADATA"}}
    )["Item"]
    assert item["project"] == {"S": "web"}


def test_the_functions_are_told_the_local_endpoints_and_nothing_of_the_callers_aws(local: LocalCloud) -> None:
    assert os.environ["AWS_ENDPOINT_URL"] == local.aws.url
    assert os.environ["CLOUD_WEBSOCKET_ENDPOINT"] == local.gateway.management_url if local.gateway else False
    assert "AWS_PROFILE" not in os.environ
    assert local.settings().runner == "scripted"


def test_secrets_are_not_shown(local: LocalCloud) -> None:
    assert local.options.token not in repr(local.options)
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in ("", "local", local.options.token)


def test_a_function_that_fails_is_told_to_the_caller_and_logged_whole(
    local: LocalCloud, client: CloudClient, caplog: pytest.LogCaptureFixture
) -> None:
    failure = {"errorMessage": "broken", "errorType": "KeyError", "stackTrace": ["line 7"]}
    local.aws.functions.interceptors.append(lambda *_: Respond(failure, "Unhandled"))
    with caplog.at_level(logging.ERROR, "cloud_local.runtime"), pytest.raises(InternalError, match="failed: broken"):
        client.health()

    assert "line 7" in caplog.text
    assert local.options.token not in caplog.text


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (Respond({"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}, "Unhandled"), 504),
        (throttled(), 502),
    ],
    ids=["time-out", "throttled"],
)
def test_what_lambda_itself_refuses_is_a_gateway_error(
    local: LocalCloud, client: CloudClient, decision: Any, status: int
) -> None:
    def intercept(*_: Any) -> Any:
        if isinstance(decision, Exception):
            raise decision
        return decision

    local.aws.functions.interceptors.append(intercept)

    assert httpx.get(f"{local.context()['url']}/health", trust_env=False).status_code == status


def test_a_body_that_is_too_large_as_an_event_is_the_callers_error(local: LocalCloud, client: CloudClient) -> None:
    with pytest.raises(ConfigurationError, match="too large"):
        client.validate('"' * 2_000_000)  # two bytes each in the body, four in the event


def test_a_second_one_in_the_process_is_refused_and_the_first_goes_on(
    local: LocalCloud, client: CloudClient, tmp_path: Path
) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    with pytest.raises(RuntimeError, match="in this process already"):
        LocalCloud(Options(tmp_path, scripted=True)).start()

    assert os.environ["AWS_ENDPOINT_URL"] == endpoint
    assert client.health()["status"] == "ok"


@pytest.mark.parametrize("which", ["gateway_port", "aws_port"])
@pytest.mark.xdist_group("alone")
def test_a_port_that_is_taken_leaves_everything_as_it_was(tmp_path: Path, which: str) -> None:
    before = dict(os.environ)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = {which: taken.getsockname()[1]}
        with pytest.raises((OSError, RuntimeError)):
            LocalCloud(Options(tmp_path, scripted=True, **options)).start()
    assert dict(os.environ) == before


def test_a_wrong_root_leaves_everything_as_it_was(tmp_path: Path) -> None:
    before = dict(os.environ)
    with pytest.raises((EngineMissing, RuntimeError)):
        LocalCloud(Options(tmp_path, pulumi_root=str(tmp_path / "nowhere"))).start()

    assert dict(os.environ) == before


def test_it_is_not_talked_to_before_it_is_started_and_stopping_it_then_is_harmless(tmp_path: Path) -> None:
    idle = LocalCloud(Options(tmp_path))
    with pytest.raises(RuntimeError, match="isn't started"):
        idle.context()
    idle.stop()


def test_a_context_is_what_a_client_reads(local: LocalCloud) -> None:
    assert json.loads(json.dumps(local.context()))["websocket_url"].startswith("ws://127.0.0.1:")
    assert local.context()["user"].isascii()
