"""What every task handler does around its one call: log with the operation's ids, and raise errors in the form of the wire."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger

from cloud.domain.errors import CloudError
from cloud.observability import ids_of
from cloud.service.failures import to_wire

Handler = Callable[[Any, Any], Any]


def attempt_of(event: Mapping[str, Any]) -> str:
    """Which attempt of its task a delivery is, from ``entered_at`` (``$$.State.EnteredTime``) and ``retries``
    (``$$.State.RetryCount``): texts that grow with every attempt, also over a redrive of the execution. Empty for an execution
    that was started by a definition which did not tell yet: it may wait for days, and keeps its definition."""
    if "entered_at" not in event:
        return ""
    entered = datetime.fromisoformat(str(event["entered_at"])).astimezone(UTC)
    return f"{entered.isoformat(timespec='microseconds')}#{int(event['retries']):03}"


def task(logger: Logger) -> Callable[[Handler], Handler]:
    """Decorate a state machine task. A CloudError leaves as JSON in its own class, so that the Catch's Cause is lossless."""

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def wrapped(event: Any, context: Any) -> Any:
            ids = ids_of(event)
            try:
                return handler(event, context)
            except CloudError as error:
                logger.warning(error.message, extra={**ids, "error": error.to_dict()})
                raise to_wire(error) from None
            except Exception:
                logger.exception("The function failed.", extra=ids)
                raise

        return wrapped

    return decorate
