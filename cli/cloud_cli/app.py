"""The application: the global options and the commands, by groups."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_cli.commands import again, compare, local, locks, look, plan, preview, run, stacks, start, steer, templates
from cloud_cli.options import with_session
from cloud_cli.session import Session


def build_app() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="cloud",
        help="Deploy many Pulumi stacks in the order of their dependencies, in AWS or whole on this machine.",
        epilog="Exit codes: 0 ok, 1 failed, 2 usage, 3 validation, 4 not found, 5 conflict, 6 not allowed, 130 interrupted.",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback(invoke_without_command=True)
    @with_session
    def root(
        session: Session,
        version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    ) -> None:
        if version:
            start.show_version(session)
            raise typer.Exit
        session.show_help_without_command()

    for group in (start, plan, preview, run, again, compare, steer, locks, look, stacks, templates, local):
        group.register(app)
    return app
