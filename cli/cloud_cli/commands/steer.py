"""``cancel``, ``approve``, ``reject``: what is said to an operation that runs or waits."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_cli.options import DeploymentArgument, OperationOption, with_session
from cloud_cli.running import again
from cloud_cli.session import Session
from cloud_cli.terminal import clean

GROUP = "Run"


def register(app: typer.Typer) -> None:
    for function in (cancel, approve, reject):
        app.command(rich_help_panel=GROUP)(with_session(function))


def cancel(
    session: Session,
    deployment: DeploymentArgument = "",
    operation_id: OperationOption = "",
    force: Annotated[
        bool, typer.Option("--force", help="Kill what runs at once. It leaves pending operations behind.")
    ] = False,
) -> None:
    """Cancel an operation: nothing new starts, what runs is interrupted, and the environment is freed last.

    Cancelling again changes nothing; with --force it kills what the first one only interrupted.
    """
    from cloud_cli.targets import choose_remote_environment, find_target

    target = find_target(deployment)
    if force:
        session.confirm(
            "Kill the running stacks? What Pulumi is doing is cut off, and must be settled by the next deploy.",
            otherwise="To go on without a question: cloud cancel --force --yes",
        )
    with session.client() as client:
        environment = "" if operation_id else choose_remote_environment(client, target, session.options.environment)
        operation = client.cancel(target.deployment_id, operation_id=operation_id, environment=environment, force=force)
    session.show_json(operation)
    ended = operation["finished_at"]
    session.show(
        f"{clean(operation['kind'])} {clean(operation['id'])} "
        + (f"has ended already: {clean(operation['state'])}." if ended else "is being cancelled.")
    )
    if not ended:
        session.say(f"`{again('watch', session, operation)}` follows it.")


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
