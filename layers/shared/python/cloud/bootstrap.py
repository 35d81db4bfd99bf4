"""The only wiring: which adapter stands behind which port, from the settings. Called lazily, once per process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cloud.ports.runner import StackRunner
from cloud.ports.state import PulumiState
from cloud.ports.workflow import ConnectionGateway, Lookups, Vault, Workflow
from cloud.service.platform import Platform
from cloud.settings import Settings, engine_environment, host_environment, settings

if TYPE_CHECKING:
    from cloud.adapters.memory.state import MemoryState

Made = TypeVar("Made")


def _once(make: Callable[[], Made]) -> Callable[[], Made]:
    """``make`` called once, also when the first callers come at the same time (functools.cache would call it for each)."""
    lock = threading.Lock()
    made: list[Made] = []

    def get() -> Made:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


def make_platform(chosen: Settings) -> Platform:
    """The platform on AWS's APIs as ``chosen`` names them. Adapters are imported when they are first needed."""
    from cloud.adapters.clock import SystemClock
    from cloud.adapters.dynamodb.stores import dynamodb_stores

    clock = SystemClock()

    @_once
    def workflow() -> Workflow:
        from cloud.adapters.stepfunctions import StepFunctionsWorkflow

        return StepFunctionsWorkflow(chosen)

    @_once
    def scripted_states() -> MemoryState:
        from cloud.adapters.memory.state import MemoryState

        return MemoryState()

    @_once
    def state() -> PulumiState:
        if chosen.runner == "scripted":
            return scripted_states()
        from cloud.adapters.state_objects import pulumi_state

        return pulumi_state(chosen)

    @_once
    def runner() -> StackRunner:
        if chosen.runner == "scripted":
            from cloud.adapters.memory.runner import ScriptedRunner

            return ScriptedRunner(states=scripted_states())
        from cloud.adapters.pulumi.engine_settings import EngineSettings
        from cloud.adapters.pulumi.runner import AutomationRunner

        host = host_environment()
        passphrase = Path(chosen.passphrase_file).read_text(encoding="utf-8").strip() if chosen.passphrase_file else ""
        return AutomationRunner(
            EngineSettings(
                backend_url=chosen.backend_url,
                passphrase=passphrase,
                secrets_provider=chosen.secrets_provider,
                pulumi_root=chosen.pulumi_root,
                pulumi_home=chosen.pulumi_home,
                plugin_path=chosen.plugin_path,
                work_root=chosen.work_dir,
                host=host,
                environment=engine_environment(host),
            )
        )

    def lookups(region: str, role_arn: str) -> Lookups:
        from cloud.adapters.lookups import AwsLookups

        return AwsLookups(chosen, region=region, role_arn=role_arn)

    @_once
    def gateway() -> ConnectionGateway:
        from cloud.adapters.websocket import ApiGatewayConnections

        return ApiGatewayConnections(chosen)

    @_once
    def vault() -> Vault:
        from cloud.adapters.kms import KmsVault

        return KmsVault(chosen)

    stores = dynamodb_stores(chosen, clock)
    return Platform(stores, clock, workflow, runner, lookups, gateway, vault, state, engine=chosen.engine)


@cache
def platform() -> Platform:
    """The platform of this process."""
    return make_platform(settings())
