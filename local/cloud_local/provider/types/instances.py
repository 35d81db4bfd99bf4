"""Launch templates, auto scaling groups and SSM associations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cloud_local.provider.model import ResourceType

ROWS: Final[Mapping[str, ResourceType]] = {}
