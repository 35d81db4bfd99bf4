"""Files put in their places all at once, or not at all: written into a draft beside them, and moved at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cloud import DISTRIBUTION, __version__
from cloud.client.programs import LEFT_OUT_FOLDERS, LEFT_OUT_SUFFIXES
from cloud.domain.errors import ConfigurationError

_KIT = "layers/stack_kit"
_KIT_COMMENT = "# The kit that programs import, by its path from this folder."
_OWN_KIT_COMMENT = "# The kit that programs import; it is part of what the `cloud` command comes in."


@contextlib.contextmanager
def draft_in(root: Path) -> Iterator[Path]:
    """A folder to write into, on the file system of ``root``; gone at the end."""
    with tempfile.TemporaryDirectory(prefix=".cloud-draft-", dir=root) as name:
        yield Path(name)


def move_all(places: Sequence[tuple[Path, Path]], *, then: Callable[[], object] = lambda: None) -> None:
    """Move every draft to its place, in this order, and do what comes ``then``. When anything fails, what was moved is
    removed, and the folders that were made for it."""
    made: list[Path] = []
    moved: list[Path] = []
    try:
        for source, target in places:
            made += make_folders(target.parent)
            source.rename(target)
            moved.append(target)
        then()
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in reversed(made):
            path.rmdir()
        raise


def replace_text(path: Path, text: str, draft: Path) -> None:
    """Write a file anew, whole or not at all; its mode stays. Line ends are written as they are in ``text``."""
    new = draft / f"{path.name}.new"
    new.write_bytes(text.encode())
    shutil.copymode(path, new)
    os.replace(new, path.resolve())  # noqa: PTH105 - a link stays one, and what it leads to is replaced


def copy_folder(source: Path, target: Path) -> None:
    """A copy without what is never packed. Raises ConfigurationError for a link that leads out of the folder."""
    root = source.resolve()
    for path in source.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ConfigurationError(f"{path} is a link that leads out of {source}.", hint="It is not copied.")
    left_out = shutil.ignore_patterns(*LEFT_OUT_FOLDERS, *(f"*{suffix}" for suffix in LEFT_OUT_SUFFIXES))
    shutil.copytree(source, target, ignore=left_out)


def name_the_kit(draft: Path, place: Path) -> None:
    """In a program that will stand at ``place``: name the kit as pip finds it there, where its path leads to nothing."""
    requirements = draft / "requirements.txt"
    if not requirements.is_file():
        return
    lines = requirements.read_text(encoding="utf-8").splitlines()
    paths = [line for line in lines if line.startswith("../") and line.endswith(f"/{_KIT}")]
    if not paths or (place / paths[0]).resolve().is_dir():
        return
    kept = [line for line in lines if line not in (*paths, _KIT_COMMENT)]
    own = [_OWN_KIT_COMMENT, f"{DISTRIBUTION}=={__version__}"]
    requirements.write_text("\n".join([*kept, *own, ""]), encoding="utf-8")


def make_folders(*folders: Path) -> list[Path]:
    """Make the folders with their parents; gives those that were not there, the outermost first."""
    made: list[Path] = []
    for folder in folders:
        for path in reversed([folder, *folder.parents]):
            if not path.exists():
                path.mkdir()
                made.append(path)
    return made
