"""What ``status``, ``list`` and ``logs`` show, as Rich renderables of what REST gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cloud.domain.states import DeploymentStatus
from cloud_cli.columns import aligned
from cloud_cli.summary import render_stacks
from cloud_cli.terminal import clean

_STATUS_STYLES = {
    "deployed": "green",
    "destroyed": "dim",
    "initialized": "dim",
    "failed": "red",
    "cancelled": "yellow",
    "awaiting_approval": "yellow",
}
_LEVEL_STYLES = {"error": "red", "warning": "yellow", "debug": "dim"}


def render_status(status: Mapping[str, Any], *, asked: str = "") -> RenderableType:
    """The answer of ``GET …/status``. Environments without a word to say are left out unless one was ``asked`` for."""
    deployment = status["deployment"]
    parts: list[RenderableType] = [
        Text.assemble(
            (clean(deployment["id"]), "bold"),
            f"  {clean(deployment['org'])}/{clean(deployment['project'])}",
            (f"  manifest version {deployment['manifest_version']}", "dim"),
        )
    ]
    for environment in status["environments"]:
        if environment["stacks"] or environment["operation"] or environment["enabled"] or asked:
            parts += ["", *_environment(environment)]
    if not status["environments"]:
        parts += ["", Text("Nothing is deployed yet: `cloud deploy` uploads the manifest.", style="dim")]
    return Group(*parts)


def _environment(environment: Mapping[str, Any]) -> Iterator[RenderableType]:
    value = str(environment["status"])
    yield Text.assemble(
        (clean(environment["name"]), "bold"),
        "  ",
        (clean(value), _STATUS_STYLES.get(value, "cyan")),
        ("" if environment["enabled"] else "  not enabled", "yellow"),
        (f"  {clean(environment['account'])} {clean(environment['region'])}".rstrip(), "dim"),
    )
    operation = environment["operation"]
    if operation:
        yield Text(
            f"  {clean(operation['kind'])} {clean(operation['id'])} {clean(operation['state'])}, by "
            f"{clean(operation['requester'])} at {clean(operation['created_at'])}",
            style="dim",
        )
    if environment["queue"]:
        yield Text(f"  Waiting for it: {', '.join(clean(item) for item in environment['queue'])}", style="yellow")
    if environment["stacks"]:
        yield render_stacks(environment["stacks"])


def render_deployments(items: Sequence[Mapping[str, Any]]) -> RenderableType:
    rows = [[Text(title, style="bold") for title in ("Deployment", "Project", "Created", "Environments")]]
    for item in items:
        environments = Text(", ").join(
            _listed_environment(name, value, is_disabled=name in item.get("disabled", ()))
            for name, value in sorted(item["environments"].items())
        )
        rows.append([*(Text(clean(item[key])) for key in ("id", "project", "created_at")), environments])
    return aligned(rows)


def _listed_environment(name: str, status: str, *, is_disabled: bool) -> Text:
    """A disabled environment to which nothing was ever done is disabled, and nothing else."""
    if is_disabled and status == DeploymentStatus.INITIALIZED:
        return Text(f"{clean(name)} disabled", style="dim")
    more = " (disabled)" if is_disabled else ""
    return Text(f"{clean(name)} {clean(status)}{more}", style=_STATUS_STYLES.get(status, "cyan"))


def render_log_line(line: Mapping[str, Any]) -> RenderableType:
    level = str(line.get("level", "info"))
    return Text.assemble(
        (clean(line.get("timestamp", "")), "dim"),
        "  ",
        (f"{clean(level):7}", _LEVEL_STYLES.get(level, "")),
        "  ",
        (clean(line.get("stack", "")), "cyan"),
        "  ",
        clean(line.get("message", ""), lines=True),
    )
