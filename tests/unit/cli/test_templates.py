"""Templates at the command line: those that ship, and those of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.domain.manifest_parsing import parse_manifest
from cloud_cli import completion
from tests.unit.cli.command_line import MANIFEST, CommandLine

NAMES = ("--org", "acme", "--project", "shop")

DECLARED = """\
version: 1
description: Two of ours
variables:
  size: {choices: [small, large], default: small, description: How large}
  tags: {type: map, default: {team: web}}
  flags: {type: list, example: [a]}
"""
TEXT = """\
version: 1
deployment: {id: "{{id}}", org: "{{org}}", project: "{{project}}", tags: {team: "{{tags.team}}"}}
environments:
  dev: {account: "111111111111", region: us-east-1}
stacks:
  orders: {config: {size: "{{size}}", flags: "{{flags}}", who: "{{tags.owner | default('nobody')}}"}}
"""


@pytest.fixture
def house(cloud: CommandLine) -> Path:
    """A custom template with a program that is the repository's."""
    return add_template(cloud, "house")


def add_template(cloud: CommandLine, name: str, declared: str = DECLARED, text: str = TEXT) -> Path:
    folder = cloud.root / "templates" / "custom" / name
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text(declared)
    (folder / "manifest.yaml.template").write_text(text)
    cloud.add_program("orders")
    return folder


def test_the_list_has_those_that_ship_and_those_of_the_repository(cloud: CommandLine, house: Path) -> None:
    listed = {item["name"]: item for item in cloud("template-list", "--json").json()}
    assert set(listed) == {"containers", "data", "default", "house", "minimal", "serverless-api"}
    assert listed["minimal"]["origin"] == "shipped"
    assert listed["house"] == {
        "name": "house",
        "origin": "custom",
        "folder": str(house),
        "description": "Two of ours",
        "valid": True,
    }
    assert "house           templates/custom/house  Two of ours" in cloud("template-list").out


def test_it_is_found_from_a_folder_below_too(cloud: CommandLine, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cloud.root / "stacks" / "orders")
    assert cloud("template-validate", "house").code == 0


def test_a_broken_one_is_listed_as_broken(cloud: CommandLine, house: Path) -> None:
    (house / "template.yaml").write_text("version: 2\n")
    (house.parent / "half").mkdir()
    (house.parent / "half" / "template.yaml").write_text(DECLARED)
    (house.parent / "Not_a_name").mkdir()
    listed = {item["name"]: item["valid"] for item in cloud("template-list", "--json").json()}
    assert (listed["house"], listed["half"]) == (False, False)
    assert "Not_a_name" not in listed
    assert "broken: 1 problem; `cloud template-validate half` tells" in cloud("template-list").out


def test_one_is_shown_with_its_variables_and_its_stacks_by_layers(cloud: CommandLine) -> None:
    shown = cloud("template-show", "minimal").out
    assert "  region          default us-east-1     AWS region of every environment\n" in shown
    assert "3 stacks in 3 layers\n  1  network\n  2  security\n  3  storage\n" in shown
    said = cloud("template-show", "default", "--json").json()
    assert [len(layer) for layer in said["layers"]] == [2, 1, 6, 3, 2, 1, 1]
    assert said["environments"] == ["dev", "stage", "prod"]


@pytest.mark.usefixtures("house")
def test_a_variable_is_shown_with_what_it_may_be(cloud: CommandLine) -> None:
    shown = cloud("template-show", "house").out
    assert "size     default small; one of small, large" in shown
    assert 'tags     default {"team": "web"}; a map' in shown
    assert 'flags    needed; a list; such as ["a"]' in shown


@pytest.mark.usefixtures("house")
def test_a_deployment_is_made_from_one_of_the_repositorys_own(cloud: CommandLine) -> None:
    ran = cloud(
        "init",
        *NAMES,
        "-t",
        "house",
        "--var",
        "flags=[a, 1]",
        "--var",
        "tags.owner=me",
        "--var",
        "size=large",
        "--json",
    )
    made = ran.json()
    manifest = parse_manifest(Path(made["manifest"]).read_text())
    assert manifest.stack("orders").config == {"size": "large", "flags": ["a", 1], "who": "me"}
    assert manifest.deployment.tags == {"team": "web"}
    assert (made["made"], made["kept"]) == ([], ["stacks/orders"])
    assert cloud("validate").code == 0


@pytest.mark.usefixtures("house")
def test_what_a_custom_template_needs_is_told_by_its_options(cloud: CommandLine) -> None:
    ran = cloud("init", *NAMES, "-t", "house", "--var", "size=larg", "--json")
    assert ran.code == 3
    assert {(item["path"], item["suggestion"]) for item in ran.json()["problems"]} == {
        ("--var size", "did you mean 'large'?"),
        ("--var flags", ""),
    }


