"""All stores in memory."""

from __future__ import annotations

from cloud.adapters.memory.artifacts import MemoryArtifactStore
from cloud.adapters.memory.connections import MemoryConnectionStore, MemoryMetricStore
from cloud.adapters.memory.deployments import MemoryDeploymentStore
from cloud.adapters.memory.events import MemoryEventLog
from cloud.adapters.memory.operations import MemoryOperationStore
from cloud.adapters.memory.stacks import MemoryStackStore
from cloud.ports.stores import Stores
from cloud.ports.workflow import Clock


def memory_stores(clock: Clock) -> Stores:
    """Empty stores that know only each other's process. Each attribute has its memory type's extras (``upload``, …)."""
    return Stores(
        deployments=MemoryDeploymentStore(clock),
        operations=MemoryOperationStore(),
        stacks=MemoryStackStore(),
        events=MemoryEventLog(clock),
        metrics=MemoryMetricStore(),
        connections=MemoryConnectionStore(),
        artifacts=MemoryArtifactStore(),
    )
