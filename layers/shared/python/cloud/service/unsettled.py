"""The operations that somebody still has to look after, of every deployment."""

from __future__ import annotations

from collections.abc import Iterator

from cloud.domain.operations import Operation
from cloud.service.platform import Platform


def unsettled_operations(platform: Platform) -> Iterator[Operation]:
    """All of them, page by page: what waits, runs, or has ended but for its last writes."""
    cursor = ""
    while True:
        page = platform.stores.operations.list_unsettled(cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if not cursor:
            return
