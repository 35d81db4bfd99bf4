"""The stages of an operation one by one: what each refuses, repeats and leaves behind."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import (
    AuthError,
    ConfigurationError,
    NotFound,
    RunInterrupted,
    StackBusy,
    StateError,
    Throttled,
)
from cloud.domain.operations import OperationKind, OperationOptions, Selection
from cloud.domain.records import EnvironmentLock, LockTicket, StackRecord
from cloud.domain.states import DeploymentStatus, StackStatus, TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.await_dependencies import await_dependencies
from cloud.service.cancel_operation import cancel_operation, running_operation
from cloud.service.confirm_plan import confirm_plan
from cloud.service.environments import end_status, propose_status, set_status
from cloud.service.evaluate_outcome import evaluate_outcome
from cloud.service.finish_operation import finish_abandoned, finish_operation
from cloud.service.plan_deployment import plan_deployment
from cloud.service.prepare_stack import SKIPPED, prepare_stack
from cloud.service.record_stack import MAX_OUTPUT_BYTES, record_stack
from cloud.service.request_approval import decide, request_approval
from cloud.service.results import result_name
from cloud.service.run_stack import CANCEL_CHECK_SECONDS, run_stack
from cloud.service.settle_stacks import settle_stacks
from tests.unit.service.machine import Crash, Fuse, Machine, fused, run
from tests.unit.service.scene import ME, Scene

CHAIN = {"network": [], "app": ["network"]}
APPROVAL = {"approval": "required"}


def planned(scene: Scene, **manifest: Any) -> str:
    """An operation that is planned; gives its id."""
    scene.manifest(CHAIN, **manifest)
    operation = scene.opened()
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    return operation.id


def confirmed(scene: Scene, **manifest: Any) -> str:
    """An operation that runs."""
    operation_id = planned(scene, **manifest)
    scene.workflow.open_task("acquire")
    acquire_environment(scene.platform, scene.deployment_id, operation_id, "acquire")
    confirm_plan(scene.platform, scene.deployment_id, operation_id)
    return operation_id


def begun(scene: Scene, stack: str = "network", **manifest: Any) -> str:
    """An operation of which one stack is prepared."""
    operation_id = confirmed(scene, **manifest)
    prepare_stack(scene.platform, scene.deployment_id, operation_id, stack, go=True)
    return operation_id


def run_it(scene: Scene, operation_id: str, stack: str = "network", seconds: float = 800.0) -> dict[str, Any]:
    return run_stack(
        scene.platform, scene.deployment_id, operation_id, stack, remaining_seconds=lambda: seconds, monotonic=ticks()
    )


def ticks() -> Any:
    """A clock on which every look is later than the pause between two questions."""
    moments = iter(range(10_000))
    return lambda: next(moments) * 2 * CANCEL_CHECK_SECONDS


# -- plan, approval


def test_a_plan_is_kept_with_its_digest_and_told(scene: Scene) -> None:
    operation_id = planned(scene)
    plan = scene.stores.artifacts.get_record(scene.deployment_id, operation_id, "plan.json")
    assert scene.operation(operation_id).plan_digest == plan["digest"]
    assert ([["network"], ["app"]],) in scene.told(operation_id, "layers")
    assert scene.status() == "planned"


def test_an_operation_that_runs_is_not_planned_again(scene: Scene) -> None:
    operation_id = confirmed(scene)
    with pytest.raises(StateError, match="running already"):
        plan_deployment(scene.platform, scene.deployment_id, operation_id)
    assert scene.status() == "deploying"


def test_a_plan_that_fails_leaves_the_environment_as_it_was(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.opened(selection=Selection(only=("nowhere",)))
    with pytest.raises(NotFound, match="nowhere"):
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
    caught = {"Error": "NotFound", "Cause": "nowhere"}
    finish_operation(scene.platform, scene.deployment_id, operation.id, state=None, caught=caught)
    assert scene.operation(operation.id).state is TaskState.FAILED
    assert scene.status() == "initialized"


def test_a_plan_that_needs_codebuild_is_refused_with_every_stack(scene: Scene) -> None:
    scene.manifest(CHAIN, stacks={name: {"executor": "codebuild"} for name in CHAIN})
    operation = scene.opened()
    with pytest.raises(ConfigurationError, match="CodeBuild") as caught:
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
    assert len(caught.value.problems) == 2


def test_the_policy_of_the_manifest_is_overridden_by_the_options(scene: Scene) -> None:
    scene.manifest(CHAIN, policy={"max_parallel": 3, "strict_layers": True})
    for options, wanted in (
        (None, (3, True)),
        (OperationOptions(max_parallel=2, strict_layers=False), (2, False)),
    ):
        operation = scene.opened(options=options)
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
        plan = scene.stores.artifacts.get_record(scene.deployment_id, operation.id, "plan.json")
        assert (plan["max_parallel"], plan["strict_layers"]) == wanted


def test_a_manifest_is_read_once_and_old_ones_are_forgotten(scene: Scene) -> None:
    for _ in range(40):
        scene.manifest(CHAIN)
        plan_deployment(scene.platform, scene.deployment_id, scene.opened().id)
    assert len(scene.platform.manifests) <= 33


def test_what_a_setting_refers_to_is_a_dependency(scene: Scene) -> None:
    scene.manifest({"network": [], "app": []})
    operation = scene.opened(options=OperationOptions(settings={"vpc": "{{stack.network.id}}"}))
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    assert ([["network"], ["app"]],) in scene.told(operation.id, "layers")


def asked(scene: Scene) -> str:
    operation_id = planned(scene, environment=APPROVAL)
    scene.workflow.open_task("approve")
    request_approval(scene.platform, scene.deployment_id, operation_id, "approve")
    return operation_id


def test_an_approval_is_asked_for_and_given_by_another(scene: Scene) -> None:
    operation_id = asked(scene)
    assert scene.status() == "awaiting_approval"
    with pytest.raises(AuthError, match="of their own"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller=ME)
    decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller="bob")
    assert scene.workflow.answers["approve"].output == {"approved_by": "bob"}
    assert ("bob",) in scene.told(operation_id, "approved_by")
    with pytest.raises(StateError, match="does not wait for an approval"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=False, caller="bob")


def test_a_rejection_ends_the_operation_and_says_who(scene: Scene) -> None:
    operation_id = asked(scene)
    decide(scene.platform, scene.deployment_id, operation_id, approve=False, caller="bob")
    answer = scene.workflow.answers["approve"]
    assert (answer.error, answer.cause) == ("RunInterrupted", "Rejected by bob.")
    caught = {"Error": answer.error, "Cause": answer.cause}
    ended = finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=caught)
    assert (ended["state"], ended["message"], scene.status()) == ("cancelled", "Rejected by bob.", "cancelled")


def test_nothing_is_decided_for_what_runs_or_never_asked(scene: Scene) -> None:
    operation_id = planned(scene)
    with pytest.raises(StateError, match="does not wait for an approval"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller="bob")
    run_on = confirmed(Scene())
    assert run_on
    other = Scene()
    running = confirmed(other)
    with pytest.raises(StateError, match="it is running"):
        decide(other.platform, other.deployment_id, running, approve=True, caller="bob")
    with pytest.raises(StateError, match="running already"):
        request_approval(other.platform, other.deployment_id, running, "late")


def test_a_cancelled_operation_asks_for_nothing(scene: Scene) -> None:
    operation_id = planned(scene, environment=APPROVAL)
    cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    with pytest.raises(RunInterrupted):
        request_approval(scene.platform, scene.deployment_id, operation_id, "t")
    with pytest.raises(RunInterrupted):
        acquire_environment(scene.platform, scene.deployment_id, operation_id, "t")
    with pytest.raises(RunInterrupted):
        confirm_plan(scene.platform, scene.deployment_id, operation_id)


# -- acquire, confirm


def test_the_environment_goes_from_ticket_to_ticket(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first, second, third = (scene.opened().id for _ in range(3))
    for name in (first, second, third):
        scene.workflow.open_task(name)
        acquire_environment(scene.platform, scene.deployment_id, name, name)
    acquire_environment(scene.platform, scene.deployment_id, second, second)  # a repetition keeps its place
    assert set(scene.workflow.answers) == {first}
    assert running_operation(scene.platform, scene.deployment_id, "dev") == first
    assert ((first, ME, 2)) in scene.told(third, "waiting_for", "held_by", "position")
    caught = {"Error": "RunInterrupted", "Cause": "away"}
    finish_operation(scene.platform, scene.deployment_id, second, state=None, caught=caught)  # leaves the queue
    assert set(scene.workflow.answers) == {first}
    finish_operation(scene.platform, scene.deployment_id, first, state=None, caught=caught)
    assert set(scene.workflow.answers) == {first, third}
    finish_operation(scene.platform, scene.deployment_id, first, state=None, caught=caught)  # again: changes nothing
    assert running_operation(scene.platform, scene.deployment_id, "dev") == third
    finish_operation(scene.platform, scene.deployment_id, third, state=None, caught=caught)
    with pytest.raises(NotFound, match="Nothing runs in dev"):
        running_operation(scene.platform, scene.deployment_id, "dev")


def test_a_delivery_after_the_end_takes_no_lock(scene: Scene) -> None:
    operation_id = planned(scene)
    caught = {"Error": "RunInterrupted", "Cause": "away"}
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=caught)
    with pytest.raises(StateError, match="has ended"):
        acquire_environment(scene.platform, scene.deployment_id, operation_id, "late")
    assert not scene.lock_held()
    with pytest.raises(StateError, match="has ended"):
        confirm_plan(scene.platform, scene.deployment_id, operation_id)


def test_an_owner_whose_execution_is_gone_gives_way_to_whoever_comes(scene: Scene) -> None:
    first = confirmed(scene)
    scene.workflow.finish(scene.arn_of(first))
    second = scene.opened().id
    scene.workflow.open_task("second")
    acquire_environment(scene.platform, scene.deployment_id, second, "second")
    assert scene.workflow.answers["second"].output == {"acquired": True}
    assert scene.operation(first).state is TaskState.ERROR
    assert {scene.row(name).status for name in CHAIN} == {StackStatus.FAILED, StackStatus.CANCELLED}


def test_a_place_in_the_queue_that_nobody_waits_for_is_passed_on(scene: Scene) -> None:
    first = confirmed(scene)
    dead, third = scene.opened().id, scene.opened().id
    for name in (dead, third):
        scene.workflow.open_task(name)
        acquire_environment(scene.platform, scene.deployment_id, name, name)
    scene.workflow.finish(scene.arn_of(dead))
    finish_operation(scene.platform, scene.deployment_id, first, state=TaskState.SUCCEEDED, caught=None)
    assert scene.operation(dead).state is TaskState.ERROR
    assert scene.workflow.answers[third].output == {"acquired": True}


def test_an_execution_that_step_functions_has_forgotten_has_ended(scene: Scene) -> None:
    scene.manifest(CHAIN)
    ticket = LockTicket("01OLD", "arn:forgotten", "ann", 1, "")
    operation = scene.opened()
    scene.stores.operations.create(replace(operation, id="01OLD", execution_arn="arn:forgotten", version=0))
    scene.stores.operations.put_lock(EnvironmentLock(scene.deployment_id, "dev", owner=ticket, next_ticket=2))
    scene.workflow.open_task("t")
    acquire_environment(scene.platform, scene.deployment_id, operation.id, "t")
    assert scene.workflow.answers["t"].output == {"acquired": True}


def test_one_of_several_in_the_queue_heals_a_dead_owner_and_goes_on_waiting(scene: Scene) -> None:
    first = confirmed(scene)
    second, third = scene.opened().id, scene.opened().id
    scene.workflow.open_task("second")
    acquire_environment(scene.platform, scene.deployment_id, second, "second")
    scene.workflow.finish(scene.arn_of(first))
    acquire_environment(scene.platform, scene.deployment_id, third, "third")
    assert scene.workflow.answers["second"].output == {"acquired": True}
    assert (second, 1) in scene.told(third, "waiting_for", "position")


def test_confirming_writes_the_schedule_and_repeating_changes_nothing(scene: Scene) -> None:
    operation_id = confirmed(scene)
    payload = confirm_plan(scene.platform, scene.deployment_id, operation_id)
    assert payload["layers"] == [{"stacks": [{"stack": "network"}]}, {"stacks": [{"stack": "app"}]}]
    assert scene.told(operation_id, "state").count(("running",)) == 1
    assert scene.status() == "deploying"


def test_what_is_executed_is_what_the_first_delivery_confirmed(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert len(confirm_plan(scene.platform, scene.deployment_id, operation_id)["layers"]) == 2


def test_a_plan_that_changed_while_it_waited_is_replaced_or_refused(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    for environment in ({}, APPROVAL):
        scene.manifest(CHAIN, environment=environment)
        operation = scene.opened(OperationKind.DESTROY)
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
        gone = replace(scene.row("app"), status=StackStatus.DESTROYED, resource_count=0, program_digest="")
        scene.stores.stacks.put(gone)
        scene.workflow.open_task(operation.id)
        acquire_environment(scene.platform, scene.deployment_id, operation.id, operation.id)
        if environment:
            with pytest.raises(StateError, match="no longer what would run"):
                confirm_plan(scene.platform, scene.deployment_id, operation.id)
        else:
            assert len(confirm_plan(scene.platform, scene.deployment_id, operation.id)["layers"]) == 1
        finish_operation(scene.platform, scene.deployment_id, operation.id, state=TaskState.FAILED, caught=None)
        scene.stores.stacks.put(replace(scene.row("app"), status=StackStatus.DEPLOYED, resource_count=2))


def test_a_cancel_between_the_writes_of_confirm_plan_wins(scene: Scene) -> None:
    """The flag is raised after ConfirmPlan looked at it, and before it sets the operation running."""
    operation_id = planned(scene)
    operations = scene.stores.operations

    class Cancelling:
        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def create_schedule(self, *arguments: Any) -> None:
            operations.create_schedule(*arguments)
            cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")

    racing = replace(scene.platform, stores=replace(scene.stores, operations=Cancelling()))
    with pytest.raises(RunInterrupted):
        confirm_plan(racing, scene.deployment_id, operation_id)
    assert scene.operation(operation_id).state is TaskState.QUEUED


def test_two_that_confirm_at_once_agree(scene: Scene) -> None:
    operation_id = planned(scene)
    operations = scene.stores.operations

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def create_schedule(self, *arguments: Any) -> None:
            operations.create_schedule(*arguments)
            running = replace(operations.get(scene.deployment_id, operation_id), state=TaskState.RUNNING)
            operations.put(running)

    racing = replace(scene.platform, stores=replace(scene.stores, operations=Racing()))
    assert len(confirm_plan(racing, scene.deployment_id, operation_id)["layers"]) == 2


# -- cancel


def test_a_cancel_wakes_what_waits_and_is_one_however_often(scene: Scene) -> None:
    operation_id = confirmed(scene)
    scene.workflow.open_task("app")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "app", "app")
    for _ in range(2):
        cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    assert scene.workflow.answers["app"].output == {"go": False}
    assert scene.told(operation_id, "cancelled_by") == [("ops",)]


def test_what_is_to_be_cancelled_may_hold_nothing_yet(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    with pytest.raises(NotFound):
        running_operation(scene.platform, scene.deployment_id, "dev")
    waiting = scene.opened()
    assert running_operation(scene.platform, scene.deployment_id, "dev") == waiting.id
    with pytest.raises(NotFound):
        running_operation(scene.platform, scene.deployment_id, "prod")


def test_a_cancel_of_what_has_ended_gives_it_back(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    run(scene, operation.id)
    before = scene.events(operation.id)
    ended = cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    assert (ended.state, ended.cancel_requested) == (TaskState.SUCCEEDED, False)
    assert scene.events(operation.id) == before


def test_whoever_frees_the_environment_before_the_next_has_its_token_wakes_nobody(scene: Scene) -> None:
    first = confirmed(scene)
    second = scene.opened()
    lock = scene.stores.operations.get_lock(scene.deployment_id, "dev")
    ticket = LockTicket(second.id, second.execution_arn, ME, 2, "")
    scene.stores.operations.put_lock(replace(lock, queue=(ticket,), next_ticket=3))
    finish_operation(scene.platform, scene.deployment_id, first, state=TaskState.SUCCEEDED, caught=None)
    assert running_operation(scene.platform, scene.deployment_id, "dev") == second.id


def test_an_operation_whose_execution_has_one_more_step_to_go_is_given_back(scene: Scene) -> None:
    operation_id = confirmed(scene)
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=TaskState.FAILED, caught=None)
    ended = cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    assert (ended.state, ended.cancel_requested) == (TaskState.FAILED, False)


def test_an_operation_that_was_refused_at_the_start_needs_no_cancel(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    scene.stores.operations.put(replace(scene.operation(operation.id), state=TaskState.ERROR))
    ended = cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    assert ended.state is TaskState.ERROR


def test_a_wake_up_that_a_dying_cancel_never_sent_is_sent_by_the_next_record(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.workflow.open_task("app")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "app", "app")
    from cloud.domain import schedule as scheduler
    from cloud.service.scheduling import apply

    apply(scene.platform, scene.operation(operation_id), scheduler.CancelRequested())  # and dies
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert scene.workflow.answers["app"].output == {"go": False}


def test_a_cancel_after_the_last_stack_changes_nothing(scene: Scene) -> None:
    scene.manifest(CHAIN)
    machine = Machine(scene, random.Random(0))
    operation = scene.start()
    machine.execute({"operation_id": operation.id, "deployment_id": scene.deployment_id}, operation.id)
    finished = {"network", "app"}
    machine.advance(
        lambda: (
            finished <= {event.data.get("stack") for event in scene.events(operation.id) if event.data.get("changes")}
        )
    )
    cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    machine.finish()
    assert scene.operation(operation.id).state is TaskState.SUCCEEDED


# -- the stacks


def test_a_late_token_of_a_stack_that_has_ended_does_not_start_it_again(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    scene.workflow.open_task("late")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "network", "late")
    assert scene.workflow.answers["late"].output == {"go": False}


def test_what_is_not_to_go_is_skipped(scene: Scene) -> None:
    operation_id = confirmed(scene)
    assert prepare_stack(scene.platform, scene.deployment_id, operation_id, "app", go=False) == SKIPPED
    assert scene.stores.stacks.get(scene.deployment_id, "app", "dev") is None


def test_preparing_needs_a_program_and_no_cancel(scene: Scene) -> None:
    operation_id = confirmed(scene)
    document = scene.platform.manifests.popitem()
    scene.platform.manifests[document[0]] = replace(document[1], programs={})
    with pytest.raises(NotFound, match="no registered program"):
        prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    with pytest.raises(RunInterrupted):
        prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    with pytest.raises(RunInterrupted):
        run_it(scene, operation_id)


def test_a_stack_is_announced_once_however_often_it_is_prepared(scene: Scene) -> None:
    operation_id = begun(scene)
    prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    assert scene.told(operation_id, "stack", "status") == [("network", "deploying")]


def test_a_late_delivery_of_an_ended_operation_does_not_take_the_stack(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first = scene.start()
    run(scene, first.id)
    second = begun(scene)
    with pytest.raises(StateError, match="has ended"):
        record_stack(scene.platform, scene.deployment_id, first.id, "network", {"Error": "X", "Cause": ""})
    with pytest.raises(StateError, match="has ended"):
        prepare_stack(scene.platform, scene.deployment_id, first.id, "network", go=True)
    assert (scene.row("network").operation_id, scene.row("network").status) == (second, StackStatus.DEPLOYING)


def test_an_operation_that_waited_longer_records_its_stacks_all_the_same(scene: Scene) -> None:
    """Its id is older than that of the one which ran before it: only the lock says whose turn it is."""
    scene.manifest(CHAIN)
    older = scene.opened()
    run(scene, scene.start().id)
    scene.runner.scripts = {"network": Script(error="program-failed")}
    run(scene, older.id)
    assert scene.operation(older.id).state is TaskState.FAILED
    assert {name: scene.row(name).operation_id for name in CHAIN} == dict.fromkeys(CHAIN, older.id)
    assert scene.row("app").status is StackStatus.SKIPPED


def test_a_run_is_claimed_once(scene: Scene) -> None:
    operation_id = begun(scene)
    assert run_it(scene, operation_id) == {"create": 2}
    with pytest.raises(StackBusy):
        run_it(scene, operation_id)
    with pytest.raises(StackBusy):
        run_it(scene, operation_id, "app")
    assert scene.runner.ran == ["network"]


def test_a_run_gets_what_it_needs_and_not_more_time_than_its_executor(scene: Scene) -> None:
    operation_id = begun(scene, stacks={"network": {"timeout": "10m"}})
    run_it(scene, operation_id, seconds=100.0)
    (request,) = scene.runner.requests
    assert request.pulumi_stack == f"{scene.deployment_id}-network-dev"
    assert request.timeout_seconds == 100.0
    assert request.config["aws:region"] == "us-east-1"


def test_what_a_run_tells_is_stored_and_its_lines_are_in_the_log(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(log=("hello",))}
    run_it(scene, operation_id)
    (line,) = scene.stores.events.recent_lines(scene.deployment_id).items
    assert (line.message, line.stack, line.level, line.operation_id) == ("hello", "network", "info", operation_id)


@pytest.mark.parametrize("ends", [False, True])
def test_a_run_sees_that_it_is_cancelled_or_that_its_operation_has_ended(scene: Scene, ends: bool) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(seconds=60)}

    def end() -> float:
        if ends:
            finish_abandoned(scene.platform, scene.deployment_id, operation_id)
        else:
            cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
        return 800.0

    with pytest.raises(RunInterrupted):
        run_stack(
            scene.platform, scene.deployment_id, operation_id, "network", remaining_seconds=end, monotonic=ticks()
        )


def test_a_store_that_stumbles_does_not_end_a_run(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(seconds=5)}
    operations = scene.stores.operations
    errors: list[Exception] = [Throttled("slow down")]

    class Stumbling:
        asked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def get(self, deployment_id: str, operation_id: str) -> Any:
            self.asked += 1
            if self.asked > 1 and errors:
                raise errors.pop()
            return operations.get(deployment_id, operation_id)

    stumbling = Stumbling()
    platform = replace(scene.platform, stores=replace(scene.stores, operations=stumbling))

    def go() -> dict[str, Any]:
        return run_stack(
            platform,
            scene.deployment_id,
            operation_id,
            "network",
            remaining_seconds=lambda: 800.0,
            monotonic=ticks(),
        )

    assert go() == {"create": 2}
    scene.stores.stacks.put(replace(scene.row("network"), attempt=0))
    errors.append(NotFound("gone"))
    stumbling.asked = 0
    with pytest.raises(NotFound):
        go()


def test_a_result_counts_more_than_what_became_of_the_answer(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    caught = {"Error": "Lambda.Unknown", "Cause": "the function died after its last write"}
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    assert scene.row("network").status is StackStatus.DEPLOYED


def test_a_result_is_told_once_and_the_dependents_are_woken_again(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    scene.workflow.open_task("app")
    scene.stores.operations.put_token(scene.deployment_id, operation_id, "app", "app")
    # A repetition, with an error that the first delivery did not have: what stands, stands.
    caught = {"Error": "Lambda.Unknown", "Cause": ""}
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    assert scene.told(operation_id, "stack", "status") == [("network", "deploying"), ("network", "deployed")]
    assert scene.workflow.answers["app"].output == {"go": True}


def test_a_run_without_a_result_has_failed(scene: Scene) -> None:
    operation_id = begun(scene)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert (scene.row("network").status, scene.row("network").reason) == (
        StackStatus.FAILED,
        "The run ended without a result.",
    )
    assert scene.row("network").is_deployed is False  # it was never claimed


def test_a_run_that_died_half_way_has_left_something(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(error="program-failed", fail_after=1)}
    with pytest.raises(Exception, match="script says so"):
        run_it(scene, operation_id)
    caught = {"Error": "ProgramFailed", "Cause": "boom"}
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    assert scene.row("network").status is StackStatus.FAILED
    assert scene.row("network").is_deployed


def test_outputs_that_no_row_holds_fail_the_stack_and_keep_the_rest(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(outputs={"big": "x" * MAX_OUTPUT_BYTES})}
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    row = scene.row("network")
    assert (row.status, row.resource_count, row.outputs) == (StackStatus.FAILED, 2, {})
    assert row.error is not None
    assert row.error["code"] == "configuration"


def test_a_stack_that_another_operation_left_under_way_begins_again(scene: Scene) -> None:
    scene.manifest(CHAIN)
    left = StackRecord(scene.deployment_id, "network", "dev", "acme", StackStatus.DEPLOYING, "", operation_id="01OLD")
    scene.stores.stacks.put(left)
    operation = scene.start()
    run(scene, operation.id)
    assert scene.row("network").status is StackStatus.DEPLOYED


# -- the end


def outcome(scene: Scene, **manifest: Any) -> TaskState:
    scene.manifest(CHAIN, **manifest)
    operation = scene.start()
    run(scene, operation.id)
    return evaluate_outcome(scene.platform, scene.deployment_id, operation.id)


def test_the_outcome_follows_from_the_stacks(scene: Scene) -> None:
    assert outcome(scene) is TaskState.SUCCEEDED
    assert outcome(scene) is TaskState.COMPLETED  # nothing had changed
    scene.runner.scripts = {"app": Script(error="program-failed")}
    assert outcome(scene) is TaskState.FAILED
    scene.runner.scripts = {"app": Script(error="run-interrupted")}
    assert outcome(scene) is TaskState.CANCELLED


def test_what_never_ended_is_the_platforms_error(scene: Scene) -> None:
    operation_id = confirmed(scene)
    assert evaluate_outcome(scene.platform, scene.deployment_id, operation_id) is TaskState.ERROR


def test_an_end_without_reason_is_the_platforms_error(scene: Scene) -> None:
    operation_id = confirmed(scene)
    ended = finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=None)
    assert ended == {
        "operation_id": operation_id,
        "state": "error",
        "message": "The deploy ended with an error of the platform.",
    }
    assert scene.status() == "failed"


def test_a_map_that_broke_off_leaves_no_stack_under_way(scene: Scene) -> None:
    operation_id = begun(scene)
    caught = {"Error": "States.TaskFailed", "Cause": "RecordStack died"}
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=TaskState.ERROR, caught=caught)
    assert {name: scene.row(name).status for name in CHAIN} == {
        "network": StackStatus.FAILED,
        "app": StackStatus.CANCELLED,
    }
    assert scene.status() == "failed"
    assert not scene.lock_held()
    assert scene.told(operation_id, "terminal")[-1] == (True,)


def test_an_operation_that_broke_off_before_it_ran_leaves_the_stacks_alone(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    operation = scene.opened()
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    acquire_environment(scene.platform, scene.deployment_id, operation.id, "t")
    platform = fused(scene.platform, Fuse(1))
    with pytest.raises(Crash):
        confirm_plan(platform, scene.deployment_id, operation.id)  # dies with the schedule written
    caught = {"Error": "Lambda.Unknown", "Cause": ""}
    finish_operation(scene.platform, scene.deployment_id, operation.id, state=None, caught=caught)
    assert {name: scene.row(name).status for name in CHAIN} == dict.fromkeys(CHAIN, StackStatus.DEPLOYED)
    assert scene.status() == "failed"  # as its plan had left it to this operation


@pytest.mark.parametrize("error", [NotFound("gone"), Throttled("slow down")])
def test_a_stack_that_cannot_be_settled_does_not_lock_the_environment(scene: Scene, error: Exception) -> None:
    operation_id = begun(scene)
    artifacts = scene.stores.artifacts

    class Broken:
        def __getattr__(self, name: str) -> Any:
            return getattr(artifacts, name)

        def get_record(self, deployment_id: str, operation_id: str, name: str) -> Any:
            if name == result_name("network"):
                raise StateError("broken") if isinstance(error, NotFound) else error
            return artifacts.get_record(deployment_id, operation_id, name)

    platform = replace(scene.platform, stores=replace(scene.stores, artifacts=Broken()))
    operation = scene.operation(operation_id)
    if isinstance(error, Throttled):
        with pytest.raises(Throttled):  # the task is tried again
            settle_stacks(platform, operation)
    else:
        settle_stacks(platform, operation)
        assert scene.row("app").status is StackStatus.CANCELLED


def test_a_partial_destroy_leaves_the_environment_deployed(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    run(scene, scene.start(OperationKind.DESTROY, selection=Selection(only=("app",))).id)
    assert scene.status() == "deployed"
    run(scene, scene.start(OperationKind.DESTROY).id)
    assert scene.status() == "destroyed"


def test_an_operation_that_never_held_the_environment_leaves_its_status(scene: Scene) -> None:
    scene.manifest(CHAIN)
    refused = scene.opened(selection=Selection(only=("nowhere",)))
    running = confirmed(scene)
    caught = {"Error": "NotFound", "Cause": "nowhere"}
    finish_operation(scene.platform, scene.deployment_id, refused.id, state=None, caught=caught)
    assert scene.status() == "deploying"
    assert running_operation(scene.platform, scene.deployment_id, "dev") == running


def test_an_owner_that_is_refused_before_it_began_leaves_what_stands(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    waiting = scene.opened()
    scene.workflow.open_task("w")
    acquire_environment(scene.platform, scene.deployment_id, waiting.id, "w")
    caught = {"Error": "ConfigurationError", "Cause": "it can't be confirmed"}
    finish_operation(scene.platform, scene.deployment_id, waiting.id, state=None, caught=caught)
    assert scene.status() == "deployed"
    assert not scene.lock_held()


def test_the_status_of_an_environment_moves_along_its_table(scene: Scene) -> None:
    operation = scene.operation(confirmed(scene))
    propose_status(scene.platform, operation, DeploymentStatus.PLANNED)  # refused, and no error
    assert scene.status() == "deploying"
    set_status(scene.platform, operation, DeploymentStatus.DEPLOYED)
    end_status(scene.platform, operation, DeploymentStatus.FAILED)  # not from there
    assert scene.status() == "deployed"
    with pytest.raises(StateError):
        set_status(scene.platform, operation, DeploymentStatus.FAILED)
