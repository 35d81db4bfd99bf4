"""The provider's one door to AWS: clients made once, calls retried while AWS throttles, errors told clearly."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError

from cloud_local.provider.config import Settings
from cloud_local.provider.errors import AwsFailure, ProviderError
from cloud_local.provider.gaps import is_gap

_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "BandwidthLimitExceeded",
        "LimitExceededException.Throttling",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "TransactionInProgressException",
    }
)
"""The codes botocore's own standard retry mode takes for throttling."""

_ABSENT: Final = re.compile(r"NotFound|NoSuch|NonExist|Nonexist|DoesNotExist|^404$|^Invalid\w+ID\.|AuthorizationError$")
_LONGEST_WAIT_SECONDS: Final = 20.0


MODELS: Final = create_loader()
"""Service models are read from disk once, however many connections there are."""


class NotEmulated(Exception):
    """The emulator has no such operation; only raised for the gaps in `gaps.py` and where an endpoint is set."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(f"the emulated AWS has no {service} {operation}")
        self.operation = operation


def is_absent(error: ClientError) -> bool:
    """Whether AWS says that the thing asked for doesn't exist."""
    return bool(_ABSENT.search(str(error.response.get("Error", {}).get("Code", ""))))


class Connection:
    """Calls to AWS with one set of credentials. Safe for use by several threads."""

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self.settings = settings
        self._sleep = sleep
        self._lock = threading.Lock()
        self._session: botocore.session.Session | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._identity: dict[str, str] | None = None
        self._cancelled = threading.Event()
        self._credentials = (settings.access_key, settings.secret_key, settings.token)

    def cancel(self) -> None:
        """Start no further call."""
        self._cancelled.set()

    def client(self, service: str, region: str = "") -> Any:
        """The client of a service, made at its first use: creating clients isn't thread-safe in botocore."""
        key = (service, region or self.settings.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    def _new_client(self, service: str, region: str) -> Any:
        if self._session is None:
            self._session = botocore.session.Session(profile=self.settings.profile or None)
            self._session.register_component("data_loader", MODELS)
        access_key, secret_key, token = self._credentials
        return self._session.create_client(
            service,
            region_name=region,
            aws_access_key_id=access_key or None,
            aws_secret_access_key=secret_key or None,
            aws_session_token=token or None,
            endpoint_url=self.settings.endpoint_of(service) or None,
            config=Config(
                retries={"total_max_attempts": 1},  # retried here, where it can be cancelled and tested
                max_pool_connections=50,
                s3={"addressing_style": "path"} if self.settings.s3_path_style else None,
            ),
        )

    def assume_roles(self) -> None:
        """Go on as each configured role in turn, as `assumeRoles` of pulumi-aws 7 says.

        Raises:
            ProviderError: AWS refuses a role.
        """
        for role in self.settings.assume_roles:
            arguments = {
                "RoleArn": role["roleArn"],
                "RoleSessionName": role.get("sessionName") or "pulumi",
                "ExternalId": role.get("externalId"),
                "Policy": role.get("policy"),
                "SourceIdentity": role.get("sourceIdentity"),
                "PolicyArns": [{"arn": arn} for arn in role.get("policyArns") or ()] or None,
                "Tags": [{"Key": key, "Value": value} for key, value in (role.get("tags") or {}).items()] or None,
                "TransitiveTagKeys": role.get("transitiveTagKeys") or None,
                "DurationSeconds": _seconds(role.get("duration")),
            }
            try:
                answer = self.call(
                    "sts", "assume_role", {name: value for name, value in arguments.items() if value is not None}
                )
            except (ClientError, BotoCoreError) as error:
                raise AwsFailure(f"assuming IAM Role ({role['roleArn']})", error, "STS", "AssumeRole") from error
            given = answer["Credentials"]
            self._credentials = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            self._clients = {}

    @property
    def identity(self) -> Mapping[str, str]:
        """Account, Arn and UserId of the caller, asked once."""
        if self._identity is None:
            answer = self.call("sts", "get_caller_identity", {})
            self._identity = {name: answer[name] for name in ("Account", "Arn", "UserId")}
        return self._identity

    @property
    def account(self) -> str:
        """The account this connection acts in."""
        return self.identity["Account"]

    def partition(self, region: str = "") -> str:
        """The partition of a region, such as `aws`."""
        return str(self.client("sts").meta.partition if not region else self.client("sts", region).meta.partition)

    def model(self, service: str, operation: str) -> Any:
        """botocore's model of an operation by its Python name.

        Raises:
            LookupError: botocore has no such operation (a mistake in the table).
        """
        meta = self.client(service).meta
        if operation not in meta.method_to_api_mapping:
            raise LookupError(f"{service} has no operation {operation}")
        return meta.service_model.operation_model(meta.method_to_api_mapping[operation])

    def call(self, service: str, operation: str, arguments: Mapping[str, Any], region: str = "") -> dict[str, Any]:
        """One operation, retried with growing waits while AWS throttles.

        Raises:
            ClientError, BotoCoreError: what AWS or the network answered, throttling after the last attempt too.
            NotEmulated: a known gap of the emulator.
            ProviderError: the engine cancelled.
        """
        if self.settings.endpoint_of(service) and is_gap(service, operation):
            raise NotEmulated(service, operation)
        client = self.client(service, region)
        attempt = 1
        while True:
            if self._cancelled.is_set():
                raise ProviderError(f"cancelled before {service} {operation}")
            try:
                return dict(getattr(client, operation)(**arguments))
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in _THROTTLED:
                    raise
                if attempt >= self.settings.max_attempts:
                    raise
                self._sleep(min(_LONGEST_WAIT_SECONDS, random.random() * 2**attempt))  # noqa: S311 - jitter
                attempt += 1
            except ResponseParserError as error:
                raise ProviderError(f"{service} {operation}: the endpoint answered no AWS response: {error}") from error

    def pages(
        self, service: str, operation: str, arguments: Mapping[str, Any], region: str = ""
    ) -> list[dict[str, Any]]:
        """Every page of an operation that is answered in pages."""
        return list(self.client(service, region).get_paginator(operation).paginate(**arguments))


def _seconds(duration: str | None) -> int | None:
    """Seconds of a Go duration such as `1h30m`."""
    if not duration:
        return None
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))
