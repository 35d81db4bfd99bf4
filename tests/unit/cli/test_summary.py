"""The end of an operation, as people see it."""

import io
from typing import Any

import pytest

from cloud.domain.errors import CloudError, ConfigurationError, PendingOperations, ProgramFailed
from cloud_cli.running import exit_code_of
from cloud_cli.summary import render_outputs, render_summary
from cloud_cli.tables import render_deployments, render_log_line, render_status
from cloud_cli.terminal import make_console
from cloud_cli.wording import shown_value
from tests.unit.cli.recorded import an_operation, ended


def text_of(renderable: Any) -> str:
    file = io.StringIO()
    make_console(file, no_color=True, width=80).print(renderable)
    return file.getvalue()


def test_a_failed_deploy_tells_what_changed_what_failed_what_it_blocked_and_what_to_type() -> None:
    outputs = {"network": {"vpcId": "vpc-1", "stack": "network"}, "security": {}, "orders": {"old": 1}}
    assert text_of(render_summary(ended(), outputs)) == (
        "\n"
        "The deploy of D123456 in dev failed after 9.2s.\n"
        "\n"
        "  ✔  network   deployed     5.0s  4 created\n"
        "  ✘  orders    failed     1m 39s  no table\n"
        "  ✔  security  unchanged    2.9s  2 unchanged\n"
        "  ⊘  invoices  skipped            orders failed\n"
        "\n"
        "Outputs\n"
        "  network\n"
        "    vpcId  vpc-1\n"
        "\n"
        "What failed\n"
        "  orders\n"
        "    no table\n"
        "    Make the table first.\n"
        "    It blocked invoices.\n"
        "\n"
        "Next\n"
        "  What the program of orders said:\n"
        "    cloud logs D123456 --env dev --stack orders\n"
        "  Go on, when it is corrected, with what is left to do:\n"
        "    cloud retry 01JD0000000000000000000000 --deployment D123456\n"
    )


def test_what_is_started_again_keeps_the_selection_the_rules_and_the_context() -> None:
    operation = ended() | {
        "stacks": [],
        "selection": {"stacks": ["orders"], "only": [], "from": ["network"]},
        "options": {
            "on_failure": "continue",
            "max_parallel": 2,
            "strict_layers": True,
            "force": True,
            "settings": {"a": {"b": 1}, "c": {"secret": "s3cret"}},
        },
    }
    text = text_of(render_summary(operation, {}, options=["--context", "our cloud"]))
    assert text.endswith(
        "cloud deploy D123456 --env dev --context 'our cloud' --stack orders --from network "
        "--on-failure continue --parallel 2 --strict-layers --force --set a.b=1 --set 'c=…'\n"
    )
    assert "s3cret" not in text


def test_a_retry_is_advised_for_the_same_control_plane() -> None:
    text = text_of(render_summary(ended(), {}, options=["--context", "our cloud"]))
    assert text.endswith("cloud retry 01JD0000000000000000000000 --deployment D123456 --context 'our cloud'\n")


@pytest.mark.parametrize(
    ("code", "advised"), [("program-failed", True), ("configuration", False), ("not-found", False)]
)
def test_logs_are_advised_where_a_program_can_have_said_something(code: str, advised: bool) -> None:
    operation = ended()
    for stack in operation["stacks"]:
        if stack["status"] == "failed":
            stack["error"] = {"code": code, "message": "no vpcId"}
    assert ("cloud logs" in text_of(render_summary(operation, {}))) is advised


def test_a_good_end_asks_for_nothing() -> None:
    operation = an_operation(state="succeeded", finished_at="2026-01-01T12:01:05.000Z")
    assert text_of(render_summary(operation, {})) == "\nThe deploy of D123456 in dev succeeded after 1m 05s.\n"


def test_an_operation_that_never_ran_says_why() -> None:
    operation = an_operation(state="failed", error={"message": "no such thing", "hint": "try another"})
    text = text_of(render_summary(operation, {}))
    assert "no such thing\ntry another\n" in text
    assert "cloud deploy D123456 --env dev" in text


