"""The wiring: nothing is made before it is asked for, and everything once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.adapters.kms import KmsVault
from cloud.adapters.lookups import AwsLookups
from cloud.adapters.memory.runner import ScriptedRunner
from cloud.adapters.pulumi.runner import AutomationRunner
from cloud.adapters.stepfunctions import StepFunctionsWorkflow
from cloud.adapters.websocket import ApiGatewayConnections
from cloud.bootstrap import make_platform
from cloud.settings import Settings


def test_each_port_has_its_adapter_and_one_only() -> None:
    platform = make_platform(Settings(runner="scripted"))
    for make, kind in (
        (platform.workflow, StepFunctionsWorkflow),
        (platform.runner, ScriptedRunner),
        (platform.gateway, ApiGatewayConnections),
        (platform.vault, KmsVault),
    ):
        assert isinstance(make(), kind)
        assert make() is make()
    assert isinstance(platform.lookups("eu-west-1", ""), AwsLookups)
    assert platform.lookups("eu-west-1", "") is not platform.lookups("eu-west-1", "")  # what they cache is of one run


@pytest.mark.parametrize("passphrase", ["", "hunter2\n"])
def test_the_runner_of_pulumi_is_made_with_its_passphrase(tmp_path: Path, passphrase: str) -> None:
    file = tmp_path / "passphrase"
    file.write_text(passphrase)
    chosen = Settings(passphrase_file=str(file) if passphrase else "", backend_url=f"file://{tmp_path}")
    assert isinstance(make_platform(chosen).runner(), AutomationRunner)


def test_a_timestamp_has_milliseconds_and_is_utc() -> None:
    stamp = make_platform(Settings()).timestamp()
    assert len(stamp) == len("2025-01-01T00:00:00.000Z")
    assert stamp.endswith("Z")
