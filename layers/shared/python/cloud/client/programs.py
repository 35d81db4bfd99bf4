"""A stack's program as a zip: the same files give the same bytes, so that its digest says whether anything changed.

The program's own folder is the zip's root. A folder of ``include`` stands in it under its path in the repository, so that
``include: [shared/naming]`` is ``shared/naming`` beside the program's ``Pulumi.yaml``.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from cloud.domain.errors import ConfigurationError

LEFT_OUT_FOLDERS = frozenset(
    {".git", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".pulumi"}
)
LEFT_OUT_SUFFIXES = (".pyc", ".pyo", ".DS_Store")
MAX_BYTES = 50 * 1024 * 1024
"""Of all files of a program together."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell
_UNIX = 3
_UNPACKABLE = re.compile(r"[\\\x00-\x1f\x7f\ud800-\udfff]")
"""Backslashes are refused by who unpacks; what is no UTF-8 arrives as lone surrogates."""
_NOTHING: Mapping[str, Path] = MappingProxyType({})


def zip_program(folder: Path, *, name: str, include: Mapping[str, Path] = _NOTHING) -> bytes:
    """The zip of the Pulumi project in ``folder``. ``name`` is the stack, for messages.

    ``include`` maps places in the zip to the folders that are packed there. Files are stored as they are: what a compressor
    makes of them depends on its version, and the digest would with it.

    Raises ConfigurationError when there is no Pulumi project, a link leads out of its folder, a file would stand where another
    does, or it is too large.
    """
    if not any((folder / project).is_file() for project in ("Pulumi.yaml", "Pulumi.yml")):
        raise ConfigurationError(
            f"{name}: there is no Pulumi project in {folder}.",
            hint="Its folder is the stack's source in the manifest, and holds a Pulumi.yaml.",
            stack=name,
        )
    total = 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for place, path in _files(folder, include, name):
            data = path.read_bytes()
            total += len(data)
            if total > MAX_BYTES:
                raise ConfigurationError(
                    f"{name}: its program is larger than {MAX_BYTES // 1024 // 1024} MiB.",
                    hint=f"Keep what isn't the program out of {folder}.",
                    stack=name,
                )
            entry = zipfile.ZipInfo(place, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = (0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def check_program(folder: Path, *, name: str, include: Mapping[str, Path] = _NOTHING) -> None:
    """Raises what ``zip_program`` would raise for names and links, without reading a file."""
    _files(folder, include, name)


def _files(folder: Path, include: Mapping[str, Path], name: str) -> list[tuple[str, Path]]:
    """Place and file of all that is packed, in the order of the places."""
    found: dict[str, Path] = {}
    for place, root in [("", folder), *sorted(include.items())]:
        for path in _files_of(root, name):
            target = (PurePosixPath(place) / path.relative_to(root).as_posix()).as_posix()
            if _UNPACKABLE.search(target):
                raise ConfigurationError(f"{name}: no file can be packed under the name {target!r}.", stack=name)
            if target in found:
                raise ConfigurationError(
                    f"{name}: {found[target]} and {path} would both be {target} of the program.",
                    hint="Rename one, or include another folder.",
                    stack=name,
                )
            found[target] = path
    for target, path in found.items():
        if any(str(above) in found for above in PurePosixPath(target).parents):
            raise ConfigurationError(f"{name}: {path} would lie below a file of the program.", stack=name)
    return sorted(found.items())


def _files_of(folder: Path, name: str) -> Iterator[Path]:
    root = folder.resolve()
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(item for item in folders if item not in LEFT_OUT_FOLDERS)
        for item in folders:
            if (Path(parent) / item).is_symlink():
                raise ConfigurationError(
                    f"{name}: {Path(parent) / item} is a link to a folder, which is not packed.",
                    hint="List the folder under include: in the manifest.",
                    stack=name,
                )
        for item in files:
            path = Path(parent) / item
            if item.endswith(LEFT_OUT_SUFFIXES):
                continue
            if not path.is_file():  # first: a link to itself can't be resolved
                raise ConfigurationError(f"{name}: {path} is no file, and can't be packed.", stack=name)
            if not path.resolve().is_relative_to(root):
                raise ConfigurationError(f"{name}: {path} is a link that leads out of the program.", stack=name)
            yield path
