"""``deploy``, ``destroy`` and ``watch``."""

from __future__ import annotations

import shlex
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
    context_options,
    with_session,
)
from cloud_cli.running import follow_to_the_end, show_detached
from cloud_cli.running import start as start_operation
from cloud_cli.session import Session
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud_cli.checking import Project

GROUP = "Run"

OnFailureOption = Annotated[
    OnFailure | None,
    typer.Option(
        help="When a stack fails: start nothing more, or go on with what does not depend on it.", show_default=False
    ),
]
DetachOption = Annotated[bool, typer.Option("--detach", help="Start it and don't wait for the end.")]
OnInterruptOption = Annotated[
    OnInterrupt,
    typer.Option(help="What Ctrl-C does: ask (without a terminal: detach), detach, or cancel the operation."),
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
    setting: SetOption = None,
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Deploy: validate, plan, ask, upload, start, and follow to the end."""
    from cloud.domain.configuration_sources import parse_settings
    from cloud_cli import publishing
    from cloud_cli.checking import choose_environment
    from cloud_cli.planning import Choices, known_stacks, make_deploy_plan

    choices = Choices(
        stack or (),
        only or (),
        start or (),
        on_failure.value if on_failure else None,
        1 if sequential else parallel,
        True if strict_layers else None,
        parse_settings(setting or []),
    )
    project = load_project(session, deployment)
    environment = choose_environment(project.manifest, session.options.environment)
    with session.client() as client:
        status = publishing.known_status(client, project.deployment_id)
        known = known_stacks(status, environment) if status else {}
        plan = make_deploy_plan(project, environment, choices, known)
        plan.budget.require_inline(deployment_id=plan.deployment_id)
        _show_plan(session, plan)
        if not plan.stacks:
            session.show_json({"operation": None, "plan": plan.to_dict()})
            return 0
        session.confirm(
            _question(project, environment, len(plan.stacks)),
            otherwise=_with_yes("deploy", session, project.deployment_id),
        )
        publishing.publish(client, project, tell=session.say)
        operation = start_operation(session, client, "deploy", project.deployment_id, choices.request(environment))
        publishing.write_journal(project.workspace, operation, session.options.context)
        return (
            show_detached(session, operation) if detach else follow_to_the_end(session, client, operation, on_interrupt)
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
    from cloud_cli import publishing
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
        _show_plan(session, plan)
        if not plan.stacks:
            session.show_json({"operation": None, "plan": plan.to_dict()})
            return 0
        _confirm_destroy(session, target.deployment_id, environment)
        operation = start_operation(session, client, "destroy", target.deployment_id, request)
        if target.workspace is not None:
            publishing.write_journal(target.workspace, operation, session.options.context)
        return (
            show_detached(session, operation) if detach else follow_to_the_end(session, client, operation, on_interrupt)
        )


def watch(
    session: Session,
    deployment: DeploymentArgument = "",
    operation_id: OperationOption = "",
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Follow an operation to its end, from its beginning: the running one, else the latest."""
    from cloud_cli.targets import find_target, latest_operation

    target = find_target(deployment)
    with session.client() as client:
        if operation_id:
            operation: Mapping[str, Any] = client.operation(target.deployment_id, operation_id)
        else:
            operation = latest_operation(client, target, session.options.environment)
        return follow_to_the_end(session, client, operation, on_interrupt)


def _question(project: Project, environment: str, stacks: int) -> str:
    """What is about to change, and where: the account is what people get wrong."""
    from cloud_cli.wording import counted

    deployment, place = project.manifest.deployment, project.manifest.environment(environment)
    return (
        f"Deploy {counted(stacks, 'stack')} of {deployment.org}/{deployment.project} ({deployment.id}) "
        f"to {environment}, account {place.account}, {place.region}?"
    )


def _show_plan(session: Session, plan: Any) -> None:
    from cloud.domain.plan_views import render_text

    session.say(clean(render_text(plan).rstrip("\n"), lines=True))


def _confirm_destroy(session: Session, deployment_id: str, environment: str) -> None:
    if session.options.yes:
        return
    answer = session.ask(
        f"This deletes what is deployed in {environment}. Type the deployment id ({deployment_id}) to go on: ",
        otherwise=_with_yes("destroy", session, deployment_id),
    )
    if answer != deployment_id:
        raise typer.Abort


def _with_yes(command: str, session: Session, deployment_id: str) -> str:
    """What to type where nobody can be asked."""
    arguments = ["cloud", command, deployment_id, *context_options(session.options)]
    arguments += ["--env", session.options.environment] if session.options.environment else []
    return f"To go on without a question: {shlex.join([*arguments, '--yes'])}"
