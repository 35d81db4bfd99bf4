"""What the doors show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, StaleWrite
from cloud.service import queries
from cloud.service.acquire_environment import acquire_environment
from cloud.service.confirm_plan import confirm_plan
from cloud.service.init_deployment import init_deployment
from cloud.service.optimistic import until_fresh
from cloud.service.plan_deployment import plan_deployment
from cloud.service.upload_program import upload_program
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene

CHAIN = {"network": [], "app": ["network"]}


def test_an_operation_with_its_plan_and_its_stacks(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.opened()
    found = queries.get_operation(scene.platform, scene.deployment_id, operation.id)
    assert (found["plan"], found["stacks"], found["state"]) == (None, [], "queued")
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    found = queries.get_operation(scene.platform, scene.deployment_id, operation.id)
    assert {stack["stack"]: stack["status"] for stack in found["stacks"]} == dict.fromkeys(CHAIN, "pending")
    acquire_environment(scene.platform, scene.deployment_id, operation.id, "t")
    confirm_plan(scene.platform, scene.deployment_id, operation.id)
    status = queries.deployment_status(scene.platform, scene.deployment_id)
    (dev,) = status["environments"]
    assert {stack["stack"]: stack["status"] for stack in dev["stacks"]} == dict.fromkeys(CHAIN, "waiting")
    assert dev["held_by"] == operation.id


def test_the_status_after_a_failure_says_what_failed_and_what_it_blocked(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"network": Script(error="program-failed", message="boom")}
    operation = scene.start()
    run(scene, operation.id)
    (dev,) = queries.deployment_status(scene.platform, scene.deployment_id, "dev")["environments"]
    assert (dev["status"], dev["held_by"], dev["queue"], dev["operation"]["id"]) == ("failed", None, [], operation.id)
    stacks = {stack["stack"]: stack for stack in dev["stacks"]}
    assert stacks["network"]["error"]["message"] == "boom"
    assert stacks["app"]["blocked_by"] == "network"
    assert queries.stack_status(scene.platform, scene.deployment_id, "dev", "app") == stacks["app"]
    assert [item["stack"] for item in queries.stacks(scene.platform, scene.deployment_id)] == ["app", "network"]
    record = scene.stores.artifacts.get_record(scene.deployment_id, operation.id, "record.json")
    assert {item["stack"]: item["status"] for item in record["stacks"]} == {"network": "failed", "app": "skipped"}


def test_an_environment_to_which_nothing_was_done_yet(scene: Scene) -> None:
    scene.manifest(CHAIN)
    (dev,) = queries.deployment_status(scene.platform, scene.deployment_id)["environments"]
    assert (dev["status"], dev["operation"], dev["stacks"]) == ("initialized", None, [])


def test_outputs_by_stack(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"app": Script(outputs={"url": "x"})}
    run(scene, scene.start().id)
    assert queries.outputs(scene.platform, scene.deployment_id, "dev") == {"app": {"url": "x"}, "network": {}}
    assert queries.outputs(scene.platform, scene.deployment_id, "dev", "app") == {"app": {"url": "x"}}
    with pytest.raises(NotFound, match="no stack 'ap'"):
        queries.outputs(scene.platform, scene.deployment_id, "dev", "ap")
    with pytest.raises(NotFound, match="no stack 'ap'"):
        queries.stack_status(scene.platform, scene.deployment_id, "dev", "ap")
    with pytest.raises(NotFound, match="no environment 'prod'"):
        queries.outputs(scene.platform, scene.deployment_id, "prod")


def test_lists_page(scene: Scene) -> None:
    scene.manifest(CHAIN)
    ids = [scene.start().id for _ in range(3)]
    first = queries.list_operations(scene.platform, scene.deployment_id, limit=2, cursor="")
    rest = queries.list_operations(scene.platform, scene.deployment_id, limit=2, cursor=first["cursor"])
    assert [item["id"] for item in (*first["items"], *rest["items"])] == ids[::-1]
    assert rest["cursor"] == ""
    (item,) = queries.list_deployments(scene.platform, "acme", limit=10, cursor="")["items"]
    assert (item["id"], item["environments"]) == (scene.deployment_id, {"dev": "initialized"})


def test_log_lines_by_time_and_by_level(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"network": Script(log=("hello",))}
    run(scene, scene.start().id)
    for level in ("", "info"):
        (line,) = queries.log_lines(scene.platform, scene.deployment_id, since="", level=level, limit=5, cursor="")[
            "items"
        ]
        assert (line["message"], line["stack"], line["level"]) == ("hello", "network", "info")


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: queries.deployment_status(s.platform, "D999999"),
        lambda s: queries.stacks(s.platform, "D999999"),
        lambda s: queries.outputs(s.platform, "D999999", "dev"),
        lambda s: queries.list_operations(s.platform, "D999999", limit=1, cursor=""),
        lambda s: queries.log_lines(s.platform, "D999999", since="", level="", limit=1, cursor=""),
        lambda s: upload_program(s.platform, "D999999", "0" * 64),
    ],
)
def test_a_deployment_that_is_not_there(scene: Scene, ask: Callable[[Scene], object]) -> None:
    with pytest.raises(NotFound, match="D999999"):
        ask(scene)


def test_a_program_is_uploaded_once(scene: Scene) -> None:
    scene.deployment()
    digest = scene.stores.artifacts.put_program(b"zip")
    assert upload_program(scene.platform, scene.deployment_id, digest) == {"digest": digest, "exists": True, "url": ""}
    place = upload_program(scene.platform, scene.deployment_id, "0" * 64)
    assert not place["exists"]
    assert place["url"]


def test_an_id_is_given_or_drawn_and_is_unique(scene: Scene) -> None:
    init_deployment(scene.platform, org="acme", project="shop", deployment_id="D000001")
    drawn = init_deployment(scene.platform, org="acme", project="shop", tags={"a": "b"})
    assert (drawn.id, drawn.tags) == ("D000002", {"a": "b"})  # the first draw was taken
    with pytest.raises(AlreadyExists):
        init_deployment(scene.platform, org="acme", project="shop", deployment_id="D000001")
    for number in range(3, 9):
        init_deployment(scene.platform, org="acme", project="shop", deployment_id=f"D00000{number}")
    with pytest.raises(AlreadyExists):
        init_deployment(scene.platform, org="acme", project="shop")  # five draws, all taken


@pytest.mark.parametrize(
    "names", [{"org": "A"}, {"project": "x y"}, {"deployment_id": "d1"}], ids=["org", "project", "id"]
)
def test_a_name_that_is_none_is_refused(scene: Scene, names: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        init_deployment(
            scene.platform,
            org=names.get("org", "acme"),
            project=names.get("project", "shop"),
            deployment_id=names.get("deployment_id", ""),
        )


def test_a_lost_race_is_run_again_but_not_for_ever() -> None:
    left = [StaleWrite("x"), StaleWrite("y")]

    def attempt() -> int:
        if left:
            raise left.pop()
        return 7

    assert until_fresh(attempt) == 7
    left[:] = [StaleWrite(str(number)) for number in range(3)]
    with pytest.raises(StaleWrite):
        until_fresh(attempt, attempts=3)
