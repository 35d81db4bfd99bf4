"""``deploy``, ``destroy``, ``cancel``, ``approve``, ``reject``, and ``watch``: what starts, follows and ends operations."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud.domain.operations import OnFailure
from cloud_cli.commands.plan import StrictLayersOption, load_project
from cloud_cli.interruption import Decision, OnInterrupt
from cloud_cli.main import INTERRUPTED
from cloud_cli.options import (
    DeploymentArgument,
    FromOption,
    OnlyOption,
    ParallelOption,
    SequentialOption,
    StackOption,
    context_options,
    with_session,
)
from cloud_cli.session import Session
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud_cli.checking import Project

GROUP = "Run"
FAILED = 1

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
OperationOption = Annotated[
    str,
    typer.Option(
        "--operation",
        metavar="OPERATION",
        help="Operation id. [dim]Default: the one that runs, else the latest[/]",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    for function in (deploy, destroy, watch, cancel, approve, reject):
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
        operation = _start(session, client, "deploy", project.deployment_id, choices.request(environment))
        publishing.write_journal(project.workspace, operation, session.options.context)
        return _detached(session, operation) if detach else _follow(session, client, operation, on_interrupt)


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
        operation = _start(session, client, "destroy", target.deployment_id, request)
        if target.workspace is not None:
            publishing.write_journal(target.workspace, operation, session.options.context)
        return _detached(session, operation) if detach else _follow(session, client, operation, on_interrupt)


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
        return _follow(session, client, operation, on_interrupt)


def cancel(session: Session, deployment: DeploymentArgument = "", operation_id: OperationOption = "") -> None:
    """Cancel an operation: nothing new starts, what runs is interrupted."""
    from cloud_cli.targets import choose_remote_environment, find_target

    target = find_target(deployment)
    with session.client() as client:
        environment = "" if operation_id else choose_remote_environment(client, target, session.options.environment)
        operation = client.cancel(target.deployment_id, operation_id=operation_id, environment=environment)
    session.show_json(operation)
    ended = operation["finished_at"]
    session.show(
        f"{clean(operation['kind'])} {clean(operation['id'])} "
        + (f"has ended already: {clean(operation['state'])}." if ended else "is being cancelled.")
    )
    if not ended:
        session.say(f"`{_again('watch', session, operation)}` follows it.")


def approve(session: Session, deployment: DeploymentArgument = "", operation_id: OperationOption = "") -> None:
    """Let an operation run that waits for an approval. Nobody approves an operation of their own."""
    _decide(session, operation_id, deployment, approve=True)


def reject(session: Session, deployment: DeploymentArgument = "", operation_id: OperationOption = "") -> None:
    """Refuse an operation that waits for an approval."""
    _decide(session, operation_id, deployment, approve=False)


def _decide(session: Session, operation_id: str, deployment: str, *, approve: bool) -> None:
    from cloud_cli.targets import find_target, latest_operation

    target = find_target(deployment)
    with session.client() as client:
        chosen = operation_id or str(latest_operation(client, target, session.options.environment)["id"])
        call = client.approve if approve else client.reject
        operation = call(target.deployment_id, chosen)
    session.show_json(operation)
    session.show(f"{clean(operation['kind'])} {clean(operation['id'])} is {'approved' if approve else 'rejected'}.")


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


def _start(
    session: Session, client: CloudClient, kind: str, deployment_id: str, request: Mapping[str, Any]
) -> dict[str, Any]:
    from cloud_cli import deploying

    operation = deploying.start(client, kind, deployment_id, request)
    session.say(f"Started {kind} {clean(operation['id'])}.")
    return operation


def _detached(session: Session, operation: Mapping[str, Any]) -> int:
    session.show_json_line(operation)
    session.show(
        f"{clean(operation['kind'])} {clean(operation['id'])} runs; `{_again('watch', session, operation)}` follows it."
    )
    return 0


def _again(command: str, session: Session, operation: Mapping[str, Any]) -> str:
    """The command line that does something else with the same operation."""
    return shlex.join(
        [
            "cloud",
            command,
            str(operation["deployment_id"]),
            "--operation",
            str(operation["id"]),
            *context_options(session.options),
        ]
    )


def _follow(session: Session, client: CloudClient, operation: Mapping[str, Any], on_interrupt: OnInterrupt) -> int:
    """Follow to the end, show it, and give the exit code."""
    from cloud_cli import deploying
    from cloud_cli.live import make_view

    view = make_view(
        session.err,
        file=sys.stdout,
        as_json=session.options.json,
        quiet=session.options.quiet,
        verbose=session.options.debug,
    )
    decision = Decision(session, on_interrupt)
    advice = (
        f"`{_again('watch', session, operation)}` follows it again, `{_again('cancel', session, operation)}` ends it."
    )
    ended = deploying.follow(client, operation, view, decide=decision, advice=advice)
    _show_end(session, client, ended)
    if ended["state"] in ("succeeded", "completed"):
        return 0
    return INTERRUPTED if decision.has_cancelled and ended["state"] == "cancelled" else FAILED


def _show_end(session: Session, client: CloudClient, operation: Mapping[str, Any]) -> None:
    session.show_json_line(operation)
    if session.options.json:
        return
    from cloud_cli.summary import render_summary

    outputs: Mapping[str, Mapping[str, Any]] = {}
    if operation["kind"] == "deploy":
        outputs = client.outputs(str(operation["deployment_id"]), str(operation["environment"]))
    session.show(render_summary(operation, outputs, options=context_options(session.options)))
