"""The stacks on a real Automation API: engine, provider and an emulated AWS on loopback, started once per test process.

The engine is the stand-in, and beside it the installed Pulumi CLI where there is one (``CLOUD_PULUMI_ROOT`` or PATH).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pulumi.automation as auto
import pytest
import yaml
from pulumi.automation.events import EngineEvent

from cloud_local.provider import install as install_provider
from cloud_local.pulumi import install as install_engine
from cloud_local.pulumi.fork_server_process import ForkServerProcess
from tests.stacks.case import stacks_with_cases
from tests.stacks.contract import CONTRACTS
from tests.stacks.emulated_aws import EmulatedAwsProcess
from tests.stacks.lives import Life, live

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "stacks"
NAMES = tuple(name for name in CONTRACTS if (STACKS / name / "__main__.py").is_file())
"""The stacks of this repository, each after what it needs."""
PROJECT, REGION = "ecommerce", "eu-west-1"

_IDS = (f"D1BRV{number:02}" for number in count(40))


def load_module(path: Path) -> ModuleType:
    """A module of a stack by its path: every stack has a ``src``, so none of them can be imported by name."""
    name = "_".join(path.relative_to(STACKS).with_suffix("").parts)
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lives go to both of xdist's workers, by halves; and whoever is first to need a stack waits for all below it."""
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))
        call = getattr(item, "callspec", None)
        if call is not None and "life" in getattr(item, "fixturenames", ()):
            half = stacks_with_cases().index(call.params["stack"]) % 2
            item.add_marker(pytest.mark.xdist_group(f"lives-{half}"), append=False)


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with EmulatedAwsProcess() as url:
        yield url


@dataclass(frozen=True)
class Step:
    """One step of a preview: what the engine means to do with a resource, and the inputs that it would do it with."""

    op: str
    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Deployer:
    """Deploys stacks of this repository, each time from a fresh copy as the runner does."""

    command: auto.PulumiCommand
    folder: Path
    environment: dict[str, str]
    endpoint: str
    deployment: str
    made: dict[str, auto.Stack] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def stack(self, name: str, config: Mapping[str, Any] | None = None) -> auto.Stack:
        """The Pulumi stack with this configuration (whole: what an earlier call set is gone)."""
        pulumi_stack = f"{self.deployment}-{name}-dev"
        folder = self.folder / name
        if name not in self.made:
            shutil.copytree(STACKS / name, folder, ignore=shutil.ignore_patterns("docs", "__pycache__"))
            project = folder / "Pulumi.yaml"
            project.write_text(project.read_text().replace(f"name: {name}\n", f"name: {PROJECT}\n"))
            options = auto.LocalWorkspaceOptions(pulumi_command=self.command, env_vars=self.environment)
            self.made[name] = auto.create_stack(pulumi_stack, work_dir=str(folder), opts=options)
        tags = {"project": PROJECT, "deployment": self.deployment, "stack": name, "deployed-by": "cloud"}
        identity = {
            "deploymentId": self.deployment,
            "stackName": name,
            "environment": "dev",
            "projectName": PROJECT,
            "orgName": "acme-corp",
        }
        values = {f"{PROJECT}:{key}": value for key, value in {**identity, **(config or {})}.items()}
        self._configure(
            folder / f"Pulumi.{pulumi_stack}.yaml", values | {"aws:region": REGION, "aws:defaultTags": {"tags": tags}}
        )
        return self.made[name]

    @staticmethod
    def _configure(file: Path, values: Mapping[str, Any]) -> None:
        """Write the stack's configuration as the control plane's runner does; what opens its secrets stays."""
        keys = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump({**(keys or {}), "config": dict(values)}))

    def up(self, name: str, config: Mapping[str, Any] | None = None) -> auto.UpResult:
        result = self.stack(name, config).up()
        self.results[name] = {key: output.value for key, output in result.outputs.items()}
        return result

    def preview(self, name: str, config: Mapping[str, Any] | None = None) -> list[Step]:
        """The steps that the engine plans, the stack itself and the providers left out. Inputs that only a deployment can tell
        are missing from a step's."""
        steps: list[Step] = []

        def take(event: EngineEvent) -> None:
            found = event.resource_pre_event.metadata if event.resource_pre_event else None
            if found is not None and not found.type.startswith("pulumi:"):
                inputs = (found.new.inputs if found.new else None) or {}
                steps.append(Step(str(found.op.value), found.type, found.urn.rpartition("::")[2], inputs))

        self.stack(name, config).preview(on_event=take)
        return steps

    def outputs(self, name: str) -> dict[str, Any]:
        """What the last ``up`` of the stack exported."""
        return self.results[name]

    def resources(self, name: str) -> list[dict[str, Any]]:
        """What Pulumi's state holds, the stack itself and the providers left out."""
        state = self.made[name].export_stack().deployment
        return [item for item in state.get("resources", []) if not item["type"].startswith("pulumi:")]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def destroy(self) -> None:
        """Destroy what was deployed, dependents first; a second call has nothing to do."""
        for name in reversed(list(self.made)):
            self.made[name].destroy()
            del self.made[name]
            shutil.rmtree(self.folder / name)


