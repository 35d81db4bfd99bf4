"""``validate`` and ``plan``: offline, every problem at once, nothing written."""

from pathlib import Path

import pytest

from tests.unit.cli.command_line import MANIFEST, CommandLine


def test_a_good_deployment_is_valid(cloud: CommandLine) -> None:
    cloud.add_project()
    ran = cloud("validate")
    assert (ran.code, ran.out) == (
        0,
        "deploy/D123456-acme-shop/manifest.yaml is valid: 2 stacks, environments dev, prod.\n",
    )
    assert cloud("validate", "--json").json()["deployment_id"] == "D123456"


def test_problems_of_the_manifest_its_files_and_its_programs_come_together_with_their_places(
    cloud: CommandLine,
) -> None:
    manifest = cloud.add_project(MANIFEST + "  storage: {source: stacks/none}\n  dns: {source: stacks/empty}\n")
    (cloud.root / "stacks" / "empty").mkdir()
    config = manifest.parent / "config"
    (config / "network.dev.yaml").write_text("cidr: [\n")
    (config / "netwrk.dev.yaml").write_text("a: 1\n")
    (config / "notes.txt").write_text("x")
    before = cloud.files()
    ran = cloud("validate", "--json")
    assert ran.code == 3
    rendered = "\n".join(
        f"{item['file']}:{item['line']} {item['path']}: {item['message']} {item['suggestion']}"
        for item in ran.json()["problems"]
    )
    folder = "deploy/D123456-acme-shop"
    assert f"{folder}/config/network.dev.yaml:2" in rendered
    assert f"{folder}/config/netwrk.dev.yaml:0 : the manifest has no stack 'netwrk' did you mean 'network'?" in rendered
    assert f"{folder}/manifest.yaml:9 stacks.storage.source: there is no folder stacks/none" in rendered
    assert f"{folder}/manifest.yaml:10 stacks.dns.source: stacks/empty holds no Pulumi.yaml" in rendered
    assert cloud.files() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\nstacks: {a: {depends: []}}\n", "depends"),
        ("version: 1\nversion: 1\n", "version"),
        ("a: &a [*a]\n", "a"),
        ("{" * 100_000, "nest"),
        ("x" * 2_000_000, "bytes"),
        ("\x00", "control character"),
        ("", "manifest.yaml"),
        (MANIFEST.replace("network: {", "network: {dependencies: [security], "), "cycle"),
        (MANIFEST.replace("network: {", "network: {source: ../../etc, "), "source"),
    ],
    ids=["unknown key", "duplicate key", "endless anchor", "deep", "huge", "control", "empty", "cycle", "traversal"],
)
def test_hostile_and_malformed_manifests_are_exit_3_with_one_report(cloud: CommandLine, text: str, told: str) -> None:
    cloud.add_project(text)
    before = cloud.files()
    for command in (["validate"], ["plan"], ["deploy", "--yes"]):
        ran = cloud(*command)
        assert ran.code == 3
        assert ran.err.startswith("Error: deploy/D123456-acme-shop/manifest.yaml")
        assert told in ran.err
        assert "Traceback" not in ran.err
    assert cloud.files() == before


def test_a_source_that_leads_out_by_a_link_is_refused(cloud: CommandLine, tmp_path: Path) -> None:
    cloud.add_project()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (cloud.root / "stacks" / "security").rename(tmp_path / "away")
    (cloud.root / "stacks" / "security").symlink_to(outside)
    ran = cloud("validate")
    assert ran.code == 3
    assert "stacks/security leads out of the project" in ran.err


INCLUDING = MANIFEST.replace("{dependencies: [network]}", "{dependencies: [network], include: [shared/naming]}")


def test_a_folder_that_is_included_is_there(cloud: CommandLine) -> None:
    cloud.add_project(INCLUDING)
    ran = cloud("validate", "--json")
    (problem,) = ran.json()["problems"]
    assert (ran.code, problem["path"], problem["line"]) == (3, "stacks.security.include[0]", 8)
    assert problem["message"] == "there is no folder shared/naming"
    (cloud.root / "shared" / "naming").mkdir(parents=True)
    assert cloud("validate").code == 0


def test_an_included_folder_that_leads_out_by_a_link_is_refused(cloud: CommandLine, tmp_path: Path) -> None:
    cloud.add_project(INCLUDING)
    (tmp_path / "outside" / "naming").mkdir(parents=True)
    (cloud.root / "shared").symlink_to(tmp_path / "outside")
    ran = cloud("validate")
    assert ran.code == 3
    assert "shared/naming leads out of the project" in ran.err


@pytest.mark.parametrize("folder", ["deploy", "deploy/D123456-acme-shop", "deploy/D123456-acme-shop/config"])
def test_no_program_is_packed_with_manifests_or_configuration(cloud: CommandLine, folder: str) -> None:
    cloud.add_project(INCLUDING.replace("shared/naming", folder))
    assert f"{folder} holds manifests or their configuration" in cloud("validate").err
    cloud.add_program("network")
    (cloud.root / "shared").mkdir()
    (cloud.root / "shared" / "naming").symlink_to(cloud.root / folder)
    (cloud.root / "deploy" / "D123456-acme-shop" / "manifest.yaml").write_text(INCLUDING)
    assert "shared/naming holds manifests or their configuration" in cloud("validate").err


