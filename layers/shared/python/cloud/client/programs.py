"""A stack's program as a zip: the same files give the same bytes, so that its digest says whether anything changed."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cloud.domain.errors import ConfigurationError

LEFT_OUT_FOLDERS = frozenset(
    {".git", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".pulumi"}
)
LEFT_OUT_SUFFIXES = (".pyc", ".pyo", ".DS_Store")
MAX_BYTES = 50 * 1024 * 1024
"""Of all files of a program together, before they are compressed."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell


def zip_program(folder: Path, *, name: str) -> bytes:
    """The zip of the Pulumi project in ``folder``. ``name`` is the stack, for messages.

    Raises ConfigurationError when there is no Pulumi project, a link leads out of the folder, or it is too large.
    """
    if not any((folder / project).is_file() for project in ("Pulumi.yaml", "Pulumi.yml")):
        raise ConfigurationError(
            f"{name}: there is no Pulumi project in {folder}.",
            hint="Its folder is the stack's source in the manifest, and holds a Pulumi.yaml.",
            stack=name,
        )
    total = 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_files(folder, name)):
            data = path.read_bytes()
            total += len(data)
            if total > MAX_BYTES:
                raise ConfigurationError(
                    f"{name}: its program is larger than {MAX_BYTES // 1024 // 1024} MiB.",
                    hint=f"Keep what isn't the program out of {folder}.",
                    stack=name,
                )
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _files(folder: Path, name: str) -> Iterator[Path]:
    root = folder.resolve()
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(item for item in folders if item not in LEFT_OUT_FOLDERS)
        for item in files:
            path = Path(parent) / item
            if item.endswith(LEFT_OUT_SUFFIXES):
                continue
            if not path.resolve().is_relative_to(root):
                raise ConfigurationError(f"{name}: {path} is a link that leads out of the program.", stack=name)
            yield path
