"""The keys of the bucket ``artifacts``, and what a digest and a record's name look like."""

from __future__ import annotations

import hashlib
import re

from cloud.domain.errors import ConfigurationError, NotFound, StateError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"(logs/)?[a-z0-9][a-z0-9._-]{0,99}")


def program_key(digest: str) -> str:
    """Raises ConfigurationError when ``digest`` is no SHA-256 in hex."""
    if not _DIGEST.fullmatch(digest):
        raise ConfigurationError(f"{digest[:80]!r} is not a SHA-256 digest in hex.")
    return f"programs/{digest}.zip"


def manifest_key(deployment_id: str, version: int) -> str:
    return f"deployments/{deployment_id}/manifests/{version}.json"


def record_key(deployment_id: str, operation_id: str, name: str) -> str:
    """Raises ConfigurationError when ``name`` is no plain file name, or one in ``logs/``."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name[:80]!r} is not the name of a record.", hint="For example plan.json.")
    return f"history/{deployment_id}/{operation_id}/{name}"


def no_record(deployment_id: str, operation_id: str, name: str) -> NotFound:
    return NotFound(
        f"The operation {operation_id} has no record {name}.", deployment_id=deployment_id, operation_id=operation_id
    )


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def require_digest(data: bytes, digest: str) -> bytes:
    """``data`` when it has that digest; raises StateError when somebody stored something else under it."""
    found = digest_of(data)
    if found != digest:
        raise StateError(
            f"The program stored as {digest} has the digest {found}.", hint="Register the program again.", digest=digest
        )
    return data
