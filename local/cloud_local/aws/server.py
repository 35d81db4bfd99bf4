"""The emulated AWS as one object: start it, point boto3 at ``url``, stop it.

moto keeps its state and its port in the process, so there is one emulated AWS per process at a time; its state lives as long
as it runs.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from cloud_local.aws import codebuild, moto_patches, status_events
from cloud_local.aws.codebuild import BuildRunner, StartBuild, no_builds
from cloud_local.aws.events import EventRouter, EventRule
from cloud_local.aws.interpreter_patches import abort_all_executions
from cloud_local.aws.lambda_runtime import FunctionRegistry, Handler, LambdaFunction, as_functions
from cloud_local.aws.schedules import Schedule, ScheduleClock
from cloud_local.aws.streams import WRITES, EventSourceMapping, StreamReader, moto_reader

if TYPE_CHECKING:
    from cloud_local.aws.front import Front, Observer
    from cloud_local.aws.http_server import LoopbackServer

_logger = logging.getLogger(__name__)

ACCOUNT_ID = "123456789012"
"""moto's own account, whose credentials these are; an assumed role's credentials act in the role's account."""
ACCESS_KEY, SECRET_KEY = "local", "local"
_WARM_UP_DEFINITION = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Work",
                "States": {
                    "Work": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                        "Parameters": {"FunctionName": "f", "Payload": {"a.$": "$.a", "t.$": "$$.Task.Token"}},
                        "TimeoutSeconds": 60,
                        "ResultSelector": {"r.$": "$.r"},
                        "ResultPath": "$.w",
                        "OutputPath": "$.w",
                        "Retry": [
                            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2}
                        ],
                        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Done"}],
                        "Next": "Choose",
                    },
                    "Choose": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$.a", "StringEquals": "b", "Next": "Done"}],
                        "Default": "Done",
                    },
                    "Done": {"Type": "Pass", "Result": {}, "End": True},
                },
            },
            "ResultPath": None,
            "End": True,
        }
    },
}


