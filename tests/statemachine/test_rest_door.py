"""The REST door through the gateway: what it answers to bad, hostile and conflicting requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cloud.domain.errors import PreconditionFailed, StateError
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine-rest-door")

CHAIN = {"network": [], "app": ["network"]}


@pytest.fixture(scope="module")
def http(cloud: Control) -> Iterator[httpx.Client]:
    context = cloud.local.context()
    headers = {"Authorization": f"Bearer {context['token']}", "Content-Type": "application/json"}
    with httpx.Client(base_url=context["url"], headers=headers, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def deployment(cloud: Control) -> str:
    return cloud.deployment(CHAIN)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that the answer holds, in the form of RFC 9457."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "errors", "request_id"} <= body.keys()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:cloud:error:{code}")
    return body


HOSTILE = {
    "not JSON": b"{",
    "not UTF-8": b'{"environment": "\xff\xfe"}',
    "nothing but a number": b"1",
    "a list": b"[]",
    "half a surrogate pair": b'{"environment": "\\ud800"}',
    "no number": b'{"environment": "dev", "max_parallel": NaN}',
    "a number without end": b'{"environment": "dev", "max_parallel": ' + b"9" * 5000 + b"}",
    "deeply nested": b'{"environment": "dev", "settings": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "nested settings": b'{"environment": "dev", "settings": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}",
    "huge settings": b'{"environment": "dev", "settings": {"a": "' + b"x" * 100_000 + b'"}}',
    "a key twice": b'{"environment": "dev", "environment": "prod"}',
    "a wrong type": b'{"environment": 7}',
    "an unknown field": b'{"environment": "dev", "forse": true}',
    "a bad setting": b'{"environment": "dev", "settings": {"a b": 1}}',
    "a reserved setting": b'{"environment": "dev", "settings": {"deploymentId": "D000000"}}',
    "a bad placeholder": b'{"environment": "dev", "settings": {"a": "{{nonsense"}}',
    "an unknown placeholder": b'{"environment": "dev", "settings": {"a": "{{os.environ}}"}}',
    "nobody may run": b'{"environment": "dev", "max_parallel": 0}',
    "no such policy": b'{"environment": "dev", "on_failure": "pray"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_body_is_refused_and_nothing_is_written(
    http: httpx.Client, cloud: Control, deployment: str, body: bytes
) -> None:
    before = cloud.rows("deployments", deployment, "OPERATION#")
    for answer in (
        http.post(f"/deployments/{deployment}/deploy", content=body),
        http.post(f"/deployments/{deployment}/plan", content=body),
    ):
        assert answer.status_code in (404, 422), answer.text  # 404: a text that is the name of no environment
        problem(answer, answer.status_code, "configuration" if answer.status_code == 422 else "not-found")
    assert cloud.rows("deployments", deployment, "OPERATION#") == before


def test_every_problem_of_a_body_is_told_at_once(http: httpx.Client, deployment: str) -> None:
    body = {"environment": 1, "max_parallel": "many", "strict_layers": "no", "unknown": 1}
    found = problem(http.post(f"/deployments/{deployment}/deploy", json=body), 422, "configuration")
    paths = {item["path"] for item in found["errors"]}
    assert paths == {"environment", "max_parallel", "strict_layers", "unknown"}


def test_every_problem_of_the_settings_is_told_at_once(http: httpx.Client, deployment: str) -> None:
    body = {"environment": "dev", "settings": {"a b": 1, "secret": 2, "fine": "{{nope.x}}"}}
    found = problem(http.post(f"/deployments/{deployment}/deploy", json=body), 422, "configuration")
    assert len(found["errors"]) == 3


def test_every_problem_of_a_manifest_is_told_with_its_place(http: httpx.Client, deployment: str) -> None:
    text = "version: 1\ndeployment: {id: D1, org: acme, project: shop}\nstacks: {a: {dependencies: [b]}}\nextra: 1\n"
    answer = http.put(f"/deployments/{deployment}/manifest", json={"manifest": text})
    errors = problem(answer, 422, "configuration")["errors"]
    assert len(errors) >= 4
    assert all(error["line"] for error in errors)


def test_files_and_programs_that_belong_to_no_stack_are_refused(
    http: httpx.Client, cloud: Control, deployment: str
) -> None:
    version = cloud.client.manifest(deployment)["version"]
    text = json.dumps(cloud.client.manifest(deployment)["manifest"])
    configs = {"netwrk.dev.yaml": "a: 1", "network.prod.yaml": "a: 1", "../../x.yaml": "a: 1", "app.dev.yaml": "a: ["}
    body = {"manifest": text, "configs": configs, "programs": {"nobody": "0" * 64}}
    errors = problem(http.put(f"/deployments/{deployment}/manifest", json=body), 422, "configuration")["errors"]
    places = {error["file"] or error["path"] for error in errors}
    assert places == {
        "config/netwrk.dev.yaml",
        "config/network.prod.yaml",
        "config/../../x.yaml",
        "config/app.dev.yaml",
        "programs.nobody",
    }
    assert cloud.client.manifest(deployment)["version"] == version


def test_a_cycle_that_a_configuration_file_makes_is_refused(
    http: httpx.Client, cloud: Control, deployment: str
) -> None:
    text = json.dumps(cloud.client.manifest(deployment)["manifest"])
    body = {"manifest": text, "configs": {"network.dev.yaml": "peer: '{{stack.app.id}}'"}}
    errors = problem(http.put(f"/deployments/{deployment}/manifest", json=body), 422, "configuration")["errors"]
    assert "network" in errors[0]["message"]
    assert "app" in errors[0]["message"]


def test_a_manifest_that_was_read_can_be_put_back_and_keeps_its_secrets(cloud: Control) -> None:
    deployment = cloud.deployment({"app": []}, config={"app": {"password": {"secret": "hunter2"}}})
    read = cloud.client.manifest(deployment)
    assert "hunter2" not in json.dumps(read)
    cloud.client.put_manifest(deployment, manifest=json.dumps(read["manifest"]), configs={}, programs={})
    assert cloud.client.manifest(deployment)["manifest"] == read["manifest"]


@pytest.mark.parametrize("digest", ["0" * 63, "../" + "0" * 61, "0" * 64 + "\n"])
def test_a_digest_that_is_none_is_refused(http: httpx.Client, deployment: str, digest: str) -> None:
    problem(http.post(f"/deployments/{deployment}/programs", json={"digest": digest}), 422, "configuration")
    body = {"manifest": "version: 1", "programs": {"network": digest}}
    problem(http.put(f"/deployments/{deployment}/manifest", json=body), 422, "configuration")


def test_if_match_refuses_a_manifest_that_has_changed(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    text = json.dumps({**cloud.client.manifest(deployment)["manifest"], "policy": {"max_parallel": 2}})
    cloud.client.put_manifest(deployment, manifest=text, configs={}, programs={}, if_match="1")
    with pytest.raises(PreconditionFailed, match="at version 2, not 1"):
        cloud.client.put_manifest(deployment, manifest=text, configs={}, programs={}, if_match="1")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/deployments/nothing/status", 404),
        ("GET", "/deployments/D000000/status", 404),
        ("GET", f"/deployments/{'D' * 3000}/status", 404),
        ("GET", "/deployments/D000000/operations/nothing", 404),
        ("GET", "/deployments/D000000/operations/01ARZ3NDEKTSV4RRFFQ69G5FAV", 404),
        ("GET", f"/deployments/D000000/operations/{'0' * 2000}", 404),
        ("GET", f"/stacks/{'x' * 2000}/status?deployment_id=D000000&environment=dev", 404),
        ("GET", "/stacks/network/status", 422),
        ("GET", "/stacks/network/outputs?deployment_id=D000000", 422),
        ("GET", "/stacks/network/outputs?deployment_id=nothing&environment=dev", 404),
        ("GET", "/deployments", 422),
        ("GET", "/deployments?org=acme&limit=0", 422),
        ("GET", "/deployments?org=acme&limit=x", 422),
        ("GET", "/deployments?org=acme&cursor=nonsense", 422),
        ("GET", "/monitoring/deployments/D000000/logs?level=loud", 422),
        ("GET", "/nowhere", 404),
        ("POST", "/deployments/%2e%2e/deploy", 404),
    ],
)
def test_what_is_not_there_or_not_a_request_is_told(http: httpx.Client, method: str, path: str, status: int) -> None:
    problem(http.request(method, path), status, "not-found" if status == 404 else "configuration")


def test_a_method_that_a_path_does_not_take(http: httpx.Client, deployment: str) -> None:
    problem(http.put(f"/deployments/{deployment}/status", json={}), 405, "not-found")


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer wrong"}])
def test_without_the_token_nothing_is_told(http: httpx.Client, deployment: str, headers: dict[str, str]) -> None:
    answer = http.get(f"/deployments/{deployment}/status", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "auth"


def test_a_body_over_the_limit_is_refused(http: httpx.Client, deployment: str) -> None:
    answer = http.post(f"/deployments/{deployment}/deploy", content=b"x" * (7 * 1024 * 1024))
    assert answer.status_code == 413


@pytest.mark.parametrize("key", ["k" * 256, "with space"])
def test_an_idempotency_key_that_cannot_be_one_is_refused(http: httpx.Client, deployment: str, key: str) -> None:
    headers = {"Idempotency-Key": key}
    answer = http.post(f"/deployments/{deployment}/deploy", json={"environment": "dev"}, headers=headers)
    problem(answer, 422, "configuration")


@pytest.mark.parametrize("body", [{}, {"operation_id": "x", "environment": "dev"}, {"operation_id": "x" * 100}])
def test_a_cancel_that_names_nothing_is_refused(http: httpx.Client, deployment: str, body: dict[str, str]) -> None:
    problem(http.post(f"/deployments/{deployment}/cancel", json=body), 422, "configuration")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 404, "not-found"),
        ({"environment": "dev"}, 404, "not-found"),
        ({"operation_id": "nothing"}, 404, "not-found"),
        ({"operation_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, 404, "not-found"),
        ({"operation_id": "x" * 100}, 422, "configuration"),
        ({"forse": True}, 422, "configuration"),
    ],
)
def test_a_retry_of_nothing_is_refused(
    http: httpx.Client, deployment: str, body: dict[str, Any], status: int, code: str
) -> None:
    problem(http.post(f"/deployments/{deployment}/retry", json=body), status, code)


@pytest.mark.parametrize("kind", ["refresh", "drift"])
def test_what_compares_is_refused_where_nothing_was_deployed(http: httpx.Client, deployment: str, kind: str) -> None:
    for path, body in ((kind, {}), ("plan", {"operation": kind})):
        answer = http.post(f"/deployments/{deployment}/{path}", json={"environment": "dev", **body})
        assert "Nothing was ever deployed" in problem(answer, 422, "configuration")["detail"]


def test_a_preview_is_accepted_with_its_place_and_once(http: httpx.Client, cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    answers = [
        http.post(
            f"/deployments/{deployment}/preview", json={"environment": "dev"}, headers={"Idempotency-Key": "once"}
        )
        for _ in range(2)
    ]
    assert {answer.status_code for answer in answers} == {202}
    (place,) = {answer.headers["location"] for answer in answers}
    assert http.get(place).json()["kind"] == "preview"
    cloud.wait(answers[0].json()["id"])


def test_a_cancel_where_nothing_runs(http: httpx.Client, deployment: str) -> None:
    answer = http.post(f"/deployments/{deployment}/cancel", json={"environment": "dev"})
    problem(answer, 404, "not-found")


def test_deploying_before_there_is_a_manifest_or_what_is_disabled(cloud: Control, http: httpx.Client) -> None:
    bare = cloud.client.init(org="acme", project="shop")["id"]
    answer = http.post(f"/deployments/{bare}/deploy", json={"environment": "dev"})
    assert "no manifest" in problem(answer, 422, "configuration")["detail"]
    disabled = cloud.deployment(CHAIN, environment={"enabled": False})
    answer = http.post(f"/deployments/{disabled}/deploy", json={"environment": "dev"})
    assert "not enabled" in problem(answer, 422, "configuration")["detail"]
    answer = http.request("DELETE", f"/deployments/{disabled}", json={"environment": "dev"})
    assert "Nothing was ever deployed" in problem(answer, 422, "configuration")["detail"]
    answer = http.post(f"/deployments/{disabled}/deploy", json={"environment": "prod"})
    assert "Its manifest names: dev" in problem(answer, 404, "not-found")["hint"]


def test_an_id_that_is_taken_is_refused(cloud: Control) -> None:
    deployment = cloud.client.init(org="acme", project="shop")["id"]
    with pytest.raises(StateError, match="exists already"):
        cloud.client.init(org="acme", project="shop", deployment_id=deployment)


def test_health_needs_no_token(http: httpx.Client) -> None:
    answer = http.get("/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_a_defect_is_a_problem_without_details(cloud: Control, http: httpx.Client, deployment: str) -> None:
    """The handler's own net: what it raises in spite of everything becomes a 500 of the documented form."""
    from functions.serve_api.handler import handler

    answer = handler({}, None)  # an event that API Gateway never sends
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["code"] == "internal"
