"""``refresh`` and ``drift``: what Pulumi's states say against what is there."""

from __future__ import annotations

import typer

from cloud_cli.commands.run import DetachOption, OnInterruptOption
from cloud_cli.interruption import OnInterrupt
from cloud_cli.options import (
    DeploymentArgument,
    FromOption,
    OnlyOption,
    ParallelOption,
    SequentialOption,
    StackOption,
    with_session,
)
from cloud_cli.running import run_to_the_end
from cloud_cli.session import Session

REFRESH_GROUP, DRIFT_GROUP = "Run", "Look"


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=REFRESH_GROUP)(with_session(refresh))
    app.command(rich_help_panel=DRIFT_GROUP)(with_session(drift))


def refresh(
    session: Session,
    deployment: DeploymentArgument = "",
    stack: StackOption = None,
    only: OnlyOption = None,
    start: FromOption = None,
    parallel: ParallelOption = None,
    sequential: SequentialOption = False,
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Bring Pulumi's states to what is there. Changes no resource; runs no program."""
    from cloud.domain.plan import Plan
    from cloud_cli.asking import show_plan, with_yes
    from cloud_cli.planning import Choices
    from cloud_cli.targets import choose_remote_environment, find_target
    from cloud_cli.wording import counted

    choices = Choices(stack or (), only or (), start or (), max_parallel=1 if sequential else parallel)
    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        request = choices.request(environment)
        plan = Plan.from_dict(client.plan(target.deployment_id, {**request, "operation": "refresh"}))
        show_plan(session, plan)
        if not plan.stacks:
            session.show_json({"operation": None, "plan": plan.to_dict()})
            return 0
        session.confirm(
            f"Write into the states of {counted(len(plan.stacks), 'stack')} in {environment} what is there?",
            otherwise=with_yes(session, "refresh", target.deployment_id),
        )
        return run_to_the_end(
            session,
            client,
            "refresh",
            target.deployment_id,
            request,
            workspace=target.workspace,
            detach=detach,
            on_interrupt=on_interrupt,
        )


def drift(
    session: Session,
    deployment: DeploymentArgument = "",
    stack: StackOption = None,
    only: OnlyOption = None,
    start: FromOption = None,
    parallel: ParallelOption = None,
    sequential: SequentialOption = False,
    detach: DetachOption = False,
    on_interrupt: OnInterruptOption = OnInterrupt.ASK,
) -> int:
    """Look for what was changed by hand: a refresh that only looks. Does nothing while somebody holds the environment."""
    from cloud_cli.planning import Choices
    from cloud_cli.targets import choose_remote_environment, find_target

    choices = Choices(stack or (), only or (), start or (), max_parallel=1 if sequential else parallel)
    target = find_target(deployment)
    with session.client() as client:
        environment = choose_remote_environment(client, target, session.options.environment)
        return run_to_the_end(
            session,
            client,
            "drift",
            target.deployment_id,
            choices.request(environment),
            workspace=target.workspace,
            detach=detach,
            on_interrupt=on_interrupt,
        )
