"""Every row of the provider's table against the emulated AWS."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from pulumi.runtime.proto import provider_pb2

from cloud_local.provider.compare import same
from cloud_local.provider.types import TYPES
from cloud_local.provider.values import from_struct
from tests.contract.aws_provider_cases import CASES, Case, World
from tests.contract.aws_provider_harness import Engine

pytestmark = pytest.mark.xdist_group("aws_provider")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def configured(endpoint: str) -> Engine:
    return Engine(endpoint, {"defaultTags": {"tags": {"project": "shop"}}})


@pytest.fixture
def engine(configured: Engine) -> Iterator[Engine]:
    configured.warnings.clear()
    yield configured
    configured.clean()


def _id(case: Case) -> str:
    return str(case)


@pytest.mark.parametrize("case", [case for case in CASES if not case.recorded], ids=_id)
def test_a_resource_is_created_read_changed_replaced_and_deleted(case: Case, engine: Engine) -> None:
    world = World(engine, str(case)[:20].lower())
    inputs = dict(case.inputs(world))
    engine.warnings.clear()

    resource = engine.create(case.token, "it", inputs)
    assert resource.id
    noted = {name.strip() for item in engine.warnings for name in item.rpartition(":")[2].split(",")}
    assert noted == case.gaps
    for name, value in inputs.items():
        assert same(value, resource.outputs[name])
    if "tagsAll" in resource.outputs:
        assert resource["tagsAll"]["project"] == "shop"
    drift = engine.refresh(resource)
    assert drift.changes == provider_pb2.DiffResponse.DIFF_NONE, dict(drift.detailedDiff)
    assert from_struct(engine.read(resource).properties)[0] == resource.outputs
    assert engine.diff(resource, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE

    if case.change is not None:
        changed = {**inputs, **case.change(world)}
        plan = engine.diff(resource, changed)
        assert plan.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert not plan.replaces, plan.replaces
        engine.update(resource, changed)
        for name, value in case.change(world).items():
            assert same(value, resource.outputs[name])
        drift = engine.refresh(resource)
        assert drift.changes == provider_pb2.DiffResponse.DIFF_NONE, dict(drift.detailedDiff)
        noted = {name.strip() for item in engine.warnings for name in item.rpartition(":")[2].split(",")}
        assert noted == case.gaps

    if case.replacement is not None:
        plan = engine.diff(resource, {**dict(resource.declared), **case.replacement(world)})
        assert set(plan.replaces) == set(case.replacement(world))

    engine.delete(resource)
    if not case.stays:
        assert not engine.exists(resource)
        engine.delete(resource)  # gone already: that is success


@pytest.mark.parametrize("case", [case for case in CASES if case.recorded], ids=_id)
def test_a_type_the_emulator_lacks_is_recorded_with_a_warning_that_names_it(case: Case, engine: Engine) -> None:
    world = World(engine, str(case)[:20].lower())
    inputs = dict(case.inputs(world))
    engine.warnings.clear()

    resource = engine.create(case.token, "it", inputs)

    assert resource.id.startswith("recorded-")
    assert len(engine.warnings) == 1
    assert case.token in engine.warnings[0]
    assert "recorded but not created" in engine.warnings[0]
    assert engine.refresh(resource).changes == provider_pb2.DiffResponse.DIFF_NONE
    engine.delete(resource)


def test_every_row_of_the_table_has_a_case() -> None:
    aliases = {token for token in TYPES if token.endswith(("V2", "BucketObjectv2"))}
    untested = TYPES.keys() - {case.token for case in CASES} - aliases
    assert untested == {"aws:wafv2/webAclAssociation:WebAclAssociation"}
