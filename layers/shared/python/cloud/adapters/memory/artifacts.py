"""The port ``ArtifactStore`` in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from cloud.adapters.artifact_keys import digest_of, manifest_key, no_record, program_key, record_key, require_digest
from cloud.domain.errors import AlreadyExists, NotFound


class MemoryArtifactStore:
    """``upload`` does what a PUT to a presigned URL does, for what has no HTTP server here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, bytes] = {}

    def presign_program(self, digest: str, *, expires_seconds: int = 900) -> str:
        return f"memory:///{program_key(digest)}?expires={expires_seconds}"

    def upload(self, url: str, data: bytes) -> None:
        """Take the bytes as they are, as S3's emulations do: ``get_program`` verifies them."""
        key = url.removeprefix("memory:///").partition("?")[0]
        with self._lock:
            self._objects[key] = bytes(data)

    def has_program(self, digest: str) -> bool:
        with self._lock:
            return program_key(digest) in self._objects

    def put_program(self, data: bytes) -> str:
        digest = digest_of(data)
        with self._lock:
            self._objects.setdefault(program_key(digest), bytes(data))
        return digest

    def get_program(self, digest: str) -> bytes:
        missing = NotFound(f"There is no program {digest}.", hint="Register the stack's program again.", digest=digest)
        return require_digest(self._get(program_key(digest), missing), digest)

    def put_manifest(self, deployment_id: str, version: int, document: Mapping[str, Any]) -> None:
        key, body = manifest_key(deployment_id, version), _json(document)
        with self._lock:
            if key in self._objects:
                raise AlreadyExists(
                    f"The manifest {version} of {deployment_id} exists already.", deployment_id=deployment_id
                )
            self._objects[key] = body

    def get_manifest(self, deployment_id: str, version: int) -> Mapping[str, Any]:
        missing = NotFound(f"{deployment_id} has no manifest {version}.", deployment_id=deployment_id)
        return _document(self._get(manifest_key(deployment_id, version), missing))

    def put_record(self, deployment_id: str, operation_id: str, name: str, document: Mapping[str, Any]) -> None:
        key, body = record_key(deployment_id, operation_id, name), _json(document)
        with self._lock:
            self._objects[key] = body

    def put_text(self, deployment_id: str, operation_id: str, name: str, text: str) -> None:
        key, body = record_key(deployment_id, operation_id, name), text.encode()
        with self._lock:
            self._objects[key] = body

    def get_text(self, deployment_id: str, operation_id: str, name: str) -> str:
        missing = no_record(deployment_id, operation_id, name)
        return self._get(record_key(deployment_id, operation_id, name), missing).decode()

    def get_record(self, deployment_id: str, operation_id: str, name: str) -> Mapping[str, Any]:
        missing = no_record(deployment_id, operation_id, name)
        return _document(self._get(record_key(deployment_id, operation_id, name), missing))

    def _get(self, key: str, missing: NotFound) -> bytes:
        with self._lock:
            if key not in self._objects:
                raise missing
            return self._objects[key]


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document), allow_nan=False).encode()


def _document(body: bytes) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads(body)
    return document
