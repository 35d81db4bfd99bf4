"""The control plane's own functions, loaded from ``functions/`` as the topology declares them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from cloud_local.aws.lambda_runtime import Handler, LambdaFunction
from infra import topology

PREFIX = "cloud"


def deployed_name(name: str) -> str:
    """The function's (table's, bucket's, bus's) name where it is deployed."""
    return f"{PREFIX}-{name.replace('_', '-')}"


def load_functions(declared: Iterable[topology.Function] = topology.FUNCTIONS) -> list[LambdaFunction]:
    """Every declared function with its handler. Raises ImportError for one that has no folder."""
    return [
        LambdaFunction(
            deployed_name(function.name),
            _load(function.name),
            timeout_seconds=function.timeout,
            memory_mb=function.memory,
        )
        for function in declared
    ]


def _load(name: str) -> Handler:
    handler: Handler = importlib.import_module(f"functions.{name}.handler").handler
    return handler
