"""``new-stack``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloud_cli import completion
from cloud_cli.options import DeploymentOption, with_session
from cloud_cli.session import Session, UsageError

GROUP = "Stacks"


def register(app: typer.Typer) -> None:
    app.command("new-stack", rich_help_panel=GROUP)(with_session(new_stack))


def new_stack(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new stack.", show_default=False)],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="STACK",
            help="Clone this stack, of stacks/ or of those that ship.",
            show_default=False,
            autocompletion=completion.sources,
        ),
    ] = "",
    depends_on: Annotated[
        list[str] | None,
        typer.Option(
            "--depends-on",
            metavar="STACK",
            help="A stack that must be deployed first; repeatable.",
            show_default=False,
            autocompletion=completion.stacks,
        ),
    ] = None,
    no_register: Annotated[bool, typer.Option("--no-register", help="Leave the manifest alone.")] = False,
    deployment: DeploymentOption = "",
) -> None:
    """Write a stack that deploys at once into stacks/NAME/, and register it in the manifest. Works without any server."""
    from cloud.domain.errors import NotFound
    from cloud_cli.scaffolding import create_stack
    from cloud_cli.workspace import find_workspace, project_root, shown

    if no_register and (depends_on or deployment):
        raise UsageError("--no-register leaves the manifest alone.", hint="Leave out --depends-on and --deployment.")
    try:
        workspace = None if no_register else find_workspace(deployment, Path.cwd())
    except NotFound as error:
        error.hint = f"{error.hint} With --no-register the stack is written without one."
        raise
    root = workspace.root if workspace else project_root(Path.cwd())
    made = create_stack(root, name, workspace=workspace, source=source, depends_on=depends_on or ())
    session.show_json(
        {
            "name": made.name,
            "folder": str(made.folder),
            "files": made.files,
            "manifest": str(workspace.manifest) if workspace else None,
            "configs": [str(path) for path in made.configs],
            "dependencies": made.dependencies,
            "from": made.source or None,
        }
    )
    session.show(f"Made the stack {name}{f' from {source}' if source else ''}.")
    top = sorted({f"{file.partition('/')[0]}/" if "/" in file else file for file in made.files})
    session.show(f"  {shown(made.folder)}/  {', '.join(top)}")
    for path in made.configs:
        session.show(f"  {shown(path)}")
    if workspace is None:
        from cloud.domain.manifest_editing import entry_text

        session.say("It is in no manifest yet. Below stacks: it would be")
        session.say(entry_text(name, {"source": f"stacks/{name}", "dependencies": []}).rstrip("\n"))
        return
    after = f", after {', '.join(made.dependencies)}" if made.dependencies else ""
    session.show(f"  {shown(workspace.manifest)} has it now{after}")
    if source not in ("", name):
        session.warn(
            f"It names its resources as {source} does: change that in {shown(made.folder)} before you deploy both."
        )
    session.say(
        f"Next: `cloud validate`, then `cloud deploy --stack {name}`. What to change: {shown(made.folder)}/docs/."
    )
