"""What has to be installed before a program can run, and what the runner has already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud import __version__
from cloud.adapters.pulumi.dependencies import must_install, runtime_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def project(folder: Path, runtime: Any, requirements: str | None = None) -> Path:
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "shop", "runtime": runtime}))
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements)
    return folder


def in_virtualenv(**options: Any) -> dict[str, Any]:
    return {"name": "python", "options": {"virtualenv": "venv", **options}}


@pytest.mark.parametrize(("runtime", "installs"), [("nodejs", True), ("go", False), ("yaml", False), ("python", False)])
def test_node_has_its_modules_installed_and_others_fetch_their_own(folder: Path, runtime: str, installs: bool) -> None:
    assert must_install(project(folder, runtime)) is installs


@pytest.mark.parametrize(
    "requirements",
    [
        "",
        "pulumi>=3,<4\n",
        "# comment\npulumi>=3,<4  # the SDK\n\npulumi_aws>=7\n",
        "pulumi>=3 \\\n    --hash=sha256:00\n",
        "tomli>=1 ; python_version < '3'\n",
        "../../layers/stack_kit\n",
        f"Cloud_Control.Plane=={__version__}\n",
    ],
)
def test_a_virtual_environment_that_would_hold_what_the_runner_has_is_not_made(folder: Path, requirements: str) -> None:
    assert must_install(project(folder, in_virtualenv(), requirements)) is False
    assert runtime_of(folder) == ("python", {})


def test_other_options_of_the_runtime_stay(folder: Path) -> None:
    assert must_install(project(folder, in_virtualenv(typechecker="mypy", toolchain="pip"))) is False
    assert runtime_of(folder) == ("python", {"typechecker": "mypy"})


@pytest.mark.parametrize(
    "requirements",
    [
        "pulumi>=99\n",
        "cloud-control-plane==99.0\n",
        "pulumi-quantum==1.0\n",
        "pulumi @ file:///somewhere/pulumi.whl\n",
        "git+https://example.com/x.git\n",
        "./vendored\n",
        "-r more.txt\n",
    ],
)
def test_what_the_runner_lacks_or_cannot_judge_is_installed(folder: Path, requirements: str) -> None:
    assert must_install(project(folder, in_virtualenv(), requirements)) is True
    assert runtime_of(folder) == ("python", {"virtualenv": "venv"})


@pytest.mark.parametrize("toolchain", ["uv", "poetry"])
def test_another_toolchain_installs_itself(folder: Path, toolchain: str) -> None:
    runtime = {"name": "python", "options": {"toolchain": toolchain}}
    assert must_install(project(folder, runtime, "")) is True
