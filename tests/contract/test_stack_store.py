"""The contract of ``StackStore``, in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.domain.errors import ConfigurationError, StaleWrite
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus
from cloud.ports.stores import Stores

pytestmark = pytest.mark.xdist_group("stack-store")

Fresh = Callable[[str], str]


def a_stack(deployment_id: str, name: str = "network", environment: str = "dev", org: str = "acme") -> StackRecord:
    return StackRecord(
        deployment_id=deployment_id,
        stack=name,
        environment=environment,
        org=org,
        status=StackStatus.DEPLOYED,
        updated_at="2025-01-01T00:00:00.000Z",
        operation_id="O1",
        attempt=2,
        outputs={"vpcId": "vpc-1", "zones": ["a", "b"], "ratio": 0.1, "nothing": None, "key": {"secret": True}, "": ""},
        changes={"create": 3},
        resource_count=3,
        seconds=(1.25, 2.0),
        program_seconds=0.5,
        error={"code": "pulumi", "ids": {}},
        secrets_provider={"encryptedkey": "x"},
        program_digest="0" * 64,
    )


def test_a_written_stack_is_read_back_as_it_was_given(stores: Stores, fresh: Fresh) -> None:
    written = stores.stacks.put(a_stack(fresh("D")))
    assert written.version == 1
    assert stores.stacks.get(written.deployment_id, "network", "dev") == written


def test_a_stack_that_is_not_there_is_none(stores: Stores, fresh: Fresh) -> None:
    assert stores.stacks.get(fresh("D"), "network", "dev") is None


def test_a_stack_is_replaced_only_under_its_version(stores: Stores, fresh: Fresh) -> None:
    first = stores.stacks.put(a_stack(fresh("D")))
    second = stores.stacks.put(replace(first, status=StackStatus.DEPLOYING, error=None, secrets_provider=None))
    for version in (0, 1, 3):
        with pytest.raises(StaleWrite):
            stores.stacks.put(replace(second, outputs={}, version=version))
    assert stores.stacks.get(first.deployment_id, "network", "dev") == second


def test_what_is_read_shares_nothing_with_the_store(stores: Stores, fresh: Fresh) -> None:
    outputs: dict[str, object] = {"list": [1]}
    written = stores.stacks.put(replace(a_stack(fresh("D")), outputs=outputs))
    outputs["list"] = "changed"
    read = stores.stacks.get(written.deployment_id, "network", "dev")
    assert read is not None
    assert read.outputs == {"list": [1]}
    read.outputs["list"].append(2)
    again = stores.stacks.get(written.deployment_id, "network", "dev")
    assert again is not None
    assert again.outputs == {"list": [1]}


def test_many_stacks_are_read_at_once_and_the_missing_left_out(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    for name in ("network", "dns"):
        stores.stacks.put(a_stack(deployment_id, name))
    stores.stacks.put(a_stack(deployment_id, "storage", "prod"))
    found = stores.stacks.get_many(deployment_id, ["dns", "network", "storage", "none", "dns"], "dev")
    assert {name: record.stack for name, record in found.items()} == {"dns": "dns", "network": "network"}
    assert stores.stacks.get_many(deployment_id, [], "dev") == {}


def test_stacks_are_listed_by_name_of_one_environment_or_of_all(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    for name, environment in (("services-api", "dev"), ("services", "prod"), ("services", "dev"), ("a", "dev")):
        stores.stacks.put(a_stack(deployment_id, name, environment))
    stores.stacks.put(a_stack(fresh("D")))
    assert [(item.stack, item.environment) for item in stores.stacks.list(deployment_id)] == [
        ("a", "dev"),
        ("services", "dev"),
        ("services", "prod"),
        ("services-api", "dev"),
    ]
    assert [item.stack for item in stores.stacks.list(deployment_id, "prod")] == ["services"]
    assert stores.stacks.list(fresh("D")) == ()


def test_stacks_of_a_status_are_listed_newest_first_page_by_page(stores: Stores, fresh: Fresh) -> None:
    org, deployment_id = fresh("org"), fresh("D")
    for day, name in enumerate(("a", "b", "c"), start=1):
        record = replace(a_stack(deployment_id, name, org=org), updated_at=f"2025-01-0{day}T00:00:00.000Z")
        stores.stacks.put(record)
    stores.stacks.put(replace(a_stack(deployment_id, "d", org=org), status=StackStatus.FAILED))
    first = stores.stacks.list_by_status(org, StackStatus.DEPLOYED, limit=2)
    second = stores.stacks.list_by_status(org, StackStatus.DEPLOYED, limit=2, cursor=first.cursor)
    assert [item.stack for item in (*first.items, *second.items)] == ["c", "b", "a"]
    assert second.cursor == ""
    with pytest.raises(ConfigurationError):
        stores.stacks.list_by_status(org, StackStatus.FAILED, cursor=first.cursor)


def test_a_stack_that_changes_its_status_leaves_the_list_of_the_old_one(stores: Stores, fresh: Fresh) -> None:
    org = fresh("org")
    written = stores.stacks.put(a_stack(fresh("D"), org=org))
    stores.stacks.put(replace(written, status=StackStatus.FAILED))
    assert stores.stacks.list_by_status(org, StackStatus.DEPLOYED).items == ()
    assert [item.stack for item in stores.stacks.list_by_status(org, StackStatus.FAILED).items] == ["network"]