def test_secret_outputs_are_called_secret_and_long_ones_are_shortened() -> None:
    assert shown_value({"secret": True}) == "(secret)"
    assert shown_value("") == '""'
    assert shown_value(["a", 1]) == '["a", 1]'
    assert len(shown_value("x" * 1000)) < 300
    assert shown_value("x" * 1000, whole=True) == "x" * 1000


def test_outputs_can_do_nothing_to_the_terminal() -> None:
    assert text_of(render_outputs({"network": {"a\x1b[2J": "\x1b[31m[bold]x"}})) == "  network\n    a  [bold]x\n"


def test_lines_longer_than_the_terminal_stay_whole_in_a_pipe() -> None:
    assert f"    arn  {'a' * 150}\n" in text_of(render_outputs({"network": {"arn": "a" * 150}}))


def test_status_shows_environments_that_have_something_to_say() -> None:
    environment = {
        "name": "dev",
        "enabled": True,
        "status": "deployed",
        "account": "111111111111",
        "region": "us-east-1",
        "operation": an_operation(state="succeeded"),
        "held_by": None,
        "queue": ["01JX"],
        "stacks": ended()["stacks"][:1],
    }
    idle = environment | {"name": "prod", "enabled": False, "operation": None, "queue": [], "stacks": []}
    status = {
        "deployment": {"id": "D123456", "org": "acme", "project": "shop", "manifest_version": 3},
        "environments": [environment, idle],
    }
    text = text_of(render_status(status))
    assert text.startswith("D123456  acme/shop  manifest version 3\n\ndev  deployed  111111111111 us-east-1\n")
    assert "  Waiting for it: 01JX\n" in text
    assert "  ⊘  invoices  skipped  orders failed\n" in text
    assert "prod" not in text
    assert "prod  deployed  not enabled" in text_of(render_status(status, asked="prod"))


def test_a_deployment_without_a_manifest_says_how_to_go_on() -> None:
    status = {
        "deployment": {"id": "D123456", "org": "acme", "project": "shop", "manifest_version": 0},
        "environments": [],
    }
    assert "`cloud deploy` uploads the manifest" in text_of(render_status(status))


def test_deployments_are_listed_in_columns() -> None:
    item = {
        "id": "D123456",
        "project": "shop",
        "created_at": "2026-01-01T12:00:00.000Z",
        "environments": {"prod": "initialized", "dev": "deployed", "stage": "deployed"},
        "disabled": ["prod", "stage"],
    }
    assert text_of(render_deployments([item])) == (
        "Deployment  Project  Created                   Environments\n"
        "D123456     shop     2026-01-01T12:00:00.000Z  dev deployed, prod disabled, stage deployed (disabled)\n"
    )


def test_a_log_line_names_its_stack() -> None:
    line = {"timestamp": "2026-01-01T12:00:00.000Z", "level": "error", "stack": "orders", "message": "no\x1b[1m table"}
    assert text_of(render_log_line(line)) == "2026-01-01T12:00:00.000Z  error    orders  no table\n"


PENDING = PendingOperations("main may exist.").to_dict()
BOOM = ProgramFailed("boom").to_dict()


@pytest.mark.parametrize(
    ("state", "error", "stacks", "code"),
    [
        ("succeeded", None, [], 0),
        ("completed", None, [], 0),
        ("failed", ConfigurationError("no").to_dict(), [], 3),
        ("failed", None, [PENDING, None, PENDING], 5),
        ("failed", None, [PENDING, BOOM], 1),
        ("failed", None, [None], 1),
        ("error", CloudError("broken").to_dict(), [], 1),
        ("cancelled", None, [PENDING], 1),
    ],
)
def test_the_exit_code_is_that_of_what_an_operation_failed_for(
    state: str, error: Any, stacks: list[Any], code: int
) -> None:
    stacks = [{"stack": f"stack-{number}", "error": given} for number, given in enumerate(stacks)]
    assert exit_code_of(an_operation(state=state, error=error, stacks=stacks)) == code
