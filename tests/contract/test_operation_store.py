"""The contract of ``OperationStore``, in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cloud.adapters.memory.clock import ManualClock
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, StaleWrite
from cloud.domain.operations import OnFailure, Operation, OperationKind, OperationOptions, Selection
from cloud.domain.records import EnvironmentLock, LockTicket
from cloud.domain.schedule import Schedule, make_schedule
from cloud.domain.states import TaskState
from cloud.ports.stores import Stores

pytestmark = pytest.mark.xdist_group("operation-store")

Fresh = Callable[[str], str]


def an_operation(deployment_id: str, operation_id: str) -> Operation:
    return Operation(
        id=operation_id,
        deployment_id=deployment_id,
        environment="dev",
        kind=OperationKind.DEPLOY,
        requester="ada",
        state=TaskState.PENDING,
        created_at="2025-01-01T00:00:00.000Z",
        manifest_version=3,
        org="acme",
        project="shop",
        selection=Selection(stacks=("network",)),
        options=OperationOptions(on_failure=OnFailure.CONTINUE, max_parallel=4, settings={"a": {"b": 1.5}}),
        error={"code": "pulumi", "problems": []},
    )


def a_schedule(*, max_parallel: int = 2) -> Schedule:
    return make_schedule({"network": (), "dns": ("network",)}, max_parallel=max_parallel)


def a_ticket(number: int) -> LockTicket:
    return LockTicket(f"op{number}", f"arn:{number}", "ada", number, "2025-01-01T00:00:00.000Z")


def test_a_created_operation_is_read_back_as_it_was_given(stores: Stores, fresh: Fresh) -> None:
    created = stores.operations.create(an_operation(fresh("D"), fresh("O")))
    assert created.version == 1
    assert stores.operations.get(created.deployment_id, created.id) == created


def test_the_same_operation_is_created_once(stores: Stores, fresh: Fresh) -> None:
    operation = an_operation(fresh("D"), fresh("O"))
    stores.operations.create(operation)
    with pytest.raises(AlreadyExists):
        stores.operations.create(operation)


def test_an_operation_that_is_not_there_is_not_found(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(NotFound):
        stores.operations.get(fresh("D"), fresh("O"))


def test_an_operation_is_replaced_only_under_its_version(stores: Stores, fresh: Fresh) -> None:
    first = stores.operations.create(an_operation(fresh("D"), fresh("O")))
    second = stores.operations.put(replace(first, state=TaskState.RUNNING, cancel_requested=True, error=None))
    assert stores.operations.get(first.deployment_id, first.id) == second
    for version in (0, 1, 3):
        with pytest.raises(StaleWrite):
            stores.operations.put(replace(second, version=version))


def test_a_put_never_creates_an_operation(stores: Stores, fresh: Fresh) -> None:
    for version in (0, 1):
        with pytest.raises(StaleWrite):
            stores.operations.put(replace(an_operation(fresh("D"), fresh("O")), version=version))


def test_operations_are_listed_newest_first_without_their_neighbours_in_the_table(
    stores: Stores, fresh: Fresh, clock: ManualClock
) -> None:
    deployment_id = fresh("D")
    ids = [clock.new_ulid() for _ in range(3)]
    for operation_id in ids:
        stores.operations.create(an_operation(deployment_id, operation_id))
        stores.operations.create_schedule(deployment_id, operation_id, a_schedule())
        stores.operations.put_token(deployment_id, operation_id, "network", "token", "")
    first = stores.operations.list(deployment_id, limit=2)
    second = stores.operations.list(deployment_id, limit=2, cursor=first.cursor)
    assert [item.id for item in (*first.items, *second.items)] == ids[::-1]
    assert second.cursor == ""


def test_a_cursor_of_another_deployment_is_refused(stores: Stores, fresh: Fresh, clock: ManualClock) -> None:
    deployment_id = fresh("D")
    for _ in range(2):
        stores.operations.create(an_operation(deployment_id, clock.new_ulid()))
    cursor = stores.operations.list(deployment_id, limit=1).cursor
    with pytest.raises(ConfigurationError):
        stores.operations.list(fresh("D"), cursor=cursor)


def test_a_start_is_claimed_by_the_first_operation(stores: Stores, fresh: Fresh) -> None:
    deployment_id, key = fresh("D"), fresh("event")
    assert stores.operations.claim_start(deployment_id, key, "first") == "first"
    assert stores.operations.claim_start(deployment_id, key, "second") == "first"
    assert stores.operations.claim_start(deployment_id, key, "first") == "first"


def test_a_start_key_and_a_request_key_of_one_name_are_two_keys(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    stores.operations.claim_start(deployment_id, "key", "operation")
    assert stores.deployments.remember(deployment_id, "key", "value", expires_at=9_999_999_999) == "value"


def test_of_eight_claims_at_once_one_wins_and_all_learn_which(stores: Stores, fresh: Fresh) -> None:
    deployment_id, key = fresh("D"), fresh("event")
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: stores.operations.claim_start(deployment_id, key, f"op{n}"), range(8)))
    assert len(set(won)) == 1


def test_a_schedule_that_is_there_is_kept(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.operations.create_schedule(deployment_id, operation_id, a_schedule())
    stores.operations.create_schedule(deployment_id, operation_id, a_schedule(max_parallel=7))
    schedule, version = stores.operations.get_schedule(deployment_id, operation_id)
    assert (schedule, version) == (a_schedule(), 1)


def test_a_schedule_is_replaced_only_under_its_version(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.operations.create_schedule(deployment_id, operation_id, a_schedule())
    stores.operations.put_schedule(deployment_id, operation_id, a_schedule(max_parallel=3), 1)
    for version in (0, 1, 3):
        with pytest.raises(StaleWrite):
            stores.operations.put_schedule(deployment_id, operation_id, a_schedule(max_parallel=9), version)
    assert stores.operations.get_schedule(deployment_id, operation_id) == (a_schedule(max_parallel=3), 2)


def test_a_schedule_that_is_not_there_is_not_found_and_not_replaced(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    for version in (0, 1):
        with pytest.raises(StaleWrite):
            stores.operations.put_schedule(deployment_id, operation_id, a_schedule(), version)
    with pytest.raises(NotFound):
        stores.operations.get_schedule(deployment_id, operation_id)


def test_eight_writers_of_one_schedule_lose_no_update(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.operations.create_schedule(deployment_id, operation_id, a_schedule(max_parallel=1))

    def add_one(_: int) -> None:
        while True:
            schedule, version = stores.operations.get_schedule(deployment_id, operation_id)
            following = replace(schedule, max_parallel=schedule.max_parallel + 1)
            try:
                return stores.operations.put_schedule(deployment_id, operation_id, following, version)
            except StaleWrite:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(8)))
    schedule, version = stores.operations.get_schedule(deployment_id, operation_id)
    assert (schedule.max_parallel, version) == (9, 9)


def test_a_token_is_overwritten_and_only_those_that_are_there_are_given(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.operations.put_token(deployment_id, operation_id, "network", "old", "")
    stores.operations.put_token(deployment_id, operation_id, "network", "new", "")
    stores.operations.put_token(deployment_id, operation_id, "dns", "other", "")
    found = stores.operations.get_tokens(deployment_id, operation_id, ["network", "dns", "missing", "network"])
    assert found == {"network": "new", "dns": "other"}
    assert stores.operations.get_tokens(deployment_id, operation_id, []) == {}


def test_a_token_of_an_earlier_attempt_does_not_overwrite_a_later_one(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    for attempt in ("2025-01-01T00:00:01#000", "2025-01-01T00:00:01#001"):
        for _ in range(2):  # a delivery that is repeated is the same attempt
            stores.operations.put_token(deployment_id, operation_id, "network", f"of {attempt}", attempt)
    for late in ("2025-01-01T00:00:00#009", "2025-01-01T00:00:01#000", ""):
        with pytest.raises(StaleWrite, match="later attempt of network"):
            stores.operations.put_token(deployment_id, operation_id, "network", "late", late)
    found = stores.operations.get_tokens(deployment_id, operation_id, ["network"])
    assert found == {"network": "of 2025-01-01T00:00:01#001"}


def test_operations_are_found_until_they_are_settled_oldest_first(stores: Stores, fresh: Fresh) -> None:
    made = [
        stores.operations.create(
            replace(an_operation(fresh("D"), fresh("O")), created_at=f"2024-01-0{day}T00:00:00.000Z")
        )
        for day in (2, 1, 3)
    ]
    stores.operations.put(replace(made[2], state=TaskState.FAILED, settled=True))
    found: list[Operation] = []
    cursor = "first"
    while cursor:
        page = stores.operations.list_unsettled(limit=1, cursor="" if cursor == "first" else cursor)
        found += [each for each in page.items if each.deployment_id in {one.deployment_id for one in made}]
        cursor = page.cursor
    assert found == [made[1], made[0]]


def test_more_tokens_than_one_batch_reads_are_all_given(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.operations.put_token(deployment_id, operation_id, "s0", "first", "")
    stores.operations.put_token(deployment_id, operation_id, "s149", "last", "")
    found = stores.operations.get_tokens(deployment_id, operation_id, [f"s{n}" for n in range(150)])
    assert found == {"s0": "first", "s149": "last"}


def test_a_lock_that_has_no_row_is_empty(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    assert stores.operations.get_lock(deployment_id, "dev") == EnvironmentLock(deployment_id, "dev")


def test_a_lock_keeps_its_owner_and_queue(stores: Stores, fresh: Fresh) -> None:
    lock = EnvironmentLock(fresh("D"), "dev", a_ticket(1), (a_ticket(2), a_ticket(3)), 4)
    written = stores.operations.put_lock(lock)
    assert written.version == 1
    assert stores.operations.get_lock(lock.deployment_id, "dev") == written
    freed = stores.operations.put_lock(replace(written, owner=None, queue=()))
    assert stores.operations.get_lock(lock.deployment_id, "dev") == freed


@pytest.mark.parametrize("version", [0, 2])
def test_a_lock_is_replaced_only_under_its_version(stores: Stores, fresh: Fresh, version: int) -> None:
    written = stores.operations.put_lock(EnvironmentLock(fresh("D"), "dev", a_ticket(1)))
    with pytest.raises(StaleWrite):
        stores.operations.put_lock(replace(written, owner=a_ticket(2), version=version))
    assert stores.operations.get_lock(written.deployment_id, "dev") == written
