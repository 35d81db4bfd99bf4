"""The end of an operation, for people: what changed, the outputs, what failed and why, what it blocked, what to type next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cloud.domain.errors import (
    ConfigurationError,
    EngineMissing,
    NotFound,
    PendingOperations,
    Problem,
    StackBusy,
)
from cloud.domain.secret import is_secret_form
from cloud.domain.states import StackStatus, TaskState
from cloud_cli.columns import aligned
from cloud_cli.previews import render_drift, render_previews
from cloud_cli.progress import GOOD
from cloud_cli.terminal import clean
from cloud_cli.wording import COMMON_OUTPUTS, MARKS, TO_DEPLOY, changes, duration, first_line, shown_value, status_word

MAX_LOGS = 3
_WITHOUT_LOGS = frozenset(
    cls.code for cls in (ConfigurationError, NotFound, StackBusy, PendingOperations, EngineMissing)
)
"""Errors of runs in which no program said anything."""
_HEADLINE_STYLES = {
    TaskState.FAILED: "bold red",
    TaskState.ERROR: "bold red",
    TaskState.CANCELLED: "bold yellow",
}


def render_summary(
    operation: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]], *, options: Sequence[str] = ()
) -> RenderableType:
    """``operation`` as REST shows it with its stacks, ``outputs`` by stack; ``options`` lead to the same control plane."""
    parts: list[RenderableType] = ["", _headline(operation)]
    kind = str(operation["kind"])
    stacks = _in_order(operation)
    if stacks:
        parts += ["", render_stacks(stacks, kind)]
    if kind == "preview":
        parts.append(render_previews(stacks, operation.get("plan")))
    if kind in ("refresh", "drift"):
        parts.append(render_drift(stacks))
    parts += [Text(clean(warning), style="yellow") for warning in (operation.get("plan") or {}).get("warnings", ())]
    shown = {stack["stack"]: outputs.get(stack["stack"], {}) for stack in stacks if _is_good(stack)}
    if kind == "deploy" and any(shown.values()):
        parts += ["", Text("Outputs", style="bold"), render_outputs(shown)]
    failed = [stack for stack in stacks if stack["status"] == StackStatus.FAILED]
    if failed:
        parts += ["", Text("What failed", style="bold"), *_failures(failed, stacks)]
    elif operation.get("error"):
        parts += ["", *_error(operation["error"], indent="")]
    advice = list(_next(operation, stacks, options))
    if advice:
        parts += ["", Text("Next", style="bold")]
    for text, command in advice:
        parts += [Text(f"  {text}"), Text(f"    {command}", style="cyan")]
    return Group(*parts)


def render_stacks(stacks: Sequence[Mapping[str, Any]], operation: str = "deploy") -> RenderableType:
    """A line per stack, as REST shows it, in the words of the kind of ``operation``."""
    rows = []
    for stack in stacks:
        status = StackStatus(stack["status"])
        mark, style = TO_DEPLOY if _is_to_deploy(stack) else MARKS.get(status, ("…", "cyan"))
        seconds = stack.get("seconds") if status.is_settled or _is_to_deploy(stack) else None
        rows.append(
            [
                Text(f"  {mark}", style=style),
                Text(clean(stack["stack"])),
                Text(status_word(status, operation), style=style),
                Text(duration(seconds), style="dim"),
                Text(_words(stack, status, operation)),
            ]
        )
    return aligned(rows, right={3})


def render_outputs(outputs: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """The outputs by stack, each on a line; secret values are not known here."""
    parts: list[RenderableType] = []
    for stack in sorted(outputs):
        told = {name: value for name, value in sorted(outputs[stack].items()) if name not in COMMON_OUTPUTS}
        if told:
            rows = [[Text(f"    {clean(name)}"), Text(shown_value(value))] for name, value in told.items()]
            parts += [Text(f"  {clean(stack)}", style="cyan"), aligned(rows)]
    return Group(*parts)


def _in_order(operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The operation's stacks in the order of its plan."""
    plan = operation.get("plan") or {"layers": []}
    order = [stack["stack"] for layer in plan["layers"] for stack in layer]
    found = {stack["stack"]: stack for stack in operation.get("stacks", ())}
    return [found[name] for name in (*order, *sorted(set(found) - set(order))) if name in found]


def _is_good(stack: Mapping[str, Any]) -> bool:
    return stack["status"] in GOOD or _is_to_deploy(stack)


def _is_to_deploy(stack: Mapping[str, Any]) -> bool:
    """Whether a preview has found that a deploy would change the stack; one that it has not reached has no result."""
    return stack["status"] == StackStatus.PENDING and "changes" in stack


