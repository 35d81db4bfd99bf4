"""What can be configured. By default one secret, for the database; a secret costs 0.40 USD a month, a parameter nothing."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
ParameterPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", max_length=500)]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
LambdaArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:.+$")]
PrincipalArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/.+)$")]


class RotationConfig(Section):
    """``lambda_arn`` makes the new version; AWS's own rotation functions do for databases."""

    lambda_arn: Input[LambdaArn]
    days: int = Field(default=30, ge=1, le=1000)


class SecretConfig(Section):
    """One secret with a generated password, as ``{"username": …, "password": …}``; without a username the password alone.

    ``recovery_window_days`` is how long a deleted secret can be restored; 0 deletes at once.
    """

    description: str = Field(default="", max_length=2048)
    username: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")
    length: int = Field(default=32, ge=8, le=4096)
    punctuation: bool = False
    recovery_window_days: int = Field(default=7, ge=0, le=30)
    rotation: RotationConfig | None = None
    readers: list[PrincipalArn] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if 0 < self.recovery_window_days < 7:
            raise ValueError(f"recoveryWindowDays is {self.recovery_window_days}, but must be 0 or at least 7")
        if len(set(self.readers)) < len(self.readers):
            raise ValueError("readers names somebody twice")
        return self


class ParameterConfig(Section):
    """One parameter of SSM's Parameter Store. A ``SecureString`` is encrypted; give its value as a secret."""

    value: Input[str]
    type: Literal["String", "StringList", "SecureString"] = "String"
    description: str = Field(default="", max_length=1024)


class SecretsConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``kmsKeyArn`` stands in for the security stack's output."""

    kms_key_arn: Input[KeyArn] | None = None
    secrets: dict[Purpose, SecretConfig] = Field(
        default={"database": SecretConfig(description="Master user of the database", username="app")}, max_length=100
    )
    parameters: dict[ParameterPath, ParameterConfig] = Field(default_factory=dict, max_length=500)
