"""The port ``Lookups`` in memory: it knows what it is told."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloud.domain.errors import NotFound
from cloud.domain.secret import Secret


@dataclass(slots=True)
class MemoryLookups:
    """``parameters`` maps a name to a text, a list (StringList) or a ``Secret`` (SecureString).

    ``asked`` lists every question, so that a test sees that none was asked twice.
    """

    account: str = "123456789012"
    region: str = "us-east-1"
    zones: Sequence[str] = ("us-east-1a", "us-east-1b", "us-east-1c")
    default_vpc: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def aws(self, path: tuple[str, ...]) -> Any:
        self.asked.append(".".join(("aws", *path)))
        match path:
            case ("account", "id"):
                return self.account
            case ("region",):
                return self.region
            case ("azs",):
                return sorted(self.zones)
            case ("vpc", "default") if self.default_vpc:
                return self.default_vpc
            case ("vpc", "default"):
                raise NotFound(f"There is no default VPC in {self.region}.")
            case ("ami", *name) if ".".join(name) in self.images:
                return self.images[".".join(name)]
            case ("ami", *name) if name:
                raise NotFound(f"There is no image {'.'.join(name)} in {self.region}.")
            case _:
                raise NotFound(
                    f"AWS has no value {'.'.join(path)}.",
                    hint="There are account.id, region, azs, vpc.default and ami.NAME.",
                )

    def ssm(self, name: str) -> Any:
        self.asked.append(f"ssm.{name}")
        if name not in self.parameters:
            raise NotFound(f"There is no parameter {name} in {self.region}.")
        return copy.deepcopy(self.parameters[name])

    def secret(self, name: str) -> Any:
        self.asked.append(f"secret.{name}")
        if name not in self.secrets:
            raise NotFound(f"There is no secret {name} in {self.region}.")
        return Secret(self.secrets[name])
