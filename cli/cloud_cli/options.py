"""The global options, which every command takes before and after its name, and the arguments that commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, get_type_hints

import typer

from cloud_cli import completion
from cloud_cli.session import LOCAL, GlobalOptions, Interrupted, Session

_PANEL = "Global options"

_GLOBALS: dict[str, Any] = {
    "context": Annotated[
        str,
        typer.Option(
            envvar="CLOUD_CONTEXT",
            metavar="local|NAME",
            help="The control plane to talk to. [dim]Default: local[/]",
            rich_help_panel=_PANEL,
            show_default=False,
        ),
    ],
    "environment": Annotated[
        str,
        typer.Option(
            "--env",
            "-e",
            envvar="CLOUD_ENV",
            metavar="ENV",
            help="The environment. [dim]Default: the only one that is enabled[/]",
            rich_help_panel=_PANEL,
            show_default=False,
            autocompletion=completion.environments,
        ),
    ],
    "json": Annotated[
        bool, typer.Option("--json", help="JSON or NDJSON on stdout, nothing else.", rich_help_panel=_PANEL)
    ],
    "debug": Annotated[
        bool, typer.Option("--debug", "-v", help="More detail, and tracebacks.", rich_help_panel=_PANEL)
    ],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel=_PANEL)],
    "no_color": Annotated[bool, typer.Option("--no-color", help="No colours.", rich_help_panel=_PANEL)],
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.", rich_help_panel=_PANEL)],
}
_DEFAULTS: dict[str, Any] = {item.name: item.default for item in fields(GlobalOptions)} | {"context": ""}

DeploymentArgument = Annotated[
    str,
    typer.Argument(
        metavar="DEPLOYMENT",
        help="Deployment id, or the path of its manifest. [dim]Default: the only one under deploy/[/]",
        show_default=False,
        autocompletion=completion.deployments,
    ),
]
DeploymentOption = Annotated[
    str,
    typer.Option(
        "--deployment",
        "-d",
        metavar="DEPLOYMENT",
        help="Deployment id, or the path of its manifest. [dim]Default: the only one under deploy/[/]",
        show_default=False,
        autocompletion=completion.deployments,
    ),
]


def _stack_option(name: str, text: str) -> Any:
    return typer.Option(name, metavar="STACK", help=text, show_default=False, autocompletion=completion.stacks)


StackOption = Annotated[
    list[str] | None, _stack_option("--stack", "This stack and what it needs (destroy: what needs it); repeatable.")
]
OnlyOption = Annotated[list[str] | None, _stack_option("--only", "Exactly this stack; repeatable.")]
FromOption = Annotated[list[str] | None, _stack_option("--from", "This stack and what depends on it; repeatable.")]
ParallelOption = Annotated[
    int | None,
    typer.Option("--parallel", min=1, max=1000, help="At most so many stacks at a time.", show_default=False),
]
OperationOption = Annotated[
    str,
    typer.Option(
        "--operation",
        metavar="OPERATION",
        help="Operation id. [dim]Default: the one that runs, else the latest[/]",
        show_default=False,
    ),
]
SequentialOption = Annotated[bool, typer.Option("--sequential", help="One stack at a time.")]


@dataclass
class Invocation:
    """What is known of the command line so far; errors are shown by it."""

    options: GlobalOptions = field(default_factory=GlobalOptions)
    has_begun: bool = False


def with_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command with the global options; ``function`` takes a Session first, then its own options."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[parameter.name])
        for parameter in list(inspect.signature(function).parameters.values())[1:]
    ]

    @functools.wraps(function)
    def command(ctx: typer.Context, **given: Any) -> Any:
        invocation = ctx.find_root().obj
        invocation.options = _merge(invocation.options, {name: given.pop(name) for name in _GLOBALS})
        invocation.has_begun = True
        try:
            return function(Session(invocation.options, ctx), **given)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted.") from None  # Typer would end without a word

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("ctx", keyword, annotation=typer.Context),
        *(parameter.replace(kind=keyword) for parameter in own),
        *(
            inspect.Parameter(name, keyword, default=_DEFAULTS[name], annotation=annotation)
            for name, annotation in _GLOBALS.items()
        ),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del command.__wrapped__  # its hints are not the command's
    return command


def _merge(before: GlobalOptions, given: dict[str, Any]) -> GlobalOptions:
    """What stands after the command's name wins over what stands before it."""
    return replace(before, **{name: value for name, value in given.items() if value != _DEFAULTS[name]})


def context_options(options: GlobalOptions) -> list[str]:
    """The options that another command needs to reach the same control plane."""
    return [] if options.context == LOCAL else ["--context", options.context]
