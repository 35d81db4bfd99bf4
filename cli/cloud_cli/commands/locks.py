"""``cloud lock show|release``: who holds an environment, and what to do when nobody does any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from cloud_cli.options import DeploymentArgument, with_session
from cloud_cli.session import Session
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from rich.text import Text


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="lock", help="Who holds an environment, and who waits for it.")

    @group.callback(invoke_without_command=True)
    @with_session
    def root(session: Session) -> None:
        session.show_help_without_command()

    for function in (show, release):
        group.command()(with_session(function))
    app.add_typer(group, name="lock", rich_help_panel="Run")


def show(session: Session, deployment: DeploymentArgument = "") -> None:
    """Show who holds the environment, since when, whether its execution runs, and the queue."""
    from cloud_cli.targets import choose_remote_environment, find_target

    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        lock = client.lock(target.deployment_id, environment)
    session.show_json(lock)
    session.show(picture(lock))


def release(session: Session, deployment: DeploymentArgument = "") -> None:
    """Free an environment whose owner's execution is proved to have ended; a live one is refused.

    The owner's operation is ended with it, and the next in the queue goes on.
    """
    from cloud_cli.targets import choose_remote_environment, find_target

    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        lock = client.release_lock(target.deployment_id, environment)
    session.show_json(lock)
    session.show(picture(lock))


def picture(lock: Mapping[str, Any]) -> Text:
    """One line for the owner, one for each place of the queue."""
    from rich.text import Text

    from cloud_cli.columns import aligned

    name = clean(lock["environment"])
    owner = lock["owner"]
    if owner is None:
        return Text(f"{name} is free.")
    rows = [_line("held by", owner), *(_line(f"{place['position']}.", place) for place in lock["queue"])]
    lines = Text(f"{name} is held.\n").append_text(aligned(rows))
    if not owner["is_running"]:
        lines.append(
            "\nThe owner's execution has ended: the reconciler frees the environment within minutes, "
            "`cloud lock release` at once.",
            "yellow",
        )
    return lines


def _line(label: str, place: Mapping[str, Any]) -> list[Text]:
    from rich.text import Text

    lives = Text("execution runs", "green") if place["is_running"] else Text("execution has ended", "red")
    told = [label, f"{place['kind']} {place['operation_id']}", place["state"], place["requester"], place["since"]]
    return [*(Text(clean(text)) for text in told), lives, Text(clean(place["execution_arn"]), "dim")]
