"""A program's zip: the same files give the same bytes, and nothing leads out of it."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cloud.adapters.pulumi.program import prepare_program
from cloud.client.programs import zip_program
from cloud.domain.errors import ConfigurationError


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "network"
    (folder / "src").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: network\nruntime: python\n")
    (folder / "__main__.py").write_text("import src\n")
    (folder / "src" / "vpc.py").write_text("CIDR = '10.0.0.0/16'\n")
    return folder


def names_in(archive: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(archive)).namelist()


def test_the_same_files_give_the_same_bytes_whenever_they_were_written(program: Path) -> None:
    first = zip_program(program, name="network")
    os.utime(program / "__main__.py", (0, 0))
    assert zip_program(program, name="network") == first


def test_caches_and_environments_are_left_out(program: Path) -> None:
    for folder in ("__pycache__", ".venv", "node_modules"):
        (program / folder).mkdir()
        (program / folder / "file").write_text("")
    (program / "src" / "vpc.pyc").write_bytes(b"")
    assert names_in(zip_program(program, name="network")) == ["Pulumi.yaml", "__main__.py", "src/vpc.py"]


def test_a_folder_without_a_pulumi_project_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="network: there is no Pulumi project"):
        zip_program(tmp_path, name="network")


def test_a_link_that_leads_out_of_the_program_is_refused(program: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (program / "src" / "leak.py").symlink_to(tmp_path / "secret")
    with pytest.raises(ConfigurationError, match="leads out of the program"):
        zip_program(program, name="network")


def test_a_link_to_a_folder_is_refused_as_its_files_would_be_missing(program: Path) -> None:
    (program / "lib").symlink_to(program / "src")
    with pytest.raises(ConfigurationError, match="lib is a link to a folder") as refused:
        zip_program(program, name="network")
    assert "include:" in refused.value.hint


def test_a_link_to_an_environment_is_left_out_like_the_environment(program: Path, tmp_path: Path) -> None:
    (program / ".venv").symlink_to(tmp_path)
    assert ".venv" not in "".join(names_in(zip_program(program, name="network")))


def test_what_is_no_file_is_refused(program: Path) -> None:
    os.mkfifo(program / "pipe")
    with pytest.raises(ConfigurationError, match="pipe is no file"):
        zip_program(program, name="network")


@pytest.mark.parametrize("odd", ["a\\b.py", "line\nbreak.py", os.fsdecode(b"latin-\xe9.py")])
def test_a_name_that_would_not_arrive_is_refused(program: Path, odd: str) -> None:
    (program / odd).write_text("")
    with pytest.raises(ConfigurationError, match="no file can be packed under the name") as refused:
        zip_program(program, name="network")
    assert refused.value.message.isprintable()


def test_a_link_to_itself_is_refused(program: Path) -> None:
    (program / "loop").symlink_to("loop")
    with pytest.raises(ConfigurationError, match="loop is no file"):
        zip_program(program, name="network")


def test_names_of_any_script_are_packed(program: Path) -> None:
    (program / "Größe\u202f日本.py").write_text("")
    assert "Größe\u202f日本.py" in names_in(zip_program(program, name="network"))


def test_only_the_owners_right_to_execute_counts(program: Path) -> None:
    first = zip_program(program, name="network")
    (program / "__main__.py").chmod(0o666)
    assert zip_program(program, name="network") == first
    (program / "__main__.py").chmod(0o700)
    assert zip_program(program, name="network") != first


def test_nothing_of_the_machine_or_its_compressor_is_in_the_zip(program: Path) -> None:
    entries = zipfile.ZipFile(io.BytesIO(zip_program(program, name="network"))).infolist()
    assert {(entry.compress_type, entry.create_system, entry.date_time) for entry in entries} == {
        (zipfile.ZIP_STORED, 3, (1980, 1, 1, 0, 0, 0))
    }


# -- include


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared" / "naming"
    folder.mkdir(parents=True)
    (folder / "names.py").write_text("def bucket(): return 'shop-bucket'\n")
    return folder


def test_an_included_folder_stands_under_its_own_path_in_the_order_of_paths(program: Path, shared: Path) -> None:
    archive = zip_program(program, name="network", include={"shared/naming": shared})
    assert names_in(archive) == ["Pulumi.yaml", "__main__.py", "shared/naming/names.py", "src/vpc.py"]


def test_the_order_in_which_folders_are_listed_does_not_matter(program: Path, shared: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("")
    listed = {"shared/naming": shared, "lib": other}
    assert zip_program(program, name="network", include=listed) == zip_program(
        program, name="network", include=dict(reversed(listed.items()))
    )


def test_a_change_in_an_included_folder_is_a_change_of_the_program(program: Path, shared: Path) -> None:
    first = zip_program(program, name="network", include={"shared/naming": shared})
    (shared / "names.py").write_text("def bucket(): return 'other'\n")
    assert zip_program(program, name="network", include={"shared/naming": shared}) != first


def test_an_included_folder_may_lie_in_a_folder_that_the_program_has_too(program: Path, shared: Path) -> None:
    archive = zip_program(program, name="network", include={"src/naming": shared})
    assert names_in(archive) == ["Pulumi.yaml", "__main__.py", "src/naming/names.py", "src/vpc.py"]


@pytest.mark.parametrize(
    ("own", "place"),
    [("shared/naming/names.py", "shared/naming"), ("shared", "shared/naming"), ("lib/names.py/x", "lib")],
)
def test_files_that_would_stand_in_one_place_are_refused(program: Path, shared: Path, own: str, place: str) -> None:
    (program / own).parent.mkdir(parents=True, exist_ok=True)
    (program / own).write_text("")
    with pytest.raises(ConfigurationError, match=r"^network: .* would (both be|lie below)"):
        zip_program(program, name="network", include={place: shared})


def test_a_link_that_leads_out_of_an_included_folder_is_refused(program: Path, shared: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (shared / "leak.py").symlink_to(tmp_path / "secret")
    with pytest.raises(ConfigurationError, match="leads out of the program"):
        zip_program(program, name="network", include={"shared/naming": shared})


def test_the_unpacked_program_imports_what_was_included(program: Path, shared: Path, tmp_path: Path) -> None:
    (program / "__main__.py").write_text("from shared.naming.names import bucket\nprint(bucket())\n")
    archive = zip_program(program, name="network", include={"shared/naming": shared})
    prepare_program(archive, tmp_path / "unpacked", "shop")
    ran = subprocess.run(
        [sys.executable, "-B", "__main__.py"], cwd=tmp_path / "unpacked", check=True, capture_output=True, text=True
    )
    assert ran.stdout == "shop-bucket\n"


@pytest.mark.parametrize("lock", ["requirements.txt", "uv.lock", "poetry.lock", "package-lock.json", "go.sum"])
def test_a_lock_file_is_part_of_the_program(program: Path, lock: str) -> None:
    (program / lock).write_text("a==1")
    first = zip_program(program, name="network")
    (program / lock).write_text("a==2")
    assert lock in names_in(first)
    assert zip_program(program, name="network") != first
