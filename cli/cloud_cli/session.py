"""One invocation: its global options, where it prints, whom it asks, and the control plane it talks to."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

from cloud_cli.terminal import clean, is_interactive, make_console

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from cloud.client.contexts import Context
    from cloud.client.rest import CloudClient

LOCAL = "local"


class UsageError(typer.TyperException):
    """The command line is wrong, or says too little. ``hint`` is what to type."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Interrupted(Exception):
    """Somebody pressed Ctrl-C; ``message`` says what goes on without us."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What every command takes. ``environment`` is empty when none was named."""

    context: str = LOCAL
    environment: str = ""
    json: bool = False
    debug: bool = False
    quiet: bool = False
    no_color: bool = False
    yes: bool = False


@dataclass
class Session:
    """Results go to stdout, everything else to stderr; with ``--json`` stdout gets JSON alone.

    ``command`` is Typer's context, for commands that have commands of their own.
    """

    options: GlobalOptions = field(default_factory=GlobalOptions)
    command: typer.Context | None = None

    def show_help_without_command(self) -> None:
        """What a group shows when it is called without one of its commands."""
        if self.command is not None and self.command.invoked_subcommand is None:
            typer.echo(self.command.get_help())

    @cached_property
    def out(self) -> Console:
        return make_console(sys.stdout, no_color=self.options.no_color)

    @cached_property
    def err(self) -> Console:
        return make_console(sys.stderr, no_color=self.options.no_color)

    def show(self, renderable: RenderableType = "") -> None:
        """A result for people; nothing with ``--json``."""
        if not self.options.json:
            self.out.print(renderable)

    def show_json(self, value: Any) -> None:
        """The result for programs, one document; nothing without ``--json``."""
        if self.options.json:
            sys.stdout.write(json.dumps(value, indent=2) + "\n")

    def show_json_line(self, value: Any) -> None:
        """One line of NDJSON, at once; nothing without ``--json``."""
        if self.options.json:
            sys.stdout.write(json.dumps(value) + "\n")
            sys.stdout.flush()

    def say(self, renderable: RenderableType = "") -> None:
        """Progress, for people; nothing with ``--quiet``."""
        if not self.options.quiet:
            self.err.print(renderable)

    def warn(self, text: str) -> None:
        """Always told: a warning is not progress."""
        self.err.print(clean(text), style="yellow")

    def confirm(self, question: str, *, otherwise: str) -> None:
        """Go on only after a yes, or with ``--yes``. ``otherwise`` is what to type where nobody can be asked.

        Raises UsageError where nobody can be asked, typer.Abort for a no.
        """
        if self.options.yes:
            return
        if not self.ask(f"{question} [y/N] ", otherwise=otherwise).lower().startswith("y"):
            raise typer.Abort

    def ask(self, question: str, *, otherwise: str) -> str:
        """An answer from the terminal, without white space around it. Raises UsageError where nobody can be asked."""
        if not is_interactive():
            raise UsageError("There is no terminal to ask on, and --yes was not given.", hint=otherwise)
        self.err.print(question, end="", soft_wrap=True)
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            self.err.print()
            raise typer.Abort
        return answer.strip()

    def control_plane(self) -> Context:
        """Raises NetworkError when there is no such context."""
        from cloud.client.contexts import load_context

        return load_context(self.options.context)

    def client(self) -> CloudClient:
        """Raises NetworkError when there is no such context."""
        from cloud.client.rest import CloudClient

        return CloudClient(self.control_plane())
