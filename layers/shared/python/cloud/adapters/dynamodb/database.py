"""One door to DynamoDB: a client shared by all tables, rows bound to table names, conditional puts, pages.

Nothing here is global but a cache by Settings: two sets of tables live side by side in one process. No table is ever
described; pynamodb knows the keys from the rows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import new_class
from typing import Any, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.expressions.condition import Condition

from cloud.adapters.aws_errors import CONDITION_FAILED, error_code, translated
from cloud.adapters.boto import USER_AGENT
from cloud.adapters.cursors import checked_limit, decode_cursor, encode_cursor
from cloud.adapters.dynamodb.rows import Row
from cloud.domain.errors import CloudError, Throttled
from cloud.ports.stores import Page
from cloud.settings import Settings

RowType = TypeVar("RowType", bound=Row)
Item = TypeVar("Item")

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 10.0
_RETRIES = 4  # botocore's standard mode: exponential, with jitter, for throttling and lost connections
_POOL = 50
_BATCH_GET = 100  # keys in one BatchGetItem
_UNPROCESSED_ROUNDS = 6

_random = random.SystemRandom()


class Refused(Exception):
    """A conditional put found ``item`` (attribute values as stored, None when there is none) in its place."""

    def __init__(self, item: Mapping[str, Any] | None) -> None:
        super().__init__("the condition of a put failed")
        self.item = item


class _Connection(Connection):
    """pynamodb's, which has no option for who it says that it is."""

    @property
    def session(self) -> Session:
        session = super().session
        session.set_default_client_config(Config(user_agent=USER_AGENT))
        return session


class Database:
    """The tables of one Settings. Thread-safe; repositories share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.connection = _Connection(
            region=settings.region,
            host=settings.endpoint_url or None,
            connect_timeout_seconds=_CONNECT_SECONDS,
            read_timeout_seconds=_READ_SECONDS,
            max_retry_attempts=_RETRIES,
            max_pool_connections=_POOL,
        )
        self._tables: set[str] = set()

    def bind(self, row: type[RowType], table_name: str) -> type[RowType]:
        """``row`` as a model of that table, on the shared client (pynamodb alone would open one per model)."""
        meta = type("Meta", (), {"table_name": table_name, "region": self._settings.region})
        namespace = {"Meta": meta, "__module__": row.__module__}
        bound = cast("type[RowType]", new_class(row.__name__, (row,), exec_body=lambda body: body.update(namespace)))
        table = bound._get_connection()
        if table_name not in self._tables:
            self._tables.add(table_name)
            self.connection.add_meta_table(table.get_meta_table())
        table.connection = self.connection
        return bound

    def put(self, row: Row, condition: Condition | None, action: str) -> None:
        """Put ``row`` under ``condition`` and the condition of its version. Raises Refused, or what AWS's errors become.

        When botocore had to repeat the request because the first answer was lost, and what stands there is exactly what
        was written, the write was ours and has succeeded.
        """
        arguments = row.get_save_kwargs_from_instance(condition, "ALL_OLD")
        with translated(action):
            try:
                self.connection.dispatch("PutItem", arguments)
            except ClientError as error:
                if error_code(error) != CONDITION_FAILED:
                    raise
                answer = getattr(error.__cause__, "response", {})
                item = answer.get("Item")
                was_repeated = answer.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
                if not (was_repeated and item == arguments["Item"]):
                    raise Refused(item) from error
        row.update_local_version_attribute()  # type: ignore[no-untyped-call]

    def put_versioned(self, row: Row, action: str, refused: Callable[[], CloudError]) -> None:
        """Put a row that has a version: a new one when it has none yet, else the next. ``refused`` makes the error."""
        try:
            self.put(row, None, action)
        except Refused as error:
            raise refused() from error

    def get(self, row: type[RowType], pk: str, sk: str, action: str) -> RowType | None:
        """One GetItem, always consistent: what is read is mostly written next, under the version that was read."""
        with translated(action):
            try:
                return row.get(pk, sk, consistent_read=True)
            except row.DoesNotExist:
                return None

    def get_many(self, row: type[RowType], pk: str, sks: Iterable[str], action: str) -> Iterator[RowType]:
        """The rows that exist, in any order: one consistent BatchGetItem per hundred keys."""
        keys = [{"PK": pk, "SK": sk} for sk in dict.fromkeys(sks)]
        for start in range(0, len(keys), _BATCH_GET):
            pending: Sequence[Mapping[str, Any]] = keys[start : start + _BATCH_GET]
            for attempt in range(_UNPROCESSED_ROUNDS):
                found, pending = self._batch_get(row, pending, action)
                yield from (row.from_raw_data(item) for item in found)
                if not pending:
                    break
                time.sleep(backoff(attempt))
            if pending:
                raise Throttled(f"DynamoDB did not read all rows to {action}.", hint="Try again in a moment.")

    def _batch_get(
        self, row: type[Row], keys: Sequence[Mapping[str, Any]], action: str
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        name = row.Meta.table_name
        with translated(action):
            answer = self.connection.batch_get_item(name, keys, consistent_read=True)  # type: ignore[arg-type]
        return answer["Responses"].get(name, []), answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys", [])

    def page(
        self,
        row: type[RowType],
        partition: str,
        convert: Callable[[RowType], Item],
        *,
        action: str,
        limit: int,
        cursor: str,
        index: tuple[str, str, str] | None = None,
        condition: Condition | None = None,
        prefix: str = "",
        newest_first: bool = True,
    ) -> Page[Item]:
        """One Query. ``index`` is (name, hash key, range key) of a secondary index, None for the table itself.

        One row more than asked for is read, so that the last page is known to be the last. ``prefix`` is what the sort
        key of a cursor must begin with.
        """
        index_name, hash_name, range_name = index or ("", "PK", "SK")
        names = {"PK", "SK", hash_name, range_name}
        limit = checked_limit(limit)
        start = decode_cursor(cursor, names, {hash_name: partition}) if cursor else None
        if start and not start["SK"].startswith(prefix):
            start = decode_cursor(cursor, names, {"SK": prefix})  # raises: the position is none of this list
        with translated(action):
            rows = list(
                row.query(
                    partition,
                    condition,
                    index_name=index_name or None,
                    scan_index_forward=not newest_first,
                    limit=limit + 1,
                    last_evaluated_key={name: {"S": value} for name, value in start.items()} if start else None,
                )
            )
        shown = rows[:limit]
        more = len(rows) > limit
        position = {name: str(getattr(shown[-1], name)) for name in names} if more else {}
        return Page(tuple(convert(found) for found in shown), encode_cursor(position) if more else "")


@lru_cache(maxsize=16)
def database(settings: Settings) -> Database:
    """The database of these settings, made once per process."""
    return Database(settings)


def version_of(version: int) -> dict[str, Any]:
    """The version attribute of a row: none before the first write, which makes pynamodb demand that there is no row."""
    return {"version": version} if version else {}


def backoff(attempt: int, longest: float = 0.25) -> float:
    """Seconds to wait before attempt ``attempt + 1``: doubling from 10 ms, with full jitter."""
    return _random.uniform(0, min(longest, 0.01 * 2**attempt))


__all__ = ["Database", "Refused", "backoff", "database", "version_of"]
