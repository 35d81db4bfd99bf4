"""A program's zip: the same files give the same bytes, and nothing leads out of it."""

import io
import os
import zipfile
from pathlib import Path

import pytest

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
