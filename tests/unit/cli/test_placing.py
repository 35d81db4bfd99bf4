"""Files are put in their places all at once, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.domain.errors import ConfigurationError
from cloud_cli.placing import copy_folder, draft_in, move_all, name_the_kit, replace_text


def drafts(root: Path) -> list[tuple[Path, Path]]:
    """A folder and a file, and where they are to go."""
    folder, file = root / "draft" / "folder", root / "draft" / "file"
    folder.mkdir(parents=True)
    (folder / "inner").write_text("1")
    file.write_text("2")
    return [(folder, root / "new" / "deep" / "folder"), (file, root / "there" / "file")]


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if "draft" not in path.parts)


def test_everything_is_moved_and_then_the_last_thing_is_done(tmp_path: Path) -> None:
    done: list[list[str]] = []
    move_all(drafts(tmp_path), then=lambda: done.append(names(tmp_path)))
    assert done == [["new", "new/deep", "new/deep/folder", "new/deep/folder/inner", "there", "there/file"]]


def fail() -> None:
    raise OSError("no")


def test_a_failure_of_the_last_thing_leaves_nothing_behind(tmp_path: Path) -> None:
    places = drafts(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(OSError, match="no"):
        move_all(places, then=fail)
    assert names(tmp_path) == ["there"]


def test_so_does_a_place_that_is_taken(tmp_path: Path) -> None:
    places = drafts(tmp_path)
    (tmp_path / "there" / "file").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        move_all(places)
    assert names(tmp_path) == ["there", "there/file"]


def test_a_draft_is_gone_at_the_end(tmp_path: Path) -> None:
    with draft_in(tmp_path) as draft:
        (draft / "x").write_text("1")
    assert list(tmp_path.iterdir()) == []


def test_a_text_is_replaced_with_its_line_ends_and_mode(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o600)
    with draft_in(tmp_path) as draft:
        replace_text(file, "a\r\nb", draft)
    assert file.read_bytes() == b"a\r\nb"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_is_copied_without_caches_and_with_links_that_stay_inside(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "a.py").write_text("1")
    (source / "b.pyc").write_text("1")
    (source / "link").symlink_to("a.py")
    copy_folder(source, tmp_path / "target")
    assert names(tmp_path / "target") == ["a.py", "link"]
    (source / "out").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="leads out"):
        copy_folder(source, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_program_that_names_no_kit_keeps_its_requirements(tmp_path: Path) -> None:
    name_the_kit(tmp_path, tmp_path / "stacks" / "plain")
    assert names(tmp_path) == []
    (tmp_path / "requirements.txt").write_text("pulumi>=3\n../helpers\n")
    name_the_kit(tmp_path, tmp_path / "stacks" / "plain")
    assert (tmp_path / "requirements.txt").read_text() == "pulumi>=3\n../helpers\n"
