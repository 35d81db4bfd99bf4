"""``cloud init``: all of a deployment, or nothing."""

from pathlib import Path

import pytest

from cloud.domain.errors import AlreadyExists, ConfigurationError
from cloud.domain.manifest_parsing import parse_manifest
from cloud_cli.initialising import create_deployment
from cloud_cli.templates import template_names
from tests.unit.cli.command_line import CommandLine


def test_a_deployment_is_made_that_validates_and_plans(cloud: CommandLine) -> None:
    ran = cloud("init", "--org", "acme", "--project", "shop", "--account", "dev=123456789012", "--json")
    made = ran.json()
    manifest = parse_manifest(Path(made["manifest"]).read_text())
    assert ran.code == 0
    assert (manifest.deployment.org, manifest.deployment.project) == ("acme", "shop")
    assert manifest.environment("dev").account == "123456789012"
    assert Path(made["manifest"]).parent.name == f"{made['id']}-acme-shop"
    assert sorted(path.name for path in Path(made["manifest"]).parent.iterdir()) == [
        "config",
        "manifest.yaml",
        "operations.jsonl",
    ]
    assert cloud("validate").code == 0
    assert cloud("plan").code == 0


def test_it_says_that_no_server_was_asked_and_which_accounts_are_examples(cloud: CommandLine) -> None:
    ran = cloud("init", "--org", "acme", "--project", "shop", "--account", "dev=123456789012")
    assert "No server was asked" in ran.err
    assert "The accounts of stage, prod are the template's examples" in ran.err


def test_without_a_template_it_is_the_default_one_with_all_sixteen_stacks(cloud: CommandLine) -> None:
    made = cloud("init", "--org", "acme", "--project", "shop", "--json").json()
    assert made["template"] == "default"
    assert len(made["made"]) == 16
    assert made["kept"] == []


def test_a_variable_of_the_template_is_given_by_its_option_or_by_var(cloud: CommandLine) -> None:
    names = ("--org", "acme", "--project", "shop", "-t", "minimal")
    for options in (("--region", "eu-west-1"), ("--var", "region=eu-west-1"), ("--var", "accounts.dev=123456789012")):
        made = cloud("init", *names, *options, "--json").json()
        manifest = parse_manifest(Path(made["manifest"]).read_text())
        environment = manifest.environment("dev")
        assert (environment.region, environment.account) in {
            ("eu-west-1", "111111111111"),
            ("us-east-1", "123456789012"),
        }


def test_a_variable_is_given_once(cloud: CommandLine) -> None:
    ran = cloud("init", "--org", "acme", "--project", "shop", "--region", "us-east-1", "--var", "region=us-east-2")
    assert ran.code == 3
    assert "--region: a value is given twice" in ran.err


def test_a_var_without_a_value_is_a_wrong_command_line(cloud: CommandLine) -> None:
    ran = cloud("init", "--org", "acme", "--project", "shop", "--var", "region")
    assert ran.code == 2
    assert "--var is not KEY=VALUE" in ran.err


@pytest.mark.parametrize("template", template_names())
def test_every_template_of_the_installation_gives_a_valid_deployment(cloud: CommandLine, template: str) -> None:
    assert cloud("init", "--org", "acme", "--project", "shop", "-t", template).code == 0
    assert cloud("validate").code == 0


def test_every_wrong_name_is_told_at_once_and_nothing_is_made(cloud: CommandLine) -> None:
    ran = cloud(
        *(
            "init",
            "--org",
            "Acme",
            "--id",
            "X",
            "--region",
            "moon",
            "--account",
            "dev=1",
            "--account",
            "Dev=2",
            "--var",
            "regoin=x",
            "--json",
        )
    )
    assert ran.code == 3
    assert sorted(problem["path"] for problem in ran.json()["problems"]) == [
        "--account",
        "--account Dev",
        "--account dev",
        "--id",
        "--org",
        "--project",
        "--region",
        "--var regoin",
    ]
    assert cloud.files() == []


def test_stacks_that_are_there_are_kept_and_named(cloud: CommandLine) -> None:
    program = cloud.add_program("network")
    (program / "Pulumi.yaml").write_text("name: mine\nruntime: go\n")
    ran = cloud("init", "--org", "acme", "--project", "shop")
    assert "stacks/network/ was there already and is kept" in ran.out
    assert (program / "Pulumi.yaml").read_text() == "name: mine\nruntime: go\n"


def test_an_id_that_is_taken_here_is_a_conflict_and_changes_nothing(cloud: CommandLine) -> None:
    cloud("init", "--org", "acme", "--project", "shop", "--id", "D123456")
    before = cloud.files()
    ran = cloud("init", "--org", "acme", "--project", "other", "--id", "D123456", "--json")
    assert ran.code == 5
    assert ran.json()["code"] == "already-exists"
    assert cloud.files() == before


def test_an_unknown_template_is_not_found_and_the_nearest_is_named(cloud: CommandLine) -> None:
    ran = cloud("init", "--org", "acme", "--project", "shop", "-t", "minimum")
    assert ran.code == 4
    assert "did you mean 'minimal'?" in ran.err
    assert cloud.files() == []


def test_a_failure_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "new" / "project"
    root.mkdir(parents=True)
    # A dangling link stands where a stack would go: it does not exist, and yet nothing can be moved there.
    (root / "stacks").mkdir()
    (root / "stacks" / "storage").symlink_to(root / "nowhere" / "at" / "all")
    with pytest.raises(OSError, match="storage"):
        create_deployment(root, org="acme", project="shop")
    assert sorted(path.name for path in root.rglob("*")) == ["stacks", "storage"]


def test_a_folder_that_is_not_there_is_made(cloud: CommandLine) -> None:
    assert cloud("init", "new/folder", "--org", "acme", "--project", "shop").code == 0
    assert list((cloud.root / "new" / "folder" / "deploy").iterdir())


def test_ids_are_random(tmp_path: Path) -> None:
    ids = {create_deployment(tmp_path / str(number), org="acme", project="shop").id for number in range(5)}
    assert len(ids) == 5


def test_names_are_required_by_the_function_as_well(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        create_deployment(tmp_path / "x", org="", project="")
    create_deployment(tmp_path / "y", org="acme", project="shop", deployment_id="D123456")
    with pytest.raises(AlreadyExists):
        create_deployment(tmp_path / "y", org="acme", project="shop", deployment_id="D123456")
