"""Whether a resource of Pulumi's state exists in AWS, asked of AWS's own APIs.

Written apart from the provider's table on purpose: a mistake there must not hide itself here. The readers of a type stand in
``tests/stacks/readers/``, one module per group of services, each with ``READERS``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
"""Service -> boto3 client."""
Resource = Mapping[str, Any]
"""One resource of the state: ``type``, ``id``, ``urn``, ``inputs``, ``outputs``."""
Reader = Callable[[Clients, Resource], bool]

_FOLDER = Path(__file__).parent / "readers"


def told_by(
    service: str,
    operation: str,
    arguments: Callable[[Resource], Mapping[str, Any]],
    found: str = "@",
    absent: tuple[str, ...] = (),
) -> Reader:
    """A reader that asks one operation. ``found`` is a JMESPath in the answer whose value is true, a non-empty list or object
    where the resource exists; ``absent`` are the error codes that say that it doesn't, every other error is raised.
    """

    def read(clients: Clients, resource: Resource) -> bool:
        try:
            answer = getattr(clients(service), operation)(**arguments(resource))
        except ClientError as error:
            if error.response["Error"]["Code"] in absent:
                return False
            raise
        answer.pop("ResponseMetadata", None)
        return bool(jmespath.search(found, answer))

    return read


@cache
def readers() -> Mapping[str, Reader]:
    """Every reader by the type's token."""
    found: dict[str, Reader] = {}
    for path in sorted(_FOLDER.glob("[a-z]*.py")):
        found |= importlib.import_module(f"tests.stacks.readers.{path.stem}").READERS
    return found


def exists(clients: Clients, resource: Resource) -> bool:
    """Raises KeyError for a type without a reader: a resource that nobody can look for is not proved."""
    return readers()[resource["type"]](clients, resource)