@dataclass(frozen=True)
class Base(Deployer):
    """A deployment of every stack with its defaults, each deployed when it is first asked for."""

    def outputs(self, name: str) -> dict[str, Any]:
        """What the stack exports."""
        if name not in self.results:
            for needed in CONTRACTS[name].dependencies:
                self.outputs(needed)
            self.up(name)
        return super().outputs(name)

    def resources(self, name: str) -> list[dict[str, Any]]:
        self.outputs(name)
        return super().resources(name)


@pytest.fixture(scope="session")
def standin_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pulumi-root")
    install_engine(root)
    return root


def installed_root() -> Path | None:
    """Where a real Pulumi CLI is installed, if anywhere."""
    if root := os.environ.get("CLOUD_PULUMI_ROOT"):
        return Path(root)
    found = shutil.which("pulumi")
    return Path(found).resolve().parents[1] if found else None


@pytest.fixture(scope="session", params=["standin", pytest.param("installed", marks=pytest.mark.real_pulumi)])
def engine(request: pytest.FixtureRequest) -> auto.PulumiCommand:
    if request.param == "standin":
        return auto.PulumiCommand(root=str(request.getfixturevalue("standin_root")))
    root = installed_root()
    if root is None:
        pytest.skip("NOT TESTED on the real Pulumi engine: no `pulumi` on PATH and no CLOUD_PULUMI_ROOT")
    return auto.PulumiCommand(root=str(root))


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What makes the stand-in's commands quick, as in local mode: a server that has the SDKs loaded already."""
    with ForkServerProcess(tmp_path_factory.mktemp("forks") / "socket") as server:
        yield server.environment()


@pytest.fixture(scope="session")
def environment(aws_url: str, fork_server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the CLI: a directory as backend, the emulated AWS, the provider as a plugin on PATH."""
    home = tmp_path_factory.mktemp("home")
    plugin = install_provider(home / "bin")
    (home / "state").mkdir()
    python = Path(sys.executable).parent  # the engine runs programs by the `python3` that it finds
    return {
        "PATH": os.pathsep.join((str(plugin.parent), str(python), os.environ["PATH"])),
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{home}/state",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "GRPC_VERBOSITY": "NONE",
        **fork_server,
    }


@pytest.fixture(scope="session")
def new_deployer(
    environment: dict[str, str], aws_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[auto.PulumiCommand, str], Deployer]:
    def make(engine: auto.PulumiCommand, deployment: str) -> Deployer:
        return Deployer(engine, tmp_path_factory.mktemp("programs"), environment, aws_url, deployment)

    return make


@pytest.fixture(scope="session")
def base(engine: auto.PulumiCommand, new_deployer: Callable[[auto.PulumiCommand, str], Deployer]) -> Iterator[Base]:
    """The stacks with their defaults, for tests that only look."""
    plain = new_deployer(engine, next(_IDS))
    made = Base(plain.command, plain.folder, plain.environment, plain.endpoint, plain.deployment)
    try:
        yield made
    finally:
        made.destroy()


@pytest.fixture
def deployer(
    engine: auto.PulumiCommand, new_deployer: Callable[[auto.PulumiCommand, str], Deployer]
) -> Iterator[Deployer]:
    """A deployment of the test's own, destroyed at the end."""
    made = new_deployer(engine, next(_IDS))
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def lives() -> dict[tuple[str, str], Life | Exception]:
    """The lives that were played, or why they ended early, by engine and stack."""
    return {}


@pytest.fixture
def life(
    stack: str,
    base: Base,
    engine: auto.PulumiCommand,
    new_deployer: Callable[[auto.PulumiCommand, str], Deployer],
    lives: dict[tuple[str, str], Life | Exception],
) -> Life:
    """The life of the test's ``stack``, played when it is first asked for; where it ended early, every test tells why."""
    key = (str(engine.command), stack)
    if key not in lives:
        deployer = new_deployer(engine, f"D1LIF{stacks_with_cases().index(stack):02}")
        try:
            lives[key] = live(stack, base, deployer)
        except Exception as error:  # noqa: BLE001 - told by every test of this stack
            lives[key] = error
            deployer.destroy()
    found = lives[key]
    if isinstance(found, Exception):
        raise found
    return found
