"""Operations of real stacks as benchmarks run them, and the memory that local mode's processes take meanwhile."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.client.contexts import Context
from cloud.client.events import EventStream
from cloud.client.rest import CloudClient
from cloud.domain.events import Cursor
from cloud_local.runtime import LocalCloud

SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Operation:
    """``seconds`` from the request to the last event; ``inside`` the runner, all stacks together, and the programs' share of
    that."""

    seconds: float
    inside: float
    program_share: float


def run_operation(local: LocalCloud, client: CloudClient, deployment_id: str, kind: str, **options: bool) -> Operation:
    """Run it in ``dev`` to its end. Raises RuntimeError when it doesn't succeed."""
    began = time.perf_counter()
    operation = getattr(client, kind)(deployment_id, {"environment": "dev", **options})
    state = asyncio.run(_last(local, deployment_id, operation["id"]))
    wall = time.perf_counter() - began
    if state["state"] not in ("succeeded", "completed"):  # completed: there was nothing to change
        raise RuntimeError(f"The benchmark's {kind} {state}.")
    stacks = client.stacks(deployment_id, "dev")
    inside = sum(stack["seconds"] or 0 for stack in stacks)
    return Operation(wall, inside, sum(stack["program_seconds"] or 0 for stack in stacks) / inside)


async def _last(local: LocalCloud, deployment_id: str, operation_id: str) -> dict[str, Any]:
    async for event in EventStream(Context(**local.context()), deployment_id, since=Cursor(operation_id, 0)):
        if event.data.get("terminal"):
            return dict(event.data)
    raise RuntimeError("The stream ended before the operation.")


class Memory:
    """Samples the resident set of this process and its descendants (the fork server and its commands)."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        page_mb = resource.getpagesize() / 1024 / 1024
        while not self._ended.wait(SAMPLE_SECONDS):
            pages = sum(_resident_pages(pid) for pid in _descendants())
            self.peak_mb = max(self.peak_mb, pages * page_mb)


def _descendants() -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue  # it ended meanwhile
    found = [os.getpid()]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
