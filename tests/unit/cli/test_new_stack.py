"""``cloud new-stack``: a program that validates, plans and passes its own tests, and its entry in the manifest; or nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cloud import __version__
from cloud.domain.configuration_sources import parse_config_file
from cloud.domain.manifest_parsing import parse_manifest
from tests.unit.cli.command_line import MANIFEST, CommandLine

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    f"docs/Stack_{name}.md"
    for name in (
        *("Definitions", "History", "History_Errors", "History_Fixes"),
        *("Prompt_Extra", "Prompt_Main", "Resources"),
    )
]
FILES = [
    "Pulumi.yaml",
    "__main__.py",
    *DOCUMENTS,
    "requirements.txt",
    *("src/__init__.py", "src/component_example.py", "src/configuration.py", "src/outputs.py"),
    *("tests/test_configuration.py", "tests/test_example.py"),
]


@pytest.fixture
def manifest(cloud: CommandLine) -> Path:
    return cloud.add_project()


def test_a_stack_is_written_registered_and_validates(cloud: CommandLine, manifest: Path) -> None:
    ran = cloud("new-stack", "order-queue", "--depends-on", "network", "--json")
    assert ran.code == 0
    assert ran.json() == {
        "name": "order-queue",
        "folder": str(cloud.root / "stacks" / "order-queue"),
        "files": FILES,
        "manifest": str(manifest),
        "configs": [
            str(manifest.parent / "config" / f"order-queue.{environment}.yaml") for environment in ("dev", "prod")
        ],
        "dependencies": ["network"],
        "from": None,
    }
    assert manifest.read_text() == (
        f"{MANIFEST}  order-queue:\n    source: stacks/order-queue\n    dependencies: [network]\n"
    )
    assert cloud("validate").code == 0
    assert "order-queue        ?  auto       enabled in dev; after network" in cloud("plan").out


def test_people_are_told_what_was_made_and_what_comes_next(cloud: CommandLine, manifest: Path) -> None:
    ran = cloud("new-stack", "orders")
    assert "  stacks/orders/  Pulumi.yaml, __main__.py, docs/, requirements.txt, src/, tests/\n" in ran.out
    assert "  deploy/D123456-acme-shop/config/orders.prod.yaml\n" in ran.out
    assert "  deploy/D123456-acme-shop/manifest.yaml has it now\n" in ran.out
    assert "`cloud deploy --stack orders`" in ran.err


@pytest.mark.usefixtures("manifest")
def test_its_files_are_filled_in_and_nothing_of_a_template_is_left(cloud: CommandLine) -> None:
    cloud("new-stack", "order-queue")
    folder = cloud.root / "stacks" / "order-queue"
    assert yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"] == "order-queue"
    assert "class OrderQueueConfig(StackConfig)" in (folder / "src" / "configuration.py").read_text()
    left = {
        found for path in folder.rglob("*") if path.is_file() for found in re.findall(r"\{\{.*?\}\}", path.read_text())
    }
    assert left == {"{{stack.order-queue.parameterName}}", "{{stack.network.vpcId}}"}
    for document in DOCUMENTS:
        text = (folder / document).read_text()
        assert text.startswith("# order-queue: ")
        assert len(text.split()) > 40


@pytest.mark.usefixtures("manifest")
def test_its_own_tests_pass_and_fail_when_the_program_is_wrong(cloud: CommandLine) -> None:
    cloud("new-stack", "orders")
    folder = cloud.root / "stacks" / "orders"
    assert run_its_tests(folder).returncode == 0
    component = folder / "src" / "component_example.py"
    component.write_text(component.read_text().replace("value=args.text", 'value="other"'))
    assert run_its_tests(folder).returncode == 1


def run_its_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("manifest")
def test_its_program_is_as_clean_as_those_that_ship(cloud: CommandLine) -> None:
    cloud("new-stack", "orders")
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    folder = str(cloud.root / "stacks" / "orders")
    for command in (["check", "--ignore", "S,I001"], ["format", "--check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *settings, folder], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout


def test_its_pins_are_those_of_the_stacks_that_ship() -> None:
    def pins(path: Path) -> list[str]:
        return [line for line in path.read_text().splitlines() if not line.startswith("#")]

    ours = ROOT / "templates" / "stack" / "requirements.txt.template"
    assert pins(ours) == pins(ROOT / "stacks" / "network" / "requirements.txt")


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("source", [(), ("--from", "dns")])
def test_it_names_the_kit_as_pip_finds_it_from_there(cloud: CommandLine, source: tuple[str, ...]) -> None:
    def kit() -> list[str]:
        return (cloud.root / "stacks" / "orders" / "requirements.txt").read_text().splitlines()[-2:]

    cloud("new-stack", "orders", "--no-register", *source)
    assert kit()[0].startswith("# The kit that programs import; it is part of")
    assert kit()[1] == f"cloud-control-plane=={__version__}"

    shutil.rmtree(cloud.root / "stacks" / "orders")
    (cloud.root / "layers" / "stack_kit").mkdir(parents=True)
    cloud("new-stack", "orders", "--no-register", *source)
    assert kit() == ["# The kit that programs import, by its path from this folder.", "../../layers/stack_kit"]


def test_its_configuration_differs_by_environment_and_only_known_ones_get_a_file(
    cloud: CommandLine, manifest: Path
) -> None:
    manifest.write_text(MANIFEST.replace("  prod:", "  qa: {enabled: false}\n  stage: {enabled: false}\n  prod:"))
    cloud("new-stack", "orders")
    files = {
        path.name: parse_config_file(path.read_bytes(), file=path.name)
        for path in (manifest.parent / "config").iterdir()
    }
    assert {name: config["deletion_protection"] for name, config in files.items()} == {
        "orders.dev.yaml": False,
        "orders.stage.yaml": False,
        "orders.prod.yaml": True,
    }
    assert files["orders.dev.yaml"]["text"] == "Hello from orders in dev"


def test_a_configuration_file_that_is_there_is_kept(cloud: CommandLine, manifest: Path) -> None:
    (manifest.parent / "config" / "orders.dev.yaml").write_text("text: mine\n")
    ran = cloud("new-stack", "orders", "--json")
    assert [Path(path).name for path in ran.json()["configs"]] == ["orders.prod.yaml"]
    assert (manifest.parent / "config" / "orders.dev.yaml").read_text() == "text: mine\n"


def test_the_repositorys_own_skeletons_take_the_place_of_those_that_ship(cloud: CommandLine, manifest: Path) -> None:
    templates = cloud.root / "templates"
    (templates / "stack").mkdir(parents=True)
    (templates / "stack" / "Pulumi.yaml.template").write_text("name: {{name}}\nruntime: yaml\n")
    (templates / "config").mkdir()
    (templates / "config" / "dev.yaml.template").write_text("size: small  # {{name}} {{environment}}\n")
    ran = cloud("new-stack", "orders", "--json")
    assert ran.json()["files"] == ["Pulumi.yaml", *DOCUMENTS]
    assert (manifest.parent / "config" / "orders.dev.yaml").read_text() == "size: small  # orders dev\n"
    assert len(ran.json()["configs"]) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name: {{nam}}\n", "templates/stack/Pulumi.yaml.template:1:7: the variable 'nam' is not declared"),
        (b"\xff", "templates/stack/Pulumi.yaml.template is not UTF-8"),
        (None, "templates/stack makes no Pulumi project"),
    ],
)
def test_a_wrong_skeleton_makes_nothing(cloud: CommandLine, manifest: Path, content: bytes | None, said: str) -> None:
    skeleton = cloud.root / "templates" / "stack"
    skeleton.mkdir(parents=True)
    if content is not None:
        (skeleton / "Pulumi.yaml.template").write_bytes(content)
    before = cloud.files()
    ran = cloud("new-stack", "orders")
    assert ran.code == 3
    assert said in ran.err
    assert cloud.files() == before
    assert manifest.read_text() == MANIFEST


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("Orders",), 3, "'Orders' is not a stack name"),
        (("../x",), 3, "'../x' is not a stack name"),
        (("network",), 5, "stacks/network is there already"),
        (("orders", "--depends-on", "netwrk", "--depends-on", "x1"), 3, "did you mean 'network'?"),
        (("orders", "--depends-on", "orders"), 3, "the stack 'orders' depends on itself"),
        (("orders", "--from", "storag"), 4, "did you mean 'storage'?"),
        (("orders", "--from", "nothing"), 4, "There are: authentication"),
        (("orders", "--no-register", "--depends-on", "network"), 2, "--no-register leaves the manifest alone"),
        (("orders", "--deployment", "D999999"), 4, "With --no-register the stack is written without one"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(
    cloud: CommandLine, manifest: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = cloud.files()
    ran = cloud("new-stack", *arguments)
    assert ran.code == code
    assert said in ran.err
    assert cloud.files() == before
    assert manifest.read_text() == MANIFEST


def test_a_stack_that_the_manifest_has_without_a_folder_is_a_conflict(cloud: CommandLine, manifest: Path) -> None:
    manifest.write_text(f"{MANIFEST}  orders: {{}}\n")
    ran = cloud("new-stack", "orders")
    assert ran.code == 5
    assert "has a stack orders already" in ran.err


def test_a_manifest_with_problems_is_left_alone_and_its_problems_are_told(cloud: CommandLine, manifest: Path) -> None:
    manifest.write_text(f"{MANIFEST}x: 1\n")
    ran = cloud("new-stack", "orders")
    assert ran.code == 3
    assert "manifest.yaml:9:1: x: unknown key" in ran.err
    assert "With --no-register" in ran.err
    assert not (cloud.root / "stacks" / "orders").exists()


def test_without_a_deployment_a_stack_is_written_when_it_is_not_to_be_registered(cloud: CommandLine) -> None:
    assert cloud("new-stack", "orders").code == 4
    assert cloud.files() == []
    ran = cloud("new-stack", "orders", "--no-register")
    assert ran.code == 0
    assert "It is in no manifest yet" in ran.err
    assert (cloud.root / "stacks" / "orders" / "Pulumi.yaml").is_file()


def test_the_mode_of_the_manifest_and_a_link_to_it_stay(cloud: CommandLine, manifest: Path) -> None:
    real = cloud.root / "real.yaml"
    manifest.rename(real)
    manifest.symlink_to(real)
    real.chmod(0o640)
    assert cloud("new-stack", "orders").code == 0
    assert manifest.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "orders" in parse_manifest(real.read_text()).stacks


def test_a_stack_of_the_repository_is_cloned_with_its_entry(cloud: CommandLine, manifest: Path) -> None:
    program = cloud.add_program("security")
    (program / "__pycache__").mkdir()
    (program / "docs").mkdir()
    (program / "docs" / "Stack_History.md").write_text("# security: history\n")
    manifest.write_text(
        MANIFEST.replace(
            "security: {dependencies: [network]}",
            "security: {dependencies: [network], optional_dependencies: [gone], layer: 2, timeout: 5m, config: {a: [1]}}",
        )
    )
    ran = cloud("new-stack", "copy", "--from", "security")
    assert ran.code == 0
    assert "It names its resources as security does" in ran.err
    folder = cloud.root / "stacks" / "copy"
    assert (folder / "Pulumi.yaml").read_text() == "name: copy\nruntime: python\n"
    assert (folder / "docs" / "Stack_History.md").read_text() == "# copy: history\n"
    assert not (folder / "__pycache__").exists()
    stack = parse_manifest(manifest.read_text()).stack("copy")
    assert (stack.dependencies, stack.timeout_seconds, stack.config) == (("network",), 300, {"a": [1]})
    assert not list((manifest.parent / "config").iterdir())


def test_one_that_ships_is_added_under_its_own_name_with_what_the_default_template_says(
    cloud: CommandLine, manifest: Path
) -> None:
    ran = cloud("new-stack", "storage", "--from", "storage")
    assert ran.code == 0
    assert "names its resources" not in ran.err
    stack = parse_manifest(manifest.read_text()).stack("storage")
    assert stack.dependencies == ("security",)
    assert stack.in_environment("prod").config["backup"] == {"enabled": True}
    assert cloud("validate").code == 0


def test_one_whose_dependencies_are_missing_is_refused_with_the_commands_that_add_them(
    cloud: CommandLine, manifest: Path
) -> None:
    ran = cloud("new-stack", "database-rds", "--from", "database-rds")
    assert ran.code == 3
    assert (
        "database-rds depends on secrets, which the manifest lacks (cloud new-stack secrets --from secrets)" in ran.err
    )
    assert manifest.read_text() == MANIFEST
    assert cloud("new-stack", "secrets", "--from", "secrets").code == 0
    assert cloud("new-stack", "database-rds", "--from", "database-rds").code == 0
    assert cloud("new-stack", "free", "--from", "containers-apps", "--no-register").code == 0


def test_one_that_watches_others_watches_those_that_the_manifest_has(cloud: CommandLine, manifest: Path) -> None:
    assert cloud("new-stack", "monitoring", "--from", "monitoring").code == 0
    stack = parse_manifest(manifest.read_text()).stack("monitoring")
    assert stack.optional_dependencies == ("network",)
    assert stack.config == {"emails": [], "vpc_id": "{{stack.network.vpcId | default(null)}}"}
    ran = cloud("validate")
    assert (ran.code, ran.err) == (0, "")
