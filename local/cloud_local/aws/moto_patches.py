"""What moto 5.2.5 needs to be a faithful AWS under load: each patch says why, and is guarded by a test.

tests/contract/test_moto_patches.py runs every scenario twice, on moto as it is and with the patch. The first run must show
the defect: when a new moto no longer does, that test fails and the patch goes.

Patches are of the process, like moto's own state, and are applied when a service is first asked for: importing the Step
Functions interpreter takes a second, which the start needn't wait for.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

from cloud_local.aws.interpreter_patches import INTERPRETER_PATCHES
from cloud_local.aws.resource_patches import RESOURCE_PATCHES
from cloud_local.aws.workflow_api_patches import WORKFLOW_API_PATCHES

Patches = Mapping[str, tuple[Callable[[], None], ...]]

_MAX_ITEM_BYTES = 405_000
"""moto's own limit."""

_applied: set[str] = set()
_apply_lock = threading.Lock()


def apply(service: str, patches: Patches) -> None:
    """Patch a service (a key of ``patches``) before its first request; other services need nothing."""
    if service in _applied:
        return
    with _apply_lock:
        if service not in _applied:
            for patch in patches.get(service, ()):
                patch()
            _applied.add(service)


def modules_are_listed_once() -> None:
    """moto lists its own folder for every request to find the service by name (a fifth of a DynamoDB call)."""
    from moto import backends

    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules


def methods_are_listed_once() -> None:
    """moto inspects a service's whole class for every request to find the operation's method."""
    from moto.core import responses

    responses.method_names_from_class = functools.lru_cache(maxsize=None)(responses.method_names_from_class)


def accounts_are_found_without_loading_them() -> None:
    """To find a request's account, moto makes the IAM of every account in all its partitions (China, GovCloud, …), each with
    all AWS managed policies: 0.6 s and 27 MB per account. Look only into those that exist."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.iam import models

    def get_account_id_from(access_key: str) -> str:
        for account_id, partitions in list(models.iam_backends.items()):
            if any(access_key in backend.access_keys for backend in list(partitions.values())):
                return str(account_id)
        return str(DEFAULT_ACCOUNT_ID)

    models.get_account_id_from = get_account_id_from


def request_ids_are_chosen_at_once() -> None:
    """moto chooses the 52 characters of every response's id one by one."""
    import string

    from moto.core import responses
    from moto.moto_api._internal import mock_random

    characters = string.ascii_uppercase + string.digits

    def gen_amzn_requestid_long(headerdict: dict[str, Any] | None = None) -> str:
        request_id = "".join(mock_random.choices(characters, k=52))
        if headerdict is not None:
            headerdict["x-amzn-requestid"] = request_id
        return request_id

    responses.gen_amzn_requestid_long = gen_amzn_requestid_long


