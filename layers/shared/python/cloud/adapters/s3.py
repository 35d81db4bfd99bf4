"""Programs, manifests and records: the port ``ArtifactStore`` on S3."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from typing import Any

from cloud.adapters.artifact_keys import digest_of, manifest_key, no_record, program_key, record_key, require_digest
from cloud.adapters.aws_errors import error_code, translated
from cloud.adapters.boto import LazyClient
from cloud.domain.errors import AlreadyExists, NotFound
from cloud.settings import Settings

_MISSING = ("404", "NoSuchKey", "NotFound")
_EXISTS = ("412", "PreconditionFailed", "ConditionalRequestConflict")
_CHECKSUM_HEADER = "x-amz-checksum-sha256"
KEPT_PROGRAM_BYTES = 32 * 1024 * 1024


class S3ArtifactStore:
    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.artifacts_bucket
        # Signature version 4 also for presigned URLs: a bucket under KMS takes no other.
        options: dict[str, Any] = {"signature_version": "s3v4"}
        if settings.endpoint_url:
            options["s3"] = {"addressing_style": "path"}
        self._client = LazyClient("s3", settings, read_seconds=30.0, options=options)
        self._presigner = LazyClient("s3", settings, options=options)
        self._lock = threading.Lock()
        self._programs: dict[str, bytes] = {}

    def presign_program(self, digest: str, *, expires_seconds: int = 900) -> str:
        """The URL carries the SHA-256 in its signed query, so that S3 refuses any other body.

        Emulations of S3 may ignore it; ``get_program`` verifies the digest in any case.
        """
        arguments = {"Bucket": self._bucket, "Key": program_key(digest), "ChecksumSHA256": _checksum(digest)}
        client = self._presigner()
        # Registered under one id, so that registering again changes nothing.
        client.meta.events.register("before-sign.s3.PutObject", _checksum_into_query, unique_id="checksum-into-query")
        with translated("presign an upload"):
            url: str = client.generate_presigned_url("put_object", Params=arguments, ExpiresIn=expires_seconds)
        return url

    def has_program(self, digest: str) -> bool:
        key = program_key(digest)
        missing = NotFound("")
        try:
            with translated(f"look for the program {digest}", dict.fromkeys(_MISSING, lambda: missing)):
                self._client().head_object(Bucket=self._bucket, Key=key)
        except NotFound as error:
            if error is missing:
                return False
            raise
        return True

    def put_program(self, data: bytes) -> str:
        digest = digest_of(data)
        self._put(program_key(digest), data, "application/zip", once=True, ChecksumSHA256=_checksum(digest))
        return digest

    def get_program(self, digest: str) -> bytes:
        """Read once per process while it stays among the last ones: a digest's bytes never change."""
        with self._lock:
            known = self._programs.pop(digest, None)
            if known is not None:
                self._programs[digest] = known  # the last one used is the last one dropped
                return known
        missing = NotFound(f"There is no program {digest}.", hint="Register the stack's program again.", digest=digest)
        data = require_digest(self._get(program_key(digest), missing), digest)
        with self._lock:
            self._programs[digest] = data
            while sum(map(len, self._programs.values())) > KEPT_PROGRAM_BYTES:
                del self._programs[next(iter(self._programs))]
        return data

    def put_manifest(self, deployment_id: str, version: int, document: Mapping[str, Any]) -> None:
        body = _json(document)
        if not self._put(manifest_key(deployment_id, version), body, "application/json", once=True):
            raise AlreadyExists(
                f"The manifest {version} of {deployment_id} exists already.", deployment_id=deployment_id
            )

    def get_manifest(self, deployment_id: str, version: int) -> Mapping[str, Any]:
        missing = NotFound(f"{deployment_id} has no manifest {version}.", deployment_id=deployment_id)
        return _document(self._get(manifest_key(deployment_id, version), missing))

    def put_record(self, deployment_id: str, operation_id: str, name: str, document: Mapping[str, Any]) -> None:
        self._put(record_key(deployment_id, operation_id, name), _json(document), "application/json")

    def put_text(self, deployment_id: str, operation_id: str, name: str, text: str) -> None:
        self._put(record_key(deployment_id, operation_id, name), text.encode(), "text/plain; charset=utf-8")

    def get_text(self, deployment_id: str, operation_id: str, name: str) -> str:
        missing = no_record(deployment_id, operation_id, name)
        return self._get(record_key(deployment_id, operation_id, name), missing).decode()

    def get_record(self, deployment_id: str, operation_id: str, name: str) -> Mapping[str, Any]:
        missing = no_record(deployment_id, operation_id, name)
        return _document(self._get(record_key(deployment_id, operation_id, name), missing))

    def _put(self, key: str, body: bytes, content_type: str, *, once: bool = False, **arguments: str) -> bool:
        """Whether the object was written; with ``once`` an object that is there stays."""
        if once:
            arguments["IfNoneMatch"] = "*"
        client = self._client()
        with translated(f"write {key}"):
            try:
                client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **arguments)
            except client.exceptions.ClientError as error:
                if error_code(error) not in _EXISTS:
                    raise
                return False
        return True

    def _get(self, key: str, missing: NotFound) -> bytes:
        with translated(f"read {key}", dict.fromkeys(_MISSING, lambda: missing)):
            body: bytes = self._client().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body


def _checksum_into_query(request: Any, **_: Any) -> None:
    """Move the checksum from a signed header, which every uploader would have to know, into the signed query."""
    if _CHECKSUM_HEADER in request.headers:
        request.params = {**(request.params or {}), _CHECKSUM_HEADER: request.headers[_CHECKSUM_HEADER]}
        del request.headers[_CHECKSUM_HEADER]


def _checksum(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _document(body: bytes) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads(body)
    return document
