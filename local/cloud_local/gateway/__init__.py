"""The emulated API Gateway: REST and WebSocket routes of the topology, and ``@connections``, on one loopback port."""
