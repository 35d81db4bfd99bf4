"""Log lines: those that are stored, and those that come, through one filter."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cloud.client.events import EventStream
from cloud.domain.events import Cursor, EventType
from cloud_cli.session import UsageError

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud.domain.events import Event
    from cloud_cli.targets import Target

LEVELS = ("debug", "info", "warning", "error")
PAGE = 500
_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines. Empty is all; ``level`` is the lowest; ``since`` a time or None. Raises UsageError for no such level."""

    stack: str = ""
    level: str = ""
    environment: str = ""
    since: datetime | None = None

    def __post_init__(self) -> None:
        if self.level and self.level not in LEVELS:
            raise UsageError(f"--level is {self.level!r}.", hint=f"It is one of {', '.join(LEVELS)}.")

    def takes(self, line: Mapping[str, Any]) -> bool:
        if self.stack and line.get("stack") != self.stack:
            return False
        if self.environment and line.get("environment") != self.environment:
            return False
        level = str(line.get("level", "info"))
        if self.level and level in LEVELS and LEVELS.index(level) < LEVELS.index(self.level):
            return False
        return self.since is None or datetime.fromisoformat(str(line["timestamp"])) >= self.since


def parse_since(text: str, now: datetime | None = None) -> datetime | None:
    """``10m`` (s, m, h, d) before now, or an RFC 3339 time; None for an empty text. Raises UsageError."""
    if not text:
        return None
    ago = _AGO.fullmatch(text)
    if ago:
        return (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since is {text!r}.", hint="It is 30s, 10m, 2h or 1d, or a time: 2026-01-31T12:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.astimezone()


def stored(client: CloudClient, target: Target, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
    """The newest ``limit`` lines, oldest first; with a time, the first ``limit`` since then."""
    since = (
        wanted.since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if wanted.since else ""
    )
    found: list[dict[str, Any]] = []
    cursor = ""
    while len(found) < limit:
        page = client.logs(target.deployment_id, since=since, limit=PAGE, cursor=cursor)
        found += [line for line in page["items"] if wanted.takes(line)]
        cursor = page["cursor"]
        if not cursor:
            break
    chosen = found[:limit]
    # Without a time the newest come first, so that the first page is the one that matters.
    return chosen if since else chosen[::-1]


def following(client: CloudClient, target: Target, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The lines of the latest operation, then what comes, until interrupted (KeyboardInterrupt)."""
    latest = next(iter(client.operations(target.deployment_id)), None)
    stream = EventStream(client.context, target.deployment_id, since=Cursor(latest["id"], 0) if latest else None)
    try:
        yield from _lines(stream, wanted)
    except (Exception, asyncio.CancelledError) as error:
        if was_interrupted(error):
            raise KeyboardInterrupt from error
        raise


def was_interrupted(error: BaseException | None) -> bool:
    """Whether an interrupt is behind it: between two steps of the event loop, one ends as what closing it fails of.

    A cancellation further back is none: every time-out of asyncio has one behind it.
    """
    if isinstance(error, asyncio.CancelledError):
        return True
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _lines(stream: EventStream, wanted: Wanted) -> Iterator[dict[str, Any]]:
    events = aiter(stream)
    with asyncio.Runner() as runner:
        while True:
            line = _line(runner.run(_next(events)))
            if line is not None and wanted.takes(line):
                yield line


async def _next(events: Any) -> Event:
    event: Event = await anext(events)
    return event


def _line(event: Event) -> dict[str, Any] | None:
    if event.type is not EventType.LOG_CREATED:
        return None
    return {
        "timestamp": event.timestamp,
        "level": str(event.data.get("level", "info")),
        "environment": event.environment,
        "stack": str(event.data.get("stack", "")),
        "operation_id": event.operation_id,
        "message": str(event.data.get("message", "")),
    }
