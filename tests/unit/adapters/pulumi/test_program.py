from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
import yaml

from cloud.adapters.pulumi import program
from cloud.adapters.pulumi.program import prepare_program
from cloud.domain.errors import ConfigurationError

PROJECT = "name: network\nruntime: python\ndescription: Größe\nconfig:\n  cidr: {type: string}\n"


def archive(files: dict[str, str | bytes], links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
        for name, target in (links or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            zipped.writestr(entry, target)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "program"


def test_the_project_takes_the_business_projects_name_and_keeps_the_rest(folder: Path) -> None:
    prepare_program(archive({"Pulumi.yaml": PROJECT, "__main__.py": "print()"}), folder, "ecommerce")

    settings = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert settings == {
        "name": "ecommerce",
        "runtime": "python",
        "description": "Größe",
        "config": {"cidr": {"type": "string"}},
    }
    assert (folder / "__main__.py").read_text() == "print()"


def test_a_project_file_in_json_is_replaced_by_one_in_yaml(folder: Path) -> None:
    prepare_program(archive({"Pulumi.json": '{"name": "x", "runtime": "nodejs"}'}), folder, "ecommerce")

    assert [path.name for path in folder.iterdir()] == ["Pulumi.yaml"]
    assert yaml.safe_load((folder / "Pulumi.yaml").read_text()) == {"name": "ecommerce", "runtime": "nodejs"}


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/etc/cron.d/evil", "a/../../outside.txt", "..\\outside.txt", "a/b/../../../outside.txt"]
)
def test_an_entry_outside_the_program_is_refused_and_nothing_is_written_there(folder: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="lies outside the program"):
        prepare_program(archive({"Pulumi.yaml": PROJECT, name: "evil"}), folder, "ecommerce")

    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "sub/../../secret"])
def test_a_link_out_of_the_program_is_refused(folder: Path, target: str) -> None:
    with pytest.raises(ConfigurationError, match="link out of the program"):
        prepare_program(archive({"Pulumi.yaml": PROJECT, "sub/x": ""}, {"link": target}), folder, "ecommerce")


def test_links_that_only_together_lead_out_are_refused(folder: Path) -> None:
    links = {"here": ".", "out": "here/../secret"}
    with pytest.raises(ConfigurationError, match="link out of the program: out"):
        prepare_program(archive({"Pulumi.yaml": PROJECT}, links), folder, "ecommerce")


def test_a_loop_of_links_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="link out of the program"):
        prepare_program(archive({"Pulumi.yaml": PROJECT}, {"a": "b", "b": "a"}), folder, "ecommerce")


def test_a_link_within_the_program_is_kept(folder: Path) -> None:
    prepare_program(archive({"Pulumi.yaml": PROJECT, "lib/tool.py": "x = 1"}, {"tool.py": "lib/tool.py"}), folder, "e2")

    assert (folder / "tool.py").read_text() == "x = 1"


def test_no_file_is_written_through_a_link(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        link = zipfile.ZipInfo("sub")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, str(folder.parent))
        zipped.writestr("sub/evil", "evil")
        zipped.writestr("Pulumi.yaml", PROJECT)

    with pytest.raises(ConfigurationError):
        prepare_program(buffer.getvalue(), folder, "ecommerce")
    assert not (folder.parent / "evil").exists()


def test_a_bomb_is_noticed_while_it_unpacks_whatever_its_header_says(folder: Path) -> None:
    mebibyte = 1024 * 1024
    bomb = archive({"Pulumi.yaml": PROJECT} | {f"zeros{number}": b"\0" * mebibyte for number in range(5)})
    assert len(bomb) < mebibyte // 100

    with pytest.raises(ConfigurationError, match="more than 4 MiB"):
        prepare_program(bomb, folder, "ecommerce", max_bytes=4 * mebibyte)


def test_too_many_files_are_refused_before_any_is_written(folder: Path) -> None:
    many = archive({f"f{number}": "" for number in range(program.MAX_FILES + 1)})

    with pytest.raises(ConfigurationError, match="20,001 files; 20,000 are allowed"):
        prepare_program(many, folder, "ecommerce")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["Pulumi.dev.yaml", "Pulumi.D1BRV40-network-dev.yml", "pulumi.x.JSON"])
def test_a_shipped_stack_configuration_is_refused_with_a_hint(folder: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as refused:
        prepare_program(archive({"Pulumi.yaml": PROJECT, name: "config: {}"}), folder, "ecommerce")

    assert "config/{stack}.{environment}.yaml" in refused.value.hint


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"__main__.py": ""}, "Pulumi.yaml is missing"),
        ({"Pulumi.yaml": "- a list"}, "no Pulumi project"),
        ({"Pulumi.yaml": "name: x"}, "no Pulumi project"),
        ({"Pulumi.yaml": "name: [x"}, "not readable"),
        ({"Pulumi.yaml": b"\xff\xfe"}, "not readable"),
        ({"Pulumi.yaml": "name: x\nruntime: python\n#" + "x" * program.MAX_PROJECT_BYTES}, "larger than"),
        ({"Pulumi.yaml": "name: x\nruntime: python\nstackConfigDir: ../elsewhere"}, "another folder"),
        ({"Pulumi.yaml": "name: x\nruntime: python\nconfig: conf"}, "another folder"),
        ({"Pulumi.yaml": "name: x\nruntime: python\nmain: ../other"}, "lies outside the program"),
    ],
)
def test_what_is_no_pulumi_project_of_its_own_is_refused(
    folder: Path, files: dict[str, str | bytes], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        prepare_program(archive(files), folder, "ecommerce")


@pytest.mark.parametrize("data", [b"no zip at all", archive({"Pulumi.yaml": PROJECT})[:-30]])
def test_a_damaged_archive_is_refused(folder: Path, data: bytes) -> None:
    with pytest.raises(ConfigurationError, match="not a readable zip"):
        prepare_program(data, folder, "ecommerce")


def test_a_file_that_is_there_twice_is_refused(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("Pulumi.yaml", PROJECT)
        zipped.writestr("./Pulumi.yaml", PROJECT)

    with pytest.raises(ConfigurationError, match="twice"):
        prepare_program(buffer.getvalue(), folder, "ecommerce")


def test_a_destroy_needs_no_program(folder: Path) -> None:
    prepare_program(b"", folder, "ecommerce", without_program=True)

    assert yaml.safe_load((folder / "Pulumi.yaml").read_text()) == {"name": "ecommerce", "runtime": "python"}


def test_everything_else_does(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no program"):
        prepare_program(b"", folder, "ecommerce")


def test_a_program_that_can_be_executed_stays_so(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("Pulumi.yaml", PROJECT)
        tool = zipfile.ZipInfo("bin/tool")
        tool.external_attr = (stat.S_IFREG | 0o755) << 16
        zipped.writestr(tool, "#!/bin/sh")
    prepare_program(buffer.getvalue(), folder, "ecommerce")

    assert (folder / "bin/tool").stat().st_mode & 0o111
