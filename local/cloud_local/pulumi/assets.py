"""Hashes of assets and archives, by which the engine sees that a file has changed though its path hasn't.

An asset's hash is the SHA-256 of its content, as the Pulumi engine computes it. An archive's hash is our own digest of
its file names and contents, so an archive written by the Pulumi engine shows one update.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from .errors import PulumiError
from .values import ARCHIVE_KIND, ASSET_KIND, SIGNATURE, Properties, Secret


def hash_assets(properties: Properties, directory: str) -> Properties:
    """The properties with a hash in each asset and archive. Raises PulumiError for a file that can't be read."""
    return {key: _hash_value(value, Path(directory)) for key, value in properties.items()}


def _hash_value(value: Any, directory: Path) -> Any:
    if isinstance(value, Secret):
        return Secret(_hash_value(value.value, directory))
    if isinstance(value, list):
        return [_hash_value(item, directory) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(SIGNATURE)
    if kind == ASSET_KIND and not value.get("hash"):
        return {**value, "hash": hashlib.sha256(_content(value, directory)).hexdigest()}
    if kind == ARCHIVE_KIND and not value.get("hash"):
        digest = hashlib.sha256()
        hashed = _hash_archive(value, directory, digest)
        return {**hashed, "hash": digest.hexdigest()}
    return {key: _hash_value(item, directory) for key, item in value.items()}


def _hash_archive(archive: Properties, directory: Path, digest: Any) -> Properties:
    if "assets" in archive:
        members = {name: _hash_value(member, directory) for name, member in sorted(archive["assets"].items())}
        for name, member in members.items():
            digest.update(f"{name}\0{member['hash']}\0".encode())
        return {**archive, "assets": members}
    if not archive.get("path"):
        digest.update(str(archive.get("uri", "")).encode())
        return archive
    path = directory / archive["path"]
    if not path.exists():
        raise PulumiError(f"failed to compute archive hash: couldn't read archive path '{archive['path']}'")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        name = file.name if file == path else file.relative_to(path).as_posix()
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return archive


def _content(asset: Properties, directory: Path) -> bytes:
    if asset.get("path"):
        try:
            return (directory / str(asset["path"])).read_bytes()
        except OSError as error:
            raise PulumiError(f"failed to compute asset hash: failed to open asset file: {error}") from error
    return str(asset.get("uri") or asset.get("text", "")).encode()
