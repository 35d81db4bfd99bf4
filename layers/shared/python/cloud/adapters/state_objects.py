"""The port ``PulumiState`` on Pulumi's self-managed backends: a bucket (``s3://``) and a directory (``file://``).

Where the object stands is the backend's own layout (``pkg/backend/diy``): ``.pulumi/stacks/{project}/{stack}.json``, or
the same gzipped when the backend was told so.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cloud.adapters.aws_errors import translated
from cloud.ports.state import PulumiState
from cloud.settings import Settings

_SUFFIXES = (".json", ".json.gz")


def pulumi_state(settings: Settings) -> PulumiState:
    """The states behind ``settings.backend_url``."""
    scheme = urlsplit(settings.backend_url).scheme
    if scheme == "file":
        return DirectoryState(Path(unquote(urlsplit(settings.backend_url).path)))
    if scheme == "s3":
        return BucketState(settings)
    return HiddenState()


class HiddenState:
    """A backend that keeps no objects to look at, such as Pulumi Cloud: no stack is ever known to be unchanged there."""

    def etag(self, project: str, pulumi_stack: str) -> str:  # noqa: ARG002 - the port's
        return ""


class DirectoryState:
    """A digest of the content stands for the ETag: a file's time could be that of another content."""

    def __init__(self, root: Path) -> None:
        self._stacks = root / ".pulumi" / "stacks"

    def etag(self, project: str, pulumi_stack: str) -> str:
        for suffix in _SUFFIXES:
            try:
                return hashlib.sha256((self._stacks / project / f"{pulumi_stack}{suffix}").read_bytes()).hexdigest()
            except FileNotFoundError:
                continue
        return ""


class BucketState:
    """The bucket and prefix of ``s3://bucket/prefix``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        parts = urlsplit(settings.backend_url)
        self._bucket = parts.netloc
        self._prefix = f"{parts.path.strip('/')}/" if parts.path.strip("/") else ""

    @cached_property
    def _client(self) -> Any:
        import boto3

        return boto3.client("s3", region_name=self._settings.region, endpoint_url=self._settings.endpoint_url or None)

    def etag(self, project: str, pulumi_stack: str) -> str:
        from botocore.exceptions import ClientError

        for suffix in _SUFFIXES:
            key = f"{self._prefix}.pulumi/stacks/{project}/{pulumi_stack}{suffix}"
            with translated(f"look at the state of {pulumi_stack}"):
                try:
                    return str(self._client.head_object(Bucket=self._bucket, Key=key)["ETag"]).strip('"')
                except ClientError as error:
                    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404:
                        raise
        return ""
