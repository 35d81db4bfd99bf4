"""What assets and archives hold, read as the Pulumi engine reads them (sdk/go/common/resource/asset and archive).

An archive is a map of assets and archives, a folder, or a file: a zip or tar. Its entries come in a certain order, the
first of a name counts, and neither `.pulumi` nor a link to a folder is among them. Paths are relative to `directory`, the
program's. Values are the marked objects of the protocol.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"

_FORMATS: Final = {".tar": "tar", ".tgz": "tgz", ".tar.gz": "tgz", ".zip": "zip", ".jar": "jar"}
_BOOKKEEPING: Final = ".pulumi"
_DOWNLOAD_SECONDS: Final = 60


class ArchiveError(Exception):
    """An asset or archive that can't be read."""


def content(asset: Mapping[str, Any], directory: Path) -> bytes:
    """The bytes of an asset. Raises ArchiveError where they can't be had."""
    if asset.get("path"):
        return _read(directory / str(asset["path"]), "asset file")
    if asset.get("uri"):
        return _download(str(asset["uri"]))
    return str(asset.get("text") or "").encode()


def packed(archive: Mapping[str, Any], directory: Path) -> tuple[str, bytes] | None:
    """(`tar`, `tgz`, `zip` or `jar`, bytes) of an archive that is a file already; None for any other."""
    place = str(archive.get("path") or archive.get("uri") or "")
    kind = _format_of(place if archive.get("path") else urlsplit(place).path)
    if kind is None:
        if archive.get("uri") and not archive.get("path"):
            raise ArchiveError(f"file at URL '{place}' is not a recognized archive format")
        return None
    return kind, _read(directory / place, "archive") if archive.get("path") else _download(place)


def entries(archive: Mapping[str, Any], directory: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of everything in an archive, each name once. Raises ArchiveError for what can't be read."""
    seen = set()
    for name, data in _all_entries(archive, directory):
        if name not in seen:
            seen.add(name)
            yield name, data


def _all_entries(archive: Mapping[str, Any], directory: Path) -> Iterator[tuple[str, bytes]]:
    found = packed(archive, directory)
    if found is not None:
        kind, data = found
        yield from _from_tar(data) if kind in ("tar", "tgz") else _from_zip(data)
    elif archive.get("path"):
        yield from _from_folder(directory / str(archive["path"]), str(archive["path"]))
    else:
        for name, member in sorted((archive.get("assets") or {}).items()):
            if member.get(SIGNATURE) == ARCHIVE:
                for inner, data in _all_entries(member, directory):
                    yield posixpath.normpath(f"{name}/{inner}"), data
            else:
                yield name, content(member, directory)


def _from_folder(folder: Path, named: str) -> Iterator[tuple[str, bytes]]:
    """The files below a folder; a folder's own come where its name sorts among its siblings'."""
    if not folder.exists():
        raise ArchiveError(f"couldn't read archive path '{named}': no such file or directory")
    if not folder.is_dir():
        raise ArchiveError(f"'{named}' is neither a recognized archive type nor a directory")
    if folder.is_symlink():
        return  # the engine doesn't follow it
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path.is_dir() and not path.is_symlink():
            children = sorted(path.iterdir(), key=lambda child: child.name, reverse=True)
            waiting.extend(child for child in children if child.name != _BOOKKEEPING)
        elif not path.is_dir():
            yield path.relative_to(folder).as_posix(), _read(path, "asset file")


def _from_tar(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if member.isdir():
                    continue
                reader = archive.extractfile(member) if member.isreg() else None
                if reader is None:
                    raise ArchiveError(f"the tar holds {member.name}, which is neither a file nor a folder")
                yield posixpath.normpath(member.name), reader.read()
    except tarfile.TarError as error:
        raise ArchiveError(f"failed to read TAR: {error}") from error


def _from_zip(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    yield posixpath.normpath(member.filename), archive.read(member)
    except zipfile.BadZipFile as error:
        raise ArchiveError(f"failed to read ZIP: {error}") from error


def _format_of(path: str) -> str | None:
    return next((kind for ending, kind in _FORMATS.items() if path.endswith(ending)), None)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise ArchiveError(f"asset path '{path}' is a directory; try using an archive") from error
    except OSError as error:
        raise ArchiveError(f"failed to open {what}: {error}") from error


def _download(uri: str) -> bytes:
    if not uri.startswith(("https://", "http://", "file://")):
        raise ArchiveError(f"Unrecognized or unsupported URI scheme: {uri}")
    try:
        with urllib.request.urlopen(uri, timeout=_DOWNLOAD_SECONDS) as answer:  # noqa: S310 - schemes are checked above
            return bytes(answer.read())
    except OSError as error:
        raise ArchiveError(f"failed to read {uri}: {error}") from error
