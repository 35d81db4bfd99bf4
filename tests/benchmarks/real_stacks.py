"""The three real stacks of the template ``minimal`` through the whole of local mode, cold and warm.

Cold is the first deploy after local mode has started; warm is the same deploy again with ``force``, in which Pulumi finds
nothing to change; unchanged is the same without it, in which nothing runs, from the start of the execution to its end; then the
destroy. The share of the Pulumi programs is what the runner measured between a program's start and its end, over the time
inside the runner. Memory is the peak of the resident set of local mode's processes together, sampled.
"""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from cloud.client.contexts import Context
from cloud.client.events import EventStream
from cloud.client.programs import zip_program
from cloud.client.rest import CloudClient
from cloud.domain.events import Cursor
from cloud_local import bundle, process_tuning
from cloud_local.runtime import LocalCloud, Options
from tests.benchmarks.makespan import run_to_end
from tests.benchmarks.results import Figure
from tests.benchmarks.unchanged import execution_seconds

STACKS = {"network": "", "security": "network", "storage": "security"}
SAMPLE_SECONDS = 0.1
UNCHANGED_LIMIT_SECONDS = 1.0


def measure() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        _Memory() as memory,
        LocalCloud(Options(Path(folder), stand_in=True)) as local,
        CloudClient(Context(**local.context())) as client,
    ):
        local.aws.wait_until_warm()
        process_tuning.resume()  # as local mode's own process does when it is warm
        deployment_id = _publish(client)
        cold, cold_share = _run(local, client, deployment_id, "deploy")
        warm, warm_share = _run(local, client, deployment_id, "deploy", force=True)
        unchanged = sorted(
            execution_seconds(local, run_to_end(local, client, deployment_id, expected=0.0)) for _ in range(3)
        )[1]
        destroy, _ = _run(local, client, deployment_id, "destroy")
    return [
        Figure("real_three_cold_seconds", cold, "s", 1.0),
        Figure("real_three_warm_seconds", warm, "s", warm / cold),
        Figure("real_three_unchanged_seconds", unchanged, "s", unchanged / cold, UNCHANGED_LIMIT_SECONDS),
        Figure("real_three_destroy_seconds", destroy, "s", destroy / cold),
        Figure("real_three_cold_program_share", cold_share, "share", cold_share),
        Figure("real_three_warm_program_share", warm_share, "share", warm_share),
        Figure("real_three_peak_rss_mb", memory.peak_mb, "MB", None),
    ]


def _publish(client: CloudClient) -> str:
    deployment_id: str = client.init(org="bench", project="bench")["id"]
    lines = [
        "version: 1",
        f"deployment: {{id: {deployment_id}, org: bench, project: bench}}",
        'environments: {dev: {enabled: true, account: "123456789012", region: us-east-1}}',
        "stacks:",
        *(f"  {name}: {{dependencies: [{needs}]}}" for name, needs in STACKS.items()),
    ]
    programs = {
        name: client.upload_program(deployment_id, zip_program(bundle.folder("stacks") / name, name=name))
        for name in STACKS
    }
    client.put_manifest(deployment_id, manifest="\n".join(lines), configs={}, programs=programs)
    return deployment_id


def _run(local: LocalCloud, client: CloudClient, deployment_id: str, kind: str, **options: bool) -> tuple[float, float]:
    """Seconds from the request to the last event, and the programs' share of the time inside the runner."""
    began = time.perf_counter()
    operation = getattr(client, kind)(deployment_id, {"environment": "dev", **options})
    state = asyncio.run(_last(local, deployment_id, operation["id"]))
    wall = time.perf_counter() - began
    if state["state"] not in ("succeeded", "completed"):  # completed: there was nothing to change
        raise RuntimeError(f"The benchmark's {kind} {state}.")
    stacks = client.stacks(deployment_id, "dev")
    inside = sum(stack["seconds"] or 0 for stack in stacks)
    return wall, sum(stack["program_seconds"] for stack in stacks) / inside


async def _last(local: LocalCloud, deployment_id: str, operation_id: str) -> dict[str, Any]:
    async for event in EventStream(Context(**local.context()), deployment_id, since=Cursor(operation_id, 0)):
        if event.data.get("terminal"):
            return dict(event.data)
    raise RuntimeError("The stream ended before the operation.")


class _Memory:
    """Samples the resident set of this process and its descendants (the fork server and its commands)."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> _Memory:
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
