"""What moto's Step Functions interpreter needs; see moto_patches.py for the rules that patches keep."""

from __future__ import annotations

import functools
import sys
import threading
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from cloud_local.aws import status_events

_status_lock = threading.RLock()
"""Guards the status of executions: stopping races with ending."""


def batch_is_not_loaded() -> None:
    """The interpreter imports AWS Batch, and with it all of EC2 (0.9 s, 108 MB), for a task that we never use.

    A state machine with a Batch task is refused when it is created.
    """
    name = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch"

    class StateTaskServiceBatch:
        def __init__(self) -> None:
            raise NotImplementedError("Local mode emulates no AWS Batch tasks.")

    module = ModuleType(name)
    module.StateTaskServiceBatch = StateTaskServiceBatch  # type: ignore[attr-defined]
    sys.modules.setdefault(name, module)


def clients_of_tasks_are_kept() -> None:
    """moto makes a boto3 client for every task (8 ms, and boto3's default session isn't thread-safe); keep one per service."""
    from moto.stepfunctions.parser.asl.utils import boto_client

    lock = threading.Lock()
    clients: dict[tuple[str, str, str], Any] = {}

    def client(*, service_name: str, region_name: str, endpoint_url: str, config: Config, **keys: str) -> Any:
        # By address: a look-up of localhost asks for IPv6 first, where nobody listens.
        url = endpoint_url.replace("//localhost:", "//127.0.0.1:")
        # botocore composes its User-Agent anew for every request unless it is given.
        lean: dict[str, Any] = {"max_pool_connections": 256, "user_agent": "step-functions"}
        if service_name == "lambda":
            lean["signature_version"] = UNSIGNED  # Invoke is ours, and looks at no signature
        with lock:
            if (service_name, region_name, url) not in clients:
                clients[service_name, region_name, url] = boto3.session.Session().client(
                    service_name,
                    region_name=region_name,
                    endpoint_url=url,
                    config=config.merge(Config(**lean)),
                    **keys,
                )
            return clients[service_name, region_name, url]

    boto_client.boto3 = SimpleNamespace(client=client)


def paths_are_parsed_once() -> None:
    """moto builds a parser for every evaluation of a JSONPath (5 ms of each task); keep the parsed
    paths, which have no state."""
    from moto.stepfunctions.parser.asl.component.common.path import result_path
    from moto.stepfunctions.parser.asl.utils import json_path

    for module in (json_path, result_path):
        module.parse = functools.lru_cache(maxsize=4096)(module.parse)


def definitions_are_parsed_once() -> None:
    """moto parses the definition again for every execution (hundreds of ms of ANTLR); keep the syntax trees.

    Only the tree is shared. The components built from it may hold state, so that every execution gets its own. Building them
    (35 ms for a deployment's) is the first thing that an execution waits for, so the next one's are built when one has ended.
    """
    from antlr4 import CommonTokenStream, InputStream
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
    from moto.stepfunctions.parser.asl.parse import asl_parser
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
    from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

    parse_lock = threading.Lock()
    spare: dict[str, Any] = {}
    execute = ExecutionWorker._execution_logic

    @functools.lru_cache(maxsize=64)
    def tree_of(definition: str) -> Any:
        listener = asl_parser.SyntaxErrorListener()
        parser = ASLParser(CommonTokenStream(ASLLexer(InputStream(definition))))
        parser.removeErrorListeners()
        parser.addErrorListener(listener)
        tree = parser.state_machine()
        if listener.errors:
            raise asl_parser.ASLParserException(errors=listener.errors)
        return tree

    def parse(definition: str) -> tuple[Any, Any]:
        with parse_lock:  # two executions of a new definition: one parses, the other waits and finds it
            tree = tree_of(definition)
            program = spare.pop(definition, None)
        return program or Preprocessor().visit(tree), tree

    def execute_and_prepare(self: Any) -> None:
        execute(self)
        definition = self._evaluation_details.state_machine_details.definition
        if definition not in spare:
            spare.clear()  # one is kept: of the machine that was used last
            spare[definition] = Preprocessor().visit(tree_of(definition))

    ExecutionWorker._execution_logic = execute_and_prepare
    asl_parser.AmazonStateLanguageParser.parse = staticmethod(parse)


