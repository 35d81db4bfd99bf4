"""The only wiring: which adapter stands behind which port, from the settings. Called lazily, once per process."""

from __future__ import annotations

from functools import cache

from cloud.domain.records import EnvironmentRecord
from cloud.ports.runner import StackRunner
from cloud.ports.workflow import ConnectionGateway, Lookups, Vault, Workflow
from cloud.service.platform import Platform
from cloud.settings import Settings, settings


def make_platform(chosen: Settings) -> Platform:
    """The platform on AWS's APIs as ``chosen`` names them. Adapters are imported when they are first needed."""
    from cloud.adapters.clock import SystemClock
    from cloud.adapters.dynamodb.stores import dynamodb_stores

    clock = SystemClock()

    @cache
    def workflow() -> Workflow:
        from cloud.adapters.stepfunctions import StepFunctionsWorkflow

        return StepFunctionsWorkflow(chosen)

    @cache
    def runner() -> StackRunner:
        if chosen.runner == "scripted":
            from cloud.adapters.memory.runner import ScriptedRunner

            return ScriptedRunner()
        from cloud.adapters.pulumi.runner import AutomationRunner
        from cloud.adapters.pulumi.settings import engine_settings

        return AutomationRunner(engine_settings(chosen))

    @cache
    def lookups(environment: EnvironmentRecord) -> Lookups:
        from cloud.adapters.lookups import AwsLookups

        return AwsLookups(chosen, environment)

    @cache
    def gateway() -> ConnectionGateway:
        from cloud.adapters.websocket import WebSocketGateway

        return WebSocketGateway(chosen)

    @cache
    def vault() -> Vault:
        from cloud.adapters.kms import KmsVault

        return KmsVault(chosen)

    return Platform(dynamodb_stores(chosen, clock), clock, workflow, runner, lookups, gateway, vault)


@cache
def platform() -> Platform:
    """The platform of this process."""
    return make_platform(settings())
