"""What a WebSocket client asks: subscribe (with what it has seen), unsubscribe, ping."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from cloud.domain.errors import CloudError, ConfigurationError, NotFound
from cloud.domain.events import Cursor
from cloud.domain.identifiers import DEPLOYMENT_ID
from cloud.service.frames import encode, frames
from cloud.service.platform import Platform

REPLAY_PAGE = 200
MAX_MESSAGE_BYTES = 4096
ACTIONS = ("subscribe", "unsubscribe", "ping")


def receive_message(platform: Platform, connection_id: str, text: str) -> None:
    """Answer one message. What is wrong with it is told to the client.

    Raises NotFound when the client is gone, or was let go because it takes nothing, or because nobody knows it any more: it
    comes back and asks for what it missed.
    """
    client = _Client(platform, connection_id)
    try:
        message = _parse(text)
        _ACT[message["action"]](platform, client, message)
    except _Gone as gone:
        raise NotFound(gone.reason, connection_id=connection_id) from None
    except CloudError as error:
        answer = {"type": "error", "code": error.code, "message": error.message, "hint": error.hint}
        try:
            client.tell(answer)
        except _Gone as gone:
            raise NotFound(gone.reason, connection_id=connection_id) from None


class _Gone(Exception):
    """There is nobody to answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Client:
    """Whom we answer."""

    def __init__(self, platform: Platform, connection_id: str) -> None:
        self.connection_id = connection_id
        self._gateway = platform.gateway()

    def tell(self, message: Mapping[str, Any]) -> None:
        self.send(encode(message))

    def send(self, frame: bytes) -> None:
        """Raises _Gone when the frame isn't taken: with one missing, those after it would be in vain."""
        try:
            self._gateway.post(self.connection_id, frame)
        except NotFound as error:
            raise _Gone(error.message) from None
        except CloudError as error:
            self.let_go(error.message)

    def let_go(self, reason: str) -> NoReturn:
        """Close the connection from our side. Raises _Gone."""
        with contextlib.suppress(CloudError):
            self._gateway.disconnect(self.connection_id)
        raise _Gone(reason)


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


def _subscribe(platform: Platform, client: _Client, message: Mapping[str, Any]) -> None:
    """Subscribe first, then replay: an event stored in between comes twice, and clients drop what they have seen.

    From when ``subscribe`` returns every broadcast goes to this connection too; so what is stored before the replay reads is
    in the replay, and what is stored after it is broadcast.
    """
    deployment_id = DEPLOYMENT_ID.require(message.get("deployment_id"))
    since = Cursor.parse(str(message["since"])) if message.get("since") else None
    platform.stores.deployments.get(deployment_id)
    try:
        platform.stores.connections.subscribe(client.connection_id, deployment_id)
    except NotFound as unknown:  # pruned while it was slow, and still there
        client.let_go(unknown.message)
    client.tell({"type": "subscribed", "deployment_id": deployment_id})
    if since is not None:
        for frame in frames(_missed(platform, deployment_id, since)):
            client.send(frame)
        client.tell({"type": "replayed", "deployment_id": deployment_id, "since": str(since)})


def _missed(platform: Platform, deployment_id: str, since: Cursor) -> Iterator[dict[str, Any]]:
    """The rest of the cursor's operation, then all of every later one (operation ids are ordered by time).

    Events live for 90 days, and operations may live longer. Where some are not stored any more, ``expired`` names the last.
    """
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
            for event in events:
                if event.sequence > after + 1:
                    yield {"type": "expired", "operation_id": operation_id, "sequence": event.sequence - 1}
                yield event.to_dict()
                after = event.sequence


def _unsubscribe(platform: Platform, client: _Client, message: Mapping[str, Any]) -> None:
    deployment_id = DEPLOYMENT_ID.require(message.get("deployment_id"))
    platform.stores.connections.unsubscribe(client.connection_id, deployment_id)


def _ping(platform: Platform, client: _Client, _message: Mapping[str, Any]) -> None:
    if not platform.stores.connections.touch(client.connection_id, platform.timestamp()):
        client.let_go(f"There is no connection {client.connection_id}.")  # it would wait for events that never come
    client.tell({"type": "pong"})


_ACT = {"subscribe": _subscribe, "unsubscribe": _unsubscribe, "ping": _ping}
