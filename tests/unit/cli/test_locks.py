"""A dead owner is shown as one, with what to do about it; nothing foreign reaches the terminal unclean."""

from __future__ import annotations

from cloud_cli.commands.locks import picture


def test_a_dead_owner_is_shown_with_the_way_out() -> None:
    place = {
        "operation_id": "01OP",
        "kind": "deploy",
        "state": "running",
        "requester": "ann\x1b[2J@example.com",
        "ticket": 1,
        "since": "2025-01-01T00:00:00.000Z",
        "execution_arn": "arn:1",
        "is_running": False,
    }
    queue = [{**place, "operation_id": "01NEXT", "position": 1, "state": "queued", "is_running": True}]
    lines = picture({"environment": "dev", "owner": place, "queue": queue}).plain.splitlines()
    assert lines[0] == "dev is held."
    assert lines[1].split("  ")[0] == "held by"
    assert "ann@example.com" in lines[1]
    assert lines[1].endswith("execution has ended  arn:1")
    assert lines[2].endswith("execution runs       arn:1")
    assert "`cloud lock release`" in lines[3]
