"""Every patch of moto is still needed, and does what it says.

A patch whose first test fails isn't needed any more with the installed moto: remove it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_local.aws import moto_patches

SCENARIOS = Path(__file__).with_name("moto_patch_scenarios.py")
PATCHES = [patch.__name__ for group in moto_patches.PATCHES.values() for patch in group]
NAMES = [*PATCHES, "one_dynamodb_request_at_a_time"]

pytestmark = pytest.mark.xdist_group("moto-patches")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, bool]]:
    """Both runs, side by side."""
    command = [sys.executable, str(SCENARIOS)]
    runs = {
        mode: subprocess.Popen([*command, mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for mode in ("bare", "patched")
    }
    found = {}
    for mode, run in runs.items():
        output, errors = run.communicate(timeout=150)
        assert run.returncode == 0, errors
        found[mode] = json.loads(output.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_moto_as_it_is_still_has_the_defect(outcomes: dict[str, dict[str, bool]], name: str) -> None:
    assert outcomes["bare"][name] is False


@pytest.mark.parametrize("name", NAMES)
def test_with_the_patch_it_behaves_as_aws_does(outcomes: dict[str, dict[str, bool]], name: str) -> None:
    assert outcomes["patched"][name] is True


def test_every_patch_says_why() -> None:
    undocumented = [patch.__name__ for group in moto_patches.PATCHES.values() for patch in group if not patch.__doc__]

    assert undocumented == []
