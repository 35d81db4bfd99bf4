"""Copies instead of references: what goes into a store and what comes out of it share nothing that can change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from cloud.adapters.cursors import checked_limit, decode_cursor, encode_cursor
from cloud.ports.stores import Page

Record = TypeVar("Record")


def isolated(record: Record) -> Record:
    """A copy of a frozen record in which every mapping has gone through JSON, as it does on its way to a table."""
    if not is_dataclass(record) or isinstance(record, type):
        return record
    changes: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Mapping):
            changes[field.name] = json.loads(json.dumps(dict(value)))
        elif is_dataclass(value):
            changes[field.name] = isolated(value)
    return replace(record, **changes)


def page_of(
    items: Iterable[Record],
    key: Callable[[Record], tuple[str, ...]],
    *,
    scope: str,
    limit: int,
    cursor: str,
    newest_first: bool = True,
) -> Page[Record]:
    """A page of ``items`` in the order of ``key``. ``scope`` names the list, so that a cursor of another is refused."""
    limit = checked_limit(limit)
    ordered = sorted(items, key=key, reverse=newest_first)
    if cursor:
        position = decode_cursor(cursor, {"scope", "after"}, {"scope": scope})
        after = tuple(position["after"].split("\n"))
        ordered = [item for item in ordered if (key(item) < after if newest_first else key(item) > after)]
    shown, more = ordered[:limit], len(ordered) > limit
    next_cursor = encode_cursor({"scope": scope, "after": "\n".join(key(shown[-1]))}) if more else ""
    return Page(tuple(isolated(item) for item in shown), next_cursor)
