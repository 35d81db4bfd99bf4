"""``preview``: what a deploy would do, resource by resource, through the whole graph."""

from __future__ import annotations

import typer

from cloud_cli.commands.plan import StrictLayersOption, load_project
from cloud_cli.commands.run import DetachOption, OnInterruptOption, SetOption
from cloud_cli.interruption import OnInterrupt
from cloud_cli.options import (
    DeploymentArgument,
    FromOption,
    OnlyOption,
    ParallelOption,
    SequentialOption,
    StackOption,
    with_session,
)
from cloud_cli.running import run_to_the_end
from cloud_cli.session import Session

GROUP = "Plan"


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=GROUP)(with_session(preview))


def preview(
    session: Session,
    deployment: DeploymentArgument = "",
    stack: StackOption = None,
    only: OnlyOption = None,
    start: FromOption = None,
    parallel: ParallelOption = None,
    sequential: SequentialOption = False,
    strict_layers: StrictLayersOption = False,
    setting: SetOption = None,
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Show what a deploy would do. Uploads and runs the programs; changes nothing and waits for nobody.

    What a stack will export that is not deployed yet stays unknown, also in the stacks that use it.
    """
    from cloud.domain.configuration_sources import parse_settings
    from cloud.domain.operations import OperationKind
    from cloud_cli import publishing
    from cloud_cli.checking import choose_environment
    from cloud_cli.planning import Choices, known_stacks, make_deploy_plan

    choices = Choices(
        stack or (),
        only or (),
        start or (),
        max_parallel=1 if sequential else parallel,
        strict_layers=True if strict_layers else None,
        settings=parse_settings(setting or []),
    )
    project = load_project(session, deployment)
    environment = choose_environment(project.manifest, session.options.environment)
    with session.client() as client:
        status = publishing.known_status(client, project.deployment_id)
        known = known_stacks(status, environment) if status else {}
        plan = make_deploy_plan(project, environment, choices, known, kind=OperationKind.PREVIEW)
        plan.require_runnable()
        for warning in plan.warnings:
            session.warn(f"Warning: {warning}")
        if not plan.stacks:
            session.show_json({"operation": None, "plan": plan.to_dict()})
            session.show("There is no stack to preview.")
            return 0
        publishing.publish(client, project, tell=session.say)
        return run_to_the_end(
            session,
            client,
            "preview",
            project.deployment_id,
            choices.request(environment),
            workspace=project.workspace,
            detach=detach,
            on_interrupt=on_interrupt,
        )
