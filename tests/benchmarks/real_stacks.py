"""The three real stacks of the template ``minimal`` through the whole of local mode, cold and warm.

Cold is the first deploy after local mode has started; warm is the same deploy again with ``force``, in which Pulumi finds
nothing to change; unchanged is the same without it, in which nothing runs, from the start of the execution to its end; then the
destroy. The share of the Pulumi programs is what the runner measured between a program's start and its end, over the time
inside the runner. Memory is the peak of the resident set of local mode's processes together, sampled.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from cloud.client.contexts import Context
from cloud.client.programs import zip_program
from cloud.client.rest import CloudClient
from cloud_local import bundle, process_tuning
from cloud_local.runtime import LocalCloud, Options
from tests.benchmarks.makespan import run_to_end
from tests.benchmarks.processes import Memory, run_operation
from tests.benchmarks.results import Figure
from tests.benchmarks.unchanged import execution_seconds

STACKS = {"network": "", "security": "network", "storage": "security"}
UNCHANGED_LIMIT_SECONDS = 1.0


def measure() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory() as memory,
        LocalCloud(Options(Path(folder), stand_in=True)) as local,
        CloudClient(Context(**local.context())) as client,
    ):
        local.aws.wait_until_warm()
        process_tuning.resume()  # as local mode's own process does when it is warm
        deployment_id = _publish(client)
        cold = run_operation(local, client, deployment_id, "deploy")
        warm = run_operation(local, client, deployment_id, "deploy", force=True)
        unchanged = sorted(
            execution_seconds(local, run_to_end(local, client, deployment_id, expected=0.0)) for _ in range(3)
        )[1]
        destroy = run_operation(local, client, deployment_id, "destroy")
    return [
        Figure("real_three_cold_seconds", cold.seconds, "s", 1.0),
        Figure("real_three_warm_seconds", warm.seconds, "s", warm.seconds / cold.seconds),
        Figure("real_three_unchanged_seconds", unchanged, "s", unchanged / cold.seconds, UNCHANGED_LIMIT_SECONDS),
        Figure("real_three_destroy_seconds", destroy.seconds, "s", destroy.seconds / cold.seconds),
        Figure("real_three_cold_program_share", cold.program_share, "share", cold.program_share),
        Figure("real_three_warm_program_share", warm.program_share, "share", warm.program_share),
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