def stopping_ends_at_once() -> None:
    """StopExecution must end ABORTED, now, and start nothing more.

    moto marks the environments and waits for what runs: a task that waits for its token keeps the execution RUNNING until
    the token times out, and inside a Map the status becomes FAILED. Here the status and the history end first; then everything
    that waits is woken, and finds itself stopped. Error and cause of the request are kept (moto drops them).
    """
    from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
    from moto.stepfunctions.responses import StepFunctionResponse

    add_event = EventManager.add_event
    reflect = BaseExecutionWorkerCommunication._reflect_execution_status

    def add_event_while_open(self: Any, context: Any, *args: Any, **more: Any) -> int:
        if getattr(self, "closed", False):
            return int(context.last_published_event_id)
        return int(add_event(self, context, *args, **more))

    def reflect_unless_stopped(self: Any) -> None:
        with _status_lock:
            if self.execution.exec_status == ExecutionStatus.RUNNING:
                reflect(self)

    def stop(self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
        env = _environment_of(self)
        with _status_lock:
            if self.exec_status != ExecutionStatus.RUNNING or env is None:
                return
            self.exec_status = ExecutionStatus.ABORTED
            self.stop_date, self.error, self.cause = stop_date, error or None, cause or None
        details = {key: value for key, value in (("error", error), ("cause", cause)) if value}
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionAborted,
            event_details={"executionAbortedEventDetails": details},
        )
        env.event_manager.closed = True
        env.set_stop(stop_date=stop_date, error=error, cause=cause)
        _wake_waiting_tasks(env)

    def stop_execution(self: Any) -> Any:
        from moto.core.responses import ActionResult

        arn = self._get_param("executionArn")
        execution = self.stepfunction_backend.describe_execution(arn)
        execution.stop(_now(), self._get_param("error"), self._get_param("cause"))
        return ActionResult({"stopDate": execution.stop_date})

    EventManager.add_event = add_event_while_open
    BaseExecutionWorkerCommunication._reflect_execution_status = reflect_unless_stopped
    Execution.stop = stop
    StepFunctionResponse.stop_execution = stop_execution


def ended_executions_leave_nothing_behind() -> None:
    """An execution that failed or timed out leaves the tasks that waited for a token waiting, each on a thread, and its
    history open; moto also keeps every thread it ever started in a list. Close, wake and forget."""
    from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
    from moto.stepfunctions.parser.utils import TMP_THREADS

    original = BaseExecutionWorkerCommunication.terminated

    def terminated(self: Any) -> None:
        original(self)
        env = self.execution.exec_worker.env
        if self.execution.exec_status == ExecutionStatus.TIMED_OUT:
            env.event_manager.add_event(
                context=env.event_history_context,
                event_type=HistoryEventType.ExecutionTimedOut,
                event_details={"executionTimedOutEventDetails": {}},
            )
        env.event_manager.closed = True
        _wake_waiting_tasks(env)
        TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]

    BaseExecutionWorkerCommunication.terminated = terminated


def tokens_work_once() -> None:
    """A task token is good for one answer, while its task waits; afterwards AWS says TaskTimedOut.

    moto accepts a second answer while the execution runs, and calls a token of an ended execution invalid. It also fails
    (500) on any token while some other execution is just starting.
    """
    from moto.stepfunctions.parser.api import TaskTimedOut
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackPoolManager
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend as Backend

    notify, heartbeat = CallbackPoolManager.notify, CallbackPoolManager.heartbeat

    def refuse_used(pool: Any, callback_id: str) -> None:
        endpoint = pool.get(callback_id)
        if endpoint is not None and endpoint._notify_event.is_set():
            raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")

    def notify_once(self: Any, callback_id: str, outcome: Any) -> bool:
        refuse_used(self, callback_id)
        return bool(notify(self, callback_id, outcome))

    def heartbeat_while_waiting(self: Any, callback_id: str) -> bool:
        refuse_used(self, callback_id)
        return bool(heartbeat(self, callback_id))

    def executions(self: Any, *_: Any) -> list[Any]:
        started = (execution for machine in self.state_machines for execution in list(machine.executions))
        return [execution for execution in started if getattr(execution.exec_worker, "env", None) is not None]

    CallbackPoolManager.notify = notify_once
    CallbackPoolManager.heartbeat = heartbeat_while_waiting
    Backend._get_executions = executions


