"""Loads ahead, in a process that forks, what every run of the provider would load again: models, and what is made of types.

What one fork loads goes with it. Nothing here talks to AWS or starts a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import botocore.session
from botocore.config import Config

from cloud_local.provider.connection import MODELS
from cloud_local.provider.errors import UnknownType
from cloud_local.provider.schema import schema_of
from cloud_local.provider.types import TYPES

SERVICES = ("sts", "ec2", "iam", "s3", "kms", "logs")
"""Those that most stacks use: a model takes some megabytes, and a run saves 20 to 100 ms by it."""

_RARE = ("aws:wafv2/",)
"""Types whose part of pulumi_aws is large and seldom used: looking at them would load it."""
_NOWHERE = "http://127.0.0.1:1"


def work() -> Iterator[Callable[[], None]]:
    """Small pieces, the most useful first, to be done one by one while there is nothing else to do."""
    for service in SERVICES:
        yield partial(_load_service, service)
    for token in TYPES:
        if not token.startswith(_RARE):
            yield partial(_reflect, token)


def _load_service(service: str) -> None:
    """A client that is thrown away: its model, endpoints and rules stay in botocore's caches."""
    session = botocore.session.Session()
    session.register_component("data_loader", MODELS)
    client: Any = session.create_client(
        service,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106 - of nothing
        endpoint_url=_NOWHERE,
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.close()


def _reflect(token: str) -> None:
    try:
        schema_of(token)
    except UnknownType:
        return
