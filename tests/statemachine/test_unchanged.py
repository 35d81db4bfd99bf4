"""Unchanged stacks through the whole machine: they start no run, and every change of what they depend on starts one."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import bootstrap
from cloud.adapters.memory.state import MemoryState
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine-unchanged")

CHAIN = {"network": [], "app": ["network"]}


def ended(cloud: Control, deployment_id: str, **request: Any) -> dict[str, str]:
    """Deploy; how each stack ended, with ``ran: `` before it when Pulumi ran for it."""
    operation = cloud.run(deployment_id, **request)
    cloud.assert_ended(deployment_id, operation, operation["state"])
    told = cloud.ran(deployment_id, operation["id"])
    return {
        stack: f"ran: {status}" if (stack, "deploying") in told else status
        for stack, status in told
        if status not in ("waiting", "deploying")
    }


def reasons(cloud: Control, deployment_id: str, operation_id: str) -> dict[str, str]:
    return {
        event["stack"]: event.get("reason", "")
        for event in cloud.events(deployment_id, operation_id)
        if event.get("status") == "unchanged"
    }


def test_what_has_not_changed_starts_no_run_and_says_why(cloud: Control) -> None:
    deployment_id = cloud.deployment(CHAIN)
    assert ended(cloud, deployment_id) == {"network": "ran: deployed", "app": "ran: deployed"}
    operation = cloud.run(deployment_id)
    assert cloud.ran(deployment_id, operation["id"]) == [("network", "unchanged"), ("app", "unchanged")]
    assert set(reasons(cloud, deployment_id, operation["id"]).values()) == {"nothing that it depends on has changed"}
    states = bootstrap.platform().state()
    assert isinstance(states, MemoryState)
    states.written("shop", f"{deployment_id}-network-dev")  # by somebody else
    assert ended(cloud, deployment_id) == {"network": "ran: unchanged", "app": "unchanged"}
    assert ended(cloud, deployment_id, force=True) == {"network": "ran: unchanged", "app": "ran: unchanged"}


def test_a_change_runs_the_stack_and_only_those_that_its_outputs_reach(cloud: Control) -> None:
    deployment_id = cloud.deployment(CHAIN)
    ended(cloud, deployment_id)
    cloud.put(deployment_id, CHAIN, config={"network": {"size": 2}})
    assert ended(cloud, deployment_id) == {"network": "ran: unchanged", "app": "unchanged"}
    cloud.put(deployment_id, CHAIN, config={"network": {"size": 2}}, scripts={"network": {"outputs": {"id": "other"}}})
    assert ended(cloud, deployment_id) == {"network": "ran: unchanged", "app": "ran: unchanged"}


def test_after_a_failure_the_stack_runs_again_and_what_was_skipped_compares_with_its_last_deploy(
    cloud: Control,
) -> None:
    deployment_id = cloud.deployment(CHAIN)
    ended(cloud, deployment_id)
    failing = {"network": {"error": "program-failed", "outputs": {"id": "network-id"}}}
    cloud.put(deployment_id, CHAIN, scripts=failing)
    assert ended(cloud, deployment_id) == {"network": "ran: failed", "app": "skipped"}
    cloud.put(deployment_id, CHAIN)
    assert ended(cloud, deployment_id) == {"network": "ran: unchanged", "app": "unchanged"}