def test_programs_are_copied_from_the_repository_of_the_template(cloud: CommandLine, house: Path) -> None:
    (cloud.root / "stacks" / "orders" / "__main__.py").write_text("x = 1\n")
    (cloud.root / "shared" / "names").mkdir(parents=True)
    (cloud.root / "shared" / "names" / "n.py").write_text("y = 1\n")
    (house / "manifest.yaml.template").write_text(TEXT.replace("orders: {", "orders: {include: [shared/names], "))
    assert cloud("init", "inner", *NAMES, "-t", "house", "--var", "flags=[]").code == 0
    assert (cloud.root / "inner" / "stacks" / "orders" / "__main__.py").read_text() == "x = 1\n"
    assert (cloud.root / "inner" / "shared" / "names" / "n.py").read_text() == "y = 1\n"
    assert cloud("validate", "inner").code == 0


def test_a_program_that_is_nowhere_is_not_found_and_nothing_is_made(cloud: CommandLine, house: Path) -> None:
    (house / "manifest.yaml.template").write_text(TEXT.replace("orders:", "invoices:"))
    before = cloud.files()
    ran = cloud("init", *NAMES, "-t", "house", "--var", "flags=[]")
    assert ran.code == 4
    assert "needs the folder stacks/invoices" in ran.err
    assert "cloud new-stack invoices --no-register" in ran.err
    assert cloud.files() == before


def test_a_program_with_a_link_out_of_it_is_not_copied(cloud: CommandLine, house: Path, tmp_path: Path) -> None:
    (tmp_path / "private").write_text("x")
    (cloud.root / "stacks" / "orders" / "link").symlink_to(tmp_path / "private")
    ran = cloud("init", "inner", *NAMES, "-t", "house", "--var", "flags=[]")
    assert ran.code == 3
    assert "link that leads out" in ran.err
    assert not (cloud.root / "inner").exists()


def test_a_template_of_the_repository_is_found_before_one_that_ships(cloud: CommandLine) -> None:
    add_template(cloud, "minimal")
    assert "hides the one that ships" in cloud("template-list").out
    assert cloud("template-show", "minimal", "--json").json()["origin"] == "custom"
    assert "is again the template that comes with the installation" in cloud("template-delete", "minimal", "-y").err
    assert cloud("template-show", "minimal", "--json").json()["origin"] == "shipped"


@pytest.mark.parametrize("given", ["house", "templates/custom/house", "templates/custom/house/template.yaml"])
def test_one_is_checked_by_its_name_or_its_path(cloud: CommandLine, house: Path, given: str) -> None:
    assert cloud("template-validate", given, "--json").json() == {
        "name": "house",
        "origin": "custom",
        "folder": str(house),
        "valid": True,
        "warnings": [],
    }


def test_every_problem_of_both_files_is_told_with_its_place(cloud: CommandLine, house: Path) -> None:
    (house / "template.yaml").write_text(DECLARED.replace("default: small", "defalt: small"))
    (house / "manifest.yaml.template").write_text(TEXT.replace("{{flags}}", "{{flag}}"))
    ran = cloud("template-validate", "house")
    assert ran.code == 3
    assert "templates/custom/house/template.yaml:4:35: variables.size.defalt: unknown key" in ran.err
    assert "templates/custom/house/manifest.yaml.template:6:47: the variable 'flag' is not declared" in ran.err
    assert cloud("init", *NAMES, "-t", "house").code == 3
    assert cloud("template-show", "house").code == 3


def test_warnings_of_a_check_are_told(cloud: CommandLine, house: Path) -> None:
    (house / "manifest.yaml.template").write_text(TEXT.replace('"{{size}}"', "1"))
    ran = cloud("template-validate", "house")
    assert ran.code == 0
    assert "Warning: templates/custom/house/template.yaml:4:3: variables.size: the manifest does not use" in ran.err


def test_a_missing_file_a_link_that_leads_out_and_a_huge_one_are_problems(
    cloud: CommandLine, house: Path, tmp_path: Path
) -> None:
    text = house / "manifest.yaml.template"
    text.write_text("#" * 2_000_000)
    assert "expected at most 1,048,576 bytes" in cloud("template-validate", "house").err
    text.unlink()
    assert "there is no such file" in cloud("template-validate", "house").err
    (tmp_path / "elsewhere").write_text(TEXT)
    text.symlink_to(tmp_path / "elsewhere")
    ran = cloud("template-validate", "house")
    assert ran.code == 3
    assert "a link that leads out of the template" in ran.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("minimum", "did you mean 'minimal'?"),
        ("nothing-like-it", "There are: containers"),
        ("./nowhere", "There is no folder './nowhere'"),
        ("stacks", "holds no template.yaml"),
    ],
)
def test_what_is_no_template_is_not_found(cloud: CommandLine, given: str, said: str) -> None:
    (cloud.root / "stacks").mkdir()
    ran = cloud("template-validate", given)
    assert ran.code == 4
    assert said in ran.err


