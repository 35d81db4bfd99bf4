"""The AWS provider on boto3: Pulumi's ResourceProvider protocol, for AWS itself or an emulated one.

In-process: `create_provider()`. As a plugin: `python -m cloud_local.provider`, or the executable that `install()` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloud_local.provider.servicer import AwsProvider


def create_provider(
    *, environment: Mapping[str, str] | None = None, log: Callable[[Any], None] | None = None
) -> AwsProvider:
    """A provider that isn't configured yet; its methods take `(request, context=None)`.

    Args:
        environment: where AWS_REGION, AWS_ENDPOINT_URL and credentials are looked for; the process's own by default.
        log: takes every `pulumirpc.LogRequest` (warnings name the resource's URN); by default they go to the
            engine whose address Handshake or Attach tells, else to standard error.
    """
    from cloud_local.provider.engine_log import EngineLog
    from cloud_local.provider.servicer import AwsProvider

    return AwsProvider(environment, EngineLog(log))


def install(directory: Path) -> Path:
    """Write the executable `pulumi-resource-aws`, to be found by an engine in PATH; returns its path."""
    from cloud_local.provider.launcher import write

    return write(directory)


__all__ = ["create_provider", "install"]
