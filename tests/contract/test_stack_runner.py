"""One suite for every StackRunner: scripted, the Automation API on the stand-in engine, and on the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.adapters.state_objects import pulumi_state
from cloud.client.programs import zip_program
from cloud.domain.errors import ConfigurationError, ProgramFailed, PulumiError, RunInterrupted, RunTimedOut, StackBusy
from cloud.domain.events import NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import Secret, Stop
from cloud.settings import Settings
from tests.contract.runner_scenarios import (
    NO_REAL_ENGINE,
    PASSWORD,
    Log,
    RunnerUnderTest,
    automation_runner,
    memory_runner,
    never,
    real_engine_root,
    zipped,
)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The stand-in engine's root, and the environment in which it finds its fork server (which makes it fast)."""
    from cloud_local.pulumi import install
    from cloud_local.pulumi.fork_server_process import ForkServerProcess

    root = tmp_path_factory.mktemp("engine")
    install(root)
    with ForkServerProcess(root / "fork.socket") as server:
        yield str(root), server.environment()


@pytest.fixture(
    params=["memory", "stand-in", pytest.param("real", marks=pytest.mark.real_pulumi)],
)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> RunnerUnderTest:
    """The runner under test."""
    if request.param == "memory":
        return memory_runner()
    if request.param == "real":
        root = real_engine_root()
        if root is None:
            pytest.skip(NO_REAL_ENGINE)
        return automation_runner("real", root, {}, tmp_path)
    return automation_runner("stand-in", *request.getfixturevalue("stand_in"), tmp_path)


def test_a_stack_is_deployed_found_unchanged_and_destroyed(it: RunnerUnderTest) -> None:
    deployed = it.runner.run(it.request("boxes"), Log(), never)
    again = it.runner.run(it.request("boxes", secrets_provider=deployed.secrets_provider), Log(), never)
    destroyed = it.runner.run(it.request("boxes", OperationKind.DESTROY, program=b""), Log(), never)

    assert deployed.changes == {"create": 2}
    assert deployed.resource_count == 2
    assert deployed.outputs == {"vpcId": "vpc-1", "zones": ["a", "b", None, 2.5, True], "token": Secret(PASSWORD)}
    assert deployed.secrets_provider.encryption_salt
    assert deployed.seconds >= deployed.program_seconds >= 0
    assert again.changes == {"same": 2}
    assert again.outputs == deployed.outputs
    assert again.secrets_provider == deployed.secrets_provider
    assert destroyed.changes == {"delete": 2}
    assert destroyed.resource_count == 0
    assert destroyed.outputs == {}


def test_a_run_tells_of_every_resource_in_order_and_in_batches(it: RunnerUnderTest) -> None:
    log = Log()
    it.runner.run(it.request("boxes"), log, never)

    told = log.of("stack.resource")
    assert all(0 < len(batch) <= 50 for batch in log.batches)
    assert {data["stack"] for data in told} == {"boxes"}
    assert {data["op"] for data in told} == {"create"}
    for name in {data["name"] for data in told}:
        assert [data["state"] for data in told if data["name"] == name] == ["started", "done"]
    assert [data["done"] for data in told if data["state"] == "done"] == [1, 2]
    assert all(data["urn"].endswith(f"::{data['type']}::{data['name']}") for data in told)


def test_no_event_message_or_result_shows_a_secret(it: RunnerUnderTest) -> None:
    log = Log()
    result = it.runner.run(it.request("boxes"), log, never)
    with pytest.raises(ProgramFailed) as failed:
        it.runner.run(it.request("raises"), log, never)

    messages = [data["message"] for data in log.of("log.created")]
    assert any("the password is" in message and "[secret]" in message for message in messages)
    assert PASSWORD not in f"{log.events} {result} {failed.value} {failed.value.to_dict()}"


def test_a_program_that_fails_is_told_by_its_message_and_what_was_done_is_kept(it: RunnerUnderTest) -> None:
    with pytest.raises(ProgramFailed, match="no such CIDR") as failed:
        it.runner.run(it.request("raises"), Log(), never)
    left = (
        it.runner.run(it.request("raises", OperationKind.DESTROY, program=b""), Log(), never)
        if it.name != "memory"
        else None
    )

    assert failed.value.ids["stack"] == "raises"
    assert failed.value.ids["deployment_id"] == "D1BRV40"
    assert "Traceback" not in failed.value.message
    if left is not None:
        assert left.changes == {"delete": 2}


def test_a_preview_changes_nothing_and_shows_the_outputs_that_are_known(it: RunnerUnderTest) -> None:
    log = Log()
    preview = it.runner.run(it.request("boxes", OperationKind.PREVIEW), log, never)

    assert preview.changes == {"create": 2}
    assert preview.resource_count == 0
    assert preview.outputs == {"vpcId": "vpc-1", "zones": ["a", "b", None, 2.5, True]}
    assert (preview.secret_outputs, preview.unknown_outputs) == (("token",), ())
    told = {(data["urn"], data["op"], data["type"], data["name"]) for data in log.of("stack.resource")}
    assert [(step.urn, step.op, step.type, step.name) for step in preview.steps] == sorted(told)


