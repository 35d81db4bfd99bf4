"""What is shown and asked before an operation starts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from cloud_cli.options import context_options
from cloud_cli.session import Session
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud.domain.plan import Plan


def show_plan(session: Session, plan: Plan) -> None:
    from cloud.domain.plan_views import render_text

    session.say(clean(render_text(plan).rstrip("\n"), lines=True))


def confirm_destroy(session: Session, deployment_id: str, environment: str, *, otherwise: str) -> None:
    """Go on only when the deployment's id is typed, or with ``--yes``. Raises UsageError and typer.Abort."""
    if session.options.yes:
        return
    answer = session.ask(
        f"This deletes what is deployed in {environment}. Type the deployment id ({deployment_id}) to go on: ",
        otherwise=otherwise,
    )
    if answer != deployment_id:
        raise typer.Abort


def with_yes(session: Session, *command: str) -> str:
    """What to type where nobody can be asked: ``cloud`` and the ``command``, with the same options and ``--yes``."""
    arguments = ["cloud", *command, *context_options(session.options)]
    arguments += ["--env", session.options.environment] if session.options.environment else []
    return f"To go on without a question: {shlex.join([*arguments, '--yes'])}"