def test_a_program_of_a_stack_that_is_nowhere_enabled_is_not_needed(cloud: CommandLine) -> None:
    cloud.add_project(MANIFEST + "  later: {enabled: false}\n")
    assert cloud("validate").code == 0


def test_warnings_are_shown_and_are_no_error(cloud: CommandLine) -> None:
    manifest = cloud.add_project(MANIFEST.replace("{dependencies: [network]}", '{config: {v: "{{stack.network.id}}"}}'))
    (manifest.parent / "config" / "notes.txt").write_text("x")
    ran = cloud("validate")
    assert ran.code == 0
    assert "Warning: " in ran.err
    assert "config/notes.txt: this is not read" in ran.err


def test_a_plan_is_made_without_any_server(cloud: CommandLine) -> None:
    cloud.add_project()
    ran = cloud("plan")
    assert ran.code == 0
    assert ran.out.startswith("Plan: deploy D123456 in dev\n2 stacks in 2 layers")
    assert [[stack["stack"] for stack in layer] for layer in cloud("plan", "--json").json()["layers"]] == [
        ["network"],
        ["security"],
    ]


def test_a_plan_is_drawn_for_mermaid_and_graphviz(cloud: CommandLine) -> None:
    cloud.add_project()
    assert cloud("plan", "--format", "mermaid").out.startswith("flowchart LR\n")
    assert cloud("plan", "--format", "dot").out.startswith("digraph plan {\n")


def test_selections_and_rules_reach_the_plan(cloud: CommandLine) -> None:
    cloud.add_project()
    plan = cloud("plan", "--only", "security", "--sequential", "--strict-layers", "--json").json()
    assert list(plan["left_out"]) == ["network"]
    assert (plan["max_parallel"], plan["strict_layers"]) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--stack", "netwrk"], 4, "did you mean 'network'?"),
        (["--env", "prd"], 4, "Did you mean 'prod'?"),
        (["--env", "prod"], 3, "not enabled"),
        (["--only", "network", "--stack", "security"], 3, "--only"),
    ],
)
def test_what_cannot_be_planned_is_told(cloud: CommandLine, arguments: list[str], code: int, told: str) -> None:
    cloud.add_project()
    ran = cloud("plan", *arguments)
    assert ran.code == code
    assert told in ran.err


@pytest.mark.parametrize("setting", ["cidr", "=1", "a..b=1"])
def test_a_setting_that_is_none_is_told_before_anything_is_sent(cloud: CommandLine, setting: str) -> None:
    cloud.add_project()
    ran = cloud("deploy", "--set", setting, "--yes")
    assert ran.code == 3
    assert "--set" in ran.err


def test_the_deployment_is_found_from_below_and_by_its_id_and_its_path(
    cloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = cloud.add_project()
    for given in ("D123456", str(manifest), str(manifest.parent), "deploy/D123456-acme-shop", "."):
        assert cloud("validate", given).code == 0
    for folder in (manifest.parent, manifest.parent / "config", cloud.root / "stacks" / "network"):
        monkeypatch.chdir(folder)
        assert cloud("validate").code == 0
        assert cloud("validate", "D123456").code == 0


def test_several_deployments_are_listed_and_one_must_be_named(cloud: CommandLine) -> None:
    cloud.add_project()
    cloud.add_project(MANIFEST.replace("D123456", "D000002"), folder="D000002-acme-shop")
    ran = cloud("validate")
    assert ran.code == 2
    assert "D000002  deploy/D000002-acme-shop/manifest.yaml" in ran.err
    assert cloud("validate", "D000002").code == 0


@pytest.mark.parametrize("given", [[], ["D999999"], ["d123456"], ["nowhere.yaml"]])
def test_no_deployment_is_exit_4_with_the_way_to_make_one(cloud: CommandLine, given: list[str]) -> None:
    ran = cloud("validate", *given)
    assert ran.code == 4
    assert ran.err.count("\n") == 2


def test_a_validation_that_fails_does_not_advise_to_validate(cloud: CommandLine) -> None:
    cloud.add_project("version: 2\n")
    assert "try `cloud validate`" not in cloud("validate").err
    assert "try `cloud validate`" in cloud("deploy", "--yes").err


def test_a_program_that_cannot_be_packed_is_told_with_all_other_problems(cloud: CommandLine) -> None:
    manifest = cloud.add_project()
    (manifest.parent / "config" / "netwrok.dev.yaml").write_text("{}\n", encoding="utf-8")
    (cloud.root / "stacks" / "network" / "__main__.py").symlink_to("/etc/passwd")
    ran = cloud("validate")
    assert ran.code == 3
    assert "stacks.network" in ran.err
    assert "__main__.py is a link that leads out of the program" in ran.err
    assert "the manifest has no stack 'netwrok'" in ran.err


def test_an_executor_that_is_not_there_yet_is_refused_by_the_plan(cloud: CommandLine) -> None:
    cloud.add_project(MANIFEST.replace("config: {cidr: 10.0.0.0/16}", "executor: codebuild"))
    ran = cloud("plan")
    assert ran.code == 3
    assert "stacks.network.executor: CodeBuild does not run stacks in this version." in ran.err
