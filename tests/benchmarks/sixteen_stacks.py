"""The sixteen real stacks of the template ``default`` through the whole of local mode.

Local mode is warm: it has loaded what the stacks import, and has deployed another deployment of the template and destroyed it
again. Deploy is everything created from nothing, with 8 stacks at most at a time; unchanged is the same deploy again, in which
nothing runs, from the start of the execution to its end; then the destroy. The ratio of the deploy is to the sum of what the
runner measured for each stack alone: below 1 they ran at the same time. Memory is the peak of the resident set of local mode's
processes together, sampled; pages that they share count in each.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud_cli.checking import check_project
from cloud_cli.initialising import create_deployment
from cloud_cli.publishing import publish
from cloud_local import process_tuning
from cloud_local.runtime import LocalCloud, Options
from tests.benchmarks.makespan import run_to_end
from tests.benchmarks.processes import Memory, run_operation
from tests.benchmarks.results import Figure
from tests.benchmarks.unchanged import execution_seconds

DEPLOY_LIMIT_SECONDS = 20.0
UNCHANGED_LIMIT_SECONDS = 1.5
DESTROY_LIMIT_SECONDS = 10.0


def measure() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory() as memory,
        LocalCloud(Options(Path(folder) / "local", stand_in=True)) as local,
        CloudClient(Context(**local.context())) as client,
    ):
        local.aws.wait_until_warm()
        process_tuning.resume()  # as local mode's own process does when it is warm
        first = _publish(client, Path(folder) / "first")
        run_operation(local, client, first, "deploy")
        run_operation(local, client, first, "destroy")
        deployment_id = _publish(client, Path(folder) / "second")
        deploy = run_operation(local, client, deployment_id, "deploy")
        resources = sum(stack["resource_count"] or 0 for stack in client.stacks(deployment_id, "dev"))
        unchanged = sorted(
            execution_seconds(local, run_to_end(local, client, deployment_id, expected=0.0)) for _ in range(3)
        )[1]
        destroy = run_operation(local, client, deployment_id, "destroy")
    return [
        Figure("sixteen_deploy_seconds", deploy.seconds, "s", deploy.seconds / deploy.inside, DEPLOY_LIMIT_SECONDS),
        Figure("sixteen_unchanged_seconds", unchanged, "s", unchanged / deploy.seconds, UNCHANGED_LIMIT_SECONDS),
        Figure(
            "sixteen_destroy_seconds", destroy.seconds, "s", destroy.seconds / deploy.seconds, DESTROY_LIMIT_SECONDS
        ),
        Figure("sixteen_program_share", deploy.program_share, "share", deploy.program_share),
        Figure("sixteen_resources", float(resources), "resources", None),
        Figure("sixteen_peak_rss_mb", memory.peak_mb, "MB", None),
    ]


def _publish(client: CloudClient, root: Path) -> str:
    """A deployment of the template, registered as ``cloud deploy`` registers it; gives its id."""
    created = create_deployment(root, org="bench", project="bench", template="default")
    publish(client, check_project(created.workspace))
    return created.id
