"""The only wiring: which adapter stands behind which port, from the settings. Called lazily, once per process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cloud.ports.runner import StackRunner
from cloud.ports.workflow import ConnectionGateway, Lookups, Vault, Workflow
from cloud.service.platform import Platform
from cloud.settings import Settings, engine_environment, host_environment, settings


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

    @cache
    def lookups(region: str, role_arn: str) -> Lookups:
        from cloud.adapters.lookups import AwsLookups

        return AwsLookups(chosen, region=region, role_arn=role_arn)

    @cache
    def gateway() -> ConnectionGateway:
        from cloud.adapters.websocket import ApiGatewayConnections

        return ApiGatewayConnections(chosen)

    @cache
    def vault() -> Vault:
        from cloud.adapters.kms import KmsVault

        return KmsVault(chosen)

    return Platform(dynamodb_stores(chosen, clock), clock, workflow, runner, lookups, gateway, vault)


@cache
def platform() -> Platform:
    """The platform of this process."""
    return make_platform(settings())