def _headline(operation: Mapping[str, Any]) -> Text:
    state = TaskState(operation["state"])
    noun = "drift scan" if operation["kind"] == "drift" else operation["kind"]
    text = f"The {noun} of {operation['deployment_id']} in {operation['environment']} {_verb(state)}"
    begun, ended = operation.get("created_at"), operation.get("finished_at")
    if begun and ended:
        seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
        text += f" after {duration(max(0.0, seconds))}"
    return Text(f"{text}.", style=_HEADLINE_STYLES.get(state, "bold green"))


def _verb(state: TaskState) -> str:
    return {
        TaskState.ERROR: "could not be carried out",
        TaskState.CANCELLED: "was cancelled",
        TaskState.COMPLETED: "completed",
    }.get(state, state.value)


def _words(stack: Mapping[str, Any], status: StackStatus, operation: str) -> str:
    reason = clean(stack.get("reason") or "", lines=True)
    if status is StackStatus.SKIPPED and stack.get("blocked_by"):
        return f"{clean(stack['blocked_by'])} failed"
    if status in (StackStatus.WAITING, StackStatus.PENDING) and not _is_to_deploy(stack):
        return "not started"
    if status is StackStatus.DRIFTED and operation == "deploy":
        return "changed by hand since; a deploy brings it back"
    if _is_good(stack):
        return changes(stack.get("changes") or {}, operation) or first_line(reason)
    return first_line(reason)


def _failures(failed: Sequence[Mapping[str, Any]], stacks: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    for stack in failed:
        blocked = [clean(other["stack"]) for other in stacks if other.get("blocked_by") == stack["stack"]]
        yield Text(f"  {clean(stack['stack'])}", style="red")
        yield from _error(
            stack.get("error") or {"message": stack.get("reason") or "no reason was given"}, indent="    "
        )
        if blocked:
            yield Text(f"    It blocked {', '.join(blocked)}.", style="yellow")


def _error(error: Mapping[str, Any], *, indent: str) -> Iterator[RenderableType]:
    for line in clean(error.get("message", ""), lines=True).splitlines():
        yield Text(f"{indent}{line}")
    for problem in error.get("problems") or ():
        yield Text(f"{indent}{clean(Problem(**problem).render())}")
    for line in clean(error.get("hint") or "", lines=True).splitlines():
        yield Text(f"{indent}{line}", style="dim")


def _next(
    operation: Mapping[str, Any], stacks: Sequence[Mapping[str, Any]], options: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The exact commands to go on with after an end that is not good, each with what it is for."""
    if TaskState(operation["state"]) not in (TaskState.FAILED, TaskState.ERROR, TaskState.CANCELLED):
        return
    target = [str(operation["deployment_id"]), "--env", str(operation["environment"]), *options]
    for name in [stack["stack"] for stack in stacks if _has_logs(stack)][:MAX_LOGS]:
        yield f"What the program of {clean(name)} said:", shlex.join(["cloud", "logs", *target, "--stack", str(name)])
    when = "" if operation["state"] == TaskState.CANCELLED else ", when it is corrected"
    if stacks:
        retry = ["cloud", "retry", str(operation["id"]), "--deployment", str(operation["deployment_id"]), *options]
        yield f"Go on{when}, with what is left to do:", shlex.join(retry)
    else:
        again = ["cloud", str(operation["kind"]), *target, *_selection(operation)]
        yield f"Start it again{when}:", shlex.join(again)


def _has_logs(stack: Mapping[str, Any]) -> bool:
    """Whether the stack failed after its program could say something."""
    code = (stack.get("error") or {}).get("code")
    return stack["status"] == StackStatus.FAILED and code not in _WITHOUT_LOGS


def _selection(operation: Mapping[str, Any]) -> Iterator[str]:
    """The options that select the same stacks and rules again."""
    selection = operation.get("selection") or {}
    for option, key in (("--stack", "stacks"), ("--only", "only"), ("--from", "from")):
        for name in selection.get(key) or ():
            yield from (option, str(name))
    options = operation.get("options") or {}
    if options.get("on_failure"):
        yield from ("--on-failure", str(options["on_failure"]))
    if options.get("max_parallel"):
        yield from ("--parallel", str(options["max_parallel"]))
    if options.get("strict_layers"):
        yield "--strict-layers"
    if options.get("force"):
        yield "--force"
    yield from _settings(options.get("settings") or {}, "")


def _settings(values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """``--set`` options that give ``values`` again; a secret one is left for the user to fill in."""
    for name, value in values.items():
        key = prefix + str(name).replace(".", r"\.")
        if is_secret_form(value):
            yield from ("--set", f"{key}=…")
        elif isinstance(value, Mapping) and value:
            yield from _settings(value, f"{key}.")
        else:
            yield from ("--set", f"{key}={json.dumps(value)}")
