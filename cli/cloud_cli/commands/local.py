"""``cloud local start|stop|status|reset``: the control plane as a background process of this machine."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_cli.options import with_session
from cloud_cli.session import Session

if TYPE_CHECKING:
    from cloud_local.lifecycle import LocalStatus


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="local", help="Run the whole control plane on this machine, on an emulated AWS.")

    @group.callback(invoke_without_command=True)
    @with_session
    def root(session: Session) -> None:
        session.show_help_without_command()

    for function in (start, stop, status, reset):
        group.command()(with_session(function))
    app.add_typer(group, name="local", rich_help_panel="Start")


def start(
    session: Session,
    pulumi_root: Annotated[
        str,
        typer.Option(
            metavar="FOLDER", help="An installed Pulumi: the folder that holds bin/pulumi.", show_default=False
        ),
    ] = "",
    stand_in: Annotated[
        bool, typer.Option("--stand-in", help="Use the stand-in for Pulumi even where Pulumi is installed.")
    ] = False,
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Run no Pulumi at all: stacks play the `script` of their configuration.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of REST and WebSocket. [dim]0: a free one[/]", show_default=False),
    ] = 0,
) -> None:
    """Start local mode and wait until it is ready."""
    from cloud_local import lifecycle

    engine = _engine(pulumi_root, stand_in=stand_in, scripted=scripted)
    arguments = ["--port", str(port)]
    arguments += ["--pulumi-root", pulumi_root] if pulumi_root else []
    arguments += ["--stand-in"] if stand_in else []
    arguments += ["--scripted"] if scripted else []
    waiting = (
        session.err.status("Starting local mode") if session.err.is_terminal and not session.options.quiet else None
    )
    with waiting or contextlib.nullcontext():
        found = lifecycle.start(arguments)
    session.show_json({**asdict(found), "engine": engine})
    session.show(f"Local mode is ready: {found.url}")
    session.show(f"  engine  {engine}")
    session.show(f"  AWS     emulated, at {found.aws_url}; nothing reaches Amazon")
    session.show(f"  log     {found.log}")
    session.show("Its state lives as long as the process (until `cloud local stop`, a crash or a reboot).")


def stop(session: Session) -> None:
    """Stop local mode; its state goes with it."""
    from cloud_local import lifecycle

    stopped = lifecycle.stop()
    session.show_json({"stopped": stopped})
    session.show("Local mode has stopped." if stopped else "Local mode was not running.")


def status(session: Session) -> None:
    """Show whether local mode runs, and where."""
    from cloud_local import lifecycle

    found = lifecycle.status()
    session.show_json(asdict(found))
    session.show(_status_text(found))


def reset(session: Session) -> None:
    """Stop local mode and delete all that it keeps on disk."""
    from cloud_local import lifecycle

    session.confirm(
        f"Delete {lifecycle.local_folder()} with all that local mode keeps?",
        otherwise="To go on without a question: cloud local reset --yes",
    )
    ran = lifecycle.reset()
    session.show_json({"stopped": ran, "deleted": str(lifecycle.local_folder())})
    session.show("Local mode has stopped and is reset." if ran else "Local mode is reset.")


def _engine(pulumi_root: str, *, stand_in: bool, scripted: bool) -> str:
    """What will run the stacks, in words. Raises EngineMissing for a root that holds no Pulumi."""
    from cloud_local.engine import EngineChoice

    if scripted:
        return "none: stacks play the script of their configuration"
    installed = EngineChoice(pulumi_root, stand_in=stand_in).installed()
    if installed is not None:
        return f"Pulumi, installed at {installed}"
    return "the stand-in for Pulumi" + ("" if stand_in else " (no Pulumi is installed)")


def _status_text(found: LocalStatus) -> str:
    if not found.running:
        return "Local mode is not running."
    if not found.url:
        return f"Local mode is starting (process {found.pid}); its log is {found.log}"
    return f"Local mode runs: {found.url}\n  process {found.pid}\n  AWS     emulated, at {found.aws_url}\n  log     {found.log}"
