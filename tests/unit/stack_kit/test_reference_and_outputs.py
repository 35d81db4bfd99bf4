"""References to other stacks, and the outputs of this one, against Pulumi's own test monitor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from cloud_stack import export_outputs, reference

NETWORK = {"vpcId": "vpc-1", "password": "hunter2", "subnets": ["a", "b"]}


class Monitor(mocks.Mocks):
    """Answers like an engine whose state holds the network stack, and remembers what was asked for."""

    def __init__(self) -> None:
        self.resources: list[tuple[str, str]] = []
        self.exported: dict[str, Any] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append((args.typ, args.inputs.get("name", args.name)))
        return args.name, {**args.inputs, "outputs": NETWORK, "secretOutputNames": ["password"]}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None

    def run(self, program: Callable[[], pulumi.Output[Any] | None]) -> tuple[Any, bool]:
        """Run ``program`` as Pulumi does, in an event loop. What it returns: the value, and whether it is a secret."""

        async def whole() -> tuple[Any, bool]:
            mocks.set_mocks(self, project="ecommerce", stack="D1BRV40-security-dev", organization="organization")
            self.resources.clear()  # the stack itself
            asked = pulumi.Output.from_input(program())
            self.exported = dict(pulumi.runtime.get_root_resource().outputs)
            return await asked.future(), await asked.is_secret()

        # Pulumi's mocks want an event loop in every thread that answers, and close none: give them one that is closed here.
        answers = asyncio.new_event_loop()
        with (
            contextlib.closing(answers),
            ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(answers,)) as threads,
            asyncio.Runner() as runner,
        ):
            runner.get_loop().set_default_executor(threads)
            return runner.run(whole())


@pytest.fixture
def monitor() -> Monitor:
    return Monitor()


def test_an_output_of_another_stack_is_read_by_stack_reference(monitor: Monitor) -> None:
    assert monitor.run(lambda: reference("network")["vpcId"]) == ("vpc-1", False)
    assert monitor.resources == [("pulumi:pulumi:StackReference", "organization/ecommerce/D1BRV40-network-dev")]


def test_several_outputs_are_one_read(monitor: Monitor) -> None:
    network = reference("network")
    assert monitor.run(lambda: pulumi.Output.all(network["vpcId"], network["subnets"][1])) == (["vpc-1", "b"], False)
    assert len(monitor.resources) == 1


def test_a_stack_that_nothing_is_asked_of_is_not_read(monitor: Monitor) -> None:
    monitor.run(lambda: reference("network") and None)
    assert monitor.resources == []


def test_a_secret_output_stays_secret(monitor: Monitor) -> None:
    assert monitor.run(lambda: reference("network")["password"]) == ("hunter2", True)


def test_a_missing_output_fails_the_run_and_names_the_stack(monitor: Monitor) -> None:
    with pytest.raises(pulumi.RunError, match=r"'network' .*D1BRV40-network-dev.* has no output 'vpcID'"):
        monitor.run(lambda: reference("network")["vpcID"])


def test_an_output_that_may_be_missing_has_a_default(monitor: Monitor) -> None:
    assert monitor.run(lambda: reference("network").get("webAclArn", "none")) == ("none", False)
    assert monitor.run(lambda: reference("network").get("vpcId")) == ("vpc-1", False)


def test_every_stack_exports_its_name_deployment_and_environment(monitor: Monitor) -> None:
    monitor.run(lambda: export_outputs({"vpcId": "vpc-1"}))
    assert monitor.exported == {"vpcId": "vpc-1", "stack": "security", "deployment": "D1BRV40", "env": "dev"}


def test_a_stack_may_not_export_those_three_itself(monitor: Monitor) -> None:
    with pytest.raises(ValueError, match="every stack exports these itself: deployment, stack"):
        monitor.run(lambda: export_outputs({"stack": "x", "deployment": "y"}))


def test_an_output_that_pulumi_would_drop_is_refused(monitor: Monitor) -> None:
    with pytest.raises(ValueError, match="webAclArn"):
        monitor.run(lambda: export_outputs({"webAclArn": None}))
