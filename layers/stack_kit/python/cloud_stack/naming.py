"""Physical names within AWS's length limits, the same at every run."""

from __future__ import annotations

import hashlib
from enum import IntEnum

_DIGEST_LENGTH = 8


class Limit(IntEnum):
    """The longest name AWS accepts, in characters (each service's API reference).

    A name that Pulumi completes itself ("auto-naming": a hyphen and seven digits) must be eight shorter:
    ``auto(Limit.IAM_ROLE)``.
    """

    DEFAULT = 63
    ACCESS_ANALYZER = 255
    ALARM = 255
    API = 128
    AUTO_SCALING_GROUP = 255
    BACKUP_PLAN = 50
    BACKUP_VAULT = 50
    BUCKET = 63
    BUDGET = 100
    BUILD_PROJECT = 150
    CANARY = 21  # 255 by the API, 21 by canaries that were made with an older runtime
    DASHBOARD = 255
    DATABASE = 63
    ECS_CLUSTER = 255
    ECS_SERVICE = 255
    EKS_CLUSTER = 100
    EVENT_RULE = 64
    IAM_ROLE = 64
    INSTANCE_PROFILE = 128
    KMS_ALIAS = 250  # 256 with the leading "alias/"
    LAMBDA_FUNCTION = 64
    LAUNCH_TEMPLATE = 128
    LOAD_BALANCER = 32
    LOG_GROUP = 512
    PARAMETER = 1011
    QUEUE = 80
    REPOSITORY = 256
    SCHEDULE = 64
    SECRET = 512
    SECURITY_GROUP = 255
    SIGNING_PROFILE = 64
    TARGET_GROUP = 32
    TASK_FAMILY = 255
    TOPIC = 256
    TRAIL = 128
    USER_POOL = 128
    USER_POOL_DOMAIN = 63
    WEB_ACL = 128


def auto(limit: int) -> int:
    """What is left of ``limit`` when Pulumi's auto-naming adds its suffix."""
    return limit - 8


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits of the text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


def shorten(name: str, limit: int) -> str:
    """The name itself when it fits, else its beginning and its fingerprint, so that two long names stay two.

    Raises ``ValueError`` for a limit that leaves no room for a beginning.
    """
    if limit < _DIGEST_LENGTH + 2:
        raise ValueError(f"a name of at most {limit} characters cannot be told from another")
    if len(name) <= limit:
        return name
    return f"{name[: limit - _DIGEST_LENGTH - 1].rstrip('-')}-{fingerprint(name)}"
