"""The programs by themselves, as a developer runs them: `pulumi up` in the stack's folder, no deployment around."""

from __future__ import annotations

import shutil
from pathlib import Path

import pulumi.automation as auto
import pytest

from tests.stacks.conftest import NAMES, REGION, STACKS

pytestmark = [pytest.mark.xdist_group("standalone-stacks"), pytest.mark.timeout(600)]


def test_the_stacks_find_each_other_without_the_control_plane(
    engine: auto.PulumiCommand, environment: dict[str, str], tmp_path: Path
) -> None:
    options = auto.LocalWorkspaceOptions(pulumi_command=engine, env_vars=environment)
    stacks: list[auto.Stack] = []
    exported: dict[str, dict[str, object]] = {}
    try:
        for name in NAMES:
            folder = tmp_path / name
            shutil.copytree(STACKS / name, folder, ignore=shutil.ignore_patterns("docs", "__pycache__"))
            stack = auto.create_or_select_stack("dev", work_dir=str(folder), opts=options)
            stack.set_config("aws:region", auto.ConfigValue(REGION))
            stacks.append(stack)
            outputs = exported[name] = {key: output.value for key, output in stack.up().outputs.items()}
            assert (outputs["stack"], outputs["deployment"], outputs["env"]) == (name, "standalone", "dev")
        assert str(exported["storage"]["bucketNames"]).startswith("{'data': 'storage-standalone-dev-data-")
    finally:
        for stack in reversed(stacks):
            stack.destroy()
