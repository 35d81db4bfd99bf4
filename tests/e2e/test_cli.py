"""The command line against a whole local mode: deploy, fail, destroy, detach, watch, interrupt."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli_harness import WAIT_SECONDS, Shell, add_project, read_until

pytestmark = pytest.mark.xdist_group("cli-local-mode")

FAILING = {
    "network": {"script": {"seconds": 0.2, "resources": 3, "outputs": {"vpcId": "vpc-1"}}},
    "orders": {"dependencies": ["network"], "script": {"error": "program-failed", "message": "no table"}},
    "invoices": {"dependencies": ["orders"]},
    "security": {"dependencies": ["network"], "script": {"seconds": 0.3}},
    "storage": {"dependencies": ["security"], "script": {"seconds": 0.2}},
}
SLOW = {"network": {"script": {"seconds": 30, "resources": 60}}, "after": {"dependencies": ["network"]}}


@pytest.fixture(scope="module")
def local_mode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("users"), tmp_path_factory.mktemp("home"))
    started = shell("local", "start", "--scripted")
    assert started.code == 0, started.err
    assert "state lives as long as the process" in started.out
    yield shell
    assert shell("local", "stop").code == 0


@pytest.fixture
def make_project(local_mode: Shell, request: pytest.FixtureRequest) -> Callable[..., Shell]:
    """A deployment of its own for every test: its id is made of the test's name, so that it never repeats."""

    def make(stacks: dict[str, Any], **manifest: Any) -> Shell:
        number = abs(hash(request.node.nodeid)) % 36**6
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        deployment_id = "D" + "".join(digits[number // 36**place % 36] for place in range(6))
        return local_mode.in_folder(add_project(local_mode.folder, deployment_id, stacks, **manifest))

    return make


def id_of(shell: Shell) -> str:
    return shell.folder.name


def statuses(shell: Shell) -> dict[str, str]:
    environment = shell("status", "--json").json()["environments"][0]
    return {stack["stack"]: stack["status"] for stack in environment["stacks"]}


def test_a_second_local_mode_is_refused(local_mode: Shell) -> None:
    ran = local_mode("local", "start", "--scripted", "--json")
    assert ran.code == 5
    assert ran.json()["code"] == "lock-held"
    assert local_mode("health", "--json").json()["status"] == "ok"


def test_a_deploy_tells_its_progress_then_what_changed_and_the_outputs(make_project: Callable[..., Shell]) -> None:
    shell = make_project({name: FAILING[name] for name in ("network", "security", "storage")})
    ran = shell("deploy", "--yes")
    assert ran.code == 0, ran.err
    assert "network deployed in" in ran.err
    assert re.search(r"✔  network +deployed +[\d.]+s  3 created\n", ran.out)
    assert "    vpcId  vpc-1\n" in ran.out
    journal = next(shell.folder.glob("deploy/*/operations.jsonl")).read_text().splitlines()
    assert [json.loads(line)["kind"] for line in journal] == ["deploy"]
    assert shell("stack-outputs", "network", "vpcId").out == "vpc-1\n"
    assert shell("outputs", "--json").json()["network"] == {"vpcId": "vpc-1"}
    assert id_of(shell) in shell("list").out
    assert shell("stack-outputs", "network", "nope").code == 4


def test_a_second_deploy_changes_nothing_and_predicts_from_the_first(make_project: Callable[..., Shell]) -> None:
    shell = make_project({"network": FAILING["network"]})
    assert shell("deploy", "--yes").code == 0
    plan = shell("plan", "--json").json()
    assert plan["critical_path_seconds"] > 0
    assert plan["layers"][0][0]["prediction"] == "unchanged"
    assert shell("deploy", "-y", "-q").code == 0
    assert statuses(shell) == {"network": "unchanged"}


def test_json_is_events_then_the_operation_and_nothing_else(make_project: Callable[..., Shell]) -> None:
    shell = make_project({"network": FAILING["network"]})
    *events, operation = shell("deploy", "--yes", "--json").lines()
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["data"]["terminal"] is True
    assert operation["state"] == "succeeded"
    assert [stack["status"] for stack in operation["stacks"]] == ["deployed"]


@pytest.mark.parametrize(("rule", "storage"), [("continue", "deployed"), ("stop", "skipped")])
def test_a_failing_stack_is_told_with_its_reason_what_it_blocked_and_the_next_command(
    make_project: Callable[..., Shell], rule: str, storage: str
) -> None:
    shell = make_project(FAILING)
    ran = shell("deploy", "--yes", "--on-failure", rule)
    assert ran.code == 1
    assert "invoices skipped: orders failed" in ran.err
    failed = ran.out.split("What failed\n")[1]
    assert failed.startswith("  orders\n    no table\n")
    assert "It blocked invoices" in failed
    assert re.search(rf"    cloud retry [0-9A-Z]{{26}} --deployment {id_of(shell)}\n", ran.out)
    found = statuses(shell)
    assert (found["orders"], found["invoices"], found["storage"]) == ("failed", "skipped", storage)


def test_previewed_deployed_broken_corrected_retried_and_compared(make_project: Callable[..., Shell]) -> None:
    """The way of a change: look first, deploy, mend what failed, go on with the rest, and see that nothing drifted."""
    shell = make_project({name: FAILING[name] for name in ("network", "orders", "invoices")})
    manifest = next(shell.folder.glob("deploy/*/manifest.yaml"))
    broken = manifest.read_text()
    manifest.write_text(broken.replace("error: program-failed", "error: ''"))

    previewed = shell("preview")
    assert previewed.code == 0, previewed.err
    assert "  ~  network   to deploy" in previewed.out
    assert "3 to create" in previewed.out
    assert shell("status", "--json").json()["environments"][0]["stacks"] == []

    manifest.write_text(broken)
    assert shell("deploy", "--yes").code == 1
    manifest.write_text(broken.replace("error: program-failed", "error: ''"))
    asked = shell("retry")
    assert asked.code == 2
    assert "orders (failed), invoices (skipped)" in asked.err or "invoices (skipped), orders (failed)" in asked.err
    retried = shell("retry", "--yes")
    assert retried.code == 0, retried.err
    assert "orders" in retried.out
    assert "network" not in retried.out
    assert statuses(shell) == {"network": "deployed", "orders": "deployed", "invoices": "deployed"}
    nothing = shell("retry", "--yes", "--json")
    assert (nothing.code, nothing.json()["code"]) == (5, "state")
    wrong = shell("retry", id_of(shell))
    assert (wrong.code, f"cloud retry --deployment {id_of(shell)}" in wrong.err) == (2, True)

    assert "as recorded" in shell("drift").out
    *_, refreshed = shell("refresh", "--yes", "--json").lines()
    assert (refreshed["kind"], refreshed["state"]) == ("refresh", "succeeded")
    journal = [json.loads(line)["kind"] for line in (manifest.parent / "operations.jsonl").read_text().splitlines()]
    assert journal == ["preview", "deploy", "deploy", "drift", "refresh"]


def test_a_destroy_takes_dependents_first_and_leaves_nothing(make_project: Callable[..., Shell]) -> None:
    shell = make_project({name: FAILING[name] for name in ("network", "security")})
    assert shell("deploy", "--yes").code == 0
    refused = shell("destroy")
    assert refused.code == 2
    assert f"cloud destroy {id_of(shell)} --yes" in refused.err
    assert statuses(shell) == {"network": "deployed", "security": "deployed"}
    planned = shell("plan", "--destroy", "--json").json()
    assert [[stack["stack"] for stack in layer] for layer in planned["layers"]] == [["security"], ["network"]]
    ran = shell("destroy", "--yes")
    assert ran.code == 0
    assert ran.err.index("security destroyed") < ran.err.index("network destroying")
    assert statuses(shell) == {"network": "destroyed", "security": "destroyed"}
    nothing = shell("destroy", "--yes")
    assert nothing.code == 0
    assert "Nothing to do." in nothing.err


def test_a_destroy_on_a_terminal_asks_for_the_id_and_a_wrong_one_does_nothing(
    make_project: Callable[..., Shell],
) -> None:
    shell = make_project({"network": {}})
    assert shell("deploy", "--yes").code == 0
    with shell.in_terminal("destroy") as terminal:
        terminal.read_until("Type the deployment id")
        terminal.type("D000000\n")
        assert terminal.end() == 1
    assert "Nothing was done." in terminal.text
    assert statuses(shell) == {"network": "deployed"}
    with shell.in_terminal("destroy") as terminal:
        terminal.read_until("Type the deployment id")
        terminal.type(f"{id_of(shell)}\n")
        assert terminal.end() == 0
    assert statuses(shell) == {"network": "destroyed"}


def test_a_deploy_on_a_terminal_asks_and_shows_a_live_picture(make_project: Callable[..., Shell]) -> None:
    shell = make_project({"network": {"script": {"seconds": 2, "resources": 8}}})
    with shell.in_terminal("deploy") as terminal:
        terminal.read_until(f"({id_of(shell)}) to dev, account 111111111111, us-east-1? [y/N] ")
        terminal.type("n\n")
        assert terminal.end() == 1
    with shell.in_terminal("deploy") as terminal:
        terminal.read_until("[y/N] ")
        terminal.type("y\n")
        terminal.read_until("Layer 1\x1b")
        terminal.read_until("creating ")
        assert terminal.end() == 0
    assert "━" in terminal.text


def test_detach_and_watch_to_the_end(make_project: Callable[..., Shell]) -> None:
    shell = make_project({"network": {"script": {"seconds": 2, "resources": 4}}})
    started = shell("deploy", "--yes", "--detach", "--json").json()
    assert started["state"] == "queued"
    ran = shell("watch", "--json")
    assert ran.code == 0
    *events, operation = ran.lines()
    assert events[0]["sequence"] == 1
    assert (operation["id"], operation["state"]) == (started["id"], "succeeded")
    again = shell("watch", "--operation", started["id"])
    assert again.code == 0
    assert "succeeded" in again.out


def test_cancel_ends_what_runs_and_starts_nothing_more(make_project: Callable[..., Shell]) -> None:
    shell = make_project(SLOW)
    with shell.running("deploy", "--yes") as deploying:
        read_until(deploying, "network deploying")
        assert shell("cancel").code == 0
        out, err = deploying.communicate(timeout=WAIT_SECONDS)
    assert deploying.returncode == 1
    assert "was cancelled" in out
    assert "cancels the operation" in err
    assert set(statuses(shell).values()) == {"cancelled"}
    repeated = shell("cancel")
    assert repeated.code == 4


def test_an_interrupt_without_a_terminal_detaches_and_the_operation_goes_on(make_project: Callable[..., Shell]) -> None:
    shell = make_project({"network": {"script": {"seconds": 3, "resources": 6}}})
    with shell.running("deploy", "--yes") as deploying:
        read_until(deploying, "network deploying")
        deploying.send_signal(signal.SIGINT)
        _, err = deploying.communicate(timeout=WAIT_SECONDS)
    assert deploying.returncode == 130
    assert "Detached; the deploy goes on." in err
    assert f"cloud watch {id_of(shell)} --operation" in err
    assert "Traceback" not in err
    assert shell("watch").code == 0


def test_an_interrupt_cancels_when_asked_to_and_the_end_is_awaited(make_project: Callable[..., Shell]) -> None:
    shell = make_project(SLOW)
    with shell.running("deploy", "--yes", "--on-interrupt", "cancel") as deploying:
        read_until(deploying, "network deploying")
        deploying.send_signal(signal.SIGINT)
        out, _ = deploying.communicate(timeout=WAIT_SECONDS)
    assert deploying.returncode == 130
    assert "was cancelled" in out
    assert set(statuses(shell).values()) == {"cancelled"}


def test_an_interrupt_on_a_terminal_asks_and_a_second_one_detaches(make_project: Callable[..., Shell]) -> None:
    shell = make_project(SLOW)
    with shell.in_terminal("deploy", "--yes") as terminal:
        terminal.read_until("creating ")
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until("[g]o on watching?")
        terminal.type("g\n")
        terminal.text = ""
        terminal.read_until("Layer 1")
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until("[g]o on watching?")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    assert "Detached" in terminal.text
    assert shell("cancel").code == 0
    assert shell("watch").code == 1


def test_a_second_operation_says_who_holds_the_environment(make_project: Callable[..., Shell]) -> None:
    shell = make_project(SLOW)
    first = shell("deploy", "--yes", "--detach", "--json").json()
    with shell.running("deploy", "--yes") as second:
        told = read_until(second, "queued: waits for")
        assert first["id"] in told
        assert shell("cancel", "--operation", first["id"]).code == 0
        read_until(second, "network deploying")
        second.send_signal(signal.SIGINT)
        second.communicate(timeout=WAIT_SECONDS)
    assert shell("cancel").code == 0
    assert shell("watch").code == 1


def test_a_malformed_manifest_is_exit_3_and_the_control_plane_never_hears_of_it(
    make_project: Callable[..., Shell],
) -> None:
    shell = make_project({"network": {"dependencies": ["nowhere"]}})
    ran = shell("deploy", "--yes", "--json")
    assert ran.code == 3
    assert ran.json()["problems"][0]["path"].startswith("stacks.network.dependencies")
    assert shell("status").code == 4


def test_what_programs_say_is_kept_and_can_do_nothing_to_the_terminal(make_project: Callable[..., Shell]) -> None:
    shell = make_project(
        {"network": {"script": {"log": ["\x1b]0;evil\x07[red]hello"]}}, "other": {"script": {"log": ["x"]}}}
    )
    assert shell("deploy", "--yes").code == 0
    ran = shell("logs", "--stack", "network")
    assert ran.out.endswith("info     network  [red]hello\n")
    assert [line["stack"] for line in shell("logs", "--json", "--since", "1h").lines()] in (
        ["network", "other"],
        ["other", "network"],
    )
    assert shell("logs", "--level", "error").out == ""


def test_logs_can_be_followed(make_project: Callable[..., Shell]) -> None:
    shell = make_project({"network": {"script": {"log": ["one", "two"]}}})
    assert shell("deploy", "--yes").code == 0
    with shell.running("logs", "--follow", "--json") as following:
        assert following.stdout is not None
        assert [json.loads(following.stdout.readline())["message"] for _ in range(2)] == ["one", "two"]
        following.send_signal(signal.SIGINT)
        _, told = following.communicate(timeout=WAIT_SECONDS)
    assert following.returncode == 130, told


def test_a_local_mode_that_was_stopped_is_gone_with_its_state(tmp_path: Path) -> None:
    shell = Shell(tmp_path, tmp_path / "home")
    assert shell("local", "start", "--scripted").code == 0
    assert shell("local", "status", "--json").json()["running"] is True
    assert shell("local", "stop").code == 0
    assert shell("local", "status", "--json").json()["running"] is False
    assert shell("health").code == 1


def test_a_deploy_that_needs_an_approval_waits_for_somebody_else(make_project: Callable[..., Shell]) -> None:
    environment = {"enabled": True, "account": "111111111111", "region": "us-east-1", "approval": "required"}
    shell = make_project({"network": {}}, environments={"dev": environment})
    contexts = Path(shell.environment["CLOUD_HOME"]) / "contexts"
    local = json.loads((contexts / "local.json").read_text())
    (contexts / "bob.json").write_text(json.dumps({**local, "user": "bob"}))
    with shell.running("deploy", "--yes") as deploying:
        read_until(deploying, "waits for an approval")
        own = shell("approve", "--json")
        assert (own.code, own.json()["code"]) == (6, "forbidden")
        assert shell("approve", "--context", "bob").code == 0
        deploying.communicate(timeout=WAIT_SECONDS)
    assert deploying.returncode == 0
    with shell.running("destroy", "--yes") as destroying:
        read_until(destroying, "waits for an approval")
        assert shell("reject", "--context", "bob").code == 0
        out, _ = destroying.communicate(timeout=WAIT_SECONDS)
    assert destroying.returncode == 1
    assert "Rejected by bob" in out