def every_attempt_has_its_own_token() -> None:
    """moto keeps one token for all attempts of a task: after a failure that was sent, the retry ends at once with the same
    failure instead of waiting."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as module,
    )

    callback = module.StateTaskServiceCallback
    original = callback._eval_execution

    def eval_execution(self: Any, env: Any) -> None:
        context = env.states.context_object
        retried = context.context_object_data["State"].get("RetryCount", 0) > 0
        if retried and "Task" in context.context_object_data:
            env.callback_pool_manager.add(context.update_task_token())
        original(self, env)

    callback._eval_execution = eval_execution


def iterations_fail_with_the_error_of_their_state() -> None:
    """When an iteration of a Map fails with one of AWS's own errors (States.Timeout, …), moto takes the name for a custom one,
    refuses it, and the Map fails with States.Runtime: a Catch for the error never matches."""
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker

    known = {error.to_name(): error for error in StatesErrorNameType}

    def error_name(error_name: str) -> Any:
        return StatesErrorName(known[error_name]) if error_name in known else CustomErrorName(error_name)

    iteration_worker.CustomErrorName = error_name


def status_changes_are_told() -> None:
    """Step Functions tells EventBridge of every change of an execution's status; moto tells nobody.

    It wraps what the other patches have made of starting, ending and stopping, so it comes after them.
    """
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

    start, stop, terminated = Execution.start, Execution.stop, BaseExecutionWorkerCommunication.terminated

    def tell(execution: Any) -> None:
        with _status_lock:
            if getattr(execution, "told_status", None) == execution.exec_status:
                return
            execution.told_status = execution.exec_status
        status_events.status_changed(execution)

    def start_and_tell(self: Any) -> None:
        start(self)
        tell(self)

    def stop_and_tell(self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
        stop(self, stop_date, error, cause)
        tell(self)

    def terminated_and_told(self: Any) -> None:
        terminated(self)
        tell(self.execution)

    Execution.start = start_and_tell
    Execution.stop = stop_and_tell
    BaseExecutionWorkerCommunication.terminated = terminated_and_told


INTERPRETER_PATCHES = (
    batch_is_not_loaded,  # first: the others import the interpreter
    clients_of_tasks_are_kept,
    definitions_are_parsed_once,
    paths_are_parsed_once,
    stopping_ends_at_once,
    ended_executions_leave_nothing_behind,
    tokens_work_once,
    every_attempt_has_its_own_token,
    iterations_fail_with_the_error_of_their_state,
    status_changes_are_told,  # last: it wraps the others
)


def abort_all_executions() -> None:
    """Stop what still runs, in every account and region; their threads end instead of waiting for tokens."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    for regions in list(stepfunctions_parser_backends.values()):
        for backend in list(regions.values()):
            for machine in list(backend.state_machines):
                for execution in list(machine.executions):
                    execution.stop(_now(), "LocalModeStopped", "The emulated AWS was stopped.")


def _environment_of(execution: Any) -> Any:
    """The execution's environment once its program runs: StartExecution answers a moment before. None if it never does."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        env = getattr(execution.exec_worker, "env", None)
        if env is not None and env.program_state() is not None:
            return env
        time.sleep(0.001)
    return None


def _wake_waiting_tasks(env: Any) -> None:
    for endpoint in list(env.callback_pool_manager._pool.values()):
        endpoint.interrupt_all()


def _now() -> Any:
    from moto.core.utils import utcnow

    return utcnow()
