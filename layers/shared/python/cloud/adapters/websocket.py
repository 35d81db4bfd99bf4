"""The port ``ConnectionGateway`` on API Gateway's ``@connections``."""

from __future__ import annotations

from cloud.adapters.aws_errors import translated
from cloud.adapters.boto import LazyClient
from cloud.domain.errors import ConfigurationError, NotFound
from cloud.settings import Settings

_GONE = ("GoneException", "410")


class ApiGatewayConnections:
    """Frames are events that are stored: one that a slow client misses is asked for again, so nothing is repeated here."""

    def __init__(self, settings: Settings) -> None:
        self._endpoint = settings.websocket_endpoint
        self._client = LazyClient(
            "apigatewaymanagementapi",
            settings,
            endpoint_url=settings.websocket_endpoint,
            connect_seconds=1.0,
            read_seconds=3.0,
            attempts=1,
        )

    def post(self, connection_id: str, frame: bytes) -> None:
        self._require_endpoint()
        gone = NotFound(f"The connection {connection_id} is gone.", connection_id=connection_id)
        with translated(f"post to the connection {connection_id}", dict.fromkeys(_GONE, lambda: gone)):
            self._client().post_to_connection(ConnectionId=connection_id, Data=frame)

    def disconnect(self, connection_id: str) -> None:
        self._require_endpoint()
        gone = NotFound(f"The connection {connection_id} is gone.", connection_id=connection_id)
        try:
            with translated(f"close the connection {connection_id}", dict.fromkeys(_GONE, lambda: gone)):
                self._client().delete_connection(ConnectionId=connection_id)
        except NotFound as error:
            if error is not gone:
                raise

    def _require_endpoint(self) -> None:
        if not self._endpoint:
            raise ConfigurationError("No WebSocket endpoint is configured.", hint="Set CLOUD_WEBSOCKET_ENDPOINT.")
