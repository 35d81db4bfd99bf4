"""The only door to the process environment: one frozen model, read when asked, never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cloud.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """What the control plane's functions are told by their environment.

    ``endpoint_url`` is set in local mode only (AWS_ENDPOINT_URL); ``runner`` chooses the StackRunner: ``automation`` or
    ``scripted`` (the in-memory sibling, driven by the stack's configuration ``script``; for benchmarks and tests).
    ``pulumi_root`` is the folder whose ``bin/pulumi`` is used, empty for the one on PATH.
    ``backend_url`` is Pulumi's backend; ``secrets_provider`` its secrets provider (``awskms://…``), empty for a passphrase.
    ``kms_key`` seals the secrets of manifests; ``mac_key`` (an HMAC key of KMS) digests configurations. ``engine`` names
    everything that programs are run with (engine, SDKs, plugins, image), for fingerprints.
    """

    region: str = "us-east-1"
    endpoint_url: str = ""
    deployments_table: str = "cloud-deployments"
    stacks_table: str = "cloud-stacks"
    logs_table: str = "cloud-logs"
    metrics_table: str = "cloud-metrics"
    connections_table: str = "cloud-websocket-connections"
    artifacts_bucket: str = "cloud-artifacts"
    kms_key: str = "alias/cloud"
    mac_key: str = "alias/cloud-mac"
    engine: str = ""
    state_machine_arn: str = ""
    websocket_endpoint: str = ""
    runner: str = "automation"
    pulumi_root: str = ""
    pulumi_home: str = ""
    backend_url: str = ""
    secrets_provider: str = ""
    passphrase_file: str = ""
    plugin_path: str = ""
    work_dir: str = ""


_NAMES: Mapping[str, str] = {
    "region": "AWS_REGION",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "deployments_table": "CLOUD_DEPLOYMENTS_TABLE",
    "stacks_table": "CLOUD_STACKS_TABLE",
    "logs_table": "CLOUD_LOGS_TABLE",
    "metrics_table": "CLOUD_METRICS_TABLE",
    "connections_table": "CLOUD_CONNECTIONS_TABLE",
    "artifacts_bucket": "CLOUD_ARTIFACTS_BUCKET",
    "kms_key": "CLOUD_KMS_KEY",
    "mac_key": "CLOUD_MAC_KEY",
    "engine": "CLOUD_ENGINE",
    "state_machine_arn": "CLOUD_STATE_MACHINE_ARN",
    "websocket_endpoint": "CLOUD_WEBSOCKET_ENDPOINT",
    "runner": "CLOUD_RUNNER",
    "pulumi_root": "CLOUD_PULUMI_ROOT",
    "pulumi_home": "CLOUD_PULUMI_HOME",
    "backend_url": "CLOUD_BACKEND_URL",
    "secrets_provider": "CLOUD_SECRETS_PROVIDER",
    "passphrase_file": "CLOUD_PASSPHRASE_FILE",
    "plugin_path": "CLOUD_PLUGIN_PATH",
    "work_dir": "CLOUD_WORK_DIR",
}


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in ``environ``. Raises ConfigurationError for a runner that there is not."""
    settings = Settings(**{name: environ[variable] for name, variable in _NAMES.items() if environ.get(variable)})
    if settings.runner not in ("automation", "scripted"):
        raise ConfigurationError(
            f"CLOUD_RUNNER is {settings.runner!r}.",
            hint="It is 'automation' (Pulumi) or 'scripted' (no Pulumi at all).",
        )
    return settings


CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
)
"""What of the process's own AWS environment Pulumi's provider is given on purpose."""

ENGINE_PREFIX = "CLOUD_ENGINE_"
"""Variables with this prefix are handed to Pulumi without it (how local mode tells its stand-in where its server is)."""


def host_environment() -> dict[str, str]:
    """The environment of this process, of which an adapter passes on what it allows by name."""
    return dict(os.environ)


def engine_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What Pulumi and its plugins are given beside the allow-list: AWS's own variables, and what is meant for the engine."""
    given = {name: environ[name] for name in CREDENTIALS if environ.get(name)}
    engine = {
        name.removeprefix(ENGINE_PREFIX): value for name, value in environ.items() if name.startswith(ENGINE_PREFIX)
    }
    return {**given, **engine}


def cloud_home() -> str:
    """The folder of contexts and of local mode: CLOUD_HOME, else ``.cloud`` in the user's home."""
    return os.environ.get("CLOUD_HOME") or os.path.expanduser("~/.cloud")  # noqa: PTH111 - a path as text, nothing is opened


def caller_name() -> str:
    """Who acts, where a context does not say it for good: CLOUD_USER, or empty."""
    return os.environ.get("CLOUD_USER", "")


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings(os.environ)


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that give ``settings`` again: what a function's configuration holds."""
    return {variable: value for name, variable in _NAMES.items() if (value := getattr(settings, name))}
