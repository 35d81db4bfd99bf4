"""What people see of a plan."""

from __future__ import annotations

import pytest

from cloud.domain.operations import OperationKind, Selection
from cloud.domain.plan import Plan, StackNode, make_plan
from cloud.domain.plan_views import render_dot, render_mermaid, render_seconds, render_text

STACKS = {
    node.name: node
    for node in (
        StackNode("network", predicted_seconds=95.0, deployed=True),
        StackNode("end", ("network",), executor="codebuild", deployed=True),
        StackNode("cache", enabled=False),
    )
}


def plan(kind: OperationKind = OperationKind.DEPLOY, selection: Selection | None = None, strict: bool = False) -> Plan:
    return make_plan(
        STACKS, kind=kind, deployment_id="D1BRV40", environment="dev", selection=selection, strict_layers=strict
    )


def test_a_plan_reads_as_text() -> None:
    assert render_text(plan()) == (
        "Plan: deploy D1BRV40 in dev\n"
        "2 stacks in 2 layers, at most 8 at a time, each as soon as its dependencies are done\n"
        "\n"
        "Layer 1\n"
        "  network   1m 35s  auto       enabled in dev\n"
        "\n"
        "Layer 2\n"
        "  end            ?  codebuild  enabled in dev; after network\n"
        "\n"
        "Left out\n"
        "  cache    disabled in dev\n"
        "\n"
        "Longest path: 1m 35s predicted, network → end\n"
    )


def test_a_destroy_says_who_goes_first() -> None:
    assert "deployed in dev; end first" in render_text(plan(OperationKind.DESTROY))


def test_an_empty_plan_says_that_there_is_nothing_to_do() -> None:
    planned = make_plan({}, kind=OperationKind.DEPLOY, deployment_id="D1BRV40", environment="dev")
    assert render_text(planned) == "Plan: deploy D1BRV40 in dev\nNothing to do.\n"


def test_warnings_and_exceeded_quotas_are_shown() -> None:
    wide = {name: StackNode(name) for name in (f"stack-{number}" for number in range(41))}
    planned = make_plan(wide, kind=OperationKind.DEPLOY, deployment_id="D1BRV40", environment="dev")
    assert "\nToo big: the plan needs 41 stacks in one layer (expected at most 40; " in render_text(planned)
    needing = {"a": StackNode("a", ("b",)), "b": StackNode("b")}
    alone = make_plan(
        needing,
        kind=OperationKind.DEPLOY,
        deployment_id="D1BRV40",
        environment="dev",
        selection=Selection(only=("a",)),
    )
    assert render_text(alone).endswith("\nWarning: a needs b, which is not deployed and not selected.\n")


def test_a_prediction_is_told_with_its_stack() -> None:
    text = render_text(plan().with_predictions({"end": "unchanged if network's outputs don't change"}))
    assert "enabled in dev; after network; unchanged if network's outputs don't change\n" in text


def test_a_plan_that_stands_aside_says_for_whom() -> None:
    text = render_text(plan(OperationKind.DRIFT).standing_aside("dev is held by 01A, started by ann"))
    assert text == (
        "Plan: drift D1BRV40 in dev\n"
        "Nothing to do.\n"
        "\n"
        "Left out\n"
        "  cache    not deployed in dev\n"
        "  end      dev is held by 01A, started by ann\n"
        "  network  dev is held by 01A, started by ann\n"
        "\n"
        "Warning: Nothing is done: dev is held by 01A, started by ann.\n"
    )


def test_strict_layers_are_announced() -> None:
    assert "layer by layer" in render_text(plan(strict=True))


def test_the_graph_reads_as_mermaid_whatever_the_stacks_are_called() -> None:
    assert render_mermaid(plan()) == (
        "flowchart LR\n"
        '  subgraph layer1["Layer 1"]\n'
        '    s1["network"]\n'
        "  end\n"
        '  subgraph layer2["Layer 2"]\n'
        '    s2["end"]\n'
        "  end\n"
        "  s1 --> s2\n"
    )


def test_the_graph_reads_as_dot() -> None:
    assert render_dot(plan()) == (
        "digraph plan {\n"
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        '  { rank=same; "network"; }\n'
        '  { rank=same; "end"; }\n'
        '  "network" -> "end";\n'
        "}\n"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "?"),
        (0.5, "0.5s"),
        (2.0, "2s"),
        (9.96, "10s"),
        (45.4, "45s"),
        (59.7, "1m 00s"),
        (150, "2m 30s"),
        (3900, "1h 05m"),
    ],
)
def test_seconds_read_naturally(seconds: float, text: str) -> None:
    assert render_seconds(seconds) == text
