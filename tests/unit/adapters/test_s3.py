"""The presigned URL says all that an upload needs."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.adapters.s3 import S3ArtifactStore
from cloud.settings import Settings


def test_a_presigned_url_binds_the_key_and_the_checksum_and_asks_for_no_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    digest = "ab" * 32
    store = S3ArtifactStore(Settings(endpoint_url="http://127.0.0.1:1"))
    urls = [store.presign_program(digest, expires_seconds=60) for _ in range(2)]
    for url in urls:
        query = parse_qs(urlsplit(url).query)
        assert urlsplit(url).path == f"/cloud-artifacts/programs/{digest}.zip"
        assert query["x-amz-checksum-sha256"] == [base64.b64encode(bytes.fromhex(digest)).decode()]
        assert query["X-Amz-SignedHeaders"] == ["host"]
        assert query["X-Amz-Expires"] == ["60"]
        assert query["X-Amz-Signature"]
