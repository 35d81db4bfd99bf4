"""``retry``: what an operation left undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud.domain.operations import OperationKind
from cloud.domain.states import TaskState
from cloud_cli.commands.plan import load_project
from cloud_cli.commands.run import DetachOption, OnInterruptOption
from cloud_cli.interruption import OnInterrupt
from cloud_cli.options import DeploymentOption, with_session
from cloud_cli.running import run_to_the_end
from cloud_cli.session import Session, UsageError
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud_cli.targets import Target

GROUP = "Run"
_UNFINISHED = (TaskState.FAILED, TaskState.ERROR, TaskState.CANCELLED)

OperationArgument = Annotated[
    str,
    typer.Argument(
        metavar="OPERATION",
        help="Operation id. [dim]Default: the latest that did more than look[/]",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=GROUP)(with_session(retry))


def retry(
    session: Session,
    operation_id: OperationArgument = "",
    deployment: DeploymentOption = "",
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Do what an operation left undone: exactly the stacks that did not succeed, with the manifest and programs of now."""
    from cloud_cli import publishing
    from cloud_cli.targets import find_target

    _require_operation(operation_id)
    target = find_target(deployment)
    with session.client() as client:
        earlier = _find(session, client, target, operation_id)
        kind = OperationKind(earlier["kind"])
        if TaskState(earlier["state"]) in _UNFINISHED:  # of any other the control plane says why it can't be retried
            project = load_project(session, deployment) if target.workspace and kind.runs_programs else None
            _ask(session, earlier, kind)
            if project is not None:
                publishing.publish(client, project, tell=session.say)
        return run_to_the_end(
            session,
            client,
            "retry",
            target.deployment_id,
            {"operation_id": earlier["id"]},
            workspace=target.workspace,
            detach=detach,
            on_interrupt=on_interrupt,
        )


def _require_operation(given: str) -> None:
    from cloud.domain.identifiers import DEPLOYMENT_ID

    if DEPLOYMENT_ID.matches(given):
        raise UsageError(f"{given} is a deployment.", hint=f"Its latest operation: cloud retry --deployment {given}")


def _find(session: Session, client: CloudClient, target: Target, operation_id: str) -> Mapping[str, Any]:
    from cloud_cli.targets import latest_operation

    if operation_id:
        return client.operation(target.deployment_id, operation_id)
    return latest_operation(client, target, session.options.environment, with_looks=False)


def _ask(session: Session, earlier: Mapping[str, Any], kind: OperationKind) -> None:
    """Say what is retried, and ask before resources change again, as the first time."""
    from cloud_cli.asking import confirm_destroy, with_yes
    from cloud_cli.wording import counted

    left = [stack for stack in earlier["stacks"] if not _is_done(stack)]
    named = ", ".join(f"{clean(stack['stack'])} ({clean(stack['status'])})" for stack in left)
    what = f"the {kind.value} {clean(earlier['id'])} in {clean(earlier['environment'])}"
    session.say(f"Left undone by {what}: {named or 'all of it'}.")
    deployment_id = str(earlier["deployment_id"])
    otherwise = with_yes(session, "retry", str(earlier["id"]), "--deployment", deployment_id)
    if kind is OperationKind.DESTROY:
        confirm_destroy(session, deployment_id, str(earlier["environment"]), otherwise=otherwise)
    elif not kind.only_looks:
        stacks = f" for {counted(len(left), 'stack')}" if left else ""
        session.confirm(f"Retry {what}{stacks}?", otherwise=otherwise)


def _is_done(stack: Mapping[str, Any]) -> bool:
    from cloud_cli.progress import GOOD

    return stack["status"] in GOOD