def test_only_a_preview_plans_steps_and_of_a_stack_as_it_should_be_it_plans_none(it: RunnerUnderTest) -> None:
    deployed = it.runner.run(it.request("boxes"), Log(), never)
    again = it.runner.run(it.request("boxes", OperationKind.PREVIEW), Log(), never)

    assert (deployed.steps, deployed.secret_outputs) == ((), ())
    assert (again.steps, again.changes) == ((), {"same": 2})


def test_a_refresh_keeps_what_is_as_it_was(it: RunnerUnderTest) -> None:
    deployed = it.runner.run(it.request("boxes"), Log(), never)
    refreshed = it.runner.run(it.request("boxes", OperationKind.REFRESH), Log(), never)

    assert refreshed.changes == {"same": 2}
    assert refreshed.outputs == deployed.outputs


def test_destroying_a_stack_that_is_not_there_is_no_error(it: RunnerUnderTest) -> None:
    result = it.runner.run(it.request("boxes", OperationKind.DESTROY, program=b""), Log(), never)

    assert result.changes == {}
    assert result.resource_count == 0


def test_a_run_that_takes_too_long_is_ended(it: RunnerUnderTest) -> None:
    with pytest.raises(RunTimedOut, match="took longer than 5 seconds") as ended:
        it.runner.run(it.request("hangs", timeout_seconds=5.0), Log(), never)

    assert ended.value.ids["stack"] == "hangs"


def test_a_run_that_is_asked_to_stop_stops(it: RunnerUnderTest) -> None:
    asked = []

    def should_stop() -> bool:
        asked.append(threading.get_ident())
        return len(asked) > 3

    with pytest.raises(RunInterrupted):
        it.runner.run(it.request("hangs"), Log(), should_stop)

    # It is asked until the run has ended, so that a caller who keeps a claim alive in it doesn't lose it before that.
    assert len(asked) >= 4
    assert set(asked) == {threading.get_ident()}


@pytest.mark.parametrize("wishes", [(Stop.KILL,), (Stop.INTERRUPT, Stop.KILL)])
def test_a_run_that_is_killed_ends_at_once_and_its_stack_can_be_run_again(
    it: RunnerUnderTest, wishes: tuple[Stop, ...]
) -> None:
    log = Log()
    left = iter(wishes)

    def should_stop() -> Stop:
        # Nothing is asked of it before the program runs; it hangs, and wouldn't hear of an interrupt for an hour.
        return next(left, Stop.KILL) if log.of("log.created") else Stop.NO

    with pytest.raises(RunInterrupted):
        it.runner.run(it.request("deaf", grace_seconds=3600.0), log, should_stop)

    request = replace(it.request("boxes"), pulumi_stack=it.request("deaf").pulumi_stack)
    assert it.runner.run(request, Log(), never).changes == {"create": 2}


def test_an_interrupted_stack_can_be_run_again_at_once(it: RunnerUnderTest) -> None:
    with pytest.raises(RunTimedOut):
        it.runner.run(it.request("hangs", timeout_seconds=4.0), Log(), never)

    request = replace(it.request("boxes"), pulumi_stack=it.request("hangs").pulumi_stack)
    assert it.runner.run(request, Log(), never).changes == {"create": 2}


class Disk(Exception):
    """What the caller's side fails with."""


def test_a_caller_that_cannot_take_events_ends_the_run_and_hears_of_it(it: RunnerUnderTest) -> None:
    def emit(events: Sequence[NewEvent]) -> None:
        raise Disk("full")

    with pytest.raises(Disk, match="full"):
        it.runner.run(it.request("boxes"), emit, never)


def test_a_caller_that_cannot_say_whether_to_stop_ends_the_run_and_hears_of_it(it: RunnerUnderTest) -> None:
    def should_stop() -> bool:
        raise Disk("unreadable")

    with pytest.raises(Disk, match="unreadable"):
        it.runner.run(it.request("hangs"), Log(), should_stop)


def test_a_second_run_of_a_stack_that_is_being_run_is_refused(it: RunnerUnderTest) -> None:
    log = Log()
    refused: list[StackBusy] = []

    def start_another() -> bool:
        if not log.events:  # the program isn't running yet, so Pulumi may not have its lock
            return False
        if refused:  # asked again while it ends
            return True
        with pytest.raises(StackBusy) as busy:
            it.runner.run(it.request("hangs"), Log(), never)
        refused.append(busy.value)
        return True

    with pytest.raises(RunInterrupted):
        it.runner.run(it.request("hangs"), log, start_another)

    assert [error.ids["stack"] for error in refused] == ["hangs"]


