"""The views, from recorded events, as the text that people see."""

import io
import json
from datetime import UTC, datetime

import pytest

from cloud.domain.events import EventType
from cloud.domain.operations import OperationKind
from cloud.domain.plan import StackNode, make_plan
from cloud_cli import tree
from cloud_cli.live import JsonView, LiveView, PlainView, SilentView, make_view
from cloud_cli.progress import Progress
from cloud_cli.terminal import make_console
from tests.unit.cli.recorded import a_plan, an_event, an_operation, half_way, to_the_end

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def picture(events: list, *, second: int, width: int = 100, height: int = 40, plan: object = None) -> str:
    progress = Progress.of(an_operation())
    progress.take_plan(plan or a_plan())
    for event in events:
        progress.apply(event)
    file = io.StringIO()
    console = make_console(file, no_color=True, width=width)
    console.print(tree.render(progress, NOON.replace(second=second), width=width, height=height))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def test_the_live_picture_half_way() -> None:
    assert picture(half_way(), second=5) == (
        "deploy D123456 in dev  running  0 of 4 stacks  5.0s, about 26s left\n"
        "Layer 1\n"
        "  ⠋ network  ━━━━━───────────────     1/4   4.0s creating public-1 (aws:ec2:Subnet)\n"
        "Layer 2\n"
        "  · orders                                       after network\n"
        "  · security                                     after network\n"
        "Layer 3\n"
        "  · invoices                                     after orders"
    ).replace("─", picture(half_way(), second=5).split("━━━━━")[1][0])


def test_the_live_picture_in_the_end() -> None:
    lines = picture(half_way() + to_the_end(), second=59).splitlines()
    assert lines[0] == "deploy D123456 in dev  failed  2 of 4 stacks  9.2s"
    assert lines[2].split() == ["✔", "network", "━" * 20, "4/4", "5.0s", "4", "created"]
    assert lines[4].startswith("  ✘ orders")
    assert lines[4].endswith("0.4s no table")
    assert lines[5].endswith("2.9s 2 unchanged")
    assert lines[7].split() == ["⊘", "invoices", "skipped:", "orders", "failed"]


def test_a_narrow_terminal_gets_figures_instead_of_bars() -> None:
    text = picture(half_way(), second=5, width=60)
    assert "━" not in text
    assert "1/4" in text
    assert max(len(line) for line in text.splitlines()) <= 60


def test_a_plan_higher_than_the_terminal_shrinks_to_what_matters() -> None:
    nodes = {f"stack-{number:03}": StackNode(f"stack-{number:03}") for number in range(100)}
    nodes["last"] = StackNode("last", dependencies=tuple(nodes))
    plan = make_plan(nodes, kind=OperationKind.DEPLOY, deployment_id="D123456", environment="dev")
    events = [an_event(1, EventType.STACK_STATUS, 1, stack="last", status="deploying")]
    lines = picture(events, second=5, height=12, plan=plan).splitlines()
    assert len(lines) <= 12
    assert lines[1] == "Layer 1: 100 stacks waiting"
    assert "last" in lines[3]


def test_plain_lines_tell_what_matters_with_the_seconds() -> None:
    file = io.StringIO()
    with PlainView(make_console(file, no_color=True)) as view:
        view.begin(an_operation())
        view.take_plan(a_plan())
        for event in half_way() + to_the_end():
            view.take(event)
    assert file.getvalue() == (
        "[   0.5s] deploy 01JD0000000000000000000000 runs: 4 stacks\n"
        "[   1.0s] network deploying\n"
        "[   6.0s] network deployed in 5.0s (4 created)\n"
        "[   6.1s] orders deploying\n"
        "[   6.1s] security deploying\n"
        "[   6.4s] orders: no table\n"
        "    Traceback …\n"
        "[   6.5s] orders failed in 0.4s: no table\n"
        "[   6.6s] invoices skipped: orders failed\n"
        "[   9.0s] security unchanged in 2.9s (2 unchanged)\n"
        "[   9.2s] deploy 01JD0000000000000000000000 failed\n"
    )


def test_plain_lines_tell_resources_and_all_of_the_log_when_asked() -> None:
    file = io.StringIO()
    view = PlainView(make_console(file, no_color=True), verbose=True)
    view.begin(an_operation())
    for event in half_way() + to_the_end():
        view.take(event)
    assert "network: create aws:ec2:Vpc main done (1/4)\n" in file.getvalue()
    assert "orders: connecting\n" in file.getvalue()


def test_plain_lines_can_do_nothing_to_the_terminal() -> None:
    file = io.StringIO()
    view = PlainView(make_console(file, no_color=True), verbose=True)
    view.begin(an_operation())
    view.take(an_event(1, EventType.LOG_CREATED, 1, stack="x\x1b[2J", level="error", message="\x1b]0;t\x07[red]a\rb"))
    assert file.getvalue() == "[   1.0s] x: [red]a\n    b\n"


def test_the_json_view_writes_envelopes_and_nothing_else() -> None:
    file = io.StringIO()
    with JsonView(file) as view:
        view.begin(an_operation())
        for event in half_way():
            view.take(event)
    assert [json.loads(line) for line in file.getvalue().splitlines()] == [event.to_dict() for event in half_way()]


def test_the_live_view_draws_on_a_terminal_and_leaves_nothing_behind() -> None:
    from rich.console import Console

    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100, height=30, markup=False)
    with LiveView(console, clock=lambda: NOON.replace(second=5)) as view:
        view.begin(an_operation())
        view.take_plan(a_plan())
        for event in half_way():
            view.take(event)
        view.pause()
        view.resume()
    assert "network" in file.getvalue()
    assert file.getvalue().rstrip().endswith("\x1b[2K")  # the picture is erased: the summary takes its place


@pytest.mark.parametrize(
    ("as_json", "quiet", "terminal", "kind"),
    [
        (True, False, True, JsonView),
        (False, True, True, SilentView),
        (False, False, True, LiveView),
        (False, False, False, PlainView),
    ],
)
def test_the_view_suits_the_terminal(*, as_json: bool, quiet: bool, terminal: bool, kind: type) -> None:
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=terminal, _environ={"TERM": "xterm"})
    assert isinstance(make_view(console, file=io.StringIO(), as_json=as_json, quiet=quiet, verbose=False), kind)


def test_a_dumb_terminal_gets_plain_lines() -> None:
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(make_view(console, file=io.StringIO(), as_json=False, quiet=False, verbose=False), PlainView)
