"""What people see of a preview: while it runs, and in the end."""

import io
from datetime import UTC, datetime
from typing import Any

from cloud.domain.events import EventType
from cloud.domain.operations import OperationKind
from cloud.domain.plan import StackNode, make_plan
from cloud_cli import tree
from cloud_cli.live import PlainView
from cloud_cli.progress import Progress
from cloud_cli.summary import render_stacks, render_summary
from cloud_cli.terminal import make_console
from tests.unit.cli.recorded import a_plan, an_event, an_operation

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def text_of(renderable: Any, width: int = 100) -> str:
    file = io.StringIO()
    make_console(file, no_color=True, width=width).print(renderable)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def a_preview(**kept: Any) -> dict[str, Any]:
    return {"previewable": True, "reason": "", "outputs": {}, "unknown": [], "steps": [], **kept}


def a_stack(name: str, status: str = "pending", **more: Any) -> dict[str, Any]:
    return {"stack": name, "status": status, "changes": {}, "seconds": 1.0, "reason": "", "blocked_by": "", **more}


def a_step(op: str, kind: str, name: str, *keys: str) -> dict[str, Any]:
    return {"urn": f"urn::{name}", "type": kind, "name": name, "op": op, "replace_keys": list(keys)}


def previewed(*stacks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    done = {"state": "completed", "finished_at": "2026-01-01T12:00:04.000Z", "plan": a_plan().to_dict()}
    return an_operation(kind="preview", stacks=list(stacks), **{**done, **changes})


def test_a_preview_shows_steps_replacements_and_outputs_with_unknown_ones_as_unknown() -> None:
    network = a_preview(
        steps=[
            a_step("same", "pulumi:pulumi:Stack", "root"),
            a_step("create", "aws:ec2/vpc:Vpc", "main"),
            a_step("replace", "aws:ec2/instance:Instance", "bastion", "ami", "userData"),
            a_step("create-replacement", "aws:ec2/instance:Instance", "bastion"),
            a_step("delete", "aws:s3/bucketV2:BucketV2", "old\x1b[2J"),
        ],
        outputs={"cidr": "10.0.0.0/16", "token": {"secret": True}, "stack": "network"},
        unknown=["vpcId"],
    )
    operation = previewed(
        a_stack("network", changes={"create": 1, "replace": 1, "delete": 1}, preview=network),
        a_stack("security", "unchanged", changes={"same": 3}, preview=a_preview(steps=[a_step("same", "a:b:C", "x")])),
        a_stack(
            "orders",
            reason="not previewable until network is deployed",
            preview=a_preview(
                previewable=False, reason="not previewable until network is deployed", detail="It doesn't use the kit."
            ),
        ),
        a_stack("invoices", "skipped", blocked_by="orders", seconds=None, preview=None),
    )
    assert text_of(render_summary(operation, {})) == (
        "\n"
        "The preview of D123456 in dev completed after 4.0s.\n"
        "\n"
        "  ~  network   to deploy  1.0s  1 to create, 1 to delete, 1 to replace\n"
        "  ~  orders    to deploy  1.0s  not previewable until network is deployed\n"
        "  ✔  security  unchanged  1.0s  3 unchanged\n"
        "  ⊘  invoices  skipped          orders failed\n"
        "\n"
        "Layer 1\n"
        "  network  3 steps\n"
        "    +   create   aws:ec2:Vpc       main\n"
        "    +-  replace  aws:ec2:Instance  bastion  because of ami, userData\n"
        "    -   delete   aws:s3:BucketV2   old\n"
        "    outputs\n"
        "      cidr   10.0.0.0/16\n"
        "      token  (secret)\n"
        "      vpcId  unknown until deployed\n"
        "\n"
        "Layer 2\n"
        "  orders  not previewable until network is deployed\n"
        "    It doesn't use the kit.\n"
        "  security  no changes"
    )


def test_a_preview_without_a_plan_shows_no_stacks() -> None:
    operation = previewed(state="failed", plan=None, error={"message": "no such stack"})
    text = text_of(render_summary(operation, {}))
    assert "could not" not in text
    assert "Layer" not in text
    assert "cloud preview D123456 --env dev" in text


def test_a_drift_scan_speaks_of_what_is_recorded_and_what_was_changed() -> None:
    operation = an_operation(
        kind="drift",
        state="completed",
        plan=a_plan().to_dict(),
        stacks=[
            a_stack(
                "network",
                "drifted",
                changes={"update": 1, "delete": 1, "same": 5},
                drift=[a_step("update", "aws:ec2/vpc:Vpc", "main"), a_step("delete", "aws:ec2/route:Route", "out")],
            ),
            a_stack("orders", "unchanged", changes={"same": 4}),
        ],
    )
    text = text_of(render_summary(operation, {}))
    assert text == (
        "\n"
        "The drift scan of D123456 in dev completed.\n"
        "\n"
        "  ≠  network  drifted      1.0s  1 gone, 1 changed\n"
        "  ✔  orders   as recorded  1.0s  4 as recorded\n"
        "\n"
        "Changed by hand\n"
        "  network\n"
        "    ~  changed  aws:ec2:Vpc    main\n"
        "    -  gone     aws:ec2:Route  out"
    )


def test_the_status_of_a_stack_that_drifted_says_what_to_do() -> None:
    text = text_of(render_stacks([a_stack("network", "drifted", reason="nothing that it depends on has changed")]))
    assert text == "  ≠  network  drifted  1.0s  changed by hand since; a deploy brings it back"


def test_a_scan_that_stood_aside_says_for_whom() -> None:
    nodes = {"network": StackNode("network", deployed=True)}
    plan = make_plan(nodes, kind=OperationKind.DRIFT, deployment_id="D123456", environment="dev")
    aside = plan.standing_aside("dev is held by 01A, started by ann").to_dict()
    operation = an_operation(kind="drift", state="completed", plan=aside)
    assert "Nothing is done: dev is held by 01A, started by ann." in text_of(render_summary(operation, {}))


def previewing() -> list[Any]:
    resource = {"op": "create", "type": "aws:ec2/vpc:Vpc", "name": "main"}
    return [
        an_event(1, EventType.DEPLOYMENT_STATUS, 0.1, operation="preview", state="running", terminal=False),
        an_event(2, EventType.STACK_RESOURCE, 1.0, stack="network", state="started", done=0, **resource),
    ]


def ending() -> list[Any]:
    changes = {"create": 1}
    return [
        an_event(3, EventType.STACK_STATUS, 3.0, stack="network", status="pending", changes=changes, seconds=2.0),
        an_event(4, EventType.STACK_STATUS, 4.0, stack="orders", status="unchanged", changes={"same": 2}, seconds=0.5),
    ]


def folded(events: list[Any]) -> Progress:
    progress = Progress.of(an_operation(kind="preview"))
    progress.take_plan(a_plan().with_predictions({"security": "unchanged if network's outputs don't change"}))
    for event in events:
        progress.apply(event)
    return progress


def test_a_stack_is_previewed_from_its_first_resource_to_its_result() -> None:
    running = folded(previewing()).stacks["network"]
    assert (running.is_under_way, running.elapsed(NOON.replace(second=2))) == (True, 1.0)
    ended = folded(previewing() + ending()).stacks["network"]
    assert (ended.is_under_way, ended.is_good, ended.is_to_deploy, ended.seconds) == (False, True, True, 2.0)
    waiting = folded(previewing()).stacks["orders"]
    assert (waiting.is_under_way, waiting.is_good) == (False, False)


def test_the_live_picture_of_a_preview() -> None:
    text = text_of(
        tree.render(folded(previewing() + ending()), NOON.replace(second=5), width=120, height=40), width=120
    )
    lines = text.splitlines()
    assert lines[0].startswith("preview D123456 in dev  running  2 of 4 stacks")
    assert lines[2].split()[:2] == ["~", "network"]
    assert lines[2].endswith("1 to create")
    assert lines[5].endswith("after network; unchanged if network's outputs don't change")


def test_plain_lines_of_a_preview() -> None:
    file = io.StringIO()
    with PlainView(make_console(file, no_color=True)) as view:
        view.begin(an_operation(kind="preview"))
        view.take_plan(a_plan())
        for event in previewing() + ending():
            view.take(event)
    assert "network to deploy in 2.0s (1 to create)\n" in file.getvalue()
    assert "orders unchanged in 0.5s (2 unchanged)\n" in file.getvalue()
