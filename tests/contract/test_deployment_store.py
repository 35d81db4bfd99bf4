"""The contract of ``DeploymentStore``, in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.adapters.memory.clock import ManualClock
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, StaleWrite
from cloud.domain.records import Deployment, EnvironmentRecord, Registration
from cloud.domain.states import DeploymentStatus
from cloud.ports.stores import Stores

pytestmark = pytest.mark.xdist_group("deployment-store")

Fresh = Callable[[str], str]


def a_deployment(deployment_id: str, org: str = "acme", created_at: str = "2025-01-01T00:00:00.000Z") -> Deployment:
    return Deployment(
        id=deployment_id,
        org=org,
        project="shop",
        created_at=created_at,
        updated_at=created_at,
        description="Größe – ✓",
        tags={"cost-center": "web"},
    )


def an_environment(deployment_id: str, name: str = "dev") -> EnvironmentRecord:
    return EnvironmentRecord(
        deployment_id=deployment_id,
        name=name,
        org="acme",
        enabled=True,
        status=DeploymentStatus.INITIALIZED,
        updated_at="2025-01-01T00:00:00.000Z",
        account="111111111111",
        region="us-east-1",
    )


def test_a_created_deployment_has_version_1_and_is_read_back_as_it_was_given(stores: Stores, fresh: Fresh) -> None:
    created = stores.deployments.create(a_deployment(fresh("D")))
    assert created.version == 1
    assert stores.deployments.get(created.id) == created


def test_the_same_id_is_created_once(stores: Stores, fresh: Fresh) -> None:
    deployment = a_deployment(fresh("D"))
    stores.deployments.create(deployment)
    with pytest.raises(AlreadyExists, match=deployment.id) as error:
        stores.deployments.create(deployment)
    assert error.value.ids == {"deployment_id": deployment.id}


def test_a_deployment_that_is_not_there_is_not_found(stores: Stores, fresh: Fresh) -> None:
    missing = fresh("D")
    with pytest.raises(NotFound, match=missing):
        stores.deployments.get(missing)


def test_each_put_gives_the_next_version(stores: Stores, fresh: Fresh) -> None:
    first = stores.deployments.create(a_deployment(fresh("D")))
    second = stores.deployments.put(replace(first, manifest_version=1, tags={}))
    third = stores.deployments.put(replace(second, manifest_version=2))
    assert (second.version, third.version) == (2, 3)
    assert stores.deployments.get(first.id) == third


def test_a_put_under_an_older_version_is_stale_and_changes_nothing(stores: Stores, fresh: Fresh) -> None:
    first = stores.deployments.create(a_deployment(fresh("D")))
    second = stores.deployments.put(replace(first, project="other"))
    with pytest.raises(StaleWrite):
        stores.deployments.put(replace(first, project="lost"))
    assert stores.deployments.get(first.id) == second


@pytest.mark.parametrize("version", [0, 1])
def test_a_put_never_creates_a_deployment(stores: Stores, fresh: Fresh, version: int) -> None:
    deployment = replace(a_deployment(fresh("D")), version=version)
    with pytest.raises(StaleWrite):
        stores.deployments.put(deployment)
    with pytest.raises(NotFound):
        stores.deployments.get(deployment.id)


def test_a_put_of_version_0_never_replaces_a_deployment(stores: Stores, fresh: Fresh) -> None:
    created = stores.deployments.create(a_deployment(fresh("D")))
    with pytest.raises(StaleWrite):
        stores.deployments.put(replace(created, version=0))


def test_what_is_read_shares_nothing_with_the_store(stores: Stores, fresh: Fresh) -> None:
    tags = {"a": "1"}
    created = stores.deployments.create(replace(a_deployment(fresh("D")), tags=tags))
    tags["a"] = "changed outside"
    read = stores.deployments.get(created.id)
    assert read.tags == {"a": "1"}
    read.tags["a"] = "changed inside"  # type: ignore[index]
    assert stores.deployments.get(created.id).tags == {"a": "1"}


def test_an_organisation_lists_its_own_deployments_newest_first_page_by_page(stores: Stores, fresh: Fresh) -> None:
    org, other = fresh("org"), fresh("org")
    ids = [fresh("D") for _ in range(5)]
    for day, deployment_id in enumerate(ids, start=1):
        stores.deployments.create(a_deployment(deployment_id, org, f"2025-01-0{day}T00:00:00.000Z"))
    stores.deployments.create(a_deployment(fresh("D"), other))
    first = stores.deployments.list_by_org(org, limit=2)
    second = stores.deployments.list_by_org(org, limit=2, cursor=first.cursor)
    third = stores.deployments.list_by_org(org, limit=2, cursor=second.cursor)
    assert [[item.id for item in page.items] for page in (first, second, third)] == [
        [ids[4], ids[3]],
        [ids[2], ids[1]],
        [ids[0]],
    ]
    assert third.cursor == ""


def test_a_page_that_is_just_full_is_the_last(stores: Stores, fresh: Fresh) -> None:
    org = fresh("org")
    stores.deployments.create(a_deployment(fresh("D"), org))
    page = stores.deployments.list_by_org(org, limit=1)
    assert len(page.items) == 1
    assert page.cursor == ""


def test_an_organisation_without_deployments_has_an_empty_page(stores: Stores, fresh: Fresh) -> None:
    page = stores.deployments.list_by_org(fresh("org"))
    assert (page.items, page.cursor) == ((), "")


@pytest.mark.parametrize("cursor", ["x", "!!", "e30", "W10", "bnVsbA", "ä", "A" * 5000, "eyJQSyI6MX0"])
def test_a_forged_cursor_is_refused(stores: Stores, fresh: Fresh, cursor: str) -> None:
    with pytest.raises(ConfigurationError, match="cursor"):
        stores.deployments.list_by_org(fresh("org"), cursor=cursor)


def test_the_cursor_of_another_organisation_is_refused(stores: Stores, fresh: Fresh) -> None:
    org, other = fresh("org"), fresh("org")
    for day in (1, 2):
        stores.deployments.create(a_deployment(fresh("D"), org, f"2025-01-0{day}T00:00:00.000Z"))
    cursor = stores.deployments.list_by_org(org, limit=1).cursor
    with pytest.raises(ConfigurationError, match="cursor"):
        stores.deployments.list_by_org(other, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_bounds_is_refused(stores: Stores, fresh: Fresh, limit: int) -> None:
    with pytest.raises(ConfigurationError):
        stores.deployments.list_by_org(fresh("org"), limit=limit)


def test_environments_are_created_replaced_and_listed_by_name(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    for name in ("prod", "dev"):
        stores.deployments.put_environment(an_environment(deployment_id, name))
    read = stores.deployments.get_environment(deployment_id, "dev")
    written = stores.deployments.put_environment(replace(read, status=DeploymentStatus.DEPLOYING, last_operation="01"))
    assert (read.version, written.version) == (1, 2)
    listed = stores.deployments.list_environments(deployment_id)
    assert [record.name for record in listed] == ["dev", "prod"]
    assert listed[0] == written


def test_an_environment_that_is_not_there_is_not_found(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(NotFound):
        stores.deployments.get_environment(fresh("D"), "dev")


@pytest.mark.parametrize("version", [0, 2])
def test_an_environment_is_replaced_only_under_its_version(stores: Stores, fresh: Fresh, version: int) -> None:
    written = stores.deployments.put_environment(an_environment(fresh("D")))
    with pytest.raises(StaleWrite):
        stores.deployments.put_environment(replace(written, version=version))


def test_the_last_registration_of_a_stack_counts(stores: Stores, fresh: Fresh) -> None:
    deployment_id, at = fresh("D"), "2025-01-01T00:00:00.000Z"
    stores.deployments.register_stacks(
        [
            Registration(deployment_id, "network", "1" * 64, at),
            Registration(deployment_id, "network", "2" * 64, at),
            Registration(deployment_id, "dns", "3" * 64, at),
        ]
    )
    stores.deployments.register_stacks([Registration(deployment_id, "dns", "4" * 64, at)])
    found = stores.deployments.registrations(deployment_id)
    assert {name: item.program_digest[0] for name, item in found.items()} == {"network": "2", "dns": "4"}


def test_more_registrations_than_one_batch_takes_are_all_stored(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    stores.deployments.register_stacks([Registration(deployment_id, f"s{n}", "0" * 64, "now") for n in range(60)])
    stores.deployments.register_stacks([])
    assert len(stores.deployments.registrations(deployment_id)) == 60


def test_the_first_value_under_a_key_is_remembered(stores: Stores, clock: ManualClock, fresh: Fresh) -> None:
    deployment_id, later = fresh("D"), int(clock.now().timestamp()) + 60
    assert stores.deployments.remember(deployment_id, "key", "first", expires_at=later) == "first"
    assert stores.deployments.remember(deployment_id, "key", "second", expires_at=later) == "first"
    assert stores.deployments.remember(deployment_id, "other", "third", expires_at=later) == "third"


def test_a_value_is_forgotten_at_its_time_even_before_the_table_removes_it(
    stores: Stores, clock: ManualClock, fresh: Fresh
) -> None:
    deployment_id, until = fresh("D"), int(clock.now().timestamp()) + 60
    stores.deployments.remember(deployment_id, "key", "first", expires_at=until)
    clock.advance(61)
    assert stores.deployments.remember(deployment_id, "key", "second", expires_at=until + 600) == "second"
    assert stores.deployments.remember(deployment_id, "key", "third", expires_at=until + 600) == "second"
