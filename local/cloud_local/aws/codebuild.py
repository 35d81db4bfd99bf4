"""``codebuild:startBuild`` and ``.sync`` as a Step Functions task: moto knows neither.

A build is whatever the given ``StartBuild`` starts; local mode starts the project's build command as a process. The task
gets AWS's answer (``Build.Id``, ``Build.BuildStatus``); ``.sync`` waits for the end, fails with States.TaskFailed unless the
build SUCCEEDED, and stops the build when the task is stopped or out of time, as Step Functions does.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_POLL_SECONDS = 0.25
"""How long one wait for a build lasts before the task looks whether it was stopped."""
_RUNNING = "IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What the state machine asked for. ``environment`` holds EnvironmentVariablesOverride as names and values."""

    project_name: str
    environment: Mapping[str, str]
    parameters: Mapping[str, Any]


class Build(Protocol):
    """A build that was started."""

    def wait(self, seconds: float) -> str | None:
        """CodeBuild's final status (SUCCEEDED, FAILED, FAULT, TIMED_OUT, STOPPED), or None after ``seconds``."""
        ...

    def stop(self) -> None:
        """End it; harmless when it has ended."""
        ...


StartBuild = Callable[[BuildRequest], Build]


def no_builds(request: BuildRequest) -> Build:
    """The default: there is no such project."""
    raise LookupError(f"Project cannot be found: {request.project_name}")


@dataclass
class BuildRunner:
    """The builds of one emulated AWS, by id."""

    start_build: StartBuild
    _builds: dict[str, Build] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, parameters: Mapping[str, Any], account_id: str, region: str) -> dict[str, Any]:
        """Start a build and describe it as CodeBuild's StartBuild does."""
        overrides = parameters.get("EnvironmentVariablesOverride", ())
        environment = {variable["Name"]: variable["Value"] for variable in overrides}
        request = BuildRequest(parameters["ProjectName"], environment, parameters)
        build = self.start_build(request)
        identifier = f"{request.project_name}:{uuid.uuid4()}"
        with self._lock:
            self._builds[identifier] = build
        return {
            "Id": identifier,
            "Arn": f"arn:aws:codebuild:{region}:{account_id}:build/{identifier}",
            "ProjectName": request.project_name,
            "BuildStatus": _RUNNING,
        }

    def wait(self, identifier: str, seconds: float) -> str | None:
        status = self._builds[identifier].wait(seconds)
        if status is not None:
            with self._lock:
                self._builds.pop(identifier, None)
        return status

    def end(self, identifier: str) -> None:
        """Stop one build, if it still runs."""
        with self._lock:
            build = self._builds.pop(identifier, None)
        if build is not None:
            build.stop()

    def stop(self) -> None:
        """Stop every build."""
        for identifier in list(self._builds):
            self.end(identifier)


def install(runner: BuildRunner) -> None:
    """Teach moto's interpreter the task ``arn:aws:states:::codebuild:startBuild``, with the builds of ``runner``.

    moto's factory knows the service's name only to refuse it; ours is asked first.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory

    if not hasattr(state_task_factory, "state_task_service_for_moto"):
        state_task_factory.state_task_service_for_moto = state_task_factory.state_task_service_for
    task = _task_class(runner)

    def state_task_service_for(service_name: str) -> Any:
        return task() if service_name == "codebuild" else state_task_factory.state_task_service_for_moto(service_name)

    state_task_factory.state_task_service_for = state_task_service_for


def _task_class(runner: BuildRunner) -> type[Any]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callback,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition

    class StateTaskServiceCodeBuild(callback.StateTaskServiceCallback):  # type: ignore[misc]
        """One such task of a state machine. It is shared by concurrent iterations, so it holds no build itself."""

        def __init__(self) -> None:
            # moto's .sync loop releases a callback endpoint, which it makes only for tasks that also take tokens.
            super().__init__({ResourceCondition.Sync, ResourceCondition.WaitForTaskToken})

        def _get_supported_parameters(self) -> set[str] | None:
            if self.resource.api_action != "startBuild" or self.resource.condition not in (
                None,
                ResourceCondition.Sync,
            ):
                return None
            return {"ProjectName", "EnvironmentVariablesOverride", "BuildspecOverride", "TimeoutInMinutesOverride"}

        def _eval_service_task(
            self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], **_: Any
        ) -> None:
            part = resource_runtime_part
            try:
                build = runner.start(normalised_parameters, part.account, part.region)
            except LookupError as error:
                raise self._failed(env, "CodeBuild.ResourceNotFoundException", str(error)) from error
            env.stack.append({"Build": build})

        def _build_sync_resolver(self, env: Any, *_: Any, **__: Any) -> Callable[[], Any]:
            output = env.stack.pop()

            def wait() -> dict[str, Any] | None:
                status = runner.wait(output["Build"]["Id"], _POLL_SECONDS)
                if status is None:
                    return None
                ended = {"Build": {**output["Build"], "BuildStatus": status}}
                if status != "SUCCEEDED":
                    raise self._failed(env, "States.TaskFailed", json.dumps(ended))
                return ended

            wait.identifier = output["Build"]["Id"]  # type: ignore[attr-defined]
            return wait

        def _eval_sync(self, env: Any, sync_resolver: Any, *_: Any, **__: Any) -> Any:
            # Not moto's loop: it would sleep half a second between looks, and forget the build when the task is stopped.
            outcome = None
            try:
                while outcome is None and env.is_running():
                    outcome = sync_resolver()
            finally:
                if outcome is None:
                    runner.end(sync_resolver.identifier)
            return outcome

        def _failed(self, env: Any, error: str, cause: str) -> Exception:
            from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
            from moto.stepfunctions.parser.asl.component.common.error_name import custom_error_name, failure_event
            from moto.stepfunctions.parser.asl.component.common.error_name import states_error_name as states
            from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
                StatesErrorNameType,
            )
            from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

            failed = error == "States.TaskFailed"
            name = (
                states.StatesErrorName(StatesErrorNameType.StatesTaskFailed)
                if failed
                else custom_error_name.CustomErrorName(error)
            )
            details = TaskFailedEventDetails(
                resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type(), error=error, cause=cause
            )
            failure: Exception = failure_event.FailureEventException(
                failure_event.FailureEvent(
                    env=env,
                    error_name=name,
                    event_type=HistoryEventType.TaskFailed,
                    event_details=EventDetails(taskFailedEventDetails=details),
                )
            )
            return failure

    return StateTaskServiceCodeBuild
