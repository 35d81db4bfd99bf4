"""What programs want, what AWS has and what Pulumi's state says: the data of the model."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cloud.domain.operations import OperationKind


@dataclass(frozen=True)
class Program:
    """What a stack's program wants: ``resources`` of this ``revision``; it fails at the resource number ``broken``."""

    resources: int = 2
    revision: int = 1
    broken: int = 0

    def zipped(self) -> bytes:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(zipfile.ZipInfo("Pulumi.yaml"), "name: shop\nruntime: python\n")
            file.writestr(zipfile.ZipInfo("program.json"), json.dumps(asdict(self)))
        return archive.getvalue()

    @classmethod
    def unzipped(cls, data: bytes) -> Program:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return cls(**json.loads(file.read("program.json")))

    def wants(self, stack: str) -> dict[str, int]:
        """The revision of each resource, by name."""
        return {f"{stack}-{number}": self.revision for number in range(1, self.resources + 1)}

    def outputs(self, stack: str, config: Mapping[str, Any]) -> dict[str, str]:
        """What it exports depends on what it was given, so that a stale input shows."""
        given = ",".join(
            str(value) for key, value in sorted(config.items()) if key.rpartition(":")[2].startswith("from_")
        )
        return {"id": f"{stack}@{self.revision}({given})"}


@dataclass
class Resource:
    """In AWS. ``stack`` is the Pulumi stack that its tags name."""

    id: str
    stack: str
    name: str
    revision: int


class Aws:
    """What exists. Nothing forbids two resources of one name: that is what the checker looks for."""

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}
        self._made = 0

    def create(self, stack: str, name: str, revision: int) -> str:
        self._made += 1
        made = Resource(f"r-{self._made}", stack, name, revision)
        self.resources[made.id] = made
        return made.id

    def find(self, stack: str, name: str) -> list[Resource]:
        return [each for each in self.resources.values() if (each.stack, each.name) == (stack, name)]

    def of(self, stack: str) -> list[Resource]:
        return [each for each in self.resources.values() if each.stack == stack]


@dataclass
class Known:
    """A resource as Pulumi's state has it."""

    id: str
    revision: int


@dataclass
class Checkpoint:
    """The state of one stack. ``pending`` maps a resource to what was about to be done with it; ``lock`` is who holds it."""

    resources: dict[str, Known] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    lock: str = ""
    etag: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.resources or self.pending)


@dataclass(frozen=True)
class Finished:
    """A run that came to its end, as Pulumi saw it."""

    operation_id: str
    stack: str
    kind: OperationKind