def test_a_template_is_made_of_the_only_deployment_and_makes_others(cloud: CommandLine) -> None:
    manifest = cloud.add_project()
    (manifest.parent / "config" / "network.dev.yaml").write_text("cidr: 10.9.0.0/16\n")
    ran = cloud("template-create", "house", "--json")
    assert ran.code == 0
    assert ran.json()["from"] == "the deployment D123456-acme-shop"
    assert ran.json()["left_out"] == [str(manifest.parent / "config" / "network.dev.yaml")]
    assert "Not taken over, as they are the deployment's own: deploy/D123456" in ran.err
    made = cloud("init", "--org", "other", "--project", "web", "-t", "house", "--account", "dev=222222222222", "--json")
    assert "The accounts of prod are the template's; check them" in made.err
    document = parse_manifest(Path(made.json()["manifest"]).read_text())
    assert (document.deployment.org, document.environment("dev").account) == ("other", "222222222222")


def test_one_is_made_of_another(cloud: CommandLine) -> None:
    assert cloud("template-create", "house", "--from", "minimal").code == 0
    folder = cloud.root / "templates" / "custom" / "house"
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.yaml.template", "template.yaml"]
    assert cloud("template-validate", "house").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("house",), 4, "Name a deployment or a template: --from minimal."),
        (("house", "--from", "minmal"), 4, "did you mean 'minimal'?"),
        (("house", "--from", "D999999"), 4, "There is no manifest of D999999 here"),
        (("minimal", "--from", "data"), 5, "comes with the installation"),
        (("Bad Name", "--from", "data"), 3, "'Bad Name' is not a template name"),
        (("../x", "--from", "data"), 3, "'../x' is not a template name"),
    ],
)
def test_what_makes_no_template_makes_nothing(
    cloud: CommandLine, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = cloud("template-create", *arguments)
    assert ran.code == code
    assert said in ran.err
    assert cloud.files() == []


def test_a_name_that_is_taken_is_a_conflict(cloud: CommandLine, house: Path) -> None:
    before = (house / "template.yaml").read_text()
    assert cloud("template-create", "house", "--from", "minimal").code == 5
    assert (house / "template.yaml").read_text() == before


def test_a_broken_deployment_or_template_makes_none(cloud: CommandLine, house: Path) -> None:
    (house / "template.yaml").write_text("version: 2\n")
    cloud.add_project(MANIFEST + "x: 1\n")
    for source in ("house", "D123456"):
        ran = cloud("template-create", "other", "--from", source)
        assert ran.code == 3
    assert not (house.parent / "other").exists()


def test_a_deployment_that_names_itself_by_an_anchor_makes_none(cloud: CommandLine) -> None:
    cloud.add_project(MANIFEST.replace("project: shop", "project: &p other"))
    ran = cloud("template-create", "house")
    assert ran.code == 3
    assert "this has to be the deployment's" in ran.err
    assert not (cloud.root / "templates").exists()


def test_one_is_deleted_only_after_a_yes_and_only_of_the_repository(cloud: CommandLine, house: Path) -> None:
    ran = cloud("template-delete", "house")
    assert ran.code == 2
    assert "cloud template-delete house --yes" in ran.err
    assert house.is_dir()
    assert cloud("template-delete", "house", "--yes", "--json").json()["deleted"] is True
    assert not house.exists()
    assert cloud("template-delete", "house", "--yes").code == 4
    ran = cloud("template-delete", "minimal", "--yes")
    assert ran.code == 2
    assert "comes with the installation and is not deleted" in ran.err


def test_of_a_link_the_link_is_deleted(cloud: CommandLine, house: Path, tmp_path: Path) -> None:
    house.rename(tmp_path / "kept")
    house.symlink_to(tmp_path / "kept")
    assert cloud("template-delete", "house", "--yes").code == 0
    assert (tmp_path / "kept" / "template.yaml").is_file()


@pytest.mark.usefixtures("house")
def test_names_are_completed(cloud: CommandLine) -> None:
    cloud.add_project()
    assert completion.templates("ho") == ["house"]
    assert completion.origins("D1") == ["D123456"]
    assert "house" in completion.origins("")
    assert completion.sources("orde") == ["orders"]
    assert "storage" in completion.sources("st")
