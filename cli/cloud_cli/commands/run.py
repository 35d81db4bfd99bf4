"""``deploy``, ``destroy`` and ``watch``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud.domain.operations import OnFailure
from cloud_cli.commands.plan import StrictLayersOption, load_project
from cloud_cli.interruption import OnInterrupt
from cloud_cli.options import (
    DeploymentArgument,
    FromOption,
    OnlyOption,
    OperationOption,
    ParallelOption,
    SequentialOption,
    StackOption,
    with_session,
)
from cloud_cli.running import follow_to_the_end, run_to_the_end
from cloud_cli.session import Session

if TYPE_CHECKING:
    from cloud_cli.checking import Project

GROUP = "Run"

OnFailureOption = Annotated[
    OnFailure | None,
    typer.Option(
        help="When a stack fails: start nothing more, or go on with what does not depend on it.", show_default=False
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Run stacks too of which nothing has changed.")]
DetachOption = Annotated[bool, typer.Option("--detach", help="Start it and don't wait for the end.")]
OnInterruptOption = Annotated[
    OnInterrupt,
    typer.Option(help="What Ctrl-C does: ask (without a terminal: detach), detach, or cancel the operation."),
]
SinceOption = Annotated[
    str,
    typer.Option(
        metavar="CURSOR",
        help="Only what came after an event: its sequence, or {operation_id}:{sequence}.",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Configuration over all other; repeatable.", show_default=False),
]


def register(app: typer.Typer) -> None:
    for function in (deploy, destroy, watch):
        app.command(rich_help_panel=GROUP)(with_session(function))


def deploy(
    session: Session,
    deployment: DeploymentArgument = "",
    stack: StackOption = None,
    only: OnlyOption = None,
    start: FromOption = None,
    on_failure: OnFailureOption = None,
    parallel: ParallelOption = None,
    sequential: SequentialOption = False,
    strict_layers: StrictLayersOption = False,
    force: ForceOption = False,
    setting: SetOption = None,
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Deploy: validate, plan, ask, upload, start, and follow to the end."""
    from cloud.domain.configuration_sources import parse_settings
    from cloud_cli import publishing
    from cloud_cli.asking import show_plan, with_yes
    from cloud_cli.checking import choose_environment
    from cloud_cli.planning import Choices, known_stacks, make_deploy_plan
    from cloud_cli.predicting import with_predictions

    choices = Choices(
        stack or (),
        only or (),
        start or (),
        on_failure.value if on_failure else None,
        1 if sequential else parallel,
        True if strict_layers else None,
        force,
        parse_settings(setting or []),
    )
    project = load_project(session, deployment)
    environment = choose_environment(project.manifest, session.options.environment)
    with session.client() as client:
        status = publishing.known_status(client, project.deployment_id)
        known = known_stacks(status, environment) if status else {}
        plan = make_deploy_plan(project, environment, choices, known)
        plan.require_runnable()
        if known:
            plan = with_predictions(client, project, plan, choices.request(environment))
        show_plan(session, plan)
        if not plan.stacks:
            session.show_json({"operation": None, "plan": plan.to_dict()})
            return 0
        session.confirm(
            _question(project, environment, len(plan.stacks)),
            otherwise=with_yes(session, "deploy", project.deployment_id),
        )
        publishing.publish(client, project, tell=session.say)
        return run_to_the_end(
            session,
            client,
            "deploy",
            project.deployment_id,
            choices.request(environment),
            workspace=project.workspace,
            detach=detach,
            on_interrupt=on_interrupt,
        )


def destroy(
    session: Session,
    deployment: DeploymentArgument = "",
    stack: StackOption = None,
    only: OnlyOption = None,
    start: FromOption = None,
    on_failure: OnFailureOption = None,
    parallel: ParallelOption = None,
    sequential: SequentialOption = False,
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Destroy what is deployed, dependents first. Asks for the deployment id."""
    from cloud.domain.plan import Plan
    from cloud_cli.asking import confirm_destroy, show_plan, with_yes
    from cloud_cli.planning import Choices
    from cloud_cli.targets import choose_remote_environment, find_target

    choices = Choices(
        stack or (), only or (), start or (), on_failure.value if on_failure else None, 1 if sequential else parallel
    )
    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        request = choices.request(environment)
        plan = Plan.from_dict(client.plan(target.deployment_id, {**request, "operation": "destroy"}))
        show_plan(session, plan)
        if not plan.stacks:
            session.show_json({"operation": None, "plan": plan.to_dict()})
            return 0
        otherwise = with_yes(session, "destroy", target.deployment_id)
        confirm_destroy(session, target.deployment_id, environment, otherwise=otherwise)
        return run_to_the_end(
            session,
            client,
            "destroy",
            target.deployment_id,
            request,
            workspace=target.workspace,
            detach=detach,
            on_interrupt=on_interrupt,
        )


def watch(
    session: Session,
    deployment: DeploymentArgument = "",
    operation_id: OperationOption = "",
    since: SinceOption = "",
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Follow an operation to its end, from its beginning: the running one, else the latest. With --json as NDJSON."""
    from cloud_cli.targets import find_target, latest_operation, parse_cursor

    operation_id, after = parse_cursor(since, operation_id)
    target = find_target(deployment)
    with session.client() as client:
        if operation_id:
            operation: Mapping[str, Any] = client.operation(target.deployment_id, operation_id)
        else:
            operation = latest_operation(client, target, session.options.environment)
        return follow_to_the_end(session, client, operation, on_interrupt, after=after)


def _question(project: Project, environment: str, stacks: int) -> str:
    """What is about to change, and where: the account is what people get wrong."""
    from cloud_cli.wording import counted

    deployment, place = project.manifest.deployment, project.manifest.environment(environment)
    return (
        f"Deploy {counted(stacks, 'stack')} of {deployment.org}/{deployment.project} ({deployment.id}) "
        f"to {environment}, account {place.account}, {place.region}?"
    )
