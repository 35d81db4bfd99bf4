"""What a benchmark gives: figures, and how they are written down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``ratio`` relates the value to what the method names for it, measured in the same run; ``limit`` is in the unit."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    limit: float | None = None

    @property
    def is_met(self) -> bool | None:
        return None if self.limit is None else self.value <= self.limit

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
