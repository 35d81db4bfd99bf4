"""Every template that ships, and a new stack, deployed for real in local mode. The default one has a test of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.cli_harness import Shell
from tests.stacks.test_templates import NAMES, STACKS

pytestmark = [pytest.mark.xdist_group("templates"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def local_mode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("users"), tmp_path_factory.mktemp("home"))
    started = shell("local", "start", "--stand-in")
    assert started.code == 0, started.err
    yield shell
    shell("local", "stop")


def statuses(shell: Shell) -> dict[str, str]:
    status = shell("status", "--json").json()
    return {
        stack["stack"]: stack["status"] for environment in status["environments"] for stack in environment["stacks"]
    }


@pytest.mark.parametrize("name", [name for name in NAMES if name != "default"])
def test_every_stack_of_a_template_is_deployed_and_destroyed(local_mode: Shell, name: str) -> None:
    folder = local_mode.folder / name
    shell = local_mode.in_folder(folder.parent)
    made = shell("init", name, "--org", "acme", "--project", "shop", "--template", name)
    assert made.code == 0, made.err
    shell = local_mode.in_folder(folder)
    assert shell("validate").err == ""
    deployed = shell("deploy", "--yes")
    assert deployed.code == 0, deployed.err
    assert statuses(shell) == dict.fromkeys(STACKS[name], "deployed")
    destroyed = shell("destroy", "--yes")
    assert destroyed.code == 0, destroyed.err
    assert statuses(shell) == dict.fromkeys(STACKS[name], "destroyed")


def test_a_custom_template_with_a_new_stack_deploys_at_once(local_mode: Shell) -> None:
    """A stack is written, registered and deployed; its deployment becomes a template, which makes another deployment."""
    folder = local_mode.folder / "house"
    folder.mkdir()
    shell = local_mode.in_folder(folder)
    assert shell("init", "--org", "acme", "--project", "shop", "--template", "minimal", "--id", "D1HOUSE").code == 0
    made = shell("new-stack", "orders", "--depends-on", "network")
    assert made.code == 0, made.err
    assert shell("validate").err == ""
    deployed = shell("deploy", "--stack", "orders", "--yes")
    assert deployed.code == 0, deployed.err
    assert statuses(shell) == {"network": "deployed", "orders": "deployed"}
    assert shell("stack-outputs", "orders", "parameterName").out == "/shop-d1house-dev-orders-example\n"
    again = shell("deploy", "--stack", "orders", "--yes")
    assert again.code == 0, again.err
    assert statuses(shell) == {"network": "unchanged", "orders": "unchanged"}

    assert shell("template-create", "house", "--from", "D1HOUSE").code == 0
    made = shell("init", "--org", "acme", "--project", "other", "--template", "house", "--id", "D1OTHER")
    assert made.code == 0, made.err
    other = shell("deploy", "D1OTHER", "--stack", "orders", "--yes")
    assert other.code == 0, other.err
    assert (
        shell("stack-outputs", "orders", "parameterName", "-d", "D1OTHER").out == "/other-d1other-dev-orders-example\n"
    )
    for deployment in ("D1HOUSE", "D1OTHER"):
        assert shell("destroy", deployment, "--yes").code == 0
