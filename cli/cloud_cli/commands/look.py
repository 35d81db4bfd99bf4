"""``status``, ``list``, ``logs``, ``outputs``, ``stack-outputs``."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_cli import completion
from cloud_cli.options import DeploymentArgument, DeploymentOption, with_session
from cloud_cli.session import Session, UsageError
from cloud_cli.terminal import clean

GROUP = "Look"


def register(app: typer.Typer) -> None:
    for name, function in (
        ("status", status),
        ("list", list_deployments),
        ("logs", logs),
        ("outputs", outputs),
        ("stack-outputs", stack_outputs),
    ):
        app.command(name, rich_help_panel=GROUP)(with_session(function))


def status(session: Session, deployment: DeploymentArgument = "") -> None:
    """Show a deployment: its environments, its stacks, and what runs."""
    from cloud_cli.tables import render_status
    from cloud_cli.targets import find_target

    target = find_target(deployment)
    environment = session.options.environment
    with session.client() as client:
        found = client.status(target.deployment_id, environment)
    session.show_json(found)
    session.show(render_status(found, asked=environment))


def list_deployments(
    session: Session,
    org: Annotated[
        str, typer.Option(help="Organisation. [dim]Default: that of the manifest here[/]", show_default=False)
    ] = "",
) -> None:
    """List an organisation's deployments, newest first."""
    from cloud_cli.tables import render_deployments
    from cloud_cli.targets import stated_org

    chosen = org or stated_org()
    with session.client() as client:
        items = list(client.deployments(chosen))
    session.show_json(items)
    session.show(render_deployments(items) if items else f"{clean(chosen)} has no deployment.")


def logs(
    session: Session,
    deployment: DeploymentArgument = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes; Ctrl-C ends it.")] = False,
    level: Annotated[
        str,
        typer.Option(metavar="LEVEL", help="debug, info, warning or error: this level and above.", show_default=False),
    ] = "",
    stack: Annotated[
        str, typer.Option(help="Of this stack.", autocompletion=completion.stacks, show_default=False)
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="10m|TIME", help="Since so long ago, or since a time (RFC 3339).", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many lines.")] = 200,
) -> None:
    """Show what programs and Pulumi said, oldest first; with --json as NDJSON."""
    from cloud_cli import logs as reading
    from cloud_cli.tables import render_log_line
    from cloud_cli.targets import find_target

    wanted = reading.Wanted(stack, level, session.options.environment, reading.parse_since(since))
    target = find_target(deployment)
    with session.client() as client:
        lines = reading.following(client, target, wanted) if follow else reading.stored(client, target, wanted, limit)
        for line in lines:
            session.show_json_line(line)
            session.show(render_log_line(line))


def outputs(session: Session, deployment: DeploymentArgument = "") -> None:
    """Show the outputs of all stacks. Secret values are not shown: Pulumi's state keeps them."""
    from cloud_cli.summary import render_outputs
    from cloud_cli.targets import choose_remote_environment, find_target

    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        found = client.outputs(target.deployment_id, environment)
    session.show_json(found)
    if any(found.values()):
        session.show(render_outputs(found))
    else:
        session.show(f"{target.deployment_id} has no outputs in {clean(environment)}.")


def stack_outputs(
    session: Session,
    stack: Annotated[str, typer.Argument(help="The stack.", autocompletion=completion.stacks)],
    name: Annotated[str, typer.Argument(metavar="OUTPUT", help="Only this output, as it is.", show_default=False)] = "",
    deployment: DeploymentOption = "",
) -> None:
    """Show one stack's outputs, or the value of one: `cloud stack-outputs network vpcId`."""
    from cloud.domain.errors import NotFound
    from cloud.domain.suggestions import did_you_mean
    from cloud_cli.summary import render_outputs
    from cloud_cli.targets import choose_remote_environment, find_target
    from cloud_cli.wording import shown_value

    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        found = client.stack_outputs(target.deployment_id, environment, stack)
    if not name:
        session.show_json(found)
        session.show(
            render_outputs({stack: found}) if found else f"{clean(stack)} has no outputs in {clean(environment)}."
        )
        return
    if name not in found:
        raise NotFound(
            f"{stack} has no output {name!r}.",
            hint=did_you_mean(name, found) or f"It has: {', '.join(sorted(found)) or 'none'}.",
            stack=stack,
        )
    if found[name] == {"secret": True}:
        raise UsageError(f"The output {name} is secret: the control plane does not hold its value.")
    session.show_json(found[name])
    session.show(shown_value(found[name], whole=True))
