"""``validate`` and ``plan``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud.domain.errors import CloudError, ConfigurationError
from cloud_cli.options import (
    DeploymentArgument,
    FromOption,
    OnlyOption,
    ParallelOption,
    SequentialOption,
    StackOption,
    with_session,
)
from cloud_cli.session import Session
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud.domain.plan import Plan
    from cloud.domain.records import StackRecord
    from cloud_cli.checking import Project
    from cloud_cli.planning import Choices

GROUP = "Plan"

StrictLayersOption = Annotated[bool, typer.Option("--strict-layers", help="Wait for a whole layer before the next.")]


class Format(StrEnum):
    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"


def register(app: typer.Typer) -> None:
    for function in (validate, plan):
        app.command(rich_help_panel=GROUP)(with_session(function))


def validate(session: Session, deployment: DeploymentArgument = "") -> None:
    """Check a manifest with its configuration files and programs. Works without any server."""
    try:
        project = load_project(session, deployment)
    except ConfigurationError as error:
        error.hint = ""  # it advises to validate
        raise
    manifest = project.manifest
    session.show_json(
        {
            "valid": True,
            "deployment_id": project.deployment_id,
            "manifest": str(project.workspace.manifest),
            "stacks": sorted(manifest.stacks),
            "warnings": [warning.render() for warning in project.warnings],
        }
    )
    from cloud_cli.wording import counted
    from cloud_cli.workspace import shown

    session.show(
        f"{shown(project.workspace.manifest)} is valid: {counted(len(manifest.stacks), 'stack')}, "
        f"environments {', '.join(manifest.environments)}."
    )


def plan(
    session: Session,
    deployment: DeploymentArgument = "",
    destroy: Annotated[bool, typer.Option("--destroy", help="Plan a destroy; asks the control plane.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TEXT,
    stack: StackOption = None,
    only: OnlyOption = None,
    start: FromOption = None,
    parallel: ParallelOption = None,
    sequential: SequentialOption = False,
    strict_layers: StrictLayersOption = False,
) -> None:
    """Show what a deploy would do, layer by layer. Needs no server; one that answers adds predictions."""
    from cloud.domain.plan_views import render_dot, render_mermaid, render_text
    from cloud_cli.planning import Choices

    choices = Choices(
        stack or (),
        only or (),
        start or (),
        max_parallel=1 if sequential else parallel,
        strict_layers=True if strict_layers else None,
    )
    made = _destroy_plan(session, deployment, choices) if destroy else _deploy_plan(session, deployment, choices)
    if session.options.json:
        made.require_runnable()  # one document: the plan, or the refusal
    session.show_json(made.to_dict())
    render = {Format.TEXT: render_text, Format.MERMAID: render_mermaid, Format.DOT: render_dot}[output]
    session.show(clean(render(made).rstrip("\n"), lines=True))
    made.require_runnable()


def load_project(session: Session, deployment: str) -> Project:
    """The deployment on disk, checked, with its warnings shown. Raises ConfigurationError with every problem."""
    from cloud_cli.checking import check_project
    from cloud_cli.workspace import find_workspace

    project = check_project(find_workspace(deployment, Path.cwd()))
    for warning in project.warnings:
        session.warn(f"Warning: {warning.render()}")
    return project


def _deploy_plan(session: Session, deployment: str, choices: Choices) -> Plan:
    from cloud_cli.checking import choose_environment
    from cloud_cli.planning import make_deploy_plan

    project = load_project(session, deployment)
    environment = choose_environment(project.manifest, session.options.environment)
    known = _known(session, project, environment)
    made = make_deploy_plan(project, environment, choices, known)
    if not known:
        return made
    from cloud_cli.predicting import with_predictions

    with session.client() as client:
        return with_predictions(client, project, made, choices.request(environment))


def _known(session: Session, project: Project, environment: str) -> dict[str, StackRecord]:
    """What the control plane knows; nothing when it can't be asked."""
    from cloud_cli.planning import known_stacks
    from cloud_cli.publishing import known_status

    try:
        with session.client() as client:
            status = known_status(client, project.deployment_id)
    except CloudError as error:
        if session.options.debug:
            session.say(f"Planned offline: {clean(error.message)}")
        return {}
    return known_stacks(status, environment) if status else {}


def _destroy_plan(session: Session, deployment: str, choices: Choices) -> Plan:
    from cloud.domain.plan import Plan
    from cloud_cli.targets import choose_remote_environment, find_target

    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        request = {**choices.request(environment), "operation": "destroy"}
        return Plan.from_dict(client.plan(target.deployment_id, request))
