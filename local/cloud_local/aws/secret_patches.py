"""What moto's Secrets Manager needs; see moto_patches.py for the rules that patches keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def rotations_are_noted_without_running_their_function() -> None:
    """moto makes an empty version current while it runs a rotation's function, in Docker where there is Docker. Local mode runs
    no functions of the stacks: the rotation is noted, and no secret is rotated."""
    from moto.awslambda.utils import get_backend
    from moto.secretsmanager.exceptions import ResourceNotFoundException, SecretNotFoundException
    from moto.secretsmanager.models import SecretsManagerBackend

    def rotate_secret(
        self: Any,
        secret_id: str,
        client_request_token: str | None = None,  # noqa: ARG001 - moto's signature
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,  # noqa: ARG001
    ) -> str:
        if not self._is_valid_identifier(secret_id):
            raise SecretNotFoundException()
        secret = self.secrets[secret_id]
        if rotation_lambda_arn:
            try:
                get_backend(self.account_id, self.region_name).get_function(rotation_lambda_arn)
            except Exception as error:
                raise ResourceNotFoundException(f"Resource not found for ARN '{rotation_lambda_arn}'.") from error
            secret.rotation_lambda_arn = rotation_lambda_arn
        if rotation_rules:
            secret.auto_rotate_after_days = rotation_rules.get("AutomaticallyAfterDays", 0)
        secret.rotation_requested = secret.rotation_enabled = True
        return str(secret.to_short_dict())

    SecretsManagerBackend.rotate_secret = rotate_secret


def superseded_versions_keep_their_labels() -> None:
    """moto takes every label off a version that isn't current any more, and not only those that another version now has."""
    from moto.secretsmanager.models import FakeSecret

    original = FakeSecret.reset_default_version

    def reset_default_version(self: Any, secret_version: dict[str, Any], version_id: str) -> None:
        before = self.versions.get(self.default_version_id)
        moved = {"AWSCURRENT", "AWSPREVIOUS", *secret_version["version_stages"]}
        kept = [label for label in (before or {}).get("version_stages", ()) if label not in moved]
        original(self, secret_version, version_id)
        if before is not None:
            before["version_stages"].extend(kept)

    FakeSecret.reset_default_version = reset_default_version


SECRET_PATCHES: tuple[Callable[[], None], ...] = (
    rotations_are_noted_without_running_their_function,
    superseded_versions_keep_their_labels,
)
