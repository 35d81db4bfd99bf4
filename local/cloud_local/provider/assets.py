"""The contents of assets and archives; archives become zip files, as AWS takes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cloud_local import archives
from cloud_local.provider.errors import ProviderError
from cloud_local.provider.values import ARCHIVE, ASSET, SIGNATURE

_TIME: Final = (1990, 1, 1, 0, 0, 0)
"""The time of every entry, so that equal contents make equal archives."""
_READABLE: Final = 0o644 << 16
"""Lambda runs a function as another user than the one it unpacks it as."""


def contents(value: Any) -> bytes:
    """The bytes of an asset, an archive, or a path; paths are relative to the program's folder, where the provider runs.

    Raises:
        ProviderError: its file can't be read, or it is no asset.
    """
    here = Path()
    try:
        if isinstance(value, str):
            return archives.content({"path": value}, here)
        if isinstance(value, Mapping) and value.get(SIGNATURE) == ASSET:
            return archives.content(value, here)
        if isinstance(value, Mapping) and value.get(SIGNATURE) == ARCHIVE:
            return _zipped(value, here)
    except archives.ArchiveError as error:
        raise ProviderError(f"reading an asset: {error}") from error
    raise ProviderError(f"neither an asset nor an archive: {type(value).__name__}")


def _zipped(archive: Mapping[str, Any], here: Path) -> bytes:
    file = archives.packed(archive, here)
    if file is not None and file[0] == "zip":
        return file[1]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in archives.entries(archive, here):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = _READABLE
            made.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
