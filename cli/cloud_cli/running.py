"""An operation from its start to its end, as a command shows it: the view that suits, Ctrl-C, the summary, the exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import CloudError, from_dict
from cloud.domain.states import TaskState
from cloud_cli.interruption import Decision, OnInterrupt
from cloud_cli.main import INTERRUPTED
from cloud_cli.options import context_options
from cloud_cli.session import Session
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud_cli.workspace import Workspace

_ENDED_BADLY = (TaskState.FAILED, TaskState.ERROR)


def run_to_the_end(
    session: Session,
    client: CloudClient,
    call: str,
    deployment_id: str,
    request: Mapping[str, Any],
    *,
    workspace: Workspace | None,
    detach: bool,
    on_interrupt: OnInterrupt,
) -> int:
    """Start an operation (``call`` names the route), note it in the journal of its workspace, and follow it to its end.

    Gives the exit code.
    """
    from cloud_cli import deploying, publishing

    operation = deploying.start(client, call, deployment_id, request)
    session.say(f"Started {clean(operation['kind'])} {clean(operation['id'])}.")
    if workspace is not None:
        publishing.write_journal(workspace, operation, session.options.context)
    if detach:
        return show_detached(session, operation)
    return follow_to_the_end(session, client, operation, on_interrupt)


def show_detached(session: Session, operation: Mapping[str, Any]) -> int:
    """Say how to come back to an operation that nobody follows; gives the exit code."""
    session.show_json_line(operation)
    session.show(
        f"{clean(operation['kind'])} {clean(operation['id'])} runs; `{again('watch', session, operation)}` follows it."
    )
    return 0


def again(command: str, session: Session, operation: Mapping[str, Any]) -> str:
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


def follow_to_the_end(
    session: Session, client: CloudClient, operation: Mapping[str, Any], on_interrupt: OnInterrupt, *, after: int = 0
) -> int:
    """Follow from the event ``after`` on to the end, show it, and give the exit code."""
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
        f"`{again('watch', session, operation)}` follows it again, `{again('cancel', session, operation)}` ends it."
    )
    ended = deploying.follow(client, operation, view, decide=decision, advice=advice, after=after)
    _show_end(session, client, ended)
    if decision.has_cancelled and TaskState(ended["state"]) is TaskState.CANCELLED:
        return INTERRUPTED
    return exit_code_of(ended)


def exit_code_of(operation: Mapping[str, Any]) -> int:
    """0 for one that ended well, else the exit code of the errors that it and its stacks ended with, if all have the same."""
    state = TaskState(operation["state"])
    if state in (TaskState.SUCCEEDED, TaskState.COMPLETED):
        return 0
    errors = [operation["error"], *(stack.get("error") for stack in operation["stacks"])]
    codes = {from_dict(error).exit_code for error in errors if error and state in _ENDED_BADLY}
    return codes.pop() if len(codes) == 1 else CloudError.exit_code


def _show_end(session: Session, client: CloudClient, operation: Mapping[str, Any]) -> None:
    session.show_json_line(operation)
    if session.options.json:
        return
    from cloud_cli.summary import render_summary

    outputs: Mapping[str, Mapping[str, Any]] = {}
    if operation["kind"] == "deploy":
        outputs = client.outputs(str(operation["deployment_id"]), str(operation["environment"]))
    session.show(render_summary(operation, outputs, options=context_options(session.options)))
