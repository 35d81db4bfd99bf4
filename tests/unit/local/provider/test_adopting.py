"""A resource that the runner adopts after an interrupted creation is read with nothing known but its inputs and its id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pulumi.runtime.proto import provider_pb2

from cloud.adapters.pulumi.pending_kinds import NAMED, TAGGED, TAGGED_EC2
from cloud_local.aws.server import EmulatedAws
from cloud_local.provider.values import from_struct
from tests.contract import aws_provider_network_cases, aws_provider_security_cases, aws_provider_storage_cases
from tests.contract.aws_provider_harness import Engine
from tests.contract.aws_provider_world import Case, World

KINDS = {*NAMED, *TAGGED, *TAGGED_EC2} - {"aws:ec2/natGateway:NatGateway"}
"""Without the one kind whose creation waits for seconds."""
CASES = {
    case.token: case
    for module in (aws_provider_network_cases, aws_provider_security_cases, aws_provider_storage_cases)
    for case in module.CASES
    if case.token in KINDS and not case.recorded
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with EmulatedAws() as aws:
        yield World(Engine(aws.url), "adopted")


@pytest.mark.parametrize("case", CASES.values(), ids=str)
def test_a_resource_read_by_its_id_is_the_same_as_the_one_that_was_created(case: Case, world: World) -> None:
    made = world.engine.create(case.token, "adopted", case.inputs(world))

    read = world.engine.provider.Read(
        provider_pb2.ReadRequest(urn=made.urn, id=made.id, properties=made.inputs, inputs=made.inputs)
    )

    outputs = from_struct(read.properties)[0]
    assert read.id == made.id
    assert from_struct(read.inputs)[0] == from_struct(made.inputs)[0]
    assert {**outputs, "__meta": None, "__defaults": None} == {**made.outputs, "__meta": None, "__defaults": None}
