"""Parameters under one path of the deployment's environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ssm

from src.configuration import ParameterConfig


@dataclass(frozen=True, slots=True)
class ParametersArgs:
    """``prefix`` is the path, with a slash in front and none behind."""

    prefix: str
    kms_key_arn: pulumi.Input[str]
    parameters: Mapping[str, ParameterConfig]


class Parameters(pulumi.ComponentResource):
    """``names`` maps the configured names to the whole paths."""

    names: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ParametersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:secrets:Parameters", name, None, opts)
        self.names = {}
        for path, settings in args.parameters.items():
            secure = settings.type == "SecureString"
            parameter = ssm.Parameter(
                path.replace("/", "-"),
                name=f"{args.prefix}/{path}",
                type=settings.type,
                value=pulumi.Output.secret(settings.value) if secure else settings.value,
                description=settings.description or None,
                tier="Intelligent-Tiering",  # the advanced tier, which costs, only for values above 4 KB
                key_id=args.kms_key_arn if secure else None,
                # Under another key it is another parameter, of the same name.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            self.names[path] = parameter.name
        self.register_outputs({"names": self.names})
