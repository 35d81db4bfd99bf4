"""Predictions join a plan that was made here only while the control plane holds what is on disk."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud.domain.errors import NotFound
from cloud.domain.plan import Plan
from cloud_cli.checking import Project, check_project
from cloud_cli.planning import Choices, make_deploy_plan
from cloud_cli.predicting import with_predictions
from cloud_cli.publishing import zip_programs
from cloud_cli.workspace import find_workspace
from functions.serve_api.problems import problem_body
from tests.unit.cli.command_line import CommandLine

SAID = {"network": "unchanged", "security": "unchanged if network's outputs don't change"}
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def project(cloud: CommandLine) -> Project:
    cloud.add_project()
    return check_project(find_workspace("", Path.cwd()))


def uploaded(project: Project) -> dict[str, Any]:
    digests = {stack: hashlib.sha256(archive).hexdigest() for stack, archive in zip_programs(project).items()}
    document = {"manifest": project.manifest.to_dict(), "config_files": {}, "programs": digests, "version": 1}
    stored: dict[str, Any] = json.loads(json.dumps(document))
    return stored


def predicted(project: Project, stored: dict[str, Any] | None) -> dict[str, str]:
    plan = make_deploy_plan(project, "dev", Choices())

    def answer(request: httpx.Request) -> httpx.Response:
        if stored is None:
            return httpx.Response(404, json=problem_body(NotFound("no manifest yet"), ""))
        if request.url.path.endswith("/manifest"):
            return httpx.Response(200, json=stored)
        return httpx.Response(200, json=plan.with_predictions(SAID).to_dict())

    context = Context("http://127.0.0.1:1", "ws://127.0.0.1:1", "t0ken", "ann")
    with CloudClient(context, transport=httpx.MockTransport(answer)) as client:
        found: Plan = with_predictions(client, project, plan, Choices().request("dev"))
    return {name: stack.prediction for name, stack in found.stacks.items() if stack.prediction}


def test_what_is_on_disk_as_it_was_uploaded_gets_the_predictions(project: Project) -> None:
    assert predicted(project, uploaded(project)) == SAID


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored["manifest"]["stacks"]["network"].update(config={"cidr": "10.1.0.0/16"}),
        lambda stored: stored["config_files"].update({"network.dev": {"size": 1}}),
        lambda stored: stored["programs"].update(network="0" * 64),
    ],
    ids=["manifest", "file", "program"],
)
def test_what_differs_from_what_was_uploaded_gets_none(project: Project, change: Change) -> None:
    stored = uploaded(project)
    change(stored)
    assert predicted(project, stored) == {}


def test_a_control_plane_that_has_nothing_to_say_is_no_hindrance(project: Project) -> None:
    assert predicted(project, None) == {}
