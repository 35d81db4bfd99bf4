"""All stores on AWS: DynamoDB, and S3 for the artifacts."""

from __future__ import annotations

from cloud.adapters.dynamodb.connections import DynamoConnectionStore
from cloud.adapters.dynamodb.deployments import DynamoDeploymentStore
from cloud.adapters.dynamodb.events import DynamoEventLog
from cloud.adapters.dynamodb.metrics import DynamoMetricStore
from cloud.adapters.dynamodb.operations import DynamoOperationStore
from cloud.adapters.dynamodb.stacks import DynamoStackStore
from cloud.adapters.s3 import S3ArtifactStore
from cloud.ports.stores import Stores
from cloud.ports.workflow import Clock
from cloud.settings import Settings


def dynamodb_stores(settings: Settings, clock: Clock) -> Stores:
    """The stores of one set of tables and one bucket. Make them once per process: they share and keep connections."""
    return Stores(
        deployments=DynamoDeploymentStore(settings, clock),
        operations=DynamoOperationStore(settings, clock),
        stacks=DynamoStackStore(settings),
        events=DynamoEventLog(settings, clock),
        metrics=DynamoMetricStore(settings, clock),
        connections=DynamoConnectionStore(settings, clock),
        artifacts=S3ArtifactStore(settings),
    )
