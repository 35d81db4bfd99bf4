from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from cloud_local.aws.faults import InvokeRefused, LoseResponse, Repeat, Respond, throttled
from cloud_local.aws.lambda_runtime import MAX_ASYNC_BYTES, MAX_SYNC_BYTES, FunctionRegistry, LambdaFunction

ARN = "arn:aws:lambda:us-east-1:123456789012:function:echo"


class Refused(Exception):
    pass


def echo(event: Any, _: Any) -> Any:
    return event


def fail(_: Any, __: Any) -> None:
    raise Refused("not today")


@pytest.fixture
def registry() -> FunctionRegistry:
    registry = FunctionRegistry("123456789012", "us-east-1", async_retry_delays=(0.0, 0.0))
    registry.register([LambdaFunction("echo", echo), LambdaFunction("fail", fail)])
    return registry


@pytest.mark.parametrize("reference", ["echo", "echo:live", "123456789012:function:echo", ARN, f"{ARN}:7"])
def test_a_function_is_found_by_every_form_of_its_name(registry: FunctionRegistry, reference: str) -> None:
    assert registry.invoke(reference, {"a": [1, "é"]}).result == {"a": [1, "é"]}


def test_an_unknown_function_is_refused_and_named(registry: FunctionRegistry) -> None:
    with pytest.raises(InvokeRefused, match=r"Function not found: .*:nobody") as refusal:
        registry.invoke("nobody", {})

    assert (refusal.value.status, refusal.value.code) == (404, "ResourceNotFoundException")


def test_a_handler_that_raises_gives_the_error_payload_of_the_python_runtime(registry: FunctionRegistry) -> None:
    outcome = registry.invoke("fail", {})

    assert outcome.function_error == "Unhandled"
    assert outcome.result.keys() == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert (outcome.result["errorType"], outcome.result["errorMessage"]) == ("Refused", "not today")
    assert any("not today" in line for line in outcome.result["stackTrace"])


def test_a_handler_that_exits_is_an_error_of_the_runtime_and_not_of_this_process(registry: FunctionRegistry) -> None:
    def leave(_: Any, __: Any) -> None:
        raise SystemExit(3)

    registry.register([LambdaFunction("leave", leave)])

    assert registry.invoke("leave", {}).result["errorType"] == "Runtime.ExitError"


def test_a_result_that_is_not_json_is_a_marshal_error(registry: FunctionRegistry) -> None:
    registry.register([LambdaFunction("set", lambda _, __: {1, 2})])

    outcome = registry.invoke("set", {})

    assert (outcome.function_error, outcome.result["errorType"]) == ("Unhandled", "Runtime.MarshalError")


def test_the_handler_gets_a_copy_of_the_event(registry: FunctionRegistry) -> None:
    def change(event: dict[str, Any], _: Any) -> None:
        event["list"].append(1)

    registry.register([LambdaFunction("change", change)])
    event: dict[str, Any] = {"list": []}
    registry.invoke("change", event)

    assert event == {"list": []}


def test_the_context_has_what_the_runtime_gives(registry: FunctionRegistry) -> None:
    seen: list[Any] = []
    thread_names: list[str] = []

    def look(_: Any, context: Any) -> None:
        seen.append(context)
        thread_names.append(threading.current_thread().name)

    registry.register([LambdaFunction("look", look, timeout_seconds=3, memory_mb=128)])
    outcome = registry.invoke("look", {})
    context = seen[0]

    assert context.function_name == "look"
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:look"
    assert context.memory_limit_in_mb == "128"
    assert context.aws_request_id == outcome.request_id
    assert 0 < context.get_remaining_time_in_millis() <= 3000
    assert context.log_group_name == "/aws/lambda/look"
    assert "[$LATEST]" in context.log_stream_name
    assert thread_names == [f"lambda:look:{outcome.request_id[:8]}"]


def test_a_function_that_takes_too_long_is_a_time_out_for_its_caller(registry: FunctionRegistry) -> None:
    release = threading.Event()
    registry.register([LambdaFunction("slow", lambda _, __: release.wait(10), timeout_seconds=0.01)])

    outcome = registry.invoke("slow", {})
    release.set()

    assert outcome.result["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 0.01 seconds" in outcome.result["errorMessage"]


def test_a_payload_over_the_limit_is_refused_before_the_function_runs(registry: FunctionRegistry) -> None:
    with pytest.raises(InvokeRefused) as refusal:
        registry.invoke("echo", {"a": "x" * MAX_SYNC_BYTES})
    with pytest.raises(InvokeRefused) as asynchronous:
        registry.invoke_async("echo", {"a": "x" * MAX_ASYNC_BYTES})

    assert (refusal.value.status, refusal.value.code) == (413, "RequestTooLargeException")
    assert asynchronous.value.status == 413


def test_a_response_over_the_limit_is_an_error_of_the_function(registry: FunctionRegistry) -> None:
    registry.register([LambdaFunction("big", lambda _, __: "x" * MAX_SYNC_BYTES)])

    assert registry.invoke("big", {}).result["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_body_that_is_not_json_is_refused(registry: FunctionRegistry) -> None:
    with pytest.raises(InvokeRefused) as refusal:
        registry.invoke("echo", b"{nonsense")

    assert (refusal.value.status, refusal.value.code) == (400, "InvalidRequestContentException")


def test_an_asynchronous_call_is_tried_three_times_and_then_logged(
    registry: FunctionRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[Any] = []

    def refuse(event: Any, _: Any) -> None:
        attempts.append(event)
        raise Refused("never")

    registry.register([LambdaFunction("refuse", refuse)])
    registry.invoke_async("refuse", {"id": 1})

    assert registry.drain()
    assert attempts == [{"id": 1}] * 3
    assert "The event for refuse is dropped after its last attempt" in caplog.text


def test_an_interceptor_can_throttle_answer_repeat_and_lose(registry: FunctionRegistry) -> None:
    deliveries: list[Any] = []

    def count(event: Any, _: Any) -> int:
        deliveries.append(event)
        return len(deliveries)

    faults: dict[str, Any] = {"repeat": Repeat(2), "answer": Respond({"x": 1}, "Unhandled"), "lose": LoseResponse()}

    def inject(function: str, event: Any) -> Any:
        if event == "throttle":
            raise throttled()
        return faults.get(event)

    registry.register([LambdaFunction("count", count)])
    registry.interceptors.append(inject)

    with pytest.raises(InvokeRefused) as refusal:
        registry.invoke("count", "throttle")
    assert (refusal.value.status, refusal.value.code) == (429, "TooManyRequestsException")
    assert (registry.invoke("count", "answer").result, deliveries) == ({"x": 1}, [])
    assert registry.invoke("count", "repeat").result == 3
    with pytest.raises(InvokeRefused, match="lost"):
        registry.invoke("count", "lose")
    assert deliveries == ["repeat"] * 3 + ["lose"]
    assert registry.invoke("count", "nothing").result == 5


def test_events_are_json_text_as_the_caller_wrote_it(registry: FunctionRegistry) -> None:
    assert registry.invoke("echo", json.dumps({"a": None}).encode()).payload == b'{"a": null}'