def items_are_measured_once() -> None:
    """moto measures all attributes of an item again for each one that it adds, to refuse more than 400 KB."""
    from moto.dynamodb.exceptions import ItemSizeTooLarge
    from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

    def __init__(self: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:  # noqa: N807
        self.hash_key, self.range_key = hash_key, range_key
        self.attrs = LimitedSizeDict()
        for key, value in attrs.items():
            dict.__setitem__(self.attrs, key, DynamoType(value))
        if self.size() > _MAX_ITEM_BYTES:
            raise ItemSizeTooLarge

    Item.__init__ = __init__


def transactions_back_up_only_what_they_touch() -> None:
    """moto copies every table of a transaction whole, to put it back on failure; copy the touched items instead.

    The stream is cut back with them: what was rolled back was never written.
    """
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table

    original = DynamoDBBackend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        touched = _touched_items(self, transact_items)
        streams = [(table.stream_shard, len(table.stream_shard.items)) for table in _streamed(self, transact_items)]
        try:
            original(self, transact_items)
        except Exception:
            for table, hash_key, range_key, item in touched:
                _put_back(table, hash_key, range_key, item)
            for shard, length in streams:
                del shard.items[length:]
            raise

    DynamoDBBackend.transact_write_items = transact_write_items
    # moto's own copy and its putting back become no-ops; nothing else copies a table.
    Table.__deepcopy__ = lambda self, _memo: self


def attribute_values_are_sent_as_they_are() -> None:
    """moto looks for each of ten possible members of every attribute value of an item, under several names each: three
    quarters of a GetItem. Texts, numbers and booleans are in the form of the wire already."""
    from moto.core.serialize import BaseJSONSerializer

    original = BaseJSONSerializer._serialize_type_structure
    scalars = {"S", "N", "BOOL", "NULL"}  # bytes are still to be encoded, wherever they are nested

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() <= scalars:
            serialized[key] = value
        else:
            original(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = serialize


def conditions_are_read_once() -> None:
    """moto takes every condition apart by six regular expressions a word; those of our rows are a few dozen texts."""
    from collections import deque

    from moto.dynamodb.comparisons import ConditionExpressionParser as Parser

    original = Parser._lex_condition_expression

    @functools.lru_cache(maxsize=1024)
    def words_of(condition: str) -> tuple[Any, ...]:
        return tuple(original(Parser(condition, {}, {})))

    def lex(self: Any) -> Any:
        return deque(word._replace(children=[*word.children]) for word in words_of(self.condition_expression))

    Parser._lex_condition_expression = lex


def services_are_listed_once() -> None:
    """moto makes a loader for each service's model, and boto3 one for each session; each looks through the folders of all 400
    services first (10 ms). What they load stays each one's own: moto changes models."""
    from botocore.loaders import Loader

    original = Loader.list_available_services
    listed: dict[tuple[Any, ...], list[str]] = {}

    def list_available_services(self: Any, type_name: str) -> list[str]:
        key = (type_name, *dict.fromkeys(self.search_paths))
        if key not in listed:
            listed[key] = original(self, type_name)
        return [*listed[key]]

    Loader.list_available_services = list_available_services


SERVER = "server"
"""Not a service: what every request passes through."""

PATCHES: Patches = {
    SERVER: (
        modules_are_listed_once,
        methods_are_listed_once,
        accounts_are_found_without_loading_them,
        request_ids_are_chosen_at_once,
        services_are_listed_once,
    ),
    "DynamoDB": (
        transactions_back_up_only_what_they_touch,
        attribute_values_are_sent_as_they_are,
        items_are_measured_once,
        conditions_are_read_once,
    ),
    "AWSStepFunctions": INTERPRETER_PATCHES + WORKFLOW_API_PATCHES,
    **RESOURCE_PATCHES,
}


def _touched_items(backend: Any, transact_items: list[dict[str, Any]]) -> list[tuple[Any, Any, Any, Any]]:
    """(table, hash key, range key, copy of the item or None) for every item that the transaction names."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    touched = []
    for table, operation in _operations(backend, transact_items):
        key = operation.get("Key") or operation.get("Item") or {}
        if table.hash_key_attr not in key:
            continue  # moto refuses it before it writes
        hash_key = DynamoType(key[table.hash_key_attr])
        range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr in key else None
        stored = table.items.get(hash_key)
        if table.has_range_key and stored is not None:
            stored = stored.get(range_key)
        touched.append((table, hash_key, range_key, copy.deepcopy(stored)))
    return touched


def _streamed(backend: Any, transact_items: list[dict[str, Any]]) -> list[Any]:
    tables = {id(table): table for table, _ in _operations(backend, transact_items)}
    return [table for table in tables.values() if table.stream_shard]


def _operations(backend: Any, transact_items: list[dict[str, Any]]) -> list[tuple[Any, dict[str, Any]]]:
    operations = [operation for item in transact_items for operation in item.values()]
    return [
        (backend.tables[operation["TableName"]], operation)
        for operation in operations
        if operation.get("TableName") in backend.tables
    ]


def _put_back(table: Any, hash_key: Any, range_key: Any, item: Any) -> None:
    if not table.has_range_key:
        table.items.pop(hash_key, None) if item is None else table.items.update({hash_key: item})
    elif item is None:
        table.items[hash_key].pop(range_key, None)
        if not table.items[hash_key]:
            del table.items[hash_key]
    else:
        table.items[hash_key][range_key] = item
