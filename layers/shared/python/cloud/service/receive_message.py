"""What a WebSocket client asks: subscribe (with what it has seen), unsubscribe, ping."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cloud.domain.errors import CloudError, ConfigurationError
from cloud.domain.events import Cursor
from cloud.domain.identifiers import DEPLOYMENT_ID
from cloud.service.frames import encode, frames
from cloud.service.platform import Platform

REPLAY_PAGE = 200
MAX_MESSAGE_BYTES = 4096
ACTIONS = ("subscribe", "unsubscribe", "ping")


def receive_message(platform: Platform, connection_id: str, text: str) -> None:
    """Answer one message. What is wrong with it is told to the client, never raised."""
    try:
        message = _parse(text)
        _ACT[message["action"]](platform, connection_id, message)
    except CloudError as error:
        answer = {"type": "error", "code": error.code, "message": error.message, "hint": error.hint}
        platform.gateway().post(connection_id, encode(answer))


def _parse(text: str) -> Mapping[str, Any]:
    if len(text.encode(errors="replace")) > MAX_MESSAGE_BYTES:
        raise ConfigurationError(f"The message is longer than {MAX_MESSAGE_BYTES} bytes.")
    try:
        message = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise ConfigurationError("The message is not JSON.") from None
    if not isinstance(message, dict) or message.get("action") not in ACTIONS:
        raise ConfigurationError("The message has no action that is known.", hint=f"Actions: {', '.join(ACTIONS)}.")
    return message


def _subscribe(platform: Platform, connection_id: str, message: Mapping[str, Any]) -> None:
    """Subscribe first, then replay: an event stored in between comes twice, and clients drop what they have seen."""
    deployment_id = DEPLOYMENT_ID.require(message.get("deployment_id"))
    since = Cursor.parse(str(message["since"])) if message.get("since") else None
    platform.stores.deployments.get(deployment_id)
    platform.stores.connections.subscribe(connection_id, deployment_id)
    gateway = platform.gateway()
    gateway.post(connection_id, encode({"type": "subscribed", "deployment_id": deployment_id}))
    if since is not None:
        for frame in frames(_missed(platform, deployment_id, since)):
            gateway.post(connection_id, frame)


def _missed(platform: Platform, deployment_id: str, since: Cursor) -> Iterator[dict[str, Any]]:
    """The rest of the cursor's operation, then all of every later one (operation ids are ordered by time)."""
    later: list[str] = []
    cursor = ""
    while True:
        page = platform.stores.operations.list(deployment_id, cursor=cursor)
        newer = [operation.id for operation in page.items if operation.id > since.operation_id]
        later += newer
        cursor = page.cursor
        if len(newer) < len(page.items) or not cursor:
            break
    for operation_id in (since.operation_id, *reversed(later)):
        after = since.sequence if operation_id == since.operation_id else 0
        while events := platform.stores.events.read(deployment_id, operation_id, after=after, limit=REPLAY_PAGE):
            yield from (event.to_dict() for event in events)
            after = events[-1].sequence


def _unsubscribe(platform: Platform, connection_id: str, message: Mapping[str, Any]) -> None:
    deployment_id = DEPLOYMENT_ID.require(message.get("deployment_id"))
    platform.stores.connections.unsubscribe(connection_id, deployment_id)


def _ping(platform: Platform, connection_id: str, _message: Mapping[str, Any]) -> None:
    platform.stores.connections.touch(connection_id, platform.timestamp())
    platform.gateway().post(connection_id, encode({"type": "pong"}))


_ACT = {"subscribe": _subscribe, "unsubscribe": _unsubscribe, "ping": _ping}
