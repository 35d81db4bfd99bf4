"""The table: every resource type this provider knows, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cloud_local.provider.model import ResourceType
from cloud_local.provider.types import (
    encryption,
    files,
    firewall,
    identity,
    logs,
    messaging,
    network,
    network_acls,
    object_storage,
    parameters,
    protection,
    routing,
    tables,
)

TYPES: Final[Mapping[str, ResourceType]] = {
    **network.ROWS,
    **routing.ROWS,
    **firewall.ROWS,
    **network_acls.ROWS,
    **logs.ROWS,
    **identity.ROWS,
    **encryption.ROWS,
    **protection.ROWS,
    **object_storage.ROWS,
    **files.ROWS,
    **parameters.ROWS,
    **messaging.ROWS,
    **tables.ROWS,
}