class EmulatedAws:
    """moto on 127.0.0.1 with our functions behind Lambda's Invoke API, and streams and events delivered to them.

    ``port`` 0 takes a free one. moto checks no signature: ``secret_key`` matters only to those who do. ``start_build`` runs
    what ``codebuild:startBuild`` is asked for (see codebuild.py); without one such a task fails. Event sources and rules may
    also be added later, with ``add_event_sources`` and ``add_rules``.
    ``patches`` are left out by nobody but the test that proves that moto needs them.
    """

    def __init__(
        self,
        functions: Mapping[str, Handler] | Iterable[LambdaFunction] = (),
        *,
        event_sources: Iterable[EventSourceMapping] = (),
        rules: Iterable[EventRule] = (),
        start_build: StartBuild = no_builds,
        region: str = "us-east-1",
        port: int = 0,
        secret_key: str = SECRET_KEY,
        patches: moto_patches.Patches = moto_patches.PATCHES,
    ) -> None:
        self.region = region
        self._secret_key = secret_key
        self.account_id = ACCOUNT_ID
        self.functions = FunctionRegistry(ACCOUNT_ID, region)
        self.functions.register(as_functions(functions))
        self.builds = BuildRunner(start_build)
        self.events = EventRouter(self.functions, self._start_execution, account_id=ACCOUNT_ID, region=region)
        self.events.add(rules)
        self._event_sources = list(event_sources)
        self._readers: list[StreamReader] = []
        self._schedules: list[ScheduleClock] = []
        self._port = port
        self._patches = patches
        self._server: LoopbackServer | None = None
        self._front: Front | None = None
        self._is_warming = False
        self._warm = threading.Event()
        self._interpreter_ready = False
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:{port}``. Raises RuntimeError before ``start``."""
        if self._server is None:
            raise RuntimeError("The emulated AWS isn't started.")
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make any AWS SDK talk to this server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": self._secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def start(self, *, warm_up: bool = True) -> EmulatedAws:
        """Serve, and warm up in the background, or later by ``warm_up``: it takes a second of the processor.

        Raises OSError when the port is taken, RuntimeError when one runs already.
        """
        global _running
        with _running_lock:
            if _running is not None:
                raise RuntimeError(f"An emulated AWS runs in this process already, at {_running.url}.")
            self._serve()
            _running = self
        for mapping in self._event_sources:
            self._read(mapping)
        if warm_up:
            self.warm_up()
        return self

    def warm_up(self) -> None:
        """Load in the background what the first execution would wait for."""
        self._is_warming = True
        threading.Thread(target=self._warm_up, name="emulated-aws-warm-up", daemon=True).start()

    def stop(self) -> None:
        """Abort what runs, stop the threads and forget all state. Stopping twice is harmless."""
        global _running
        if self._server is None:
            return
        if self._is_warming:
            self._warm.wait()
        status_events.publish_to(None)  # that everything is aborted now is nobody's event
        for schedule in self._schedules:
            schedule.stop()
        self._schedules.clear()
        for reader in self._readers:
            reader.stop()
        self._readers.clear()
        abort_all_executions()
        self.builds.stop()
        from cloud_local.aws import in_process

        in_process.forget(self._server.port)
        self._server.stop()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._server = self._front = None
        os.environ.pop("MOTO_PORT", None)
        self.reset()
        with _running_lock:
            if _running is self:
                _running = None

    def __enter__(self) -> EmulatedAws:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def client(self, service: str) -> Any:
        """A boto3 client for this server; one per service, as clients are thread-safe and slow to make."""
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self.url,
                    region_name=self.region,
                    aws_access_key_id=ACCESS_KEY,
                    aws_secret_access_key=self._secret_key,
                    config=Config(max_pool_connections=64, user_agent="cloud-local", retries={"total_max_attempts": 3}),
                )
            return self._clients[service]

    def add_event_sources(self, mappings: Iterable[EventSourceMapping]) -> None:
        """Deliver tables' streams from now on."""
        for mapping in mappings:
            self._event_sources.append(mapping)
            if self._server is not None:
                self._read(mapping)

    def add_rules(self, rules: Iterable[EventRule]) -> None:
        """Route events from now on. Raises ValueError for a pattern with an operator that isn't supported."""
        self.events.add(rules)

    def add_schedules(self, schedules: Iterable[Schedule]) -> None:
        """Call their functions at their rates from now on, until it is stopped."""
        for schedule in schedules:
            clock = ScheduleClock(schedule, self.functions, account_id=self.account_id, region=self.region)
            self._schedules.append(clock)
            clock.start()

    def wait_until_warm(self, timeout: float = 30.0) -> bool:
        """Whether the parser and the first backends are loaded; executions work before, the first one more slowly."""
        return self._warm.wait(timeout)

    def wait_until_delivered(self, timeout: float = 10.0) -> bool:
        """Whether every stream record and asynchronous call so far was handled within ``timeout`` seconds."""
        delivered = all(reader.wait_until_idle(timeout) for reader in self._readers)
        return self.functions.drain(timeout) and delivered

    def observe(self, service: str, observer: Observer) -> None:
        """Call ``observer`` with (operation, request body, response body) after each call of a service that succeeded.

        The service is named as in X-Amz-Target: DynamoDB, AWSStepFunctions or AWSEvents. Raises RuntimeError before ``start``.
        """
        if self._front is None:
            raise RuntimeError("The emulated AWS isn't started.")
        self._front.observers.setdefault(service, []).append(observer)

    def reset(self) -> None:
        """Forget every resource in every account."""
        from moto.core.base_backend import BackendDict, BaseBackend, backend_lock
        from moto.core.model_instances import reset_model_data

        with backend_lock:
            for backends in list(BackendDict._instances):
                for _, _, backend in list(backends.iter_backends()):
                    # moto makes every backend again before it drops it: IAM's parses some 1,600 policies. Only what has a
                    # reset of its own holds more than memory (S3's temporary files, Batch's threads).
                    if type(backend).reset is not BaseBackend.reset:
                        backend.reset()
                backends.clear()
            BackendDict._instances.clear()
        reset_model_data()

    def _serve(self) -> None:
        from moto.core.config import default_user_config

        default_user_config["stepfunctions"]["execute_state_machine"] = True
        default_user_config["lambda"]["use_docker"] = False
        default_user_config["batch"]["use_docker"] = False
        default_user_config["iam"]["load_aws_managed_policies"] = True
        # What a state machine's failure is about stands in its history; moto logs each one again, with the whole machine.
        logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        from cloud_local.aws import in_process
        from cloud_local.aws.front import Front
        from cloud_local.aws.http_server import LoopbackServer

        moto_patches.apply(moto_patches.SERVER, self._patches)
        self.reset()  # what another emulation of this process made, by another configuration
        self._front = Front(DomainDispatcherApplication(create_backend_app), self.functions, self._prepare)
        self._front.observers["DynamoDB"] = [self._note_write]
        self._front.observers["AWSEvents"] = [self.events.observe]
        self._server = LoopbackServer(self._front, self._port)
        os.environ["MOTO_PORT"] = str(
            self._server.port
        )  # where moto's own calls go: Lambda tasks, service integrations
        self._server.start()
        in_process.serve(self._server.port, self._front)

    def _prepare(self, service: str) -> None:
        moto_patches.apply(service, self._patches)
        if service == "AWSStepFunctions" and not self._interpreter_ready:
            codebuild.install(self.builds)
            status_events.publish_to(self.events.publish)
            self._interpreter_ready = True

    def _note_write(self, operation: str, *_: bytes) -> None:
        if operation in WRITES:
            for reader in self._readers:
                reader.notify()

    def _read(self, mapping: EventSourceMapping) -> None:
        assert self._front is not None  # noqa: S101 - started
        reader = StreamReader(
            mapping, self.functions, moto_reader(self._front.dynamodb_lock, self.account_id, self.region)
        )
        self._readers.append(reader)
        reader.start()

    def _start_execution(self, arn: str, name: str, execution_input: str) -> None:
        client = self.client("stepfunctions")
        try:
            client.start_execution(stateMachineArn=arn, name=name, input=execution_input)
        except client.exceptions.ExecutionAlreadyExists:
            _logger.info("The event's execution %s was started before.", name)

    def _warm_up(self) -> None:
        """Load what the first execution would wait for: the interpreter, ANTLR's prediction tables, the first backends."""
        try:
            self.client("dynamodb").list_tables()
            self.client("stepfunctions").list_state_machines()
            from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

            AmazonStateLanguageParser.parse(json.dumps(_WARM_UP_DEFINITION))
        except Exception:
            _logger.exception("The emulated AWS could not warm up; the first execution will be slow.")
        finally:
            self._warm.set()


_running: EmulatedAws | None = None
_running_lock = threading.Lock()
