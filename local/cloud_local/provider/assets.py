"""The contents of assets and archives; archives become zip files, as AWS takes them."""

from __future__ import annotations

import io
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.values import ARCHIVE, ASSET, SIGNATURE

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, so that equal contents make equal archives."""


def contents(value: Any) -> bytes:
    """The bytes of an asset, an archive, or a path.

    Raises:
        ProviderError: its file doesn't exist, or it is no asset.
    """
    try:
        if isinstance(value, str):
            return Path(value).read_bytes()
        if isinstance(value, Mapping) and value.get(SIGNATURE) == ASSET:
            return _asset(value)
        if isinstance(value, Mapping) and value.get(SIGNATURE) == ARCHIVE:
            return _archive(value)
    except OSError as error:
        raise ProviderError(f"reading an asset: {error}") from error
    raise ProviderError(f"neither an asset nor an archive: {type(value).__name__}")


def _asset(value: Mapping[str, Any]) -> bytes:
    if value.get("path"):
        return Path(value["path"]).read_bytes()
    if value.get("uri"):
        return _download(value["uri"])
    return str(value.get("text") or "").encode()


def _archive(value: Mapping[str, Any]) -> bytes:
    if value.get("uri"):
        return _download(value["uri"])
    if value.get("path") and Path(value["path"]).is_file():
        return Path(value["path"]).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(_entries("", value).items()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _entries(prefix: str, value: Mapping[str, Any]) -> dict[str, bytes]:
    if value.get(SIGNATURE) == ASSET:
        return {prefix: _asset(value)}
    if value.get("path"):
        root = Path(value["path"])
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        return {_join(prefix, path.relative_to(root).as_posix()): path.read_bytes() for path in files}
    entries: dict[str, bytes] = {}
    for name, item in (value.get("assets") or {}).items():
        entries |= _entries(_join(prefix, name), item)
    return entries


def _join(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name


def _download(uri: str) -> bytes:
    if not uri.startswith(("https://", "http://", "file://")):
        raise ProviderError(f"no way to fetch {uri}")
    with urllib.request.urlopen(uri, timeout=60) as answer:  # noqa: S310 - schemes are checked above
        return bytes(answer.read())
