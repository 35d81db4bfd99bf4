"""Lambda functions that run in this process, with the answers that AWS Lambda's Python runtime and Invoke API give.

What is real: the handler's code, the event after a trip through JSON, the error payload, the limits of the Invoke API and
the time-out as the caller sees it. What is not: a thread can't be killed, so a handler that timed out goes on in the
background (it is logged), and all functions share one process, its memory and its modules.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloud_local.aws.faults import Interceptor, InvokeRefused, LoseResponse, Repeat, Respond

_logger = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any], Any], Any]

MAX_SYNC_BYTES = 6 * 1024 * 1024
"""Request and response of a synchronous call (AWS Lambda quotas)."""
MAX_ASYNC_BYTES = 1024 * 1024
"""Request of an asynchronous call (AWS Lambda quotas: 1 MB since 2025, 256 KB before)."""


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """A function as the topology declares it. ``handler`` takes (event, context), as in AWS."""

    name: str
    handler: Handler
    timeout_seconds: float = 900.0
    memory_mb: int = 256


@dataclass(slots=True)
class LambdaContext:
    """The second argument of a handler, with the attributes of AWS's Python runtime."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    """In seconds of ``time.monotonic``."""
    identity: Any = None
    client_context: Any = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass(frozen=True, slots=True)
class Invocation:
    """The outcome of a call: the payload (JSON text) and, if the function failed, ``Unhandled``."""

    payload: bytes
    function_error: str | None
    request_id: str

    @property
    def result(self) -> Any:
        return json.loads(self.payload)


