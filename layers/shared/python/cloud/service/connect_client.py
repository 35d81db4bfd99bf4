"""A WebSocket client comes and goes."""

from __future__ import annotations

from datetime import timedelta

from cloud.domain.records import Connection
from cloud.service.platform import Platform

CONNECTION_HOURS = 24
"""How long a connection's rows live; API Gateway itself ends a connection after two hours."""


def connect_client(platform: Platform, connection_id: str, *, user_id: str, email: str, org: str) -> None:
    """Remember the connection ($connect)."""
    now = platform.timestamp()
    expires = platform.clock.now() + timedelta(hours=CONNECTION_HOURS)
    platform.stores.connections.open(Connection(connection_id, user_id, org, email, now, now, int(expires.timestamp())))


def disconnect_client(platform: Platform, connection_id: str) -> None:
    """Forget the connection and what it subscribed to ($disconnect). Repeating it is no error."""
    platform.stores.connections.close(connection_id)
