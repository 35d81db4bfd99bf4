"""Hashes of assets and archives, by which the engine sees that a file has changed though its path hasn't.

They are the Pulumi engine's own. An asset's is the SHA-256 of its content; so is that of an archive that is a file already.
Any other archive's is the SHA-256 of the tar that Go's archive/tar would write of it: files of mode 0600 without a time, an
extended header before a name that isn't ASCII or doesn't fit.
"""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path
from typing import Any

from cloud_local import archives
from cloud_local.archives import ArchiveError

from .errors import PulumiError
from .values import ARCHIVE_KIND, ASSET_KIND, SIGNATURE, Properties, Secret

_BLOCK = 512
_NAME, _PREFIX = 100, 155
"""How long the two parts of a name may be in a header, in bytes."""
_FILE, _EXTENDED = b"0", b"x"


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
    inner = {key: _hash_value(item, directory) for key, item in value.items()}
    kind = value.get(SIGNATURE)
    if kind not in (ASSET_KIND, ARCHIVE_KIND) or value.get("hash"):
        return inner
    what = "asset" if kind == ASSET_KIND else "archive"
    try:
        if kind == ASSET_KIND:
            digest = hashlib.sha256(archives.content(value, directory)).hexdigest()
        else:
            digest = archive_hash(value, directory)
    except ArchiveError as error:
        raise PulumiError(f"failed to compute {what} hash: {error}") from error
    return {**inner, "hash": digest}


def archive_hash(archive: Properties, directory: Path) -> str:
    """The hash of one archive. Raises ArchiveError for what can't be read."""
    file = archives.packed(archive, directory)
    if file is not None:
        return hashlib.sha256(file[1]).hexdigest()
    digest = hashlib.sha256()
    for name, data in archives.entries(archive, directory):
        for part in (*_headers(name, len(data)), _padded(data)):
            digest.update(part)
    digest.update(bytes(2 * _BLOCK))
    return digest.hexdigest()


def _headers(name: str, size: int) -> list[bytes]:
    """The header of a file, after an extended one where the name asks for it."""
    prefix, short = _split(name)
    if name.isascii() and len(short) <= _NAME:
        return [_header(short, prefix, size, _FILE, mode=0o600)]
    folder, _, base = name.rpartition("/")
    record = _record("path", name)
    # Go cuts names that don't fit, and leaves no slash at the end of one that it has cut, nor of an extended header's.
    extended = _ascii(posixpath.normpath(f"{folder}/PaxHeaders.0/{base}" if folder else f"PaxHeaders.0/{base}"))
    plain = _ascii(name)
    return [
        _header(extended[:_NAME].rstrip("/"), "", len(record), _EXTENDED, mode=0),
        _padded(record),
        _header(plain if len(plain) <= _NAME else plain[:_NAME].rstrip("/"), "", size, _FILE, mode=0o600),
    ]


def _split(name: str) -> tuple[str, str]:
    """A long name as (prefix, rest) at the last slash that leaves both short enough; ("", name) without such a slash."""
    if len(name) <= _NAME or not name.isascii():
        return "", name
    prefix, _, rest = name[: _PREFIX + 1].rpartition("/")
    rest = name[len(prefix) + 1 :]
    return (prefix, rest) if prefix and 0 < len(rest) <= _NAME else ("", name)


def _header(name: str, prefix: str, size: int, kind: bytes, *, mode: int) -> bytes:
    """One block in the form that POSIX calls ustar. An extended header leaves out the device's numbers."""
    device = b"0000000\0" if kind == _FILE else bytes(8)
    block = b"".join(
        (
            name.encode().ljust(_NAME, b"\0"),
            _octal(mode, 8),
            _octal(0, 8),
            _octal(0, 8),
            _octal(size, 12),
            _octal(0, 12),
            b" " * 8,  # the checksum counts as blanks in itself
            kind,
            bytes(100),
            b"ustar\x0000",
            bytes(64),
            device,
            device,
            prefix.encode().ljust(_PREFIX, b"\0"),
        )
    ).ljust(_BLOCK, b"\0")
    return block[:148] + _octal(sum(block), 7) + b" " + block[156:]


def _octal(value: int, length: int) -> bytes:
    return f"{value:0{length - 1}o}".encode() + b"\0"


def _record(key: str, value: str) -> bytes:
    """`30 path=…` and a line's end: the number is the record's length, the number itself included."""
    body = f" {key}={value}\n".encode()
    length = len(body) + len(str(len(body)))
    if len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def _ascii(text: str) -> str:
    return "".join(character for character in text if character.isascii())


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)