@dataclass
class FunctionRegistry:
    """The functions of local mode. ``interceptors`` see every delivery first; tests use them to inject faults.

    ``async_retry_delays`` are the seconds before the second and third attempt of an asynchronous call; AWS waits one and two
    minutes, local mode shortens that.
    """

    account_id: str
    region: str
    interceptors: list[Interceptor] = field(default_factory=list)
    async_retry_delays: tuple[float, ...] = (0.2, 1.0)
    _functions: dict[str, LambdaFunction] = field(default_factory=dict)
    _background: set[threading.Thread] = field(default_factory=set)

    def register(self, functions: Iterable[LambdaFunction]) -> None:
        """Add functions; a name that is already taken is replaced, as an update of the function's code would."""
        self._functions.update({function.name: function for function in functions})

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[LambdaFunction]:
        return iter(list(self._functions.values()))

    def find(self, reference: str) -> LambdaFunction:
        """By name, ``name:qualifier``, partial or whole ARN. Raises InvokeRefused (404) when there is no such function."""
        name = function_name(reference)
        if name not in self._functions:
            raise InvokeRefused(404, "ResourceNotFoundException", f"Function not found: {self._arn(name)}")
        return self._functions[name]

    def invoke(self, reference: str, event: Any) -> Invocation:
        """A synchronous call. Raises InvokeRefused when the service itself would refuse (unknown, too large, throttled)."""
        body = event if isinstance(event, bytes) else _encode(event)
        _check_size(body, MAX_SYNC_BYTES)
        function = self.find(reference)
        parsed = _decode(body)
        repeats = 0
        lost = False
        for interceptor in self.interceptors:
            decision = interceptor(function.name, parsed)
            if isinstance(decision, Respond):
                return Invocation(_encode(decision.payload), decision.function_error, str(uuid.uuid4()))
            repeats += decision.times if isinstance(decision, Repeat) else 0
            lost = lost or isinstance(decision, LoseResponse)
        for _ in range(repeats):
            self._run(function, _decode(body))
        outcome = self._run(function, parsed)
        if lost:
            raise InvokeRefused(500, "ServiceException", "The response was lost (injected fault).")
        return outcome

    def invoke_async(self, reference: str, event: Any) -> None:
        """An asynchronous call: returns when it is accepted; a failing function is tried again as AWS does."""
        body = event if isinstance(event, bytes) else _encode(event)
        _check_size(body, MAX_ASYNC_BYTES)
        function = self.find(reference)
        _decode(body)
        thread = threading.Thread(
            target=self._deliver, args=(function.name, body), name=f"lambda-event:{function.name}", daemon=True
        )
        self._background.add(thread)
        thread.start()

    def drain(self, timeout: float = 5.0) -> bool:
        """Wait for the asynchronous calls in flight; False when some are still running after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        for thread in list(self._background):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not self._background

    def _deliver(self, name: str, body: bytes) -> None:
        try:
            for delay in (*self.async_retry_delays, None):
                reason = self._attempt(name, body)
                if reason is None:
                    return
                if delay is None:
                    _logger.error("The event for %s is dropped after its last attempt: %s", name, reason)
                    return
                time.sleep(delay)
        finally:
            self._background.discard(threading.current_thread())

    def _attempt(self, name: str, body: bytes) -> str | None:
        """Why the attempt failed, or None."""
        try:
            outcome = self.invoke(name, body)
        except InvokeRefused as refused:
            return str(refused)
        return outcome.payload.decode() if outcome.function_error else None

    def _run(self, function: LambdaFunction, event: Any) -> Invocation:
        """The handler in a thread of its own, so that the caller gets its answer when the time is over."""
        context = self._context(function)
        outcome: list[Invocation] = []
        thread = threading.Thread(
            target=lambda: outcome.append(_call(function, event, context)),
            name=f"lambda:{function.name}:{context.aws_request_id[:8]}",
            daemon=True,
        )
        thread.start()
        thread.join(function.timeout_seconds)
        if outcome:
            return outcome[0]
        _logger.error("%s timed out after %.2f s; its thread goes on", function.name, function.timeout_seconds)
        message = (
            f"RequestId: {context.aws_request_id} Error: Task timed out after {function.timeout_seconds:.2f} seconds"
        )
        return _failure(context.aws_request_id, "Sandbox.Timedout", message)

    def _context(self, function: LambdaFunction) -> LambdaContext:
        request_id = str(uuid.uuid4())
        return LambdaContext(
            function_name=function.name,
            function_version="$LATEST",
            invoked_function_arn=self._arn(function.name),
            memory_limit_in_mb=str(function.memory_mb),
            aws_request_id=request_id,
            log_group_name=f"/aws/lambda/{function.name}",
            log_stream_name=f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{request_id.replace('-', '')}",
            deadline=time.monotonic() + function.timeout_seconds,
        )

    def _arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{name}"


def function_name(reference: str) -> str:
    """``name``, ``name:qualifier``, ``account:function:name`` or an ARN → the bare name."""
    if ":function:" in reference:
        reference = reference.split(":function:", 1)[1]
    return reference.split(":", 1)[0]


def _call(function: LambdaFunction, event: Any, context: LambdaContext) -> Invocation:
    request_id = context.aws_request_id
    try:
        result = function.handler(event, context)
    except BaseException as error:  # noqa: BLE001 - a runtime reports whatever a handler raises, SystemExit included
        if isinstance(error, SystemExit):
            return _failure(request_id, "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited")
        stack = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
        return _failure(request_id, type(error).__name__, str(error), stack)
    try:
        payload = _encode(result)
    except (TypeError, ValueError) as error:
        return _failure(request_id, "Runtime.MarshalError", f"Unable to marshal response: {error}")
    if len(payload) > MAX_SYNC_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_SYNC_BYTES} bytes)."
        return _failure(request_id, "Function.ResponseSizeTooLarge", message)
    return Invocation(payload, None, request_id)


def _failure(request_id: str, error_type: str, message: str, stack: list[str] | None = None) -> Invocation:
    """The error payload of AWS's Python runtime; errors of the sandbox carry no stack trace."""
    body: dict[str, Any] = {"errorMessage": message, "errorType": error_type}
    if stack is not None:
        body |= {"requestId": request_id, "stackTrace": stack}
    return Invocation(_encode(body), "Unhandled", request_id)


def _encode(value: Any) -> bytes:
    # The separators and NaN handling of the runtime's own encoder would not change what a caller parses.
    return json.dumps(value, ensure_ascii=False).encode()


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise InvokeRefused(
            400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error


def _check_size(body: bytes, limit: int) -> None:
    if len(body) > limit:
        message = f"{len(body)} byte payload is too large for the Invoke call (allowed {limit} bytes)"
        raise InvokeRefused(413, "RequestTooLargeException", message)


def as_functions(handlers: Mapping[str, Handler] | Iterable[LambdaFunction]) -> list[LambdaFunction]:
    """A mapping of names to handlers, for those who need no limits of their own."""
    if isinstance(handlers, Mapping):
        return [LambdaFunction(name, handler) for name, handler in handlers.items()]
    return list(handlers)
