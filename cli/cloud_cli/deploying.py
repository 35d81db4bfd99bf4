"""Starting operations and following them to their end."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cloud.client.events import EventStream
from cloud.domain.errors import NetworkError
from cloud.domain.events import Cursor, Event, EventType, closes
from cloud.domain.states import TaskState
from cloud_cli.session import Interrupted

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud_cli.live import View

ENDED_SECONDS = 10.0
"""How long the next event of an operation that has ended already is waited for: they may have expired."""

PAUSES_SECONDS = (0.2, 1.0, 5.0, 10.0)
"""Between questions to a control plane that does not answer while an operation is followed."""


class Choice(StrEnum):
    """What Ctrl-C means while an operation is followed."""

    DETACH = "detach"
    CANCEL = "cancel"
    GO_ON = "go-on"


def start(client: CloudClient, call: str, deployment_id: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Start an operation, once: a lost answer is asked for again with the same key. Gives the operation.

    ``call`` is deploy, destroy, preview, refresh, drift or retry.
    """
    ask = {
        "deploy": client.deploy,
        "destroy": client.destroy,
        "preview": client.preview,
        "refresh": client.refresh,
        "drift": client.drift,
        "retry": client.retry,
    }[call]
    key = secrets.token_hex(16)
    try:
        return ask(deployment_id, request, idempotency_key=key)
    except NetworkError:
        return ask(deployment_id, request, idempotency_key=key)


def follow(
    client: CloudClient,
    operation: Mapping[str, Any],
    view: View,
    *,
    decide: Callable[[], Choice] = lambda: Choice.DETACH,
    advice: str = "",
    after: int = 0,
) -> dict[str, Any]:
    """Show the operation from the event ``after`` on until it ends; gives it with its plan and its stacks.

    ``decide`` is asked on Ctrl-C; pressing it again instead of an answer detaches. ``advice`` says how to come back.
    Raises Interrupted when we detach (the operation goes on), NetworkError when the control plane stays away.
    """
    follower = _Follower(client, operation, view, after)
    detached = Interrupted(f"Detached; the {operation['kind']} goes on.\n{advice}".rstrip())
    try:
        with view:
            view.begin(operation)
            while not follower.has_seen_the_end:
                try:
                    asyncio.run(follower.run())
                except KeyboardInterrupt:
                    view.pause()
                    choice = decide()
                    if choice is Choice.DETACH:
                        raise detached from None
                    if choice is Choice.CANCEL:
                        client.cancel(str(operation["deployment_id"]), operation_id=str(operation["id"]))
                    view.resume()
        return ended_operation(client, operation)
    except KeyboardInterrupt:  # again, while it was decided; or before we listened
        raise detached from None


def ended_operation(
    client: CloudClient, operation: Mapping[str, Any], *, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """The operation as it ended, asked for with the patience of the stream: a gateway that restarts is back in seconds."""
    for seconds in PAUSES_SECONDS:
        try:
            return client.operation(str(operation["deployment_id"]), str(operation["id"]))
        except NetworkError:
            sleep(seconds)
    return client.operation(str(operation["deployment_id"]), str(operation["id"]))


class _Follower:
    """Hands the events of one operation to a view, each once, however often it is interrupted and run again."""

    def __init__(self, client: CloudClient, operation: Mapping[str, Any], view: View, after: int) -> None:
        self._client = client
        self._view = view
        self._deployment_id = str(operation["deployment_id"])
        self._operation_id = str(operation["id"])
        self._cursor = Cursor(self._operation_id, after)
        self._has_ended = TaskState(operation["state"]).is_terminal
        self._has_plan = False
        self.has_seen_the_end = False
        self._take_plan(operation)

    async def run(self) -> None:
        stream = EventStream(self._client.context, self._deployment_id, since=self._cursor)
        try:
            async with asyncio.timeout(None) as waiting:
                self._wait_on(waiting)
                async for event in stream:
                    if event.operation_id == self._operation_id and self._take(event):
                        break
                    self._wait_on(waiting)
        except TimeoutError:
            pass  # its events are gone, but it has ended: the operation itself tells how
        self.has_seen_the_end = True

    def _wait_on(self, waiting: asyncio.Timeout) -> None:
        if self._has_ended:
            waiting.reschedule(asyncio.get_running_loop().time() + ENDED_SECONDS)

    def _take(self, event: Event) -> bool:
        """Show the event; whether it was the last one."""
        self._cursor = event.cursor
        if not self._has_plan and event.type is EventType.DEPLOYMENT_STATUS and event.sequence > 1:
            with contextlib.suppress(NetworkError):  # the gateway restarts: the next status is as good
                self._take_plan(self._client.operation(self._deployment_id, self._operation_id))
        self._view.take(event)
        return closes(event)

    def _take_plan(self, operation: Mapping[str, Any]) -> None:
        if operation.get("plan"):
            from cloud.domain.plan import Plan

            self._has_plan = True
            self._view.take_plan(Plan.from_dict(operation["plan"]))
