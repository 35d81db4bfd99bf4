"""Errors as people and programs see them: one clear report on stderr, and with ``--json`` the error on stdout too."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import typer

from cloud.domain.errors import CloudError, InternalError, Problem
from cloud_cli.main import INTERRUPTED
from cloud_cli.session import GlobalOptions, Interrupted, UsageError
from cloud_cli.terminal import clean, make_console

USAGE = 2
MAX_SHOWN = 50


def report(error: BaseException, options: GlobalOptions, *, as_json: bool) -> int:
    """Show the error and give the exit code. What is no error of ours is a defect, shown without a traceback unless
    ``--debug`` asks for it."""
    code, document = _judge(error)
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
    console = make_console(sys.stderr, no_color=options.no_color)
    for text, style in _lines(document, error):
        console.print(text, style=style)
    if options.debug and not isinstance(error, typer.Abort | typer.TyperException):
        import traceback

        # Through the same filter: a traceback quotes what came from elsewhere.
        console.print(clean("".join(traceback.format_exception(error)), lines=True), style="dim")
    return code


def _judge(error: BaseException) -> tuple[int, dict[str, Any]]:
    """The exit code, and the error in the shape of ``CloudError.to_dict``."""
    if isinstance(error, CloudError):
        return error.exit_code, error.to_dict()
    if isinstance(error, typer.TyperException):
        hint = error.hint if isinstance(error, UsageError) else _usage_hint(error)
        return USAGE, _document("usage", error.format_message(), hint)
    if isinstance(error, Interrupted):
        return INTERRUPTED, _document("interrupted", error.message)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, _document("interrupted", "Interrupted.")
    if isinstance(error, typer.Abort):
        return 1, _document("aborted", "Nothing was done.")
    if isinstance(error, OSError) and error.filename is not None:
        return 1, _document("file", f"{error.filename}: {error.strerror}.")
    defect = InternalError(
        f"The command line interface failed: {type(error).__name__}: {error}",
        hint="This is a defect. `--debug` shows where it is.",
    )
    return defect.exit_code, defect.to_dict()


def _usage_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"`{context.command_path} --help` shows what there is." if context is not None else ""


def _document(code: str, message: str, hint: str = "") -> dict[str, Any]:
    return {"code": code, "message": message, "hint": hint, "retryable": False, "ids": {}, "problems": []}


def _lines(document: dict[str, Any], error: BaseException) -> Iterator[tuple[str, str]]:
    problems = [Problem(**problem) for problem in document["problems"]]
    message = clean(document["message"], lines=True)
    stopped = isinstance(error, Interrupted | KeyboardInterrupt | typer.Abort)
    alone = len(problems) == 1 and clean(problems[0].render()) in message
    yield (message if stopped else f"Error: {message}", "yellow" if stopped else "bold red")
    for problem in [] if alone else problems[:MAX_SHOWN]:
        yield f"  {clean(problem.render())}", ""
    if len(problems) > MAX_SHOWN:
        yield f"  and {len(problems) - MAX_SHOWN} more", ""
    if document["hint"]:
        yield clean(document["hint"], lines=True), "dim"
