"""The provider's configuration, from what the engine sends and from the environment.

Nested values arrive as JSON strings from a default provider and as objects from an explicit one (ConfigureRequest in
pulumi's provider.proto); both are taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cloud_local.provider.schema import config_properties
from cloud_local.provider.values import Properties, contains_unknown

_ENGINE_KEYS: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "parameterization"})
_STRINGS: Final = frozenset(
    {"region", "accessKey", "secretKey", "token", "profile", "stsRegion", "httpProxy", "httpsProxy", "noProxy"}
    | {"customCaBundle", "retryMode", "s3UsEast1RegionalEndpoint", "ec2MetadataServiceEndpoint"}
    | {"ec2MetadataServiceEndpointMode", "tagPolicyCompliance", *_ENGINE_KEYS}
)
_NOT_SUPPORTED: Final = frozenset({"assumeRoleWithWebIdentity", "useDualstackEndpoint", "useFipsEndpoint"})
_DEFAULT_ATTEMPTS: Final = 5


@dataclass(frozen=True)
class Settings:
    """A configured provider."""

    region: str
    access_key: str = ""
    secret_key: str = ""
    token: str = ""
    profile: str = ""
    endpoint: str = ""
    """The endpoint of every service; empty for AWS itself."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Endpoints of single services by botocore's service name."""
    s3_path_style: bool = False
    max_attempts: int = _DEFAULT_ATTEMPTS
    """Attempts of one call that AWS throttles, the first included."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    ignored_tags: frozenset[str] = frozenset()
    ignored_tag_prefixes: tuple[str, ...] = ()
    assume_roles: tuple[Mapping[str, Any], ...] = ()
    allowed_accounts: frozenset[str] = frozenset()
    forbidden_accounts: frozenset[str] = frozenset()

    def endpoint_of(self, service: str) -> str:
        """The endpoint to use for a service; empty for AWS itself."""
        return self.endpoints.get(service) or self.endpoint


def decode(properties: Properties) -> Properties:
    """Configuration with its JSON strings decoded.

    Raises:
        ValueError: a nested value isn't JSON; the message names the key.
    """
    decoded = {}
    for name, value in properties.items():
        if isinstance(value, str) and name not in _STRINGS and not contains_unknown(value):
            try:
                value = json.loads(value) if value else None
            except ValueError:
                raise ValueError(f"{name}: not valid JSON: {value}") from None
        if value is not None:
            decoded[name] = value
    return decoded


def failures_of(properties: Properties, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Every (property, reason) for which the configuration can't be used."""
    failures = []
    known = config_properties() | _ENGINE_KEYS
    for name in sorted(properties.keys() - known):
        failures.append((name, f"could not validate provider configuration: Invalid or unknown key '{name}'"))
    try:
        decoded = decode({name: value for name, value in properties.items() if name in known})
    except ValueError as error:
        return [*failures, (str(error).partition(":")[0], str(error))]
    for name in sorted(decoded.keys() & _NOT_SUPPORTED):
        if decoded[name]:
            failures.append((name, f"the emulated AWS provider doesn't support '{name}'"))
    for name in ("endpoints", "assumeRoles"):
        if not isinstance(decoded.get(name, []), list) and not contains_unknown(decoded[name]):
            failures.append((name, f"{name} must be a list"))
    for name in ("defaultTags", "ignoreTags"):
        if not isinstance(decoded.get(name, {}), Mapping) and not contains_unknown(decoded[name]):
            failures.append((name, f"{name} must be an object"))
    if not _region(decoded, environment):
        failures.append(
            (
                "region",
                "Missing region configuration: set it with `pulumi config set aws:region us-west-2` "
                "or the environment variable AWS_REGION.",
            )
        )
    return failures


def settings_of(properties: Properties, environment: Mapping[str, str]) -> Settings:
    """The settings of a checked configuration."""
    given = decode(properties)
    ignored = given.get("ignoreTags") or {}
    endpoints: dict[str, str] = {}
    for entry in given.get("endpoints") or []:
        endpoints.update({_service(name): url for name, url in entry.items() if url})
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    for name, url in environment.items():
        if name.startswith("AWS_ENDPOINT_URL_") and url:
            endpoints.setdefault(_service(name.removeprefix("AWS_ENDPOINT_URL_").lower()), url)
    explicit_keys = bool(given.get("accessKey"))
    return Settings(
        region=_region(given, environment),
        access_key=given.get("accessKey") or environment.get("AWS_ACCESS_KEY_ID", ""),
        secret_key=given.get("secretKey") or environment.get("AWS_SECRET_ACCESS_KEY", ""),
        token=given.get("token") or ("" if explicit_keys else environment.get("AWS_SESSION_TOKEN", "")),
        profile=given.get("profile") or environment.get("AWS_PROFILE", ""),
        endpoint=endpoint,
        endpoints=endpoints,
        s3_path_style=bool(given.get("s3UsePathStyle")) or bool(endpoint or endpoints.get("s3")),
        max_attempts=max(1, int(given.get("maxRetries") or _DEFAULT_ATTEMPTS)),
        default_tags={key: str(value) for key, value in ((given.get("defaultTags") or {}).get("tags") or {}).items()},
        ignored_tags=frozenset(ignored.get("keys") or ()),
        ignored_tag_prefixes=tuple(ignored.get("keyPrefixes") or ()),
        assume_roles=tuple(given.get("assumeRoles") or ()),
        allowed_accounts=frozenset(given.get("allowedAccountIds") or ()),
        forbidden_accounts=frozenset(given.get("forbiddenAccountIds") or ()),
    )


def _region(given: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    return str(given.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "")


# Terraform's names of endpoints that aren't botocore's service names.
_SERVICES: Final = {
    "cloudwatchlogs": "logs",
    "cloudwatchevents": "events",
    "eventbridge": "events",
    "elb": "elb",
    "alb": "elbv2",
    "elasticloadbalancingv2": "elbv2",
    "cognitoidp": "cognito-idp",
    "cognitoidentity": "cognito-identity",
    "applicationautoscaling": "application-autoscaling",
    "stepfunctions": "stepfunctions",
    "sfn": "stepfunctions",
}


def _service(name: str) -> str:
    bare = name.replace("_", "").replace("-", "").replace(" ", "")
    return _SERVICES.get(bare, bare)
