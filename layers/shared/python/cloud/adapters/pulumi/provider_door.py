"""AWS as the provider of a resource reaches it: with its region, credentials, roles, endpoints and default tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_ENDPOINT_NAMES: Mapping[str, str] = {
    "elb": "elbv2",
    "lb": "elbv2",
    "alb": "elbv2",
    "cloudwatchlogs": "logs",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
}
"""Names of endpoints in the provider's configuration where botocore's service has another."""


class ProviderDoor:
    """``provider`` are the inputs of the provider in Pulumi's state, ``environment`` that of the run's processes.

    ``region`` is the resource's own, where it names one. Not thread-safe.
    """

    def __init__(self, environment: Mapping[str, str], provider: Mapping[str, Any], *, region: str = "") -> None:
        given = {name: _decoded(value) for name, value in provider.items()}
        self._environment = environment
        self._profile = given.get("profile") or environment.get("AWS_PROFILE")
        self._roles = given.get("assumeRoles") or []
        self._endpoints = {
            _ENDPOINT_NAMES.get(name, name): url
            for endpoints in given.get("endpoints") or ()
            for name, url in endpoints.items()
            if url
        }
        self._keys = {
            "aws_access_key_id": given.get("accessKey") or environment.get("AWS_ACCESS_KEY_ID"),
            "aws_secret_access_key": given.get("secretKey") or environment.get("AWS_SECRET_ACCESS_KEY"),
            "aws_session_token": given.get("token") or environment.get("AWS_SESSION_TOKEN"),
        }
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self.region = str(
            region
            or given.get("region")
            or environment.get("AWS_REGION")
            or environment.get("AWS_DEFAULT_REGION")
            or ""
        )
        self.is_emulated = bool(self._endpoints or environment.get("AWS_ENDPOINT_URL"))
        self.default_tags: Mapping[str, Any] = (given.get("defaultTags") or {}).get("tags") or {}

    def client(self, service: str) -> Any:
        """In the resource's region, as the last of the provider's roles. Raises botocore's errors."""
        if self._session is None:
            self._session = self._assumed()
        if service not in self._clients:
            self._clients[service] = self._new_client(self._session, service)
        return self._clients[service]

    def _assumed(self) -> Any:
        import boto3

        session = boto3.session.Session(
            region_name=self.region or None,
            profile_name=self._profile if not self._keys["aws_access_key_id"] else None,
            **self._keys,
        )
        for role in self._roles:
            asked = {
                "RoleArn": role["roleArn"],
                "RoleSessionName": role.get("sessionName") or "cloud-lookup",
                "ExternalId": role.get("externalId"),
            }
            answer = self._new_client(session, "sts").assume_role(
                **{name: value for name, value in asked.items() if value}
            )
            given = answer["Credentials"]
            session = boto3.session.Session(
                region_name=self.region or None,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
        return session

    def _new_client(self, session: Any, service: str) -> Any:
        from botocore.config import Config

        return session.client(
            service,
            endpoint_url=self._endpoints.get(service) or self._environment.get("AWS_ENDPOINT_URL") or None,
            config=Config(
                connect_timeout=5,
                read_timeout=15,
                retries={"total_max_attempts": 4, "mode": "standard"},
                s3={"addressing_style": "path"} if self.is_emulated else None,
            ),
        )


def _decoded(value: Any) -> Any:
    """A default provider's nested settings stand in the state as JSON, an explicit one's as they are."""
    if not (isinstance(value, str) and value[:1] in ("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
