"""The value that came first under a key: one conditional put, which gives the earlier value where there is one."""

from __future__ import annotations

from cloud.adapters.dynamodb.database import Database, Refused
from cloud.adapters.dynamodb.rows import KeyRow
from cloud.domain.errors import StaleWrite
from cloud.ports.workflow import Clock


def put_first(database: Database, row: KeyRow, clock: Clock, action: str) -> str:
    """Put ``row`` unless its key is taken; the value that holds the key.

    DynamoDB removes expired rows late (within days), so a row whose time is over counts as gone. Raises StaleWrite in
    the one case left, a row that vanished between refusal and answer.
    """
    key = type(row)
    free = key.PK.does_not_exist() | (key.ttl <= int(clock.now().timestamp()))
    try:
        database.put(row, free, action)
    except Refused as refused:
        if refused.item is None:
            raise StaleWrite(f"The key was released while it was taken to {action}.") from refused
        return str(refused.item["value"]["S"])
    return row.value
