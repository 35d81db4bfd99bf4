"""The table: every resource type this provider knows, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cloud_local.provider.model import ResourceType
from cloud_local.provider.types import (
    alarms,
    builds,
    containers,
    databases,
    discovery,
    dns,
    encryption,
    event_rules,
    files,
    firewall,
    http_apis,
    identity,
    instances,
    kubernetes,
    load_balancing,
    logs,
    messaging,
    network,
    network_acls,
    object_storage,
    parameters,
    protection,
    registries,
    routing,
    scaling,
    serverless,
    tables,
    user_pools,
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
    **dns.ROWS,
    **user_pools.ROWS,
    **http_apis.ROWS,
    **databases.ROWS,
    **registries.ROWS,
    **builds.ROWS,
    **event_rules.ROWS,
    **serverless.ROWS,
    **containers.ROWS,
    **load_balancing.ROWS,
    **discovery.ROWS,
    **scaling.ROWS,
    **kubernetes.ROWS,
    **instances.ROWS,
    **alarms.ROWS,
}
