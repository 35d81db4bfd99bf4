"""``version``, ``init``, ``health``, ``demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cloud import __version__
from cloud_cli import completion
from cloud_cli.options import context_options, with_session
from cloud_cli.session import Session, UsageError
from cloud_cli.templates import DEFAULT
from cloud_cli.terminal import clean

START = "Start"


def register(app: typer.Typer) -> None:
    for function in (version, init, health, demo):
        app.command(rich_help_panel=START)(with_session(function))


def version(session: Session) -> None:
    """Show the version."""
    show_version(session)


def show_version(session: Session) -> None:
    if session.options.json:
        session.show_json({"version": __version__})
    else:
        sys.stdout.write(f"cloud {__version__}\n")


def init(
    session: Session,
    directory: Annotated[Path, typer.Argument(help="The project's folder.", show_default="here")] = Path(),
    org: Annotated[str, typer.Option(help="Organisation.", show_default=False)] = "",
    project: Annotated[str, typer.Option(help="Business project.", show_default=False)] = "",
    template: Annotated[
        str,
        typer.Option(
            "--template",
            "-t",
            help="Template; `cloud template-list` shows which there are.",
            autocompletion=completion.templates,
        ),
    ] = DEFAULT,
    deployment_id: Annotated[
        str, typer.Option("--id", help="Deployment id. [dim]Default: a random one[/]", show_default=False)
    ] = "",
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="ENV=ID", help="AWS account of an environment; repeatable.", show_default=False),
    ] = None,
    region: Annotated[str, typer.Option(help="AWS region of every environment.", show_default=False)] = "",
    var: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A variable of the template; repeatable.", show_default=False),
    ] = None,
) -> None:
    """Make a deployment from a template. Works without any server."""
    from cloud_cli.initialising import create_deployment
    from cloud_cli.templates import parse_assignments
    from cloud_cli.workspace import shown

    accounts: dict[str, str] = {}
    for item in account or ():
        environment, equals, number = item.partition("=")
        if not equals or environment in accounts:
            raise UsageError(
                f"--account {item}: this is not ENV=ID, once per environment.", hint="--account dev=111111111111"
            )
        accounts[environment] = number
    made = create_deployment(
        directory.absolute(),
        org=org,
        project=project,
        template=template,
        deployment_id=deployment_id,
        accounts=accounts,
        region=region,
        variables=parse_assignments(var or []),
    )
    for warning in made.warnings:
        session.warn(f"Warning: {warning.render()}")
    manifest = shown(made.workspace.manifest)
    session.show_json(
        {
            "id": made.id,
            "manifest": str(made.workspace.manifest),
            "template": template,
            "made": made.made,
            "kept": made.kept,
        }
    )
    session.show(f"Made the deployment {made.id} from the template {template}.")
    session.show(f"  {manifest}")
    for place in made.made:
        session.show(f"  {shown(made.workspace.root / place)}/")
    for place in made.kept:
        session.show(f"  {shown(made.workspace.root / place)}/ was there already and is kept")
    if made.examples:
        what = "the template's; check" if made.source.root else "the template's examples; correct"
        session.warn(f"The accounts of {', '.join(made.examples)} are {what} them before you deploy to AWS.")
    session.say("No server was asked: `cloud deploy` registers the deployment.")
    session.say(
        "Next: `cloud validate`, then `cloud plan`." if directory == Path() else f"Next: `cloud validate {manifest}`."
    )


def health(session: Session) -> None:
    """Ask the control plane whether it is well."""
    with session.client() as client:
        answer: dict[str, Any] = client.health()
    session.show_json({"context": session.options.context, "url": client.context.url, **answer})
    session.show(
        f"{session.options.context}: {clean(answer.get('status', '?'))}, version {clean(answer.get('version', '?'))}, "
        f"{client.context.url}"
    )
    if answer.get("version") != __version__:
        session.warn(f"This is cloud {__version__}; the control plane is another version.")


def demo(session: Session) -> None:
    """Show it all on this machine: deploy, fail on purpose, destroy."""
    if context_options(session.options):
        raise UsageError("The demo runs in a local mode of its own.", hint="Leave out --context.")
    from rich.console import Console

    from cloud_cli.demo import run_demo

    run_demo(Console(no_color=session.options.no_color or None))