@pytest.mark.parametrize("kind", [OperationKind.DEPLOY, OperationKind.PREVIEW, OperationKind.ROLLBACK])
def test_without_a_program_nothing_can_be_deployed(it: RunnerUnderTest, kind: OperationKind) -> None:
    with pytest.raises(ConfigurationError, match="no program"):
        it.runner.run(it.request("boxes", kind, program=b""), Log(), never)


def test_a_program_imports_what_was_packed_with_it_and_leaves_a_state_with_an_etag(
    stand_in: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    program, shared = tmp_path / "stacks" / "network", tmp_path / "shared" / "naming"
    for folder in (program, shared):
        folder.mkdir(parents=True)
    (program / "Pulumi.yaml").write_text("name: network\nruntime: python\n")
    (program / "__main__.py").write_text(
        "import pulumi\nfrom shared.naming import names\npulumi.export('bucket', names.BUCKET)\n"
    )
    (shared / "names.py").write_text("BUCKET = 'shop-bucket'\n")
    it = automation_runner("stand-in", *stand_in, tmp_path)
    assert it.settings is not None
    state = pulumi_state(Settings(backend_url=it.settings.backend_url))
    request = it.request_for(zip_program(program, name="network", include={"shared/naming": shared}))

    etags = [state.etag(request.project, request.pulumi_stack)]
    for _ in range(2):
        assert it.runner.run(request, Log(), never).outputs == {"bucket": "shop-bucket"}
        etags.append(state.etag(request.project, request.pulumi_stack))

    assert etags[0] == ""
    assert "" not in etags[1:]
    assert etags[1] != etags[2], "every update writes the state, also one that changes nothing"


def test_the_lock_that_a_dead_run_left_is_freed_and_freeing_it_again_is_harmless(it: RunnerUnderTest) -> None:
    """``free_lock`` needs no program; whoever calls it has proved that the run is dead."""
    request = it.request("boxes")
    deployed = it.runner.run(request, Log(), never)
    again = replace(request, secrets_provider=deployed.secrets_provider)
    if it.settings is not None:
        folder = Path(it.settings.backend_url.removeprefix("file://"), ".pulumi/locks/organization/ecommerce")
        lock = folder / request.pulumi_stack / "11111111-2222-3333-4444-555555555555.json"
        lock.parent.mkdir(parents=True, exist_ok=True)
        holder = {"pid": 1, "username": "dead", "hostname": "gone", "timestamp": "2025-01-01T00:00:00Z"}
        lock.write_text(json.dumps(holder), encoding="utf-8")
        with pytest.raises(StackBusy):
            it.runner.run(again, Log(), never)
    for _ in range(2):
        it.runner.free_lock("ecommerce", request.pulumi_stack)
    assert it.runner.run(again, Log(), never).changes == {"same": 2}


def test_a_lock_of_a_stack_that_is_not_there_is_an_error_of_pulumis_or_nothing(it: RunnerUnderTest) -> None:
    if it.settings is None:
        it.runner.free_lock("ecommerce", "D1BRV40-nothing-dev")
        return
    with pytest.raises(PulumiError, match="D1BRV40-nothing-dev could not be freed") as refused:
        it.runner.free_lock("ecommerce", "D1BRV40-nothing-dev")
    assert "a passphrase of this test" not in refused.value.message


FILE_ON_DISK = """
from pathlib import Path
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

class FileProvider(ResourceProvider):
    def create(self, props):
        Path(props["path"]).write_text(props["text"])
        return CreateResult(props["path"], props)

    def read(self, id_, props):
        return ReadResult(id_, {**props, "text": Path(id_).read_text()})

    def diff(self, id_, olds, news):
        return DiffResult(changes=olds["text"] != news["text"])

    def update(self, id_, olds, news):
        Path(id_).write_text(news["text"])
        return UpdateResult(news)

class File(Resource):
    def __init__(self, name, path, text):
        super().__init__(FileProvider(), name, {"path": path, "text": text})

File("notes", config.require("path"), "as the program wants it")
"""


def test_what_was_changed_by_hand_is_found_and_mended_by_a_deploy_that_reads_first(
    stand_in: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    it, file = automation_runner("stand-in", *stand_in, tmp_path), tmp_path / "notes.txt"
    request = it.request_for(zipped(FILE_ON_DISK), config={"ecommerce:path": str(file)})
    it.runner.run(request, Log(), never)
    file.write_text("changed by hand")

    assert it.runner.run(request, Log(), never).changes == {"same": 1}
    assert file.read_text() == "changed by hand", "Pulumi compares the program with its state alone"
    assert it.runner.run(replace(request, refresh=True), Log(), never).changes == {"update": 1}
    assert file.read_text() == "as the program wants it"
    assert it.runner.run(replace(request, refresh=True), Log(), never).changes == {"same": 1}
