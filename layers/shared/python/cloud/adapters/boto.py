"""boto3 clients, made when they are first used: importing this module imports no boto3."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cloud import __version__
from cloud.settings import Settings

USER_AGENT = f"cloud/{__version__}"
"""Who AWS's logs say it was. botocore composes a long text anew for every request, unless one is given."""


class LazyClient:
    """A boto3 client that is made on first use and kept. Thread-safe.

    ``connect_seconds`` and ``read_seconds`` bound one attempt; ``attempts`` counts the first. Repeats are botocore's
    standard mode: exponential, with jitter, for throttling, 5xx and lost connections.
    """

    def __init__(
        self,
        service: str,
        settings: Settings,
        *,
        endpoint_url: str = "",
        region: str = "",
        connect_seconds: float = 2.0,
        read_seconds: float = 10.0,
        attempts: int = 5,
        options: dict[str, Any] | None = None,
        credentials: Callable[[], dict[str, str]] = dict,
    ) -> None:
        self._service = service
        self._endpoint_url = endpoint_url or settings.endpoint_url
        self._region = region or settings.region
        self._options = {
            "connect_timeout": connect_seconds,
            "read_timeout": read_seconds,
            "retries": {"total_max_attempts": attempts, "mode": "standard"},
            "max_pool_connections": 50,
            "user_agent": USER_AGENT,
            **(options or {}),
        }
        self._credentials = credentials
        self._lock = threading.Lock()
        self._client: Any = None

    def __call__(self) -> Any:
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._make()
        return self._client

    def _make(self) -> Any:
        import boto3
        from botocore.config import Config

        # A session of its own: boto3's default session is not safe to share between threads that create clients.
        return boto3.session.Session(region_name=self._region).client(
            self._service,
            endpoint_url=self._endpoint_url or None,
            config=Config(**self._options),
            **self._credentials(),
        )
